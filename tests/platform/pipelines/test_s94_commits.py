"""S-94: a step's code is that of the commit, not of the process; code that is given directly is stored as source, or it is said why not."""

from __future__ import annotations

import linecache
import types
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlplat.errors import AccessDenied, OptionError
from mlplat.platform.pipelines import Irreproducible, NotStorable, Pipeline, StepContext, pipeline, step
from mlplat.platform.pipelines.inline import source_of

from .worlds import CHURN, World

SCALE = 3
TABLE = {"a": [1, 2.5], "b": "text"}
UNSAYABLE = np.arange(3)


def scaled(x: float) -> float:
    return x * SCALE


class Box:
    def __init__(self, value: float) -> None:
        self.value = value

    def to_parts(self) -> dict[str, Any]:
        return {"v": np.array([self.value])}

    @classmethod
    def from_parts(cls, parts: Any) -> Box:
        return cls(float(parts["v"][0]))


@step(duration="10m")
def boxed(ctx: StepContext, rows: pl.DataFrame) -> Box:
    return Box(scaled(float(rows["clicks"].sum())) + len(TABLE["a"]) + float(ctx.rng().integers(1)))


@step
def opened(box: Box) -> float:
    return box.value


@pipeline(data={"rows": "clicks"})
def boxes(rows: pl.DataFrame):  # type: ignore[no-untyped-def]
    box = boxed(rows)
    opened(box)
    return {"box": box}


def closed_over(factor: int) -> Pipeline:
    @step
    def times(x: int) -> int:
        return x * factor

    @pipeline
    def main(x: int = 1):  # type: ignore[no-untyped-def]
        times(x)

    made: Pipeline = main
    return made


@step
def uses_array(x: int) -> int:
    return int(UNSAYABLE[x])


@pipeline
def unsayable(x: int = 1):  # type: ignore[no-untyped-def]
    uses_array(x)


def of_text(text: str) -> Pipeline:
    """A pipeline of a notebook cell: its source is there only where the notebook keeps it."""
    name = "<cell 1>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "notebook"}
    exec(compile(text, name, "exec"), namespace)
    found: Pipeline = namespace["main"]
    return found


CELL = (
    "from mlplat.platform.pipelines import pipeline, step\n@step\ndef plus(x: int) -> int:\n    return x + 1\n"
    "@pipeline\ndef main(x: int = 1):\n    plus(x)\n"
)


def test_s94_editing_the_function_after_the_commit_changes_nothing() -> None:
    world = World()
    first = world.run(cache=False)
    before = world.pipelines.publish("shop/churn@main", actor=world.ada)
    edited = CHURN.replace("+ depth, depth", "+ 1000, depth")
    exec(compile(edited, "<cell>", "exec"), {"__name__": "notebook"})
    world.push(edited)
    second = world.run(before.reference, cache=False)
    assert second.digests == first.digests and second.pipeline == before.reference == first.pipeline
    assert world.run(cache=False).digests["train"] != first.digests["train"]


