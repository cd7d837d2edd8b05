"""Tasks: real code in zones, tried again where the infrastructure fails, ended in an outcome with a reason."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError
from mlplat.infra.endpoint import Work
from mlplat.platform.work import Body, InfrastructureError, Outcome, Task, TaskReason, TaskRun
from mlplat.platform.zones import ZoneLimitError


class Steps(Body):
    """Writes down what is asked of it; `wrong` is raised at that call, as often as `times` says."""

    def __init__(self, at: str = "", wrong: Exception | None = None, times: int = 10**6) -> None:
        self.at, self.wrong, self.times = at, wrong, times
        self.calls: list[Any] = []

    def _do(self, what: str, *more: Any) -> None:
        self.calls.append((what, *more))
        if what == self.at and self.times:
            self.times -= 1
            assert self.wrong is not None
            raise self.wrong

    def start(self, work: Work) -> None:
        self._do("start", work.resumed_s)

    def finish(self, work: Work) -> str:
        self._do("finish")
        return f"done on {work.nodes[0]}"

    def stopped(self, work: Work, reason: str) -> None:
        self._do("stopped", reason)

    def waiting(self, reason: TaskReason) -> None:
        self._do("waiting", reason.value)


class Place:
    """A platform on a small cluster, with a developer's zone."""

    def __init__(self, words: str | mp.ClusterSpec = "4x2xV100", limit: Any = None, **options: Any) -> None:
        spec = mp.ClusterSpec.parse(words) if isinstance(words, str) else words
        self.cluster = mp.Cluster(mp.Simulation(seed=5), spec, queue="best-effort-fifo", scrape_period=None)
        self.sim = self.cluster.sim
        self.platform = mp.Platform(self.cluster)
        self.ada = self.platform.identity.create_user("ada", actor=self.platform.admin)
        self.zone = self.platform.zones.create_development(self.ada, limit or {"gpus": 8}, actor=self.platform.admin, **options).name

    def run(self, body: Body, **options: Any) -> TaskRun:
        task = Task("shop/train", **({"request": {"cpus": 1, "gpus": 2}, "duration": "1h"} | options))
        return self.platform.tasks.run(task, body, zone=self.zone, actor=self.ada)


def test_a_task_does_its_work_and_says_what_came_of_it() -> None:
    place, body = Place(), Steps()
    run = place.run(body)
    told: list[Any] = []
    run.then(lambda run: told.append((place.sim.now, run.outcome)))
    place.sim.run(until="2h")
    assert (run.outcome, run.reason, run.value, run.tries) == (Outcome.SUCCESS, TaskReason.COMPLETED, "done on node-0", 1)
    assert (run.workload, run.started_s, run.ended_s, told) == ("shop-train-1", 0.0, 3600.0, [(3600.0, Outcome.SUCCESS)])
    assert body.calls == [("start", 0.0), ("finish",)]
    assert place.platform.tasks.running == ()


def test_a_process_can_wait_for_a_task() -> None:
    place = Place()
    seen: list[Any] = []

    def waits() -> Any:
        seen.append((yield place.run(Steps()).wait()))

    place.sim.process(waits())
    place.sim.run(until="2h")
    assert seen == [Outcome.SUCCESS]


@pytest.mark.parametrize("at", ["start", "finish"])
@pytest.mark.parametrize(
    ("wrong", "outcome", "reason", "tries"),
    [
        (ValueError("no such column"), Outcome.FAILURE, TaskReason.RAISED, 1),
        (AccessDenied("user-2", "read", "dataset:shop/clicks", "nothing grants that"), Outcome.FAILURE, TaskReason.ACCESS_DENIED, 1),
        (InfrastructureError("the registry cannot be reached"), Outcome.ERROR, TaskReason.UNAVAILABLE, 3),
    ],
)
def test_what_code_raises_decides_the_outcome(at: str, wrong: Exception, outcome: Outcome, reason: TaskReason, tries: int) -> None:
    place, body = Place(), Steps(at, wrong)
    run = place.run(body, retries=2)
    place.sim.run(until="6h")
    assert (run.outcome, run.reason, run.tries) == (outcome, reason, tries)
    assert str(wrong) in run.error and str(wrong) in run.explain()
    assert run.value is None and place.platform.tasks.running == ()


