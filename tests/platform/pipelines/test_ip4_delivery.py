"""IP-4, steps 1 to 3, and IP-8, step 3: a pipeline is tested in the development zone, is an artifact, and runs as what was tested."""

from __future__ import annotations

import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.pipelines import CodeError, PipelineError, TypeMismatchError

from .worlds import CHURN, CLICKS, World

OTHER = {"layers": [{"digest": "sha256:" + "3" * 64, "size_mib": 10}], "entry": "x"}


def test_a4_1_what_is_published_is_what_was_tested_though_branch_and_tag_have_moved() -> None:
    world = World("4x8xV100", CHURN.replace('publish={"model": "churn"}', 'publish={"model": "churn"}, image="train@v1"'))
    sample = world.platform.data.publish("shop/sample", CLICKS.head(2), actor=world.ada)
    tested = world.run(f"shop/churn@{world.commit}", data={"clicks": sample.resource})
    version = world.pipelines.publish(f"shop/churn@{world.commit}", actor=world.ada)
    assert version.reference == tested.pipeline and version.commit == world.commit
    world.push(CHURN.replace("depth: int = 3", "depth: int = 9"))
    world.platform.images.publish("shop/train", OTHER, tags=["v1"], actor=world.ada)
    world.platform.zones.create_deployment("shop", "shop-prod", {"cpus": 4}, {"cpus": 8}, actor=world.platform.admin)
    robot = world.identity.create_service_account("shop", "robot", actor=world.ada)
    world.identity.grant(robot, ["read", "write", "deploy"], "project:shop", actor=world.ada)
    world.identity.grant(robot, "deploy", "zone:shop/shop-prod", actor=world.platform.admin)
    request = world.sim.emit("deployment:shop/churn", "retraining.requested", source="retraining")
    deployed = world.run(version.reference, zone="shop-prod", actor=robot, cause=request, project="shop")
    assert deployed.pipeline == tested.pipeline and deployed.outcome == "success" and deployed.parameters == {"depth": 3}
    assert set(version.images.values()) == {world.image.reference}
    (queued,) = [event for event in world.events("pipelinerun.queued") if event.name == deployed.name]
    assert (queued.cause, queued.actor, deployed.zone) == (request.id, robot.id, "shop-prod")


def test_a_version_is_told_once_with_commit_images_and_graph() -> None:
    world = World()
    run = world.run()
    assert world.pipelines.versions("shop/churn", actor=world.ada) == () and world.pipelines.list(actor=world.ada) == ()
    with pytest.raises(UnknownNameError, match="none is published"):
        world.pipelines.resolve("shop/churn", actor=world.ada)
    first = world.pipelines.publish("shop/churn@main", actor=world.ada)
    assert world.pipelines.publish("shop/churn@main", actor=world.ada) == first
    (told,) = [event for event in world.events("artifact.published") if event.subject.startswith("pipeline:")]
    assert told.subject == first.resource and dict(told.data) == {
        "kind": "pipeline",
        "digest": first.digest,
        "commit": world.commit,
        "dag": first.dag,
        "images": dict.fromkeys(("evaluate", "split", "train"), world.image.reference),
    }
    assert first.reference == run.pipeline and first.published and world.pipelines.graph("shop/churn", actor=world.ada).digest == first.dag
    world.push(CHURN.replace("depth: int = 3", "depth: int = 4"))
    second = world.pipelines.publish("shop/churn@main", actor=world.ada)
    assert world.pipelines.versions("shop/churn", actor=world.bob) == (first, second) and world.pipelines.list("shop", actor=world.bob) == (
        "shop/churn",
    )
    assert (
        world.pipelines.resolve("shop/churn", actor=world.ada) == second
        and world.pipelines.resolve(first.reference, actor=world.ada) == first
    )
    assert world.pipelines.versions("shop/churn", actor=world.eve) == () and world.pipelines.list(actor=world.eve) == ()
    assert world.run().parameters == {"depth": 4} and world.run("shop/churn").pipeline == second.reference


def test_the_digest_is_one_of_commit_images_and_graph_alone() -> None:
    world, other = World(), World("2x8xV100")
    other.sim.run(until="2d")
    digests = {each.pipelines.publish(f"shop/churn@{world.commit}", actor=each.ada).digest for each in (world, other)}
    assert len(digests) == 1
    world.platform.images.publish("shop/train", OTHER, tags=["v2"], actor=world.ada)
    changed = world.pipelines.publish("shop/churn@main", images={"train": "shop/train@v2"}, actor=world.ada)
    assert changed.digest not in digests and changed.dag == world.pipelines.versions("shop/churn", actor=world.ada)[0].dag


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = (", CodeError),
        ("x = 1\n", CodeError),
        (CHURN.replace("train(parts.train, depth)", "train(parts, depth)"), TypeMismatchError),
        (CHURN.replace("    evaluate(model, parts.test)", "    evaluate(model)"), PipelineError),
        (CHURN.replace("import numpy as np", "import nump as np"), CodeError),
        (CHURN.replace("    parts = split(clicks)", "    raise ValueError"), CodeError),
    ],
)
def test_t_a_pipeline_that_is_wrong_is_not_published_and_leaves_nothing(code: str, error: type[Exception]) -> None:
    world = World()
    world.push(code)
    records = {name: list(world.platform.store.records(name)) for name in world.platform.store.journals() if name != "audit"}
    for call in (world.pipelines.publish, world.pipelines.run):
        with pytest.raises(error):
            call("shop/churn@main", actor=world.ada)
    assert {name: list(world.platform.store.records(name)) for name in records} == records
    assert not [event for event in world.sim.log if event.subject.startswith("pipeline")]


def test_p_who_may_not_write_pipelines_publishes_none() -> None:
    world = World()
    world.identity.grant(world.eve, "read", "project:shop", actor=world.ada)
    with pytest.raises(AccessDenied, match="pipeline:shop/churn"):
        world.pipelines.publish("shop/churn@main", actor=world.eve)
    assert world.pipelines.versions("shop/churn", actor=world.ada) == ()


def test_the_images_of_a_published_version_are_settled() -> None:
    world = World()
    version = world.pipelines.publish("shop/churn@main", actor=world.ada)
    with pytest.raises(OptionError, match="are settled"):
        world.pipelines.run(version.reference, images={"train": "shop/train@v1"}, actor=world.ada)


def test_s111_the_same_digests_in_the_development_zone_and_in_production() -> None:
    world = World("4x8xV100")
    world.platform.zones.create_deployment("shop", "shop-prod", {"cpus": 4}, {"cpus": 8}, actor=world.platform.admin)
    staged, deployed = world.run(), world.run(zone="shop-prod", cache=False)
    assert staged.digests == deployed.digests and (staged.zone, deployed.zone) == ("ada-dev", "shop-prod")