def test_s94_code_of_a_run_under_way_stays_that_of_its_commit() -> None:
    world = World("4x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="20m")
    world.push(CHURN.replace("+ depth, depth", "+ 1000, depth"))
    world.platform.data.publish("shop/clicks", pl.DataFrame({"user": [1], "clicks": [100.0]}), actor=world.ada)
    world.sim.run(until=run.wait())
    assert run.digests == World().run().digests and run.inputs == {"clicks": "dataset:shop/clicks@1"}


def test_s94_a_pipeline_given_directly_is_stored_as_source_and_runs_from_there() -> None:
    world = World()
    run = world.run(boxes, name="shop/boxes")
    assert run.outcome == "success" and run.irreproducible is Irreproducible.NONE
    version = world.platform.metadata.run(run.resource, actor=world.ada).inputs["code"]
    source = world.platform.scm.read(version.resource.removeprefix("repo:"), "pipeline.py", actor=world.ada).decode()
    for part in (
        "def boxed(",
        "def scaled(",
        "class Box:",
        "SCALE = 3",
        "import polars as pl",
        "import numpy as np",
        "TABLE = {'a': [1, 2.5]",
    ):
        assert part in source
    lineage = world.platform.metadata.lineage("shop/box@1", actor=world.ada)
    assert [each.role for each in lineage.missing] == ["image"] and lineage.parts["code"] == version.resource.partition("@")[2]
    boxes_again = world.run(boxes, name="shop/boxes")
    assert boxes_again.pipeline == run.pipeline and all(task.cached for task in boxes_again.tasks.values())
    assert len(world.platform.scm.log("shop/boxes@direct", actor=world.ada)) == 1
    repeated = world.pipelines.rerun(run, actor=world.ada)
    world.sim.run(until=repeated.wait())
    assert repeated.digests == run.digests


def test_s94_a_cell_of_a_notebook_is_stored_as_it_is_then() -> None:
    world = World()
    first = world.run(of_text(CELL), name="shop/cell")
    second = world.run(of_text(CELL.replace("x + 1", "x + 2")), name="shop/cell")
    assert [world.pipelines.value(run, "plus", actor=world.ada) for run in (first, second)] == [2, 3]
    assert first.pipeline != second.pipeline
    again = world.run(first.pipeline, cache=False)
    assert world.pipelines.value(again, "plus", actor=world.ada) == 2


def nothing_of_a_source() -> Pipeline:
    namespace: dict[str, Any] = {"__name__": "notebook"}
    exec(compile(CELL, "<gone>", "exec"), namespace)
    found: Pipeline = namespace["main"]
    return found


def a_module_of_this_machine() -> Pipeline:
    made = of_text("import helper_of_mine\n" + CELL.replace("x + 1", "helper_of_mine.f(x)")) if _helper() else None
    assert made is not None
    return made


def _helper() -> bool:
    import sys

    module = types.ModuleType("helper_of_mine")
    module.f = lambda x: x + 1  # type: ignore[attr-defined]
    sys.modules["helper_of_mine"] = module
    return True


REASONS = [
    (lambda: closed_over(3), Irreproducible.CLOSURE, "main"),
    (lambda: unsayable, Irreproducible.GLOBAL, "UNSAYABLE"),
    (nothing_of_a_source, Irreproducible.NO_SOURCE, "main"),
    (a_module_of_this_machine, Irreproducible.LOCAL_MODULE, "helper_of_mine"),
]


@pytest.mark.parametrize(("make", "reason", "name"), REASONS)
def test_s94_what_cannot_be_stored_is_run_and_marked_with_the_reason(make: Any, reason: Irreproducible, name: str) -> None:
    made = make()
    with pytest.raises(NotStorable) as raised:
        source_of(made)
    assert (raised.value.reason, raised.value.name) == (reason, name)
    world = World()
    run = world.run(made, name="shop/direct", parameters={"x": 2})
    assert (run.outcome, run.irreproducible) == ("success", reason)
    recorded = world.platform.metadata.run(run.resource, actor=world.ada)
    assert recorded.tags["irreproducible"] == reason and "code" not in recorded.inputs
    assert not any(task.cached for task in world.run(made, name="shop/direct", parameters={"x": 2}).tasks.values())
    with pytest.raises(Exception, match="names no commit"):
        world.pipelines.rerun(run, actor=world.ada)
    with pytest.raises(NotStorable):
        world.pipelines.publish(made, name="shop/direct", actor=world.ada)


def test_a_pipeline_given_directly_needs_a_name_and_rights() -> None:
    world = World()
    with pytest.raises(OptionError, match="expected 'project/name'"):
        world.pipelines.run(boxes, actor=world.ada)
    before = list(world.platform.store.records("scm"))
    with pytest.raises(AccessDenied):
        world.pipelines.run(boxes, name="shop/boxes", actor=world.eve)
    assert list(world.platform.store.records("scm")) == before


def test_who_may_not_read_the_code_may_not_run_it() -> None:
    world = World()
    published = world.pipelines.publish("shop/churn@main", actor=world.ada)
    world.identity.create_project("lab", owner=world.eve, actor=world.platform.admin)
    for right, resource in (("read", published.resource), ("read", f"repo:{published.code}"), ("read", world.image.resource)):
        with pytest.raises(AccessDenied):
            world.pipelines.run(published.reference, project="lab", data={"clicks": "shop/clicks@1"}, actor=world.eve)
        world.identity.grant(world.eve, right, resource, actor=world.ada)
    with pytest.raises(AccessDenied, match="dataset:shop/clicks@1"):
        world.pipelines.run(published.reference, project="lab", data={"clicks": "shop/clicks@1"}, actor=world.eve)
    world.identity.grant(world.eve, "read", world.clicks.resource, actor=world.ada)
    run = world.run(published.reference, project="lab", data={"clicks": "shop/clicks@1"}, actor=world.eve)
    assert run.outcome == "success" and run.outputs == {"model": "model:lab/churn@1"}
