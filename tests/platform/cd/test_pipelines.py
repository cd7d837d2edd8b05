"""Deploying pipelines: S-74 and IP-4."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import UnknownNameError
from mlplat.platform.automation.cd import Bound, GateError

from .worlds import World

KEYS = {"zone": "shop-prod", "triggers": ["schedule:86400"]}


def deploy(world: World, what: str = "pipeline:shop/train@head", **options: Any) -> Any:
    return world.end(world.cd.deploy("shop/retrain", what, **{**KEYS, "actor": world.ada, **options}))


def test_s74_what_is_deployed_is_what_was_tested_although_the_branch_has_moved_on() -> None:
    world = World()
    repository = world.platform.scm.create_repository("shop/train", actor=world.bob)
    tested = world.platform.scm.commit(repository, "main", {"train.py": "1\n"}, "one", actor=world.bob)
    world.platform.scm.set_status(f"shop/train@{tested.id}", "success", context="ci", actor=world.bob)
    one = world.places.publish(1, commit=f"shop/train@{tested.id}", creator=world.carl.id)
    approval = world.cd.deliver("shop/retrain", "pipeline:shop/train@head", **KEYS, actor=world.bob)
    assert approval.evidence == ({"kind": "status", "name": "ci", "outcome": "success", "external": False},)
    assert set(approval.authors) == {world.bob.id, world.carl.id}
    world.platform.scm.commit(repository, "main", {"train.py": "2\n"}, "two", actor=world.bob)
    world.places.publish(2)
    world.cd.approve(approval.number, actor=world.ada)
    world.end(world.cd.history("shop/retrain", actor=world.ada)[-1])
    assert world.place.current == Bound(one.reference, ("schedule:86400",))
    (deployed,) = world.told("service.deployed")
    assert deployed.data["digest"] == one.digest == approval.desired.digest and deployed.data["kind"] == "pipeline"


def test_a4_2_before_approval_nothing_is_in_the_zone() -> None:
    world = World()
    world.places.publish(1)
    world.cd.deliver("shop/retrain", "pipeline:shop/train@head", **KEYS, actor=world.ada)
    world.sim.run(until="1d")
    assert world.places.places == {} and world.events() == ["approval.created"]


def test_a4_3_without_the_gate_the_events_are_the_same_but_for_approvals() -> None:
    worlds = World(), World()
    for world in worlds:
        world.places.publish(1, creator=world.ada.id)
    approval = worlds[0].cd.deliver("shop/retrain", "pipeline:shop/train@head", **KEYS, actor=worlds[0].ada)
    worlds[0].cd.approve(approval.number, actor=worlds[0].bob)
    worlds[0].sim.run(until="5m")
    deploy(worlds[1])
    assert worlds[0].events() == ["approval.created", "approval.closed", "service.deployed"]
    assert worlds[1].events() == ["service.deployed"]


def test_a4_4_after_a_smoke_failure_the_triggers_point_to_the_old_version_and_to_nothing_else() -> None:
    world = World()
    one = world.places.publish(1)
    deploy(world)
    two = world.places.publish(2)
    world.places.outcomes[two.reference] = ["failure"]
    change = deploy(world, triggers=["schedule:1h"])
    assert (change.outcome, change.reason) == ("failure", "SMOKE_FAILED")
    assert world.place.current == Bound(one.reference, ("schedule:86400",))
    assert world.events() == ["service.deployed", "service.upgraded", "service.rolledback", "incident.detected"]
    assert world.told("service.rolledback")[0].data["digest"] == one.digest


def test_a_first_pipeline_that_fails_leaves_nothing_bound() -> None:
    world = World()
    world.places.outcomes[world.places.publish(1).reference] = ["failure"]
    assert deploy(world).reason == "SMOKE_FAILED" and world.place.current is None


def test_n_a_smoke_run_whose_infrastructure_fails_is_made_again_and_is_never_a_failure() -> None:
    world = World()
    one = world.places.publish(1)
    world.places.outcomes[one.reference] = ["error", "error", "success"]
    assert deploy(world).outcome == "success"
    two = world.places.publish(2)
    world.places.outcomes[two.reference] = ["error"] * 5
    change = deploy(world)
    assert (change.outcome, change.reason) == ("error", "TARGET_ERROR") and world.place.current.pipeline == one.reference


def test_a_place_that_takes_nothing_leaves_the_old_one_bound() -> None:
    world = World()
    one = world.places.publish(1)
    deploy(world)
    world.places.publish(2)
    begun = world.sim.now
    world.place.fail = lambda call: call == "bind" and world.sim.now < begun + 60
    change = deploy(world)
    assert (change.outcome, change.shifted) == ("error", False) and world.place.current.pipeline == one.reference


def test_a_pipeline_is_rolled_back_on_the_way_and_afterwards() -> None:
    world = World()
    one, two = world.places.publish(1), world.places.publish(2, tag="next")
    deploy(world)
    change = world.cd.deploy("shop/retrain", "pipeline:shop/train@next", zone="shop-prod", actor=world.ada)
    world.sim.run(until=world.sim.now + 10)
    assert world.place.current == Bound(two.reference, ("schedule:86400",))
    world.cd.rollback("shop/retrain", actor=world.ada)
    assert world.end(change).outcome == "cancelled" and world.place.current.pipeline == one.reference
    assert deploy(world, "pipeline:shop/train@next").outcome == "success"
    assert world.end(world.cd.rollback("shop/retrain", actor=world.ada)).outcome == "success"
    assert world.place.current.pipeline == one.reference
    assert world.events("service.*")[-1] == "service.rolledback"


def test_what_somebody_else_binds_is_bound_back() -> None:
    world = World()
    one = world.places.publish(1)
    deploy(world)
    world.place.bind(None, ())
    world.sim.run(until=world.sim.now + 120)
    assert world.place.current == Bound(one.reference, ("schedule:86400",)) and "service.reconciled" in world.events("service.*")
    world.cd.remove("shop/retrain", actor=world.ada)
    world.sim.run(until=world.sim.now + 10)
    assert world.place.current is None


def test_t_a_commit_that_is_red_never_comes_to_the_gate() -> None:
    world = World()
    repository = world.platform.scm.create_repository("shop/train", actor=world.ada)
    red = world.platform.scm.commit(repository, "main", {"train.py": "1\n"}, "one", actor=world.ada)
    world.platform.scm.set_status(f"shop/train@{red.id}", "failure", context="ci", actor=world.ada)
    world.places.publish(1, commit=f"shop/train@{red.id}")
    with pytest.raises(GateError, match="ci ended with failure"):
        world.cd.deliver("shop/retrain", "pipeline:shop/train@head", **KEYS, actor=world.ada)
    with pytest.raises(UnknownNameError):
        deploy(world, "pipeline:shop/train@none")
    assert world.events() == [] and world.places.places == {}


def test_s111_a_pipeline_is_test_deployed_in_a_development_zone() -> None:
    world = World()
    one = world.places.publish(1)
    change = world.cd.deploy("shop/retrain", "pipeline:shop/train@head", zone="carl-dev", actor=world.carl)
    assert world.end(change).outcome == "success"
    assert world.places.target("shop/retrain.carl-dev", "carl-dev").current == Bound(one.reference, ())
