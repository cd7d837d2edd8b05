"""Continuous training (IP-8): triggers lead to runs of the deployed pipeline, whose model is judged and brought on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mlplat.errors import AccessDenied, OptionError, UnknownNameError
from mlplat.platform.automation.retraining import RetrainingPolicy

from .worlds import CODE, World


def test_a_change_of_data_runs_the_deployed_pipeline_and_its_model_waits_for_a_call() -> None:
    world = World()
    world.change(world.rows[:300])
    world.sim.run(until="2h")
    (done,) = world.retraining.history("shop/churn", actor=world.ada)
    assert (done.reason.value, done.candidate, done.trigger.kind) == ("ACCEPTED", "shop/churn@1", "dataset")
    assert "on shop/held@1" in done.text and "there is no other" in done.text
    assert world.told() == [f"shop/churn: shop/churn@1 is good enough, and waits to be deployed: {done.text}"]
    run = world.platform.orchestrator.get(done.run, actor=world.ada)
    assert run.inputs == {"rows": "dataset:shop/customers@2"} and run.pipeline == world.version.reference


def test_a_candidate_that_is_good_enough_is_deployed_because_of_its_publication() -> None:
    world = World(deploy="shop/api")
    world.change(world.rows[:300])
    world.sim.run(until="2h")
    ((deployment, model, account, event),) = world.deployed
    assert (deployment, model, account) == ("shop/api", "shop/churn@1", world.robot.id)
    predicates = [each.predicate for each in (world.sim.log[event], *world.sim.log.causes(event))]
    assert predicates[0] == "artifact.published" and predicates[-2:] == ["dataset.changed", "artifact.published"]
    assert {"pipelinerun.queued", "retraining.requested"} <= set(predicates)


def test_a8_1_ten_changes_within_the_cool_down_make_one_run_on_the_last_version() -> None:
    """S-84: once per cause, and what is suppressed says why."""
    world = World()
    world.change(world.rows[:201])
    world.sim.run(until="30m")
    for i in range(10):
        world.change(world.rows[: 210 + i])
        world.sim.run(until=1800.0 + 60 * i)
    world.sim.run(until="5h")
    assert world.reasons() == ["ACCEPTED", "ACCEPTED"]
    assert world.suppressed() == ["SUPERSEDED"] * 9
    requested = world.sim.log.select(predicate="retraining.requested")
    assert [(event.time, event.data["key"]) for event in requested] == [
        (0.0, "dataset:shop/customers@2"),
        (3600.0, "dataset:shop/customers@12"),
    ]
    last = world.platform.orchestrator.get(world.retraining.history("shop/churn", actor=world.ada)[-1].run, actor=world.ada)
    assert last.inputs == {"rows": "dataset:shop/customers@12"}


def test_a8_2_identical_content_makes_no_run() -> None:
    world = World()
    world.change(world.rows[:200])
    world.sim.run(until="2h")
    assert world.reasons() == [] and world.suppressed() == []
    world.change(world.rows[:300])
    world.sim.run(until="4h")
    world.change(world.rows[:400])
    world.sim.run(until=4.2 * 3600)
    world.change(world.rows[:300])
    world.change(world.rows[:400])
    world.sim.run(until="8h")
    assert world.suppressed() == ["SUPERSEDED", "SAME_CONTENT"]
    assert world.reasons() == ["ACCEPTED", "ACCEPTED"]


def test_a8_3_a_newer_pipeline_that_is_not_deployed_is_not_used() -> None:
    """S-84."""
    world = World()
    world.push(CODE.replace("iterations: int = 20", "iterations: int = 5"))
    newer = world.platform.orchestrator.publish("shop/code@main", name="shop/train", actor=world.ada)
    world.change(world.rows[:300])
    world.sim.run(until="2h")
    (done,) = world.retraining.history("shop/churn", actor=world.ada)
    run = world.platform.orchestrator.get(done.run, actor=world.ada)
    assert run.pipeline == world.version.reference != newer.reference


def test_a8_4_the_candidate_comes_of_the_window_that_raised_the_alarm() -> None:
    world = World(triggers=("drift:shop/churn",), data={"rows": "shop/windows"})
    for rows in (250, 260):
        world.platform.data.publish("shop/windows", world.rows[:rows], actor=world.ada)
    world.alarm(dataset="shop/windows@1")
    world.sim.run(until="2h")
    (done,) = world.retraining.history("shop/churn", actor=world.ada)
    assert done.candidate == "shop/churn@1"
    assert "dataset:shop/windows@1" in world.platform.metadata.upstream("model:shop/churn@1", actor=world.ada).nodes


def test_a8_5_drift_that_training_does_not_cure_ends_with_people() -> None:
    world = World(RetrainingPolicy(on=("drift",), cooldown="1h", give_up_after=3), ("drift:shop/churn",))

    for number in range(1, 40):
        world.alarm(number)
        world.sim.run(until=number * 3600.0)
    requested = world.sim.log.select(predicate="retraining.requested")
    begun = [event.time for event in requested]
    assert len(begun) == 3 and [later - earlier for earlier, later in pairwise(begun)] == [7200.0, 14400.0]
    (incident,) = world.sim.log.select(predicate="incident.detected", subject="deployment:shop/churn")
    assert incident.data["kind"] == "retraining"
    assert sum("somebody has to look" in text for text in world.told()) == 1
    assert world.retraining.status("shop/churn", actor=world.ada).given_up
    assert world.suppressed()[-1] == "GIVEN_UP"
    world.retraining.resume("shop/churn", actor=world.ada)
    world.alarm(99)
    world.sim.run(until="60h")
    assert len(world.sim.log.select(predicate="retraining.requested")) == 4


def test_a_steady_window_says_that_it_has_helped() -> None:
    world = World(RetrainingPolicy(on=("drift",), cooldown="1h", give_up_after=2), ("drift:shop/churn",))
    for number in range(1, 6):
        world.alarm(number)
        world.sim.run(until=number * 4 * 3600.0)
        world.steady(number)
    assert len(world.sim.log.select(predicate="retraining.requested")) == 5
    assert world.retraining.status("shop/churn", actor=world.ada).failures == 0


def test_an_alarm_that_has_passed_when_its_turn_comes_leads_to_nothing() -> None:
    world = World(triggers=("drift:shop/churn", "dataset:shop/customers"))
    world.change(world.rows[:300])
    world.sim.run(until="30m")
    alarm = world.alarm()
    world.sim.emit(alarm.subject, "incident.resolved", source="monitoring")
    world.sim.run(until="5h")
    assert world.suppressed() == ["RESOLVED"] and len(world.reasons()) == 1


def test_a_candidate_that_is_worse_is_kept_as_failed_and_members_are_told() -> None:
    world = World(deploy="shop/api")
    world.change(world.rows[:400])
    world.sim.run(until="2h")
    shuffled = world.rows[:300].with_columns((1.0 - world.rows[:300][world.target]).alias(world.target))
    world.change(shuffled)
    world.sim.run(until="4h")
    assert world.reasons() == ["ACCEPTED", "WORSE"] and len(world.deployed) == 1
    assert world.platform.models.resolve("shop/churn@2", actor=world.ada).stage.value == "failed"
    assert world.platform.models.aliases("shop/churn", actor=world.ada)["production"] == 1
    assert "shop/churn@2 is not taken" in world.told()[-1]


def test_a_run_that_fails_leaves_production_as_it_was_and_makes_the_next_wait_longer() -> None:
    world = World(parameters={"iterations": -1})
    world.change(world.rows[:300])
    world.sim.run(until="30m")
    assert world.reasons() == ["RUN_FAILED"] and "no iterations at all" in world.told()[-1]
    assert world.retraining.status("shop/churn", actor=world.ada).quiet_until_s == 7200.0


def test_p_a_robot_that_lost_its_right_is_refused_and_people_are_told() -> None:
    world = World()
    world.platform.identity.revoke(world.grants[0], actor=world.ada)
    world.change(world.rows[:300])
    world.sim.run(until="2h")
    assert world.reasons() == ["REFUSED"]
    (incident,) = world.sim.log.select(predicate="incident.detected")
    assert incident.data["kind"] == "access" and "may not read" in incident.data["reason"]
    assert world.sim.log.select(predicate="access.denied") and world.told()
    assert world.sim.log.select(predicate="artifact.published", subject="model:*") == []


def test_a_request_is_heard_in_the_cool_down_and_waits_for_a_run_in_flight() -> None:
    world = World()
    world.change(world.rows[:300])
    world.sim.run(until="5m")
    assert world.retraining.request("shop/churn", actor=world.ada).running
    world.sim.run(until="25m")
    assert world.reasons() == ["ACCEPTED", "NOT_JUDGED"] or len(world.reasons()) == 2
    requested = world.sim.log.select(predicate="retraining.requested")
    assert [(event.time, event.data["trigger"]) for event in requested] == [(0.0, "dataset"), (600.0, "request")]


def test_a_schedule_is_a_trigger_too() -> None:
    world = World(RetrainingPolicy(on=("schedule",), cooldown="1h"), ("schedule:12h",))
    world.sim.run(until="30h")
    requested = world.sim.log.select(predicate="retraining.requested")
    assert [event.time for event in requested] == [12 * 3600.0, 24 * 3600.0]
    assert [world.sim.log.causes(event.id)[-1].predicate for event in requested] == ["schedule.fired"] * 2
    world.retraining._pipelines.target("shop/churn", "").bind(None, ())
    world.sim.run(until="60h")
    assert len(world.sim.log.select(predicate="retraining.requested")) == 2


def test_below_the_level_of_pipelines_nothing_follows_but_requests() -> None:
    world = World()
    manual = world.make(automatic=False)
    world.retraining._automatic = False
    world.change(world.rows[:300])
    world.sim.run(until="5h")
    assert manual.history("shop/churn", actor=world.ada) == () == world.retraining.history("shop/churn", actor=world.ada)
    manual.request("shop/churn", actor=world.ada)
    world.sim.run(until="7h")
    assert [each.reason.value for each in manual.history("shop/churn", actor=world.ada)] == ["ACCEPTED"]


def test_what_waits_waits_on_and_what_was_under_way_is_interrupted_when_opened_again() -> None:
    world = World()
    world.change(world.rows[:300])
    world.sim.run(until="5m")
    world.change(world.rows[:310])
    world.sim.run(until="6m")
    world.retraining._automatic = False
    again = world.make()
    assert [each.reason.value for each in again.history("shop/churn", actor=world.ada)] == ["INTERRUPTED"]
    assert again.status("shop/churn", actor=world.ada).waiting[0].key == "dataset:shop/customers@3"
    world.sim.run(until="5h")
    assert [each.reason.value for each in again.history("shop/churn", actor=world.ada)][1:] == ["ACCEPTED"]


def test_the_smoke_run_of_a_place_publishes_nothing() -> None:
    world = World(smoke={"parameters": {"iterations": 2}, "data": {"rows": "shop/held"}})
    place = world.retraining._pipelines.target("shop/churn", "")
    assert place.current is not None and place.current.triggers == ("dataset:shop/customers",)
    assert world.sim.run(until=place.smoke()) == "success"
    assert world.sim.log.select(predicate="artifact.published", subject="model:*") == []


def test_bad_input_is_refused_and_nothing_changes() -> None:
    world = World()
    retraining, ada, records = world.retraining, world.ada, world.store.records
    before = len(list(records("retraining")))
    bad: list[tuple[type[Exception], dict[str, Any]]] = [
        (OptionError, {"held_out": "shop/held"}),
        (UnknownNameError, {"colour": "red"}),
        (OptionError, {"data": {"rows": 3}}),
        (UnknownNameError, {"smoke": {"rows": {}}}),
        (OptionError, {"seed": -1}),
    ]
    for kind, options in bad:
        with pytest.raises(kind):
            retraining.configure("shop/churn", world.robot, actor=ada, **options)
    with pytest.raises(OptionError, match="service account"):
        retraining.configure("shop/churn", ada, actor=ada)
    with pytest.raises(UnknownNameError):
        retraining.status("shop/nothing", actor=ada)
    with pytest.raises(AccessDenied):
        retraining.request("shop/churn", actor=world.platform.identity.create_user("eve", actor=world.platform.admin))
    for trigger in ("weather:shop/churn", "schedule:0", "drift"):
        with pytest.raises((OptionError, UnknownNameError)):
            retraining._pipelines.target("shop/churn", "").bind(world.version.reference, (trigger,))
    assert len(list(records("retraining"))) == before
