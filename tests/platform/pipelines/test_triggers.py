"""S-93: runs start on schedule, on data change, on alarm or by hand, and say which; the cause of a run is the event that started it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, OptionError, UnknownNameError

from .worlds import CHURN, CLICKS, World


def published(code: str = CHURN, words: str = "") -> World:
    world = World(words, code, lock=False)
    world.pipelines.publish("shop/churn@main", actor=world.ada)
    return world


def account(world: World, *rights: str) -> Any:
    robot = world.identity.create_service_account("shop", "robot", actor=world.ada)
    world.identity.grant(robot, list(rights or ("read", "write", "deploy")), "project:shop", actor=world.ada)
    return robot


def test_s93_on_schedule_at_its_times_and_the_cause_is_the_schedule() -> None:
    world = published()
    robot = account(world)
    made = world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", start="6h", account=robot, cache=False, actor=world.ada)
    assert str(made) == "shop/nightly: shop/churn every 24.0 h" and world.pipelines.schedules("shop", actor=world.bob) == (made,)
    world.sim.run(until="3d")
    runs = world.pipelines.runs(actor=world.ada)
    assert [run.queued_s for run in runs] == [6 * 3600.0, 30 * 3600.0, 54 * 3600.0] and {run.outcome for run in runs} == {"success"}
    for run, fired in zip(runs, world.events("schedule.fired"), strict=True):
        queued = next(event for event in world.events("pipelinerun.queued") if event.name == run.name)
        assert (queued.cause, queued.actor, fired.cause) == (fired.id, robot.id, None)
        assert run.trigger == {"by": "schedule", "schedule": "shop/nightly"}
    world.pipelines.unschedule("shop/nightly", actor=world.ada)
    world.sim.run(until="6d")
    assert len(world.pipelines.runs(actor=world.ada)) == 3 and world.pipelines.schedules(actor=world.ada) == ()


def test_s93_on_data_change_on_its_newest_version() -> None:
    world = published()
    world.pipelines.trigger(
        "shop/on-clicks", "shop/churn", subject="dataset:shop/clicks", data={"clicks": "shop/clicks@head"}, actor=world.ada
    )
    world.platform.data.publish("shop/other", b"x", actor=world.ada)
    world.platform.data.publish("shop/clicks", CLICKS, actor=world.ada)
    world.sim.run(until="1h")
    assert world.pipelines.runs(actor=world.ada) == ()
    world.platform.data.append("shop/clicks", pl.DataFrame({"user": [5], "clicks": [9.0]}), actor=world.ada)
    world.sim.run(until="4h")
    (run,) = world.pipelines.runs(actor=world.ada)
    (changed,) = [event for event in world.events("dataset.changed") if event.data["version"] == 2]
    (queued,) = world.events("pipelinerun.queued")
    assert queued.cause == changed.id and run.inputs == {"clicks": "dataset:shop/clicks@2"} and run.outcome == "success"
    assert run.trigger == {"by": "event", "schedule": "shop/on-clicks", "event": changed.id, "predicate": "dataset.changed"}


def test_s93_on_alarm_and_by_hand() -> None:
    world = published()
    world.pipelines.trigger("shop/on-drift", "shop/churn", on="incident.detected", subject="model:shop/churn*", actor=world.ada)
    alarm = world.sim.emit("model:shop/churn@1", "incident.detected", source="monitoring", data={"kind": "drift", "watch": "shop/churn"})
    world.sim.emit("model:shop/else@1", "incident.detected", source="monitoring", data={"kind": "drift", "watch": "shop/churn"})
    world.sim.run(until="2h")
    (queued,) = world.events("pipelinerun.queued")
    assert queued.cause == alarm.id
    world.run()
    assert world.events("pipelinerun.queued")[-1].cause is None
    given = world.run(cause=alarm)
    assert world.events("pipelinerun.queued")[-1].cause == alarm.id and given.trigger == {"by": "event", "event": alarm.id}


def test_what_a_run_itself_changes_does_not_start_it_again() -> None:
    code = CHURN.replace('return {"model": model}', 'return {"model": model, "rows": parts.train}')
    world = published(code)
    world.pipelines.trigger("shop/loop", "shop/churn", on="dataset.changed", subject="dataset:shop/*", cache=False, actor=world.ada)
    world.platform.data.append("shop/clicks", pl.DataFrame({"user": [5], "clicks": [9.0]}), actor=world.ada)
    world.sim.run(until="2d")
    (run,) = world.pipelines.runs(actor=world.ada)
    assert run.outputs["rows"] == "dataset:shop/rows@1"


@pytest.mark.parametrize("count", [2, 3])
def test_triggers_that_start_each_other_come_to_an_end(count: int) -> None:
    code = CHURN.replace('return {"model": model}', 'return {"model": model, "rows": parts.train}')
    world = published(code)
    for number in range(count):
        world.pipelines.trigger(f"shop/loop{number}", "shop/churn", on="*", subject="dataset:shop/*", cache=False, actor=world.ada)
    begun = len(world.sim.log)
    world.platform.data.append("shop/clicks", pl.DataFrame({"user": [5], "clicks": [9.0]}), actor=world.ada)
    outside = sum(event.kind == "dataset" for event in world.sim.log.select() if event.id >= begun)
    world.sim.run(until="20d")
    names = [run.trigger["schedule"] for run in world.pipelines.runs(actor=world.ada)]
    assert set(names) == {f"shop/loop{number}" for number in range(count)}
    artifacts = ("shop/clicks", "shop/rows")
    assert max(map(names.count, names)) <= outside * len(artifacts)


def test_one_event_starts_each_of_several_triggers_on_everything_once() -> None:
    world = published()
    for number in range(3):
        world.pipelines.trigger(f"shop/all{number}", "shop/churn", on="*", subject="*", cache=False, actor=world.ada)
    begun = len(world.pipelines.runs(actor=world.ada))
    first = world.sim.emit("thing:of/others", "thing.happened", source="elsewhere", data={})
    world.sim.run(until="1s")
    names = [run.trigger["schedule"] for run in world.pipelines.runs(actor=world.ada)[begun:]]
    assert sorted(names[:3]) == [f"shop/all{number}" for number in range(3)]
    world.sim.run(until="20d")
    queued = [event for event in world.events("pipelinerun.queued") if first in world.sim.log.causes(event)]
    names = [event.data["trigger"]["schedule"] for event in queued]
    told = [event for event in world.sim.log.select() if event.kind in ("repo", "dataset", "model", "image", "pipeline")]
    about = {event.subject.partition("@")[0] for event in told}
    assert max(map(names.count, names)) <= 1 + len(about)


def test_a_trigger_follows_each_of_several_data_that_one_event_has_changed() -> None:
    code = CHURN.replace('return {"model": model}', 'return {"model": model, "rows": parts.train}')
    world = published(code)
    world.pipelines.trigger("shop/make", "shop/churn", subject="dataset:shop/clicks", cache=False, actor=world.ada)
    world.pipelines.trigger("shop/follow", "shop/churn", subject="dataset:shop/*", cache=False, actor=world.ada)
    world.platform.data.append("shop/clicks", pl.DataFrame({"user": [5], "clicks": [9.0]}), actor=world.ada)
    world.sim.run(until="5d")
    names = [run.trigger["schedule"] for run in world.pipelines.runs(actor=world.ada)]
    assert names == ["shop/make", "shop/follow", "shop/follow"]


def test_a_8_3_a_version_that_is_named_is_run_though_the_branch_has_moved_on() -> None:
    world = World(lock=False)
    old = world.pipelines.publish("shop/churn@main", actor=world.ada)
    world.push(CHURN.replace("depth: int = 3", "depth: int = 9"))
    world.pipelines.schedule("shop/pinned", old.reference, every="1d", actor=world.ada)
    world.pipelines.schedule("shop/newest", "shop/churn", every="1d", start="25h", actor=world.ada)
    new = world.pipelines.publish("shop/churn@main", actor=world.ada)
    world.sim.run(until="30h")
    assert [run.pipeline for run in world.pipelines.runs(actor=world.ada)] == [old.reference, new.reference]


def test_a_name_is_bound_again_to_another_version_and_to_nothing_else() -> None:
    world = published()
    world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", actor=world.ada)
    world.pipelines.schedule("shop/nightly", "shop/churn", every="2d", parameters={"depth": 5}, actor=world.ada)
    world.sim.run(until="5d")
    assert [run.parameters["depth"] for run in world.pipelines.runs(actor=world.ada)] == [5, 5]


def test_a_run_that_is_refused_is_told_and_the_schedule_goes_on() -> None:
    world = published()
    robot = account(world, "read")
    world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", account=robot, actor=world.ada)
    world.sim.run(until="1d1h")
    (denied,) = world.events("access.denied")
    (fired,) = world.events("schedule.fired")
    assert (denied.actor, denied.cause, denied.data["resource"]) == (robot.id, fired.id, "run:shop/*")
    assert world.pipelines.runs(actor=world.ada) == ()
    world.identity.grant(robot, ["write"], "project:shop", actor=world.ada)
    world.sim.run(until="2d1h")
    assert [run.outcome for run in world.pipelines.runs(actor=world.ada)] == ["running"]


def test_what_a_schedule_cannot_be_is_refused_at_once() -> None:
    world = published()
    robot = account(world)
    call = world.pipelines.schedule
    for options, error in (
        ({"every": 0}, OptionError),
        ({"start": "past"}, OptionError),
        ({"parameters": {"deep": 1}}, Exception),
        ({"data": {"click": "shop/clicks"}}, OptionError),
        ({"account": "nobody"}, Exception),
        ({"account": world.eve}, OptionError),
        ({"ref": "shop/other"}, UnknownNameError),
        ({"ref": "shop/churn@main"}, UnknownNameError),
    ):
        given: dict[str, Any] = {"ref": "shop/churn", "every": "1d", **options}
        with pytest.raises(error):
            call("shop/nightly", **given, actor=world.ada)
    with pytest.raises(AccessDenied):
        call("shop/nightly", "shop/churn", every="1d", account=robot, actor=world.bob)
    with pytest.raises(AccessDenied):
        call("shop/nightly", "shop/churn", every="1d", actor=world.eve)
    with pytest.raises(UnknownNameError):
        world.pipelines.unschedule("shop/nightly", actor=world.ada)
    with pytest.raises(OptionError):
        world.pipelines.trigger("shop/x", "shop/churn", on="", actor=world.ada)
    assert world.pipelines.schedules(actor=world.ada) == ()


def test_events_about_what_the_account_may_not_read_start_nothing() -> None:
    world = published()
    world.identity.create_project("lab", owner=world.eve, actor=world.platform.admin)
    world.pipelines.trigger("shop/spy", "shop/churn", subject="dataset:*", actor=world.ada)
    world.platform.data.publish("lab/secret", b"x", actor=world.eve)
    world.sim.run(until="1h")
    assert world.pipelines.runs(actor=world.ada) == ()


def test_a_schedule_without_a_zone_to_run_in_is_refused_at_once() -> None:
    world = published(words="2x8xV100")
    robot = account(world)
    for zone, match in (("", "0 development zones"), ("nowhere", "unknown zone")):
        with pytest.raises((OptionError, UnknownNameError), match=match):
            world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", zone=zone, account=robot, actor=world.ada)


def test_a_platform_that_is_closed_as_a_schedule_fires_fires_it_once() -> None:
    world = published()
    world.pipelines.schedule("shop/nightly", "shop/churn", every="1d", actor=world.ada)
    world.sim.run(until="1d")
    sim = mp.Simulation(seed=5)
    sim.run(until="1d")
    again = mp.Platform(sim, store=world.platform.store)
    sim.run(until="60h")
    assert [run.queued_s / 86400 for run in again.orchestrator.runs(actor=world.ada)] == [1.0, 2.0]
