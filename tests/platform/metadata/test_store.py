"""The Metadata Store: records, searches, comparisons, baselines, and what is deployed."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import AccessDenied, IntegrityError, MlplatError, OptionError, UnknownNameError
from mlplat.platform.artifacts.metadata import (
    Deployed,
    LineageCycleError,
    RunStatus,
    UnknownBaselineError,
    UnknownRunError,
    local_environment,
)

from .world import CODE, COMMIT, MODEL, PARENT, PIPELINE, TRAINING, World, content


def test_a_run_has_what_its_records_said() -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    run = metadata.start_run("shop", parameters={"depth": 3}, tags={"team": "a"}, seed=7, numerics="portable", pipeline=PIPELINE, actor=ada)
    assert (run.resource, run.status, run.principal, run.seed, run.numerics) == ("run:shop/run-1", RunStatus.RUNNING, ada.id, 7, "portable")
    world.sim.run(until=10)
    metadata.log_parameters(run.resource, {"depth": 4, "rate": 0.5}, actor=ada)
    metadata.log_metrics(run.resource, {"loss": 2}, step=1, actor=ada)
    metadata.log_metrics(run.resource, {"loss": 1.5, "auc": 0.9}, step=2, actor=ada)
    metadata.log_step(run.resource, "train", started=0, ended=10, resources={"gpus": 1}, actor=ada)
    ended = metadata.finish_run(run.resource, outputs={"model": (MODEL, content(MODEL), 10, {"x": "f8"})}, resources={"gpus": 1}, actor=ada)
    assert ended == metadata.run("shop/run-1", actor=ada)
    assert ended.parameters == {"depth": 4, "rate": 0.5} and ended.metrics == {"loss": 1.5, "auc": 0.9} and ended.duration_s == 10
    assert (ended.outputs["model"].size, ended.outputs["model"].signature) == (10, {"x": "f8"})
    assert [(point.step, point.value, point.time) for point in metadata.metric_history("shop/run-1", "loss", actor=ada)] == [
        (1, 2, 10),
        (2, 1.5, 10),
    ]
    assert ended.steps[0].resources == {"gpus": 1} and str(ended) == "run:shop/run-1: success"
    with pytest.raises(TypeError):
        ended.parameters["depth"] = 5  # type: ignore[index]
    assert metadata.start_run("shop", actor=ada).resource == "run:shop/run-2"


def test_records_are_superseded_and_never_edited() -> None:
    world = World()
    world.train("direct")
    before = world.metadata.history("shop/r1", actor=world.ada)
    world.metadata.record("shop/r1", data={"training": "shop/clicks@4"}, actor=world.ada)
    after = world.metadata.history("shop/r1", actor=world.ada)
    assert after[: len(before)] == before and len(after) == len(before) + 1
    assert after[-1].changes["inputs"]["training"]["resource"] == "dataset:shop/clicks@4"
    upstream = world.metadata.upstream(MODEL, actor=world.ada)
    assert "dataset:shop/clicks@4" in upstream and TRAINING not in upstream


def test_a_store_made_again_over_the_same_records_stands_where_the_last_stood() -> None:
    world = World()
    world.train("both")
    world.metadata.record_deployment("shop/api", MODEL, actor=world.ada)
    world.metadata.record_baseline(MODEL, quality={"auc": 0.9}, actor=world.ada)
    world.metadata.withdraw("shop/r1", "image", actor=world.ada)
    again = world.open()
    for ask in (
        lambda store: store.run("shop/r1", actor=world.ada),
        lambda store: store.lineage(MODEL, actor=world.ada),
        lambda store: store.impact(TRAINING, actor=world.ada),
        lambda store: store.graph(MODEL, actor=world.ada),
        lambda store: store.baseline(MODEL, actor=world.ada),
        lambda store: store.history("shop/r1", actor=world.ada),
        lambda store: store._state.graph.memory_bytes()["arrays"],
    ):
        assert ask(again) == ask(world.metadata)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code": "shop/churn@main"}, OptionError),
        ({"code": "shop/churn"}, OptionError),
        ({"data": {"training": "shop/clicks"}}, OptionError),
        ({"data": {"image": TRAINING}}, OptionError),
        ({"data": {"training": MODEL}}, OptionError),
        ({"data": [TRAINING]}, OptionError),
        ({"inputs": {"x": "colour:shop/x@1"}}, UnknownNameError),
        ({"inputs": {"training": TRAINING}, "data": {"training": TRAINING}}, OptionError),
        ({"outputs": {"training": MODEL}, "data": {"training": TRAINING}}, OptionError),
        ({"outputs": {"clicks": TRAINING}, "data": {"training": TRAINING}}, LineageCycleError),
        ({"inputs": {"self": "run:shop/r1"}}, LineageCycleError),
        ({"data": {"training": (TRAINING, "sha256:12")}}, OptionError),
        ({"data": {"training": (TRAINING, content("x"))}}, IntegrityError),
        ({"parameters": {"x": float("nan")}}, OptionError),
        ({"parameters": {"x": object()}}, OptionError),
        ({"parameters": {"x": "a" * 2**21}}, OptionError),
        ({"parameters": {"": 1}}, OptionError),
        ({"tags": {"a": 1}}, OptionError),
        ({"seed": -1}, OptionError),
        ({"seed": True}, OptionError),
        ({"numerics": "exact"}, UnknownNameError),
        ({"linking": "none"}, UnknownNameError),
        ({"colour": "red"}, UnknownNameError),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_leaves_nothing(fields: dict[str, Any], error: type[MlplatError]) -> None:
    world = World()
    with pytest.raises(error):
        world.metadata.start_run("shop/r1", actor=world.ada, **fields)
    assert list(world.store.records("metadata")) == [] and world.metadata.count(actor=world.ada) == 0
    assert len(world.metadata._state.graph) == 0
    assert [event.predicate for event in world.sim.log.select(predicate="metadata.*")] == []
    (refused,) = world.sim.log.select(predicate="call.refused")
    assert refused.data["error"] == error.__name__


def test_runs_that_are_not_there_or_have_ended_are_refused() -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    with pytest.raises(UnknownRunError, match="no run:shop/r1"):
        metadata.run("shop/r1", actor=ada)
    metadata.start_run("shop/r1", actor=ada)
    with pytest.raises(OptionError, match="is there already"):
        metadata.start_run("shop/r1", actor=ada)
    with pytest.raises(OptionError, match="names nothing as 'image'"):
        metadata.withdraw("shop/r1", "image", actor=ada)
    for value in ("high", True, float("inf"), 10**400):
        with pytest.raises(OptionError, match="metrics"):
            metadata.log_metrics("shop/r1", {"auc": value}, actor=ada)
    metadata.finish_run("shop/r1", "failure", error="diverged", actor=ada)
    assert metadata.run("shop/r1", actor=ada).error == "diverged"
    with pytest.raises(OptionError, match="is failure"):
        metadata.finish_run("shop/r1", actor=ada)
    with pytest.raises(UnknownNameError, match="nowhere"):
        metadata.start_run("nowhere/r1", actor=world.admin)


def test_the_latest_value_of_a_metric_is_of_its_highest_step() -> None:
    world = World()
    world.metadata.start_run("shop/r1", actor=world.ada)
    for step, value in ((1, 1.0), (5, 5.0), (5, 6.0), (2, 2.0)):
        world.metadata.log_metrics("shop/r1", {"loss": value}, step=step, actor=world.ada)
    assert world.metadata.run("shop/r1", actor=world.ada).metrics == {"loss": 6.0}


def test_times_and_steps_are_checked() -> None:
    world = World()
    run = world.metadata.record("shop/old", started="1h", ended="2h", metrics={"auc": 0.5}, actor=world.ada)
    assert (run.started, run.ended, run.origin, run.duration_s) == (3600, 7200, "external", 3600)
    for call in (
        lambda: world.metadata.log_step("shop/old", "train", started="soon", actor=world.ada),  # type: ignore[arg-type]
        lambda: world.metadata.log_step("shop/old", "a b", actor=world.ada),
        lambda: world.metadata.log_step("shop/old", "train", resources=[1], actor=world.ada),  # type: ignore[arg-type]
        lambda: world.metadata.record("shop/old", ended=float("nan"), actor=world.ada),
        lambda: world.metadata.record("shop/older", origin="mars", actor=world.ada),
    ):
        with pytest.raises(MlplatError):
            call()
    assert world.metadata.run("shop/old", actor=world.ada) == run and world.metadata.count(actor=world.ada) == 1


def test_a_deployment_that_would_close_a_cycle_is_refused_and_left_out() -> None:
    world = World()
    world.train("direct")
    world.metadata.link("deployment:shop/api@1", TRAINING, "feedback", actor=world.ada)
    with pytest.raises(LineageCycleError):
        world.metadata.record_deployment("shop/api", MODEL, actor=world.ada)
    world.sim.emit("service:shop/api", "service.deployed", source="serving", data={"model": MODEL})
    assert world.metadata.impact(TRAINING, actor=world.ada).deployed == ()
    assert world.open().impact(TRAINING, actor=world.ada).deployed == ()


def test_s59_a_member_sees_every_run_of_the_project_and_an_outsider_none() -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    world.identity.grant(world.bob, "contributor", "project:shop", actor=ada)
    for number in range(6):
        who = (ada, world.bob)[number % 2]
        metadata.start_run(f"shop/r{number}", parameters={"model": ("tree", "net")[number % 2], "depth": number}, actor=who)
        metadata.log_metrics(f"shop/r{number}", {"auc": number / 10}, actor=who)
        world.sim.run(until=number + 1)
    for member in (ada, world.bob):
        assert len(metadata.search(actor=member)) == metadata.count(actor=member) == 6
        found = metadata.search("metrics.auc > 0.1 and params.model = 'tree'", order_by="metrics.auc desc", actor=member)
        assert [run.name for run in found] == ["r4", "r2"]
    assert [run.name for run in metadata.search(limit=2, actor=ada)] == ["r5", "r4"]
    assert [run.name for run in metadata.search(order_by="params.depth", limit=2, project="shop", actor=ada)] == ["r0", "r1"]
    assert metadata.search(actor=world.eve) == () and metadata.count(actor=world.eve) == 0
    with pytest.raises(AccessDenied):
        metadata.search(actor=None)
    world.identity.grant(world.eve, "read", "run:shop/r3", actor=ada)
    assert [run.name for run in metadata.search(actor=world.eve)] == ["r3"]


def test_s59_two_runs_compare_in_one_call() -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    metadata.start_run("shop/a", parameters={"depth": 3, "same": 1}, seed=1, actor=ada)
    metadata.start_run("shop/b", parameters={"depth": 4, "same": 1, "<b>": "x"}, seed=1, data={"training": TRAINING}, actor=ada)
    metadata.log_metrics("shop/a", {"auc": 0.8}, actor=ada)
    metadata.log_metrics("shop/b", {"auc": 0.9}, actor=ada)
    comparison = metadata.compare("shop/a", "shop/b", actor=ada)
    assert comparison.of("parameter") == {"<b>": (None, "x"), "depth": (3, 4), "same": (1, 1)}
    assert [(row.kind, row.name) for row in comparison.different] == [
        ("input", "training"),
        ("metric", "auc"),
        ("parameter", "<b>"),
        ("parameter", "depth"),
    ]
    for name, depth, python, made in (("c", 1, "3.11", MODEL), ("d", True, "3.12", PARENT)):
        metadata.start_run(f"shop/{name}", parameters={"depth": depth}, environment={"python": python, "os": "x"}, actor=ada)
        metadata.finish_run(f"shop/{name}", outputs={"model": made}, actor=ada)
    other = metadata.compare("shop/c", "shop/d", actor=ada)
    assert other.of("environment") == {"os": ("x", "x"), "python": ("3.11", "3.12")} and other.of("output") == {"model": (MODEL, PARENT)}
    assert [(row.kind, row.name) for row in other.different] == [("environment", "python"), ("output", "model"), ("parameter", "depth")]
    frame = comparison.to_polars()
    assert frame.filter(name="auc")["change"].item() == pytest.approx(0.1) and frame.filter(name="same")["same"].item()
    assert "<b>" not in comparison._repr_html_() and "4 of" in str(comparison)
    for one, other in (("shop/a", "shop/b"), ("shop/b", "shop/a")):
        with pytest.raises(AccessDenied):
            metadata.compare(one, other, actor=world.eve)
        world.identity.grant(world.eve, "read", "run:shop/a", actor=ada)  # one of both is not enough


def test_s60_the_baseline_is_the_captured_one_and_is_superseded() -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    features = {"clicks": {"edges": [0.0, 1.0, 2.0], "counts": [3, 4], "mean": 0.9}}
    first = metadata.record_baseline(
        MODEL, features=features, predictions={"churn": {"quantiles": {"0.5": 0.2}}}, quality={"auc": 0.9}, actor=ada
    )
    second = metadata.record_baseline("shop/churn@2", features=features, latency={"p50": 0.01}, actor=ada)
    assert metadata.baseline(MODEL, revision=1, actor=ada) == first and metadata.baseline(MODEL, actor=ada) == second
    assert (first.revision, second.revision, first.quality, second.latency) == (1, 2, {"auc": 0.9}, {"p50": 0.01})
    assert first.features["clicks"]["edges"] == (0.0, 1.0, 2.0)
    for missing in ({"model": PARENT}, {"model": MODEL, "revision": 3}, {"model": MODEL, "revision": 0}):
        with pytest.raises(UnknownBaselineError):
            metadata.baseline(actor=ada, **missing)  # type: ignore[arg-type]
    for bad in ({"edges": [0, 1]}, {"edges": [0, 1], "counts": []}, {"edges": [1, 0], "counts": [1]}, {"edges": [0, 1], "counts": [-1]}, 3):
        with pytest.raises(OptionError, match=r"features\.x"):
            metadata.record_baseline(MODEL, features={"x": bad}, actor=ada)
    with pytest.raises(AccessDenied):
        metadata.baseline(MODEL, actor=world.eve)


def test_a_baseline_that_was_damaged_is_not_served() -> None:
    world = World()
    baseline = world.metadata.record_baseline(MODEL, quality={"auc": 0.9}, actor=world.ada)
    world.store._content[baseline.digest] = b'{"quality":{"auc":1.0}}'
    with pytest.raises(IntegrityError):
        world.metadata.baseline(MODEL, actor=world.ada)


def test_what_a_record_names_has_referrers() -> None:
    world = World()
    world.train("direct")
    of = world.referrers.of
    assert of(TRAINING) == of(PARENT) == of(COMMIT) == of("dataset:shop/clicks") == ("run:shop/r1",)
    assert of("dataset:shop/clicks@4") == of(MODEL) == of("model:shop/other") == ()
    world.metadata.record_deployment("shop/api", MODEL, actor=world.ada)
    assert of(MODEL) == ("deployment:shop/api@1", "run:shop/r1")
    world.metadata.withdraw("shop/r1", "training", actor=world.ada)
    assert of(TRAINING) == ()


def test_links_outside_runs_close_no_cycle() -> None:
    world = World()
    world.train("direct")
    metadata, ada = world.metadata, world.ada
    deployment = metadata.record_deployment("shop/api", MODEL, actor=ada)
    assert deployment == "deployment:shop/api@1"
    metadata.link(deployment, "window:shop/api@w1", "traffic", actor=ada)
    metadata.link("window:shop/api@w1", "dataset:shop/clicks@4", "feedback", actor=ada)
    kept = len(list(world.store.records("metadata")))
    metadata.link("window:shop/api@w1", "dataset:shop/clicks@4", "feedback", actor=ada)
    with pytest.raises(LineageCycleError):
        metadata.link("dataset:shop/clicks@4", TRAINING, "derived", actor=ada)
    with pytest.raises(LineageCycleError):
        metadata.record("shop/r1", data={"more": "shop/clicks@4"}, actor=ada)
    assert len(list(world.store.records("metadata"))) == kept
    metadata.start_run("shop/r2", data={"training": "shop/clicks@4"}, parent=MODEL, actor=ada)
    metadata.finish_run("shop/r2", outputs={"model": "model:shop/churn@3"}, actor=ada)
    assert TRAINING in metadata.upstream("model:shop/churn@3", actor=ada)
    graph = metadata.graph("model:shop/churn@3", direction="upstream", actor=ada)
    assert graph.tree().splitlines()[0] == "model:shop/churn@3" and "(see above)" in graph.tree()
    with pytest.raises(UnknownNameError):
        metadata.graph(MODEL, direction="sideways", actor=ada)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("train"), st.integers(1, 4), st.integers(0, 3)),
        st.tuples(st.just("deploy"), st.integers(0, 2), st.integers(1, 6)),
        st.tuples(st.just("remove"), st.integers(0, 2), st.just(0)),
    ),
    max_size=25,
)


@given(EVENTS)
def test_s58_deployed_models_that_saw_a_dataset_version_are_those_of_a_walk_of_the_log(steps: list[tuple[str, int, int]]) -> None:
    world = World()
    metadata, ada = world.metadata, world.ada
    naive, live, models = nx.DiGraph(), {}, 0
    for what, a, b in steps:
        if what == "train":
            parent = f"model:shop/m@{b}" if 0 < b <= models else None
            models += 1
            run = metadata.start_run("shop", data={"training": f"shop/d@{a}"}, parent=parent, actor=ada)
            metadata.finish_run(run.resource, outputs={"model": f"model:shop/m@{models}"}, actor=ada)
            naive.add_edges_from((source, f"model:shop/m@{models}") for source in (f"dataset:shop/d@{a}", parent) if source)
        elif what == "deploy" and b <= models:
            data = {"model": f"shop/m@{b}"}
            world.sim.emit(f"service:shop/s{a}", "service.deployed", source="serving", actor=ada.id, data=data)
            live[a] = f"model:shop/m@{b}"
        elif what == "remove":
            world.sim.emit(f"service:shop/s{a}", "service.removed", source="serving", actor=ada.id)
            live.pop(a, None)
    for dataset in range(1, 5):
        node = f"dataset:shop/d@{dataset}"
        found = metadata.impact(node, actor=ada)
        below = nx.descendants(naive, node) if node in naive else set()
        assert sorted(each.model for each in found.deployed) == sorted(model for model in live.values() if model in below)
        assert set(found.models) == below
    assert all(isinstance(each, Deployed) for each in found.deployed)


def test_the_environment_of_this_process_has_versions() -> None:
    found = local_environment(["numpy", "no-such-package"])
    assert found["python"].startswith("3.") and found["packages"]["numpy"] and found["packages"]["no-such-package"] is None


def test_what_people_are_shown_is_escaped() -> None:
    world = World()
    run = world.metadata.start_run("shop/r1", code=CODE, parameters={"<script>": "<b>\x1b"}, actor=world.ada)
    shown = run._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and "\x1b" not in shown and "run:shop/r1" in shown
