"""What the Metadata Store says of a deployment is the same in the process that deploys and in the next one."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from mlplat.platform.artifacts.metadata.answers import Deployed
from mlplat.platform.automation.cd import DeploymentError

from .served import Behaviour
from .worlds import FAST, World

PLAN = {"zone": "shop-prod", "triggers": ["schedule:1d"]}
SAID = "continuous delivery has it; expected `cd.deploy`, or another name"


def said(world: World) -> dict[str, Any]:
    return dict(world.platform.metadata._state.deployed)


def reopened(world: World) -> World:
    again = World(store=world.store, answers=world.shops.answers, before=world)
    again.sim.run(until=again.sim.now + 60)
    return again


def deploy_pipeline(world: World, name: str = "shop/api") -> Any:
    world.places.publish(1)
    return world.cd.deploy(name, "pipeline:shop/train@head", **PLAN, actor=world.ada)


def test_a_name_under_which_a_model_was_recorded_takes_no_pipeline() -> None:
    world = World()
    world.platform.metadata.record_deployment("shop/api", "shop/churn@1", actor=world.ada)
    before, records = said(world), len(list(world.store.records("cd")))
    world.places.publish(1)
    for call in (world.cd.deploy, world.cd.deliver):
        with pytest.raises(DeploymentError, match="shop/api: is of a model; expected another name for a pipeline"):
            call("shop/api", "pipeline:shop/train@head", **PLAN, actor=world.ada)
    assert said(world) == said(reopened(world)) == before and len(list(world.store.records("cd"))) == records
    world.platform.metadata.record_deployment("shop/api", None, actor=world.ada)
    assert world.end(deploy_pipeline(world)).outcome == "success" and said(world) == said(reopened(world)) == {}


def test_what_continuous_delivery_has_is_recorded_by_nobody_else() -> None:
    world = World()
    deploy_pipeline(world, "shop/retrain")
    world.places.publish(1)
    world.cd.deliver("shop/later", "pipeline:shop/train@head", **PLAN, actor=world.ada)
    world.deploy(1)
    before, begun = said(world), len(world.sim.log)
    for name in ("shop/retrain", "shop/later", "shop/api"):
        for model in ("shop/churn@2", None):
            with pytest.raises(DeploymentError, match=f"{name}: {SAID}"):
                world.platform.metadata.record_deployment(name, model, actor=world.ada)
    assert world.events("*", since=begun) == ["call.refused"] * 6
    assert said(world) == said(reopened(world)) == before
    assert list(before.values()) == [("deployment:shop/api@1", "model:shop/churn@1")]


def test_what_was_recorded_by_hand_stays_when_a_deployment_of_that_name_fails() -> None:
    world = World(answers={"shop/churn@2": Behaviour(errors=0.3)})
    world.platform.metadata.record_deployment("shop/api", "shop/churn@1", actor=world.ada)
    before = said(world)
    assert world.deploy(2, strategy=FAST).outcome == "failure"
    assert said(world) == said(reopened(world)) == before
    world.platform.metadata.record_deployment("shop/api", "shop/churn@3", actor=world.ada)
    assert said(world) == said(reopened(world)) != before
    assert world.deploy(1).outcome == "success"
    assert said(world) == said(reopened(world)) == {"deployment:shop/api": ("deployment:shop/api@3", "model:shop/churn@1")}


def test_what_the_metadata_store_was_not_told_it_is_told_in_the_next_process() -> None:
    world = World()
    with patch.object(type(world.platform.metadata), "_deploy"):
        world.deploy(1)
    assert said(world) == {}
    again = reopened(world)
    assert said(again) == {"deployment:shop/api": ("deployment:shop/api@1", "model:shop/churn@1")}
    (live,) = again.platform.metadata.impact("model:shop/churn@1", actor=again.ada).deployed
    assert live == Deployed("model:shop/churn@1", "deployment:shop/api@1")
    world = reopened(again)
    with patch.object(type(world.platform.metadata), "_deploy"):
        world.cd.remove("shop/api", actor=world.ada)
    assert said(world) != {} and said(reopened(world)) == {}
