"""S-92: outputs are taken again where code, inputs, image and parameters are equal; what failed is tried again; a failed run is resumed."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import mlplat as mp
from mlplat.platform.pipelines import PipelineRun, RunError

from .worlds import CHURN, CLICKS, World

OTHER = {"layers": [{"digest": "sha256:" + "3" * 64, "size_mib": 10}], "entry": "x"}


def ran(run: PipelineRun) -> list[str]:
    """The steps that took work."""
    return [name for name, task in run.tasks.items() if task.outcome == "success" and not task.cached]


def test_s92_a_5_4_a_rerun_takes_no_time_makes_the_same_and_says_whose_outputs_they_are() -> None:
    world = World("4x8xV100")
    first = world.run()
    events = len(world.sim.log)
    second = world.run()
    assert (ran(second), second.ended_s, second.digests) == ([], second.queued_s, first.digests)
    assert {name: task.of for name, task in second.tasks.items()} == {name: f"shop/churn-1/{name}" for name in first.tasks}
    assert second.outputs == first.outputs and len(world.platform.models.versions("shop/churn", actor=world.ada)) == 1
    predicates = [event.predicate for event in world.sim.log[events:]]
    assert not any(word.startswith("workload") for word in predicates)
    finished = [event for event in world.sim.log[events:] if event.predicate == "taskrun.finished"]
    assert all(event.data["cached"] and event.data["of"].startswith("shop/churn-1/") for event in finished)
    third = world.run()
    assert {task.of for task in third.tasks.values()} == {task.of for task in second.tasks.values()}


def change_train(world: World) -> dict[str, Any]:
    world.push(CHURN.replace("+ depth, depth", "+ depth + 1, depth"))
    return {}


def change_evaluate(world: World) -> dict[str, Any]:
    world.push(CHURN.replace('{"error": abs', '{"wrong": abs'))
    return {}


def change_nothing_that_counts(world: World) -> dict[str, Any]:
    world.push(CHURN, **{"README.md": "more"})
    return {}


def change_data(world: World) -> dict[str, Any]:
    world.platform.data.publish("shop/clicks", CLICKS.with_columns(pl.col("clicks") + 1), actor=world.ada)
    return {"data": {"clicks": "shop/clicks@2"}}


def same_data_of_another_name(world: World) -> dict[str, Any]:
    world.platform.data.publish("shop/copy", CLICKS, actor=world.ada)
    return {"data": {"clicks": "shop/copy"}}


def change_image(world: World) -> dict[str, Any]:
    world.platform.images.publish("shop/train", OTHER, tags=["v2"], actor=world.ada)
    return {"images": {"train": "shop/train@v2"}}


CHANGES: list[tuple[Any, list[str]]] = [
    (change_train, ["train", "evaluate"]),
    (change_evaluate, ["evaluate"]),
    (change_nothing_that_counts, []),
    (change_data, ["split", "train", "evaluate"]),
    (same_data_of_another_name, []),
    (change_image, ["train"]),
    (lambda world: {"parameters": {"depth": 4}}, ["split", "train", "evaluate"]),
    (lambda world: {"seed": 1}, ["split", "train", "evaluate"]),
    (lambda world: {"cache": False}, ["split", "train", "evaluate"]),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_s92_a_rerun_runs_what_changed_and_what_follows_from_it(change: Any, expected: list[str]) -> None:
    world = World()
    world.run()
    assert ran(world.run(**change(world))) == expected


def test_a_step_without_a_context_does_not_depend_on_the_seed_nor_on_other_parameters() -> None:
    code = CHURN.replace("ctx: StepContext, clicks", "clicks").replace(
        'ctx.rng("order").permutation(len(clicks))', "np.arange(len(clicks))"
    )
    world = World(code=code)
    world.run()
    assert ran(world.run(seed=1)) == [] and ran(world.run(parameters={"depth": 4})) == ["train", "evaluate"]


def test_a_step_that_says_so_is_never_taken_from_the_cache() -> None:
    world = World(code=CHURN.replace('duration="1h"', 'duration="1h", cache=False'))
    world.run()
    second = world.run()
    assert ran(second) == ["train"] and second.tasks["evaluate"].cached


def test_the_cache_is_of_one_project() -> None:
    world = World()
    world.identity.create_project("lab", owner=world.ada, actor=world.platform.admin)
    world.run()
    other = world.run(project="lab", data={"clicks": "shop/clicks"}, images={})
    assert len(ran(other)) == 3 and other.outputs == {"model": "model:lab/churn@1"} and other.name == "lab/churn-1"


def test_what_was_published_elsewhere_or_deleted_is_published_again() -> None:
    world = World()
    first = world.run()
    world.push(CHURN.replace('publish={"model": "churn"}', 'publish={"model": "other"}'))
    second = world.run()
    assert ran(second) == [] and second.outputs == {"model": "model:shop/other@1"} and second.digests == first.digests
    made = world.platform.metadata.lineage("shop/other@1", actor=world.ada)
    assert made.run == "run:shop/churn-2" and made.missing == ()


def test_outputs_whose_content_is_gone_are_made_again() -> None:
    world = World()
    world.run()
    state = world.pipelines._state.runs["shop/churn-1"].tasks["split"]
    for digest in list(state.outputs["train"].contents(world.platform.store)):
        world.platform.store.discard(digest)
    again = world.run()
    assert "split" in ran(again) and again.outcome == "success"


def test_s92_a_failed_run_is_resumed_and_runs_only_what_is_missing() -> None:
    world = World(
        "2x8xV100", CHURN.replace('duration="5m"', 'duration="5m", retries=0').replace('duration="10m"', 'duration="10m", cache=False')
    )
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="72m")
    world.cluster.hardware.crash(world.events("workload.bound")[-1].data["nodes"][0])
    world.sim.run(until=run.wait())
    assert (run.outcome, run.reason, run.tasks["evaluate"].reason) == ("error", "NODE_LOST", "NODE_LOST")
    world.push(CHURN.replace("depth: int = 3", "depth: int = 9"))
    world.platform.data.publish("shop/clicks", CLICKS.head(2), actor=world.ada)
    resumed = world.pipelines.resume(run, actor=world.ada)
    world.sim.run(until=resumed.wait())
    assert (resumed.outcome, ran(resumed), resumed.pipeline, resumed.inputs) == ("success", ["evaluate"], run.pipeline, run.inputs)
    assert resumed.trigger == {"by": "resume", "run": run.name} and resumed.outputs == run.outputs == {"model": "model:shop/churn@1"}
    for wrong in (resumed, "shop/churn-2"):
        with pytest.raises(RunError, match="success"):
            world.pipelines.resume(wrong, actor=world.ada)


def test_a_run_is_resumed_over_and_over() -> None:
    code = CHURN.replace("    return Mean(", "    if depth == 3:\n        raise ValueError\n    return Mean(")
    world = World(code=code)
    first = world.run()
    second = world.pipelines.resume(first, actor=world.ada)
    world.sim.run(until=second.wait())
    third = world.pipelines.resume(second, actor=world.ada)
    world.sim.run(until=third.wait())
    assert [run.outcome for run in (first, second, third)] == ["failure"] * 3 and third.tasks["split"].of == "shop/churn-1/split"
    with pytest.raises(RunError):
        world.pipelines.resume(world.pipelines.run("shop/churn@main", actor=world.ada), actor=world.ada)


FLAKY = CHURN.replace("evaluate(model: Mean", "evaluate(ctx: StepContext, model: Mean").replace(
    '    return {"error"', '    if ctx.work.attempt < 2:\n        raise OSError("flaky")\n    return {"error"'
)


def test_s92_a_step_that_raised_is_tried_again_where_that_is_asked_for_with_growing_waits() -> None:
    assert World(code=FLAKY).run().outcome == "failure"
    world = World(code=FLAKY.replace('duration="5m"', 'duration="5m", failure_retries=2, backoff="1m"'))
    run = world.run()
    assert (run.outcome, run.tasks["evaluate"].tries, run.ended_s) == ("success", 3, 600 + 3600 + 3 * 300 + 60 + 120)
    starts = [event.data["attempt"] for event in world.events("taskrun.started") if event.data["step"] == "evaluate"]
    assert starts == [0, 1, 2]
    assert len([event for event in world.events("taskrun.finished") if event.data["step"] == "evaluate"]) == 1


def test_a_step_that_takes_too_long_fails_and_one_that_waits_too_long_is_an_error() -> None:
    for words in ("4x8xV100", ""):
        run = World(words, CHURN.replace('duration="1h"', 'duration="1h", timeout="20m"')).run()
        assert (run.outcome, run.reason, run.tasks["train"].outcome) == ("failure", "TIMEOUT", "failure")
    world = World("1x8xV100", CHURN.replace('{"cpus": 2}, duration="1h"', '{"cpus": 2}, duration="1h", pending_timeout="30m"'))

    world.sim.run(until="1m")
    cpus = world.cluster.nodes.cpu_milli[0] // 1000
    world.cluster.endpoint.submit(mp.Workload("big", {"cpus": int(cpus) - 1}, duration="10h"))
    run = world.run()
    assert (run.outcome, run.reason) == ("error", "TIMEOUT_PENDING")
