"""What is captured without a word from the code that runs."""

from __future__ import annotations

import pytest

from mlplat.platform.artifacts.metadata import RunStatus, Step

from .world import CODE, IMAGE, MODEL, PARENT, TRAINING, World, content


def train(depth: int, seed: int, rate: float = 0.1) -> dict[str, object]:
    """A training step that knows nothing of any store."""
    return {"auc": 0.5 + depth / 10, "metrics": {"loss": rate * seed}, "bytes": b"weights"}


def test_s54_a_5_1_a_step_that_knows_nothing_of_the_store_leaves_all_three_categories() -> None:
    world = World()
    sim, ada = world.sim, world.ada

    def publishing(depth: int, seed: int) -> dict[str, object]:
        """The platform publishes what the step returns; the step itself is `train`."""
        started = sim.emit("taskrun:churn/train", "taskrun.started", source="orchestrator", actor=ada.id, data={"resources": {"gpus": 2}})
        with sim.caused_by(started):
            sim.emit(TRAINING, "artifact.downloaded", source="data", actor=ada.id, data={"kind": "dataset", "digest": content(TRAINING)})
            result = train(depth, seed)
            data = {"kind": "model", "digest": content(MODEL), "size_bytes": 7, "signature": {"inputs": ["f8"]}}
            sim.emit(MODEL, "artifact.published", source="models", actor=ada.id, data=data)
            sim.emit("taskrun:churn/train", "taskrun.finished", source="orchestrator", actor=ada.id, data={"outcome": "success"})
        return result

    fields = {"code": CODE, "image": IMAGE, "parent": PARENT}
    result, run = world.metadata.capture_call(publishing, "shop/r1", {"depth": 3, "seed": 7}, actor=ada, **fields)  # type: ignore[misc]
    assert result["auc"] == 0.8
    model = run.outputs["model"]
    assert (run.parameters, run.metrics) == ({"depth": 3}, {"auc": 0.8, "loss": pytest.approx(0.7)})
    assert (model.resource, model.digest, model.size, model.signature) == (MODEL, content(MODEL), 7, {"inputs": ("f8",)})
    assert {role: one.resource for role, one in run.inputs.items()} == {
        "code": "repo:" + CODE,
        "image": IMAGE,
        "parent": PARENT,
        "clicks": TRAINING,
    }
    assert run.steps == (Step("train", RunStatus.SUCCESS, 0.0, 0.0, {"gpus": 2}),)
    assert (run.status, run.seed, run.principal, run.environment["python"][:2]) == (RunStatus.SUCCESS, 7, ada.id, "3.")
    assert world.metadata.lineage(MODEL, actor=ada).missing == ()


def test_what_raises_has_failed_and_comes_out_as_it_is() -> None:
    world = World()
    with pytest.raises(ZeroDivisionError):
        world.metadata.capture_call(lambda depth: depth / 0, "shop/r1", {"depth": 3}, actor=world.ada)
    run = world.metadata.run("shop/r1", actor=world.ada)
    assert (run.status, run.error, run.parameters) == (RunStatus.FAILURE, "ZeroDivisionError: division by zero", {"depth": 3})
    assert world.metadata._captures == {}


def test_captures_that_overlap_in_time_keep_what_is_theirs() -> None:
    world = World()
    sim, metadata = world.sim, world.metadata

    def job(name: str, wait: float):  # type: ignore[no-untyped-def]
        with metadata.capture(f"shop/{name}", actor=world.ada) as captured:
            yield sim.timeout(wait)
            sim.emit(f"dataset:shop/{name}@1", "artifact.published", source="data", actor=world.ada.id)
            captured.metrics({"wait": wait})
            yield sim.timeout(5)
            captured.output("more", f"dataset:shop/{name}-more@1")

    for name, wait in (("a", 3.0), ("b", 2.0)):
        sim.process(job(name, wait))
    sim.run()
    for name, wait in (("a", 3.0), ("b", 2.0)):
        run = metadata.run(f"shop/{name}", actor=world.ada)
        assert {role: one.resource for role, one in run.outputs.items()} == {
            name: f"dataset:shop/{name}@1",
            "more": f"dataset:shop/{name}-more@1",
        }
        assert (run.status, run.duration_s, run.metrics) == (RunStatus.SUCCESS, wait + 5, {"wait": wait})


def test_an_output_that_cannot_be_recorded_is_an_error_and_the_run_has_failed() -> None:
    world = World()
    with pytest.raises(Exception, match="expected one version"), world.metadata.capture("shop/r1", actor=world.ada) as captured:
        captured.output("model", "model:shop/churn")
    assert world.metadata.run("shop/r1", actor=world.ada).status is RunStatus.FAILURE


def test_an_event_names_its_run_or_belongs_to_none() -> None:
    world = World()
    metadata, sim = world.metadata, world.sim
    metadata.start_run("shop/r1", actor=world.ada)
    for subject, data in (
        (MODEL, {"run": "shop/r1", "digest": 5}),
        ("dataset:shop/clicks@9", {"run": "shop/r2"}),
        ("dataset:shop/clicks@9", {}),
        ("dataset:shop/clicks", {"run": "shop/r1"}),
        ("colour:red", {"run": "shop/r1"}),
    ):
        sim.emit(subject, "artifact.published", source="x", data=data)
    sim.emit("taskrun:x", "taskrun.finished", source="x", data={"run": "run:shop/r1", "outcome": "strange", "resources": 3})
    for name in ("service:nowhere", "service:shop/s"):
        sim.emit(name, "service.deployed", source="x", data={"model": "shop/churn"})
        sim.emit(name, "service.removed", source="x")
    run = metadata.run("shop/r1", actor=world.ada)
    assert {role: one.resource for role, one in run.outputs.items()} == {"model": MODEL}
    assert run.steps == (Step("x", RunStatus.SUCCESS, None, 0.0, {}),)
    assert metadata.count(actor=world.ada) == 1 and metadata._state.deployed == {}


def test_an_event_that_would_close_a_cycle_is_left_out() -> None:
    world = World()
    world.metadata.start_run("shop/r1", data={"training": TRAINING}, actor=world.ada)
    world.sim.emit(TRAINING, "artifact.published", source="data", data={"run": "shop/r1"})
    assert world.metadata.run("shop/r1", actor=world.ada).outputs == {}


def test_every_record_is_told_once_with_a_digest_and_no_content() -> None:
    world = World()
    world.train("direct")
    told = world.sim.log.select(predicate="metadata.recorded")
    assert [event.data["revision"] for event in told] == [1, 2] == list(range(1, 1 + len(list(world.store.records("metadata")))))
    for event in told:
        assert (event.subject, event.source, event.actor) == ("run:shop/r1", "metadata", world.ada.id)
        assert event.data["digest"].startswith("sha256:") and TRAINING not in event.to_json()
