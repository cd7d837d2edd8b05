"""IP-13 on a small platform with everything wired: the loop under failures, from the drift to the promotion."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

import mlplat as mp
from mlplat.platform.serving import Requests
from mlplat.platform.training import churn

from .worlds import API, OPTIONS, TRAIN, Shop, model_of

DRIFT = f"drift:{API}"
LASTS_S = 3 * 3600.0
CHANGE = 900
"""From which request on customers are others."""


@cache
def customers(after: bool) -> pl.DataFrame:
    """Who asks."""
    return churn(3_000, seed=8, shift=1.5 if after else 0.0, relation=0.7 if after else 0.0).frame()


class Loop(Shop):
    """A model is in production and watched; the pipeline is bound to the alarm of its watch; customers change. What becomes of them is
    published by the account `records` at once, or is wrong with `truth=False`. `rate`: requests a second, for `lasts_s`."""

    def __init__(
        self, *, truth: bool = True, rate: float = 2.0, lasts_s: float = LASTS_S, watch: dict[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.records = self.platform.identity.create_service_account("shop", "records", actor=self.ada)
        self.platform.identity.add_member("shop", self.records, "contributor", actor=self.ada)
        self.push()
        version = self.publish()
        self.bind(version, DRIFT)
        self.serve(model_of(self.train()), wait="1m", options={**OPTIONS, "sample": min(1.0, 1.0 / rate), "flush": 20 / rate})
        self.platform.monitoring.watch(API, account=self.robot, rows=500, actor=self.ada, **(watch or {}))
        self.lasts_s = lasts_s
        requests = Requests.poisson(rate, until=lasts_s, seed=11)
        before, after = (customers(each).drop("churned") for each in (False, True))
        self.platform.serving.attach(
            API,
            requests,
            inputs=lambda numbers: pl.concat(
                [before[[n % 3_000 for n in numbers if n < CHANGE]], after[[n % 3_000 for n in numbers if n >= CHANGE]]]
            ),
            actor=self.ada,
        )
        found = customers(True)
        right = found if truth else found.with_columns(churned=1.0 - pl.col("churned"))
        self.sim.at(self.sim.now + CHANGE / rate, self.change, right, found)
        self.began = self.sim.now

    def change(self, rows: pl.DataFrame, held: pl.DataFrame) -> None:
        """Customers are others from now on."""
        self.sim.emit("scenario:customers", "scenario.changed", source="scenario", data={})
        self.platform.data.publish("shop/customers", rows[:300], actor=self.records)
        self.platform.data.publish("shop/held", held[300:600], actor=self.records)

    def until(self, predicate: str) -> None:
        """Go on until something of a kind happens, or the requests are over."""
        while not self.events(predicate, self.seen) and self.sim.now < self.began + self.lasts_s:
            self.wait("1m")

    seen = 0

    def end(self) -> None:
        """Go on to the end of the requests."""
        self.sim.run(until=self.began + self.lasts_s + 60)

    def reasons(self) -> list[str]:
        """How retrainings ended."""
        return [each.reason.value for each in self.platform.retraining.history(TRAIN, actor=self.admin)]


def test_a13_1_a13_2_the_loop_closes_without_anybody() -> None:
    loop = Loop()
    since = len(loop.sim.log)
    loop.end()
    assert loop.production()[1:] == ("shop/churn@2", 2) and loop.reasons() == ["ACCEPTED"]
    upgraded = loop.events("service.upgraded")[-1]
    causes = [event.predicate for event in loop.sim.log.causes(upgraded)]
    assert causes[-2:] == ["incident.detected", "window.evaluated"] and "canary.judged" in causes
    people = {loop.ada.id, loop.bob.id, loop.eve.id}
    assert not [event for event in loop.sim.log.select() if event.id >= since and event.actor in people]
    loop.check()


@pytest.mark.parametrize("after", ["taskrun.started", "canary.started"])
def test_ip13_n_a_node_that_dies_at_any_step_only_delays_the_loop(after: str) -> None:
    """IP-13 N."""
    loop = Loop()
    loop.seen = len(loop.sim.log)
    loop.until("incident.detected")
    loop.until(after)
    loop.cluster.hardware.crash(loop.events("workload.bound")[-1].data["nodes"][0])
    loop.end()
    assert loop.production()[1][:11] == "shop/churn@" and loop.production()[2] >= 2
    assert "ACCEPTED" in loop.reasons() and "RUN_FAILED" not in loop.reasons()
    loop.check()


def test_ip13_q_retraining_uses_the_guarantee_of_its_zone() -> None:
    loop = Loop(guarantee=32, limit=48)
    loop.platform.zones.create_deployment("shop", "lent", {"cpus": 0}, {"cpus": 64}, actor=loop.admin)
    for number in range(24):
        loop.platform.zones.submit("lent", mp.Workload(f"borrower-{number}", {"cpus": 2}, duration="20h"), actor=loop.ada)
    loop.end()
    assert loop.production()[1:] == ("shop/churn@2", 2) and loop.reasons() == ["ACCEPTED"]
    loop.check()


def test_ip13_p_a_robot_that_may_no_longer_stops_the_loop_at_its_next_call_and_people_are_told() -> None:
    loop = Loop()
    loop.until("retraining.requested")
    loop.platform.identity.remove_member("shop", loop.robot, actor=loop.ada)
    before = loop.production()
    loop.end()
    assert loop.production() == before and not loop.events("service.upgraded")
    assert [event for event in loop.events("access.denied") if event.subject == f"principal:{loop.robot.id}"]
    assert set(loop.reasons()) <= {"RUN_FAILED", "REFUSED", "NOT_JUDGED"} and loop.reasons()
    texts = [message.text for message in loop.platform.inbox.messages(actor=loop.ada)]
    assert any(TRAIN in text for text in texts)
    loop.check()


def test_ip13_t_a_candidate_that_is_rejected_leaves_the_old_model_and_the_incident_open() -> None:
    loop = Loop(truth=False)
    loop.end()
    assert loop.production()[1:] == ("shop/churn@1", 1) and set(loop.reasons()) == {"WORSE"} and not loop.events("service.upgraded")
    assert loop.platform.models.resolve("shop/churn@2", actor=loop.ada).stage.value == "failed"
    assert loop.platform.monitoring.incidents(API, only_open=True, actor=loop.ada)
    begun = [event.time for event in loop.events("retraining.requested")]
    assert all(later - earlier >= 3600 for earlier, later in pairwise(begun))
    loop.check()


def test_a8_5_drift_that_goes_on_is_told_again_retraining_backs_off_and_people_are_asked_once() -> None:
    loop = Loop(truth=False, rate=0.5, lasts_s=20 * 3600.0, watch={"again": 4})
    loop.end()
    told = [event for event in loop.events("incident.detected") if event.source == "monitoring"]
    assert {event.subject for event in told} == {"incident:shop/api/1"} and len(told) > 10
    assert [event.data.get("further", 0) for event in told] == [4 * number for number in range(len(told))]
    begun = [event.time for event in loop.events("retraining.requested")]
    assert set(loop.reasons()) == {"WORSE"} and len(begun) == 3 == len(loop.reasons()), loop.reasons()
    first, second = (later - earlier for earlier, later in pairwise(begun))
    assert first >= 2 * 3600 and second >= 4 * 3600, "each run that has not helped makes the next wait twice as long"
    (asked,) = [event for event in loop.events("incident.detected") if event.subject == f"deployment:{TRAIN}"]
    assert asked.data["kind"] == "retraining" and asked.time >= begun[-1] + 8 * 3600 - 1
    status = loop.platform.retraining.status(TRAIN, actor=loop.admin)
    assert status.given_up and status.suppressed[-1][2] == "GIVEN_UP"
    assert loop.production()[1:] == ("shop/churn@1", 1) and not loop.events("service.upgraded")
    texts = [message.text for message in loop.platform.inbox.messages(actor=loop.ada)]
    assert sum("somebody has to look" in text for text in texts) == 1
    causes = [event.predicate for event in loop.sim.log.causes(loop.events("retraining.requested")[-1])]
    assert causes == ["incident.detected", "window.evaluated"]
    loop.check()
