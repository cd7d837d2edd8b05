"""Candidates that were made elsewhere."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from mlplat.errors import AccessDenied, UnknownNameError
from mlplat.platform.training import LogisticRegression, TrainingData

from .worlds import World


def model(world: World, rows: pl.DataFrame) -> str:
    """A version that is trained elsewhere. Returns its reference."""
    data = TrainingData.from_frame(rows, world.target)
    parts = LogisticRegression().fit(data.x, data.y).to_parts()
    return str(world.platform.models.register("shop/churn", parts, external=["code", "data"], actor=world.ada).reference)


def turned(world: World) -> pl.DataFrame:
    """Rows with the wrong labels."""
    return world.rows[:400].with_columns((1 - pl.col(world.target)).alias(world.target))


def test_a_candidate_made_elsewhere_is_judged_and_brought_on_like_one_of_its_own() -> None:
    world = World(deploy="shop/api")
    good, bad = model(world, world.rows[:400]), model(world, turned(world))
    found = world.retraining.offer("shop/churn", good, actor=world.ada)
    assert found.accepted and (found.trigger.kind, found.candidate, found.run) == ("offer", good, "")
    offered = world.sim.log.select(predicate="metadata.recorded", subject="deployment:shop/churn")[-1]
    assert world.deployed == [("shop/api", good, world.robot.id, offered.id)]
    assert offered.data["candidate"] == f"model:{good}" and offered.data["reason"] == "ACCEPTED"
    found = world.retraining.offer("shop/churn", bad, actor=world.ada)
    assert found.reason == "WORSE" and len(world.deployed) == 1
    assert world.platform.models.resolve(bad, actor=world.ada).stage.value == "failed"
    assert any("is not taken" in text for text in map(str, world.platform.inbox.messages(actor=world.ada)))
    assert world.make().history("shop/churn", actor=world.ada) == world.retraining.history("shop/churn", actor=world.ada)
    assert world.sim.log.select(predicate="retraining.requested") == []


def test_an_offer_is_no_run_and_leaves_cool_downs_alone() -> None:
    world = World()
    good = model(world, world.rows[:400])
    world.change(world.rows[:300])
    world.sim.run(until="5m")
    before = world.retraining.status("shop/churn", actor=world.ada)
    world.retraining.offer("shop/churn", good, actor=world.ada)
    assert world.retraining.status("shop/churn", actor=world.ada) == before and before.running
    world.sim.run(until="30m")
    assert [each.trigger.kind for each in world.retraining.history("shop/churn", actor=world.ada)] == ["offer", "dataset"]


@pytest.mark.parametrize(
    ("name", "candidate", "kind"), [("shop/churn", "shop/churn@9", UnknownNameError), ("shop/other", "shop/churn@1", UnknownNameError)]
)
def test_an_offer_of_what_is_not_there_is_refused(name: str, candidate: str, kind: Any) -> None:
    world = World()
    model(world, world.rows[:400])
    with pytest.raises(kind):
        world.retraining.offer(name, candidate, actor=world.ada)
    assert world.retraining.history("shop/churn", actor=world.ada) == ()


def test_whoever_may_not_read_the_candidate_may_not_offer_it() -> None:
    world = World()
    good = model(world, world.rows[:400])
    bob = world.platform.identity.create_user("bob", actor=world.platform.admin)
    world.platform.identity.grant(bob, "write", "deployment:shop/churn", actor=world.ada)
    with pytest.raises((AccessDenied, UnknownNameError)):
        world.retraining.offer("shop/churn", good, actor=bob)