def test_failures_are_tried_again_only_where_that_is_asked_for_with_growing_waits() -> None:
    place, body = Place(), Steps("start", ValueError("flaky"), times=2)
    run = place.run(body, failure_retries=2, backoff="1m")
    place.sim.run(until="6h")
    assert (run.outcome, run.tries, run.started_s) == (Outcome.SUCCESS, 3, 60.0 + 120.0)
    assert run.error == ""


class Saving(Steps):
    """Saves, and may fail to."""

    def saved(self, work: Work, work_s: float) -> None:
        self._do("saved", work_s)


def test_a_checkpoint_that_cannot_be_kept_ends_a_task_at_work() -> None:
    spec = mp.ClusterSpec.from_yaml(
        "groups: [{name: n, count: 2, cpus: 8, gpus: 2, gpu_model: V100}]\n"
        "network: {topology: leaf-spine, external: [{name: store, hosts: [store.example.org], bandwidth: 10Gbps}]}"
    )
    place, body = Place(spec), Saving("saved", ValueError("the disk is full"), times=1)
    run = place.run(body, checkpoint="every 20m size 1GiB to store", failure_retries=1)
    place.sim.run(until="4h")
    assert (run.outcome, run.tries) == (Outcome.SUCCESS, 2)
    assert [call[0] for call in body.calls] == ["start", "saved", "stopped", "start", "saved", "saved", "finish"]


