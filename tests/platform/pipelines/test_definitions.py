"""Definitions of pipelines: what is wrong is said before anything runs, with the step and the input."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Optional

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError
from mlplat.platform.pipelines import (
    CycleError,
    Dag,
    DefinitionError,
    MissingArgumentError,
    Pipeline,
    PipelineError,
    StepContext,
    TypeMismatchError,
    UnknownInputError,
    by_size,
    measured,
    pipeline,
    step,
    when,
)
from mlplat.platform.pipelines.options import StepOptions, read_options
from mlplat.platform.pipelines.value_types import Form, ValueType, read_type, type_of


class Model:
    def to_parts(self) -> dict[str, Any]:
        return {"a": b"1"}

    @classmethod
    def from_parts(cls, parts: Any) -> Model:
        return cls()


class Better(Model):
    pass


class Two(NamedTuple):
    frame: pl.DataFrame
    count: int


@step
def load(rows: pl.DataFrame) -> Two:
    return Two(rows, len(rows))


@step
def fit(context: StepContext, rows: pl.DataFrame, depth: int = 3) -> Model:
    return Model()


@step
def rate(model: Model) -> float:
    return 1.0


@step
def best(models: list[Model], rates: list[float]) -> Model:
    return models[0]


@step
def tell(text: str) -> None:
    return None


def dag(function: Callable[..., Any], **options: Any) -> Dag:
    made: Pipeline = pipeline(**options)(function)
    return made.dag


def test_the_function_is_called_once_with_placeholders_and_leaves_a_graph() -> None:
    calls = []

    def shop(clicks: pl.DataFrame, depths: list[int], text: str = "done"):  # type: ignore[no-untyped-def]
        calls.append(clicks)
        rows = load(clicks)
        models = fit.map(depths, rows=rows.frame)
        with when(rows.count, 4):
            chosen = best(models, rate.map(models))
        tell(text).after(chosen)
        return {"model": chosen}

    found = dag(shop, data={"clicks": "clicks"})
    assert len(calls) == 1 and [node.name for node in found.order] == ["load", "fit", "rate", "best", "tell"]
    nodes = found.by_name
    assert nodes["fit"].mapped == ("depth",) and nodes["fit"].context == "context" and nodes["best"].when[0][1] == 4
    assert nodes["best"].needs == ("fit", "load", "rate") and nodes["tell"].needs == ("best",)
    assert {name: str(kind) for name, kind in nodes["best"].takes.items()} == {"models": "list[model:Model]", "rates": "json:list"}
    assert (found.inputs["clicks"].default, found.parameters["depths"].required, found.parameters["text"].default) == (
        "clicks",
        True,
        "done",
    )
    assert Dag.read(json.loads(json.dumps(found.to_json()))).digest == found.digest
    assert found.following(["rate"]) == {"best", "tell"}


def test_a_step_that_is_called_twice_has_two_names_and_may_be_given_others() -> None:
    def twice(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
        fit(clicks)
        fit(clicks, depth=4)
        fit.override(name="deep", duration="2h", cache=False)(clicks, 9)

    found = dag(twice)
    assert [node.name for node in found.nodes] == ["fit", "fit-2", "deep"]
    assert found.by_name["deep"].options.duration.seconds({}) == 7200 and not found.by_name["deep"].options.cache
    assert found.by_name["fit"].options.cache


def test_outside_of_a_pipeline_a_step_is_the_plain_function() -> None:
    assert load(pl.DataFrame({"a": [1, 2]})).count == 2
    assert isinstance(fit(StepContext(), pl.DataFrame()), Model)


def test_a_pipeline_inside_another_becomes_part_of_it() -> None:
    inner = pipeline(lambda_free)

    def outer(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
        return {"model": inner(fit(clicks))["model"]}

    assert [node.name for node in dag(outer).nodes] == ["fit", "rate", "best"]


def lambda_free(model: Model):  # type: ignore[no-untyped-def]
    return {"model": best([model], [rate(model)])}


WRONG: dict[str, tuple[type[PipelineError], str, str, Callable[..., Any]]] = {}


def wrong(error: type[PipelineError], step_name: str, input_name: str = "") -> Callable[[Any], Any]:
    """A pipeline with a mistake, the error, and the step and input that it names."""

    def kept(function: Any) -> Any:
        WRONG[function.__name__] = (error, step_name, input_name, function)
        return function

    return kept


@wrong(TypeMismatchError, "rate", "model")
def a_number_for_a_model(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    rate(load(clicks).count)


@wrong(TypeMismatchError, "load", "rows")
def a_constant_for_a_frame():  # type: ignore[no-untyped-def]
    load("clicks")


@wrong(TypeMismatchError, "fit", "depth")
def text_for_a_number(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    fit(clicks, depth="3")


@wrong(TypeMismatchError, "fit", "depth")
def a_parameter_of_another_type(clicks: pl.DataFrame, depth: float = 3.0):  # type: ignore[no-untyped-def]
    fit(clicks, depth)


@wrong(TypeMismatchError, "fit", "rows")
def all_outputs_for_one(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    fit(load(clicks))


@wrong(TypeMismatchError, "best", "models")
def a_model_for_a_list(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    best(fit(clicks), [1.0])


@wrong(TypeMismatchError, "rate", "model")
def a_list_for_a_model(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    rate([fit(clicks)])


@wrong(TypeMismatchError, "fit", "depth")
def mapped_over_a_number(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    fit.map(load(clicks).count, rows=clicks)


@wrong(TypeMismatchError, "", "when")
def a_condition_on_a_model(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    with when(fit(clicks)):
        load(clicks)


@wrong(MissingArgumentError, "rate", "model")
def nothing_for_an_input():  # type: ignore[no-untyped-def]
    rate()


@wrong(UnknownInputError, "rate", "models")
def an_input_that_is_not_there(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    rate(models=fit(clicks))


@wrong(UnknownInputError, "load")
def an_output_that_is_not_there(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    fit(load(clicks).rows)


@wrong(DefinitionError, "rate")
def too_many_values(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    rate(fit(clicks), 3)


@wrong(DefinitionError, "rate", "model")
def two_values_for_one(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    rate(fit(clicks), model=fit(clicks))


@wrong(DefinitionError, "best")
def lists_of_two_lengths(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    best.map([[fit(clicks)]], [[1.0], [2.0]])


@wrong(DefinitionError, "")
def a_value_that_is_not_known_yet(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    if rate(fit(clicks)) > 0.5:
        load(clicks)


@wrong(DefinitionError, "")
def the_truth_of_a_value(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    return load(clicks) if rate(fit(clicks)) == 1.0 else None


@wrong(DefinitionError, "", "x")
def no_annotation(x):  # type: ignore[no-untyped-def]
    load(x)


@wrong(DefinitionError, "")
def no_step(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    return None


@wrong(DefinitionError, "", "input")
def an_input_returned(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    load(clicks)
    return {"input": clicks}


@wrong(DefinitionError, "", "models")
def a_list_returned(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    return {"models": fit.map([1, 2], rows=clicks)}


@wrong(DefinitionError, "", "rates")
def a_list_of_numbers_returned(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    return {"rates": rate.map([fit(clicks)])}


@wrong(CycleError, "fit")
def a_cycle(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    first, second = fit(clicks), load(clicks)
    first.after(second)
    second.after(first)


@wrong(CycleError, "fit")
def a_step_after_itself(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
    model = fit(clicks)
    model.after(model)


@pytest.mark.parametrize("name", WRONG)
def test_s90_a_mistake_is_refused_before_anything_runs_and_names_step_and_input(name: str) -> None:
    error, step_name, input_name, function = WRONG[name]
    with pytest.raises(error) as raised:
        dag(function)
    assert type(raised.value) is error and (raised.value.step, raised.value.input) == (step_name, input_name), str(raised.value)
    assert "expected" in str(raised.value) or error is UnknownInputError or "let `mlplat.when`" in str(raised.value)


def test_s90_a_cycle_names_its_steps() -> None:
    with pytest.raises(CycleError, match=r"fit → load → fit") as raised:
        dag(a_cycle)
    assert raised.value.steps == ("fit", "load")


def described() -> dict[str, Any]:
    def shop(clicks: pl.DataFrame, depth: int = 3):  # type: ignore[no-untyped-def]
        return {"model": fit(load(clicks).frame, depth)}

    found: dict[str, Any] = json.loads(json.dumps(dag(shop).to_json()))
    return found


EDITS: dict[str, tuple[type[MlplatError], Callable[[Any], object]]] = {
    "a cycle": (CycleError, lambda d: d["nodes"][0]["after"].append("fit")),
    "an unknown step": (UnknownInputError, lambda d: d["nodes"][1]["arguments"].update(rows={"step": "loader", "output": "frame"})),
    "an unknown output": (UnknownInputError, lambda d: d["nodes"][1]["arguments"].update(rows={"step": "load", "output": "frames"})),
    "an unknown input": (UnknownInputError, lambda d: d["nodes"][0]["arguments"].update(rows={"input": "click"})),
    "an unknown parameter": (UnknownInputError, lambda d: d["nodes"][1]["arguments"].update(depth={"parameter": "deep"})),
    "an argument too many": (UnknownInputError, lambda d: d["nodes"][0]["arguments"].update(more={"value": 1})),
    "an argument too few": (MissingArgumentError, lambda d: d["nodes"][0]["arguments"].clear()),
    "another type": (TypeMismatchError, lambda d: d["nodes"][1]["arguments"].update(rows={"step": "load", "output": "count"})),
    "a constant of another type": (TypeMismatchError, lambda d: d["nodes"][1]["arguments"].update(depth={"value": "3"})),
    "a constant for a frame": (TypeMismatchError, lambda d: d["nodes"][1]["arguments"].update(rows={"value": 3})),
    "two of a name": (DefinitionError, lambda d: d["nodes"].append(d["nodes"][0])),
    "an order that is none": (UnknownInputError, lambda d: d["nodes"][0]["after"].append("nobody")),
    "no format": (OptionError, lambda d: d.update(format=2)),
    "no nodes": (OptionError, lambda d: d.pop("nodes")),
    "a type that is none": (OptionError, lambda d: d["nodes"][0]["takes"].update(rows="table")),
    "an option that is none": (MlplatError, lambda d: d["nodes"][0]["options"].update(speed=3)),
    "a binding that is none": (OptionError, lambda d: d["nodes"][0]["arguments"].update(rows={"from": "x"})),
    "an output of nobody": (UnknownInputError, lambda d: d["outputs"]["model"]["from"].update(step="x")),
}


@pytest.mark.parametrize("name", EDITS)
def test_s90_a_graph_that_was_made_by_hand_is_checked_as_well(name: str) -> None:
    error, edit = EDITS[name]
    given = described()
    assert Dag.read(given).digest == Dag.read(described()).digest
    edit(given)
    with pytest.raises(error):
        Dag.read(given)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (pl.DataFrame, "frame"),
        (np.ndarray, "array"),
        (npt.NDArray[np.float64], "array"),
        (dict[str, np.ndarray], "arrays"),
        (Mapping[str, npt.NDArray[Any]], "arrays"),
        (bytes, "bytes"),
        (int, "json:int"),
        (float, "json:float"),
        (bool, "json:bool"),
        (str, "json:str"),
        (None, "json:null"),
        (list[int], "json:list"),
        (tuple[int, ...], "json:list"),
        (dict[str, list[float]], "json:dict"),
        (Any, "json"),
        (Optional[int], "json"),  # noqa: UP045
        (int | None, "json"),
        (Literal["a", "b"], "json:str"),
        (Model, "model:Model"),
        (list[Model], "list[model:Model]"),
        (list[pl.DataFrame], "list[frame]"),
    ],
)
def test_types_are_read_off_annotations(annotation: Any, text: str) -> None:
    assert str(type_of(annotation)) == text
    assert str(read_type(text)) == text


@pytest.mark.parametrize(
    "annotation", [set[int], complex, dict[int, int], list[list[Model]], pl.LazyFrame, object(), int | Model, Callable]
)
def test_what_no_value_can_be_passed_by_is_refused(annotation: Any) -> None:
    with pytest.raises(DefinitionError, match="expected a polars DataFrame"):
        type_of(annotation, step="train", input="x")


def test_a_model_of_a_class_below_is_one() -> None:
    base, below = type_of(Model), type_of(Better)
    assert base.accepts(below) and not below.accepts(base)
    assert ValueType(Form.MODEL).accepts(below) and not base.accepts(ValueType(Form.BYTES))


def test_a_step_is_made_of_a_plain_function_with_annotations() -> None:
    for function, match in (
        (lambda x: x, "a plain function"),
        (print, "expected a function"),
        (fit, "expected a function"),
    ):
        with pytest.raises(DefinitionError, match=match):
            step(function)

    @step
    def bare(x) -> int:  # type: ignore[no-untyped-def]
        return 1

    @step
    def starred(*x: int) -> int:
        return 1

    @step
    def silent(x: int):  # type: ignore[no-untyped-def]
        return 1

    @step
    def unknown(x: Nowhere) -> int:  # type: ignore[name-defined]  # noqa: F821
        return 1

    for made, match in ((bare, "an annotation"), (starred, "none with"), (silent, "what it returns"), (unknown, "cannot be resolved")):
        with pytest.raises(DefinitionError, match=match) as raised:
            assert made.signature
        assert raised.value.step == made.name


@pytest.mark.parametrize(
    "options",
    [
        {"speed": 3},
        {"duration": "soon"},
        {"request": {"cpu": 1}},
        {"retries": -1},
        {"retries": True},
        {"backoff": -1},
        {"timeout": 0},
        {"cache": "no"},
        {"replicas": 0},
        {"sync": {"step": 1}},
        {"checkpoint": "often"},
        {"priority": 0.5},
        {"image": 3},
        {"validates": "a b"},
        {"numerics": "exact"},
    ],
)
def test_an_option_that_cannot_be_used_names_the_step(options: dict[str, Any]) -> None:
    def train(x: int) -> int:
        return x

    with pytest.raises(DefinitionError) as raised:
        step(**options)(train)
    assert raised.value.step == "train"


def test_options_are_described_and_read_again() -> None:
    given = {
        "image": "shop/train@v1",
        "request": {"cpus": "500m", "memory": "1GiB", "gpus": 1, "gpu_model": "V100"},
        "duration": measured([(1, 2), (3, "4s")], of="rows"),
        "retries": 1,
        "failure_retries": 2,
        "backoff": "1m",
        "timeout": "1h",
        "pending_timeout": "2h",
        "cache": False,
        "replicas": 4,
        "sync": {"step": "1s", "size": "2GiB"},
        "checkpoint": "every 30m",
        "priority": 3,
        "validates": "model",
        "numerics": "portable",
    }
    options = StepOptions.of(given)
    assert set(options.described()) == set(given)
    assert read_options(json.loads(json.dumps(options.described()))) == options
    assert StepOptions().described() == {}


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=2, max_size=6, unique_by=lambda point: point[0]), st.floats(0, 2e6)
)
def test_a_measured_duration_goes_through_the_points_and_is_straight_between_them(points: list[tuple[float, float]], size: float) -> None:
    model = measured(points)
    for at, time in points:
        assert model.seconds({"x": at}) == pytest.approx(time, rel=1e-9, abs=1e-6)
    found = model.seconds({"x": size})
    ordered = sorted(points)
    if ordered[0][0] <= size <= ordered[-1][0]:
        expected = float(np.interp(size, [x for x, _ in ordered], [y for _, y in ordered]))
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert found >= 0


def test_sizes_are_of_the_inputs_that_are_named() -> None:
    sizes = {"a": 10.0, "b": 5.0}
    assert by_size("1s", per_mib=2).seconds(sizes) == 31.0
    assert by_size("1s", per_mib=2, of="b").seconds(sizes) == 11.0
    assert measured([(0, 0), (10, 100)], of=["a"]).seconds(sizes) == 100.0
    for points in ([], [(1, 1)], [(1, 1), (1, 2)], [(-1, 1), (2, 2)], [3, 4]):
        with pytest.raises(OptionError):
            measured(points)  # type: ignore[arg-type]


def test_a_duration_by_an_input_that_is_not_there_is_refused() -> None:
    def shop(clicks: pl.DataFrame):  # type: ignore[no-untyped-def]
        fit.override(duration=by_size(per_mib=1, of="row"))(clicks)

    with pytest.raises(UnknownInputError, match="duration: no such input") as raised:
        dag(shop)
    assert (raised.value.step, raised.value.input) == ("fit", "row")


def test_the_context_draws_for_its_name_and_step_alone() -> None:
    first, second = StepContext(7, "a"), StepContext(7, "b")
    assert first.rng("x").random() != second.rng("x").random() and first.seed != second.seed
    assert StepContext(7, "a").rng("x").random() == StepContext(7, "a").rng("x").random()
    assert first.rng("x") is first.rng("x") and 0 <= first.seed < 2**31
    with pytest.raises(OptionError):
        first.rng(3)  # type: ignore[arg-type]
