"""IP-5: a training run leaves all its metadata by itself, and lineage leads from the model to everything that it was made of."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mlplat.platform.pipelines import PipelineRun

from .worlds import CHURN, CLICKS, World


@pytest.mark.parametrize("words", ["", "4x8xV100"])
def test_a5_1_s54_user_code_makes_no_metadata_call_yet_all_three_categories_are_there(words: str) -> None:
    world = World(words)
    run = world.run(parameters={"depth": 2}, seed=7)
    assert "metadata" not in CHURN and "register" not in CHURN
    found = world.platform.metadata.run(run.resource, actor=world.ada)
    model = found.outputs["model"]
    assert (found.parameters, found.metrics.keys(), model.size) == ({"depth": 2}, {"error"}, model.size)
    assert model.size is not None and model.size > 0 and model.digest == run.digests["train"]["output"]
    assert {role: one.resource for role, one in found.inputs.items()} == {
        "code": f"repo:shop/churn@{world.commit}",
        "image": world.image.resource,
        "pipeline": f"pipeline:{run.pipeline}",
        "clicks": "dataset:shop/clicks@1",
    }
    assert all(one.digest or role == "code" for role, one in found.inputs.items())
    steps = {each.name: each for each in found.steps}
    assert steps.keys() == {"split", "train", "evaluate"} and {each.status for each in steps.values()} == {"success"}
    assert steps["train"].resources["request"] == "2 CPU" and steps["train"].ended - steps["train"].started == pytest.approx(3600.0)  # type: ignore[operator]
    assert (found.status, found.seed, found.principal, found.numerics) == ("success", 7, world.ada.id, "portable")
    version = world.platform.models.resolve("shop/churn@1", actor=world.ada)
    assert (version.run, version.commit, version.parameters) == (run.resource, f"repo:shop/churn@{world.commit}", {"depth": 2})
    lineage = world.platform.metadata.lineage("shop/churn@1", actor=world.ada)
    assert (lineage.missing, lineage.reproducible, None in lineage.parts.values()) == ((), True, False)


def test_a_model_that_has_a_signature_brings_it_along() -> None:
    code = CHURN.replace("import polars as pl\n", "import polars as pl\n\nfrom mlplat.platform.artifacts.models import Signature\n", 1)
    more = "\n        self.signature = Signature.of({'clicks': np.zeros(2)}, {'y': np.zeros(2)})"
    world = World(code=code.replace("self.value, self.depth = value, depth", "self.value, self.depth = value, depth" + more))
    world.run()
    signature = world.platform.models.resolve("shop/churn@1", actor=world.ada).signature
    assert str(signature) == "(clicks: float64[*]) -> (y: float64[*])"


def test_a5_2_s55_s56_direct_and_chained_linking_give_the_same_upstream_set() -> None:
    world = World("4x8xV100")
    world.run()
    metadata = world.platform.metadata
    found = {word: metadata.lineage("shop/churn@1", linking=word, actor=world.ada) for word in ("direct", "chained", "both")}
    assert found["direct"].upstream() == found["chained"].upstream() == found["both"].upstream()
    assert {each.missing for each in found.values()} == {()} and len({each.fingerprint for each in found.values()}) == 1
    assert {(link.upstream, link.role) for link in found["direct"].links} == {(link.upstream, link.role) for link in found["chained"].links}


def test_where_the_lock_file_does_not_name_what_was_used_only_the_record_is_relied_on() -> None:
    world = World()
    world.platform.data.publish("shop/clicks", CLICKS.head(3), actor=world.ada)
    world.run(data={"clicks": "shop/clicks@2"})
    lineage = world.platform.metadata.lineage("shop/churn@1", actor=world.ada)
    assert lineage.missing == () and "dataset:shop/clicks@2" in lineage.upstream()


@pytest.mark.parametrize("role", ["code", "image", "clicks"])
def test_a5_3_s57_deleting_a_link_yields_exactly_it_in_missing(role: str) -> None:
    world = World()
    run = world.run()
    world.platform.metadata.withdraw(run.resource, role, actor=world.ada)
    lineage = world.platform.metadata.lineage("shop/churn@1", linking="direct", actor=world.ada)
    assert [each.role for each in lineage.missing] == [role] and not lineage.reproducible


def test_a5_5_the_head_moves_during_the_run_and_the_recorded_version_was_used() -> None:
    world = World("4x8xV100", lock=False)
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.platform.data.publish("shop/clicks", CLICKS.head(2), actor=world.ada)
    world.sim.run(until=run.wait())
    assert run.inputs == {"clicks": "dataset:shop/clicks@1"} and run.digests == World(lock=False).run().digests
    assert "dataset:shop/clicks@1" in world.platform.metadata.lineage("shop/churn@1", actor=world.ada).upstream()


def test_inputs_are_recorded_before_anything_runs() -> None:
    world = World("4x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    found = world.platform.metadata.run(run.resource, actor=world.ada)
    assert (found.status, found.steps, set(found.inputs)) == ("running", (), {"code", "image", "pipeline", "clicks"})
    predicates = [event.predicate for event in world.sim.log]
    assert predicates.index("pipelinerun.started") < predicates.index("workload.submitted")


def test_the_fingerprint_does_not_depend_on_where_when_and_by_whom() -> None:
    first, second = World(), World("2x8xV100")
    second.sim.run(until="3d")
    second.platform.scm.commit("shop/churn", "main", {"x": "y"}, "x", actor=second.ada)
    runs: list[tuple[World, PipelineRun]] = [(first, first.run(seed=3)), (second, second.run(first_ref(second), seed=3))]
    prints = [world.platform.metadata.lineage("shop/churn@1", actor=world.ada).fingerprint for world, _ in runs]
    assert prints[0] == prints[1] and runs[0][1].digests == runs[1][1].digests


def first_ref(world: World) -> str:
    return f"shop/churn@{world.commit}"


def test_a_parent_model_is_an_input_of_its_kind() -> None:
    code = CHURN.replace(
        "@pipeline(data",
        "@step\ndef tune(model: Mean, plus: float) -> Mean:\n    return Mean(model.value + plus, model.depth)\n\n\n"
        '@pipeline(data={"parent": "model:churn@champion"}, publish={"model": "churn"})\ndef more(parent: Mean, plus: float = 1.0):\n'
        '    return {"model": tune(parent, plus)}\n\n\n@pipeline(data',
    )
    world = World(code=code)
    world.run(function="churn")
    world.platform.models.set_alias("shop/churn@1", "champion", actor=world.ada)
    run = world.run(function="more", parameters={"plus": 0.5})
    assert run.inputs == {"parent": "model:shop/churn@1"} and run.outputs == {"model": "model:shop/churn@2"}
    found = world.platform.metadata.run(run.resource, actor=world.ada)
    assert found.inputs["parent"].resource == "model:shop/churn@1"
    parts: Any = [world.platform.models.load(f"shop/churn@{number}", actor=world.ada)["mean"][0] for number in (1, 2)]
    assert parts[1] == parts[0] + 0.5
    downstream = world.platform.metadata.impact("dataset:shop/clicks@1", actor=world.ada)
    assert downstream.models == ("model:shop/churn@1", "model:shop/churn@2")


def test_a_step_that_is_taken_is_no_second_maker_of_what_it_published() -> None:
    world = World()
    world.run()
    world.run()
    found = world.platform.metadata.run("shop/churn-2", actor=world.ada)
    assert found.outputs == {} and world.platform.metadata.lineage("shop/churn@1", actor=world.ada).run == "run:shop/churn-1"
    assert dataclasses.is_dataclass(found)