def test_a_checkpoint_that_cannot_be_kept_as_a_try_stops_ends_nothing_more() -> None:
    place, body = Place(), Saving("saved", ValueError("the disk is full"), times=1)
    run = place.run(body, checkpoint="every 10m")
    place.sim.at("25m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="3h")
    assert (run.outcome, run.tries, run.error) == (Outcome.SUCCESS, 2, "")


def test_a_lost_node_is_no_failure_and_is_tried_again_elsewhere() -> None:
    place, body = Place(), Steps()
    run = place.run(body, checkpoint="every 10m")
    place.sim.at("25m", place.cluster.hardware.crash, "node-0")
    place.sim.run(until="3h")
    assert (run.outcome, run.tries, run.nodes) == (Outcome.SUCCESS, 2, ("node-1",))
    assert body.calls == [("start", 0.0), ("stopped", "NODE_LOST"), ("start", 1200.0), ("finish",)]


def test_after_the_last_retry_it_is_an_error() -> None:
    place, body = Place(), Steps()
    run = place.run(body, retries=1)
    place.sim.at("10m", place.cluster.hardware.crash, "node-0")
    place.sim.at("30m", place.cluster.hardware.crash, "node-1")
    place.sim.run(until="3h")
    assert (run.outcome, run.reason) == (Outcome.ERROR, TaskReason.NODE_LOST)
    assert body.calls[-1] == ("stopped", "NODE_LOST")
    assert place.cluster.endpoint.list(zone=place.zone, status="running").names() == ()


def test_it_waits_for_its_zone_and_for_the_cluster_and_says_which() -> None:
    place, body = Place(limit={"gpus": 2}), Steps()
    first, second = place.run(Steps()), place.run(body)
    place.sim.run(until="10m")
    assert (second.reason, body.calls) == (TaskReason.ZONE_LIMIT, [("waiting", "ZONE_LIMIT")])
    place.sim.run(until="3h")
    assert (first.ended_s, second.started_s, second.outcome) == (3600.0, 3600.0, Outcome.SUCCESS)
    place, body = Place("1x2xV100"), Steps()
    place.run(Steps())
    crowded = place.run(body)
    place.sim.run(until="10m")
    assert crowded.reason is TaskReason.NO_CAPACITY
    place.sim.run(until="3h")
    assert crowded.reason is TaskReason.COMPLETED


def test_waiting_too_long_is_an_error_and_working_too_long_a_failure() -> None:
    place = Place(limit={"gpus": 2})
    place.run(Steps(), duration="3h")
    waits, works = place.run(Steps(), pending_timeout="30m"), place.run(Steps(), timeout="20m", request={"cpus": 1})
    place.sim.run(until="1h")
    assert (waits.outcome, waits.reason, waits.ended_s) == (Outcome.ERROR, TaskReason.TIMEOUT_PENDING, 1800.0)
    assert (works.outcome, works.reason, works.ended_s) == (Outcome.FAILURE, TaskReason.TIMEOUT, 1200.0)


def test_what_never_fits_is_refused_at_once() -> None:
    place = Place()
    run = place.run(Steps(), request={"cpus": 1, "gpus": 3})
    place.sim.run(until="1m")
    assert (run.outcome, run.reason, run.error) == (Outcome.FAILURE, TaskReason.REJECTED, "GPU_COUNT")
    refusing = Place(limit={"gpus": 2}, over_limit="refuse")
    refusing.run(Steps())
    with pytest.raises(ZoneLimitError):
        refusing.run(Steps())
    assert len(refusing.platform.tasks.running) == 1


def test_calling_off_ends_it_whether_it_waits_or_works() -> None:
    place = Place(limit={"gpus": 2})
    works, waits = place.run(Steps()), place.run(Steps())
    place.sim.at("10m", works.cancel)
    place.sim.at("5m", waits.cancel)
    place.sim.run(until="2h")
    for run, when in ((works, 600.0), (waits, 300.0)):
        assert (run.outcome, run.reason, run.ended_s) == (Outcome.CANCELLED, TaskReason.CANCELLED, when)
        run.cancel()


def test_a_workload_that_somebody_deletes_is_cancelled() -> None:
    place = Place()
    run = place.run(Steps())
    place.sim.at("10m", lambda: place.platform.zones.stop(f"{place.zone}@{run.workload}", actor=place.ada))
    place.sim.run(until="2h")
    assert (run.outcome, run.reason) == (Outcome.CANCELLED, TaskReason.DELETED)


def test_calling_off_needs_no_right_that_its_principal_may_have_lost() -> None:
    place = Place()
    place.platform.identity.create_project("shop", owner=place.ada, actor=place.platform.admin)
    zone = place.platform.zones.create_deployment("shop", "shop-prod", {"gpus": 2}, {"gpus": 4}, actor=place.platform.admin)
    bob = place.platform.identity.create_user("bob", actor=place.platform.admin)
    grant = place.platform.identity.grant(bob, "deploy", zone.resource, actor=place.ada)
    run = place.platform.tasks.run(Task("t", {"cpus": 1}, "1h"), Steps(), zone=zone.name, actor=bob)
    place.sim.run(until="10m")
    place.platform.identity.revoke(grant, actor=place.ada)
    with pytest.raises(AccessDenied):
        place.platform.tasks.run(Task("t", {"cpus": 1}, "1h"), Steps(), zone=zone.name, actor=bob)
    run.cancel()
    place.sim.run(until="11m")
    assert run.reason is TaskReason.CANCELLED


def test_the_causes_of_what_a_task_makes_lead_to_what_started_it() -> None:
    place = Place()
    sim = place.sim

    class Publishes(Body):
        def finish(self, work: Work) -> None:
            sim.emit("model:shop/churn@1", "artifact.published", source="test")

    begun = sim.emit("schedule:nightly", "schedule.fired", source="test")
    run = place.platform.tasks.run(Task("t", {"cpus": 1}, "1h"), Publishes(), zone=place.zone, actor=place.ada, cause=begun)
    run.then(lambda run: sim.emit("taskrun:t", "taskrun.finished", source="test"))
    sim.run(until="2h")
    (published,), (finished,) = sim.log.select(predicate="artifact.published"), sim.log.select(predicate="taskrun.finished")
    chain = [event.predicate for event in sim.log.causes(published.id)]
    assert chain == ["workload.bound", "workload.submitted", "schedule.fired"]
    assert [event.predicate for event in sim.log.causes(finished.id)] == ["workload.finished", *chain]


def test_bad_tasks_are_refused() -> None:
    place = Place()
    with pytest.raises(OptionError, match="retries"):
        Task("t", {"cpus": 1}, "1h", retries=-1)
    with pytest.raises(OptionError, match="duration"):
        Task("t", {"cpus": 1}, "soon")
    with pytest.raises(OptionError, match="expected a Body"):
        place.platform.tasks.run(Task("t", {"cpus": 1}, "1h"), print, zone=place.zone, actor=place.ada)  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        place.run(Steps(), request={"cpus": "many"})
    assert place.platform.tasks.running == ()
