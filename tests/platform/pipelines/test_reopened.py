"""A platform that is opened again stands where it stood: runs and their outputs, versions, schedules; what was under way can be resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import UnknownNameError
from mlplat.platform.pipelines import Pipeline, pipeline, step
from mlplat.platform.storage import JournalError, Store

from ..states import differing, plain
from .worlds import CHURN, World


def reopened(world: World) -> mp.Platform:
    """A platform over the same store, at the same time."""
    sim = mp.Simulation(seed=5)
    sim.run(until=world.sim.now)
    return mp.Platform(sim, store=world.platform.store)


def test_everything_is_there_again() -> None:
    world = World()
    runs = [world.run(), world.run(parameters={"depth": 1}), world.run()]
    world.pipelines.publish("shop/churn@main", actor=world.ada)
    world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", actor=world.ada)
    again = reopened(world)
    assert differing(plain(world.pipelines._state), plain(again.orchestrator._state)) == ""
    assert [str(run) for run in again.orchestrator.runs(actor=world.ada)] == [str(run) for run in runs]
    more = again.orchestrator.run("shop/churn", actor=world.ada)
    assert more.over or again.sim.run(until=more.wait()) == "success"
    assert all(task.cached for task in more.tasks.values()) and more.name == "shop/churn-4"
    assert again.verify(actor=again.admin) and again.sweep(actor=again.admin) == ()
    assert again.orchestrator.value(runs[0].name, "train", actor=world.ada).keys() == {"mean", "depth"}


@pytest.mark.parametrize("minutes", [0, 5, 30, 71])
def test_what_was_under_way_has_ended_as_an_error_and_is_resumed(minutes: int) -> None:
    world = World()
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until=f"{minutes}m")
    done = list(run.digests)
    again = reopened(world)
    left = again.orchestrator.get(run.name, actor=world.ada)
    assert (left.outcome, left.reason, list(left.digests)) == ("error", "INTERRUPTED", done)
    resumed = again.orchestrator.resume(left, actor=world.ada)
    again.sim.run(until=resumed.wait())
    assert resumed.outcome == "success" and [name for name, task in resumed.tasks.items() if task.cached] == done
    assert resumed.digests == World().run().digests
    assert (left.outcome, left.reason) == ("error", "INTERRUPTED")
    recorded = again.metadata.run(run.resource, actor=world.ada)
    assert (recorded.status, recorded.error) == ("error", "INTERRUPTED")
    assert again.metadata.lineage("shop/churn@1", actor=world.ada).missing == ()


def test_schedules_go_on_at_the_times_they_have() -> None:
    world = World()
    world.pipelines.publish("shop/churn@main", actor=world.ada)
    world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", start="6h", actor=world.ada)
    world.pipelines.trigger("shop/on-clicks", "shop/churn", subject="dataset:shop/clicks", actor=world.ada)
    world.sim.run(until="40h")
    again = reopened(world)
    again.sim.run(until="3d")
    again.data.publish("shop/clicks", b"x", actor=world.ada)
    again.sim.run(until="80h")
    runs = again.orchestrator.runs(actor=world.ada)
    assert [run.queued_s / 3600 for run in runs] == [6.0, 30.0, 54.0, 72.0, 78.0]
    assert [run.trigger["schedule"] for run in runs] == ["shop/nightly"] * 3 + ["shop/on-clicks", "shop/nightly"]


def test_code_that_only_another_process_had_is_not_there() -> None:
    def made(factor: int) -> Any:
        @step
        def times(x: int) -> int:
            return x * factor

        @pipeline
        def main(x: int = 1):  # type: ignore[no-untyped-def]
            times(x)

        return main

    world = World()
    direct: Pipeline = made(3)
    run = world.run(direct, name="shop/direct")
    again = reopened(world)
    assert again.orchestrator.get(run.name, actor=world.ada).irreproducible == "CLOSURE"
    with pytest.raises(UnknownNameError, match="given directly, in another process"):
        again.orchestrator.run(run.pipeline, actor=world.ada)


def test_it_is_all_on_disk(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        world = World(store=store)
        run = world.run()
        digests = run.digests
    with mp.Platform.open(tmp_path) as again:
        (ada,) = [one for one in again.identity.principals("user", actor=again.admin) if one.name == "ada"]
        found = again.orchestrator.get("shop/churn-1", actor=ada)
        assert found.digests == digests and again.verify(actor=again.admin)
        rerun = again.orchestrator.rerun(found, actor=ada)
        again.sim.run(until=rerun.wait())
        assert rerun.digests == digests


def test_a_journal_that_no_orchestrator_wrote_is_refused() -> None:
    world = World()
    world.run()
    good = list(world.platform.store.records("orchestrator"))
    for number, change in (
        (0, {"digest": "sha256:" + "0" * 64}),
        (0, {"images": {"train": 3}}),
        (1, {"seed": -1}),
        (1, {"irreproducible": "WHO_KNOWS"}),
        (2, {"run": "shop/churn-9"}),
        (2, {"outcome": "fine"}),
        (2, {"outputs": {"train": {"type": "frame"}}}),
        (2, {"outputs": {"train": {"type": "table", "digest": "sha256:" + "0" * 64, "size": 1, "at": ""}}}),
        (2, {"what": "task.begun"}),
    ):
        world.platform.store._journals["orchestrator"] = [
            {**record, **(change if place == number else {})} for place, record in enumerate(good)
        ]
        with pytest.raises(JournalError) as raised:
            reopened(world)
        assert (raised.value.journal, raised.value.record) == ("orchestrator", number)
    world.platform.store._journals["orchestrator"] = good
    reopened(world)


def test_content_that_is_damaged_is_found_and_what_nobody_names_is_given_up() -> None:
    world = World()
    world.run()
    value = world.pipelines._state.runs["shop/churn-1"].tasks["split"].outputs["train"]
    loose = world.platform.store.put(b"nobody's")
    assert world.platform.sweep(actor=world.platform.admin) == (loose,)
    world.platform.store._content[value.at] = b"damaged"
    found = world.platform.verify(actor=world.platform.admin)
    assert not found and any(value.at == damage.what for damage in found.damages)


def test_images_and_commits_of_published_pipelines_are_not_deleted() -> None:
    world = World()
    version = world.pipelines.publish("shop/churn@main", actor=world.ada)
    for call, name in (
        (world.platform.images.delete, f"shop/train@{world.image.digest}"),
        (world.platform.scm.delete_repository, "shop/churn"),
    ):
        with pytest.raises(Exception, match="is named by") as raised:
            call(name, actor=world.ada)
        assert raised.value.referrers == (version.resource,)  # type: ignore[attr-defined]
    assert CHURN
