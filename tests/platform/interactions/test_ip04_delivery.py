"""IP-4 on a platform with everything wired: a pipeline is delivered through the gate, and what can go wrong on the way."""

from __future__ import annotations

import pytest

import mlplat as mp
from mlplat.platform.automation.cd.errors import ApprovalError

from .worlds import PIPELINE, TRAIN, Shop, refused

TRIGGER = "dataset:shop/customers"


@pytest.fixture
def shop() -> Shop:
    """With a pipeline that is bound already, and a newer one that is published."""
    return delivered()


def delivered() -> Shop:
    shop = Shop()
    shop.push()
    shop.bind(shop.publish(), TRIGGER)
    return shop


def newer(shop: Shop, **change: str) -> str:
    """A version that is not bound yet."""
    old, new = next(iter(change.items())) if change else ("= 20", "= 25")
    shop.push(pipeline_dot_py=PIPELINE.replace(*(("iterations: int = 20", "iterations: int = 25") if not change else (old, new))))
    return shop.publish()


def test_ip4_q_the_guarantee_is_claimed_for_the_smoke_run() -> None:
    """IP-4 Q: borrowers make room."""
    shop = delivered()
    version = newer(shop)
    shop.platform.zones.create_deployment("shop", "lent", {"cpus": 0}, {"cpus": 64}, actor=shop.admin)
    for number in range(4):
        work = mp.Workload(f"borrower-{number}", {"cpus": 16}, duration="10h")
        shop.platform.zones.submit("lent", work, actor=shop.ada)
    shop.wait("1m")
    shop.bind(version, TRIGGER)
    assert shop.production()[0] == (version, (TRIGGER,))
    assert {event.data["reason"] for event in shop.events("workload.preempted")} == {"RECLAIM"} and shop.events("guarantee.reclaimed")
    assert shop.events("pipelinerun.finished")[-1].data["outcome"] == "success"
    shop.check()


def test_ip4_q_without_room_it_waits_and_goes_on_when_there_is_some() -> None:
    shop = delivered()
    version = newer(shop)
    work = mp.Workload("night", {"cpus": 12}, replicas=4, duration="90m")
    shop.platform.zones.submit("shop-prod", work, actor=shop.ada)
    shop.wait("1m")
    since = len(shop.sim.log)
    shop.bind(version, TRIGGER)
    held = shop.events("workload.held", since)
    assert held and held[0].data["reason"] == "ZONE_LIMIT" and not shop.events("pipelinerun.finished", since)
    shop.wait("2h")
    assert [event.data["outcome"] for event in shop.events("pipelinerun.finished", since)] == ["success"]
    assert shop.production()[0] == (version, (TRIGGER,)) and not shop.events("service.rolledback")
    shop.check()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_ip4_n_a_node_that_dies_on_the_way_delays_the_delivery_and_nothing_else(share: float) -> None:
    """At instants of the smoke run."""
    shop = delivered()
    version = newer(shop)
    since = len(shop.sim.log)
    shop.sim.at(shop.sim.now + share * 950, lambda: shop.cluster.hardware.crash(shop.events("workload.bound")[-1].data["nodes"][0]))
    shop.bind(version, TRIGGER)
    assert shop.production()[0] == (version, (TRIGGER,))
    assert {event.data["outcome"] for event in shop.events("pipelinerun.finished", since)} == {"success"}
    assert not shop.events("service.rolledback") and len(shop.events("service.upgraded")) == 1
    shop.check()


def test_ip4_t_a4_4_a_smoke_run_that_fails_brings_the_old_version_back_with_its_triggers() -> None:
    shop = delivered()
    before = shop.production()
    shop.bind(newer(shop, **{"iterations: int = 20": "iterations: int = -1"}), TRIGGER)
    assert shop.production() == before
    (told,) = shop.events("service.rolledback")
    assert told.data["reason"] == "SMOKE_FAILED"
    shop.platform.data.publish("shop/customers", shop.rows[:420], actor=shop.ada)
    shop.wait("1h")
    assert [run.pipeline for run in shop.platform.orchestrator.runs(actor=shop.admin)][-1] == before[0][0]
    shop.check()


def test_ip4_t_a_red_commit_does_not_come_to_the_gate() -> None:
    from mlplat.platform.automation.cd import GateError

    shop = Shop()
    shop.push(test_sums_dot_py="def test_sum():\n    assert 1 + 1 == 3\n")
    version = shop.publish()
    shop.platform.retraining.configure(TRAIN, shop.robot, actor=shop.ada)
    with pytest.raises(GateError, match="failure"):
        shop.platform.cd.deliver(TRAIN, f"pipeline:{version}", zone="shop-prod", actor=shop.ada)
    assert not shop.events("approval.created") and shop.production()[0] == ("", ())


def test_ip4_p_who_may_not_is_refused_and_authors_do_not_approve_their_own() -> None:
    shop = Shop()
    shop.push()
    version = shop.publish()
    told = refused(shop, lambda: shop.platform.cd.deliver(TRAIN, f"pipeline:{version}", zone="shop-prod", actor=shop.eve))
    assert told.actor == shop.eve.id
    approval = shop.bind(version, TRIGGER, approve=False)
    assert not shop.events("service.deployed") and shop.production()[0] == ("", ())
    refused(shop, lambda: shop.platform.cd.approve(approval, actor=shop.ada), ApprovalError)
    shop.platform.cd.approve(approval, actor=shop.bob)
    shop.wait("1h")
    assert shop.production()[0] == (version, (TRIGGER,))


def test_ip4_p_a_right_that_is_taken_from_the_robot_before_the_approval_deploys_nothing() -> None:
    shop = Shop()
    shop.push()
    approval = shop.bind(shop.publish(), TRIGGER, approve=False)
    shop.platform.identity.remove_member("shop", shop.robot, actor=shop.ada)
    shop.platform.cd.approve(approval, actor=shop.bob)
    shop.wait("2h")
    assert shop.production()[0] == ("", ()) and not shop.events("service.deployed")
    assert [event.subject for event in shop.events("access.denied")] == [f"principal:{shop.robot.id}"]
    shop.check()
