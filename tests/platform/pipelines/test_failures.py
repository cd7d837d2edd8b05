"""Failure variants of IP-4 and IP-5: N (nodes), Q (quota), P (permissions), T (validation), at every step."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.platform.pipelines import PipelineRun

from .worlds import CHURN, World

JUDGED = CHURN.replace(
    "@pipeline(data",
    """@step(validates="model", numerics="portable")
def judge(model: Mean, found: dict[str, float], most: float) -> bool:
    return found["error"] <= most


@step
def announce(model: Mean) -> str:
    return "better"


@pipeline(data""",
).replace(
    """depth: int = 3):
    parts = split(clicks)
    model = train(parts.train, depth)
    evaluate(model, parts.test)""",
    """depth: int = 3, most: float = 9.0):
    parts = split(clicks)
    model = train(parts.train, depth)
    good = judge(model, evaluate(model, parts.test), most)
    announce(model).after(good)""",
)


def check(world: World, run: PipelineRun) -> None:
    """Whatever happened, the run has ended, causes are whole, and nothing is half published."""
    assert run.over and run.outcome in ("success", "failure", "error", "cancelled")
    assert world.sim.log.check() == []
    recorded = world.platform.metadata.run(run.resource, actor=world.ada)
    assert recorded.status == run.outcome
    for task in world.pipelines._state.runs[run.name].tasks.values():
        assert (task.outcome == "success") == bool(task.outputs) or task.reason == "VALIDATION_FAILED"
        for resource in task.published.values():
            kind, _, ref = resource.partition(":")
            store: Any = world.platform.models if kind == "model" else world.platform.data
            assert store.resolve(ref, actor=world.ada).digest in {value.digest for value in task.outputs.values()}
    assert world.platform.verify(actor=world.platform.admin)


def instants() -> list[float]:
    """The instants of the events of a run without failures, and just before and after each."""
    world = World("3x8xV100")
    world.run()
    times = {event.time for event in world.sim.log}
    return sorted({max(0.0, time + shift) for time in times for shift in (-0.05, 0.0, 0.05)})


@pytest.mark.parametrize("at", instants())
def test_n_a_node_that_dies_at_any_event_of_the_run_changes_no_digest(at: float) -> None:
    """IP-5 N."""
    world = World("3x8xV100")
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until=at)
    if not run.over:
        bound = world.events("workload.bound")
        world.cluster.hardware.crash(bound[-1].data["nodes"][0] if bound else "node-0")
        world.sim.run(until=run.wait())
    assert run.outcome == "success" and run.digests == World().run().digests
    assert not [event for event in world.events("taskrun.finished") if event.data["outcome"] == "failure"]
    check(world, run)
    lost = world.events("node.unavailable")
    retried = [event for event in world.events("taskrun.started") if event.data["attempt"] > 0]
    for event in retried:
        predicates = [cause.predicate for cause in world.sim.log.causes(event)]
        assert "node.failed" in predicates or lost


def test_n_after_the_last_retry_the_run_is_an_error_and_never_a_failure() -> None:
    world = World("3x8xV100", CHURN.replace('duration="1h"', 'duration="1h", retries=1'))
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    for minutes in (20, 40):
        world.sim.run(until=f"{minutes}m")
        world.cluster.hardware.crash(world.events("workload.bound")[-1].data["nodes"][0])
    world.sim.run(until=run.wait())
    assert (run.outcome, run.reason, run.tasks["train"].outcome) == ("error", "NODE_LOST", "error")
    assert world.platform.metadata.run(run.resource, actor=world.ada).status == "error"
    check(world, run)


def test_q_above_the_limit_of_the_zone_a_step_waits_and_says_so_and_inputs_stay_those_resolved() -> None:
    """IP-5 Q."""
    world = World("4x8xV100", CHURN.replace('{"cpus": 2}', '{"cpus": 60}'))

    world.platform.zones.submit(world.zone, mp.Workload("notebook", {"cpus": 8}, duration="5h"), actor=world.ada)
    run = world.pipelines.run("shop/churn@main", actor=world.ada)
    world.sim.run(until="1h")
    waiting = run.tasks["train"]
    assert (run.outcome, waiting.outcome, waiting.reason) == ("running", "waiting", "ZONE_LIMIT")
    world.platform.data.publish("shop/clicks", b"other", actor=world.ada)
    world.sim.run(until=run.wait())
    assert run.outcome == "success" and run.tasks["train"].started_s == pytest.approx(5 * 3600.0, abs=1.0)
    assert run.inputs == {"clicks": "dataset:shop/clicks@1"}
    check(world, run)


def test_q_what_can_never_fit_is_rejected_at_once() -> None:
    world = World("4x8xV100", CHURN.replace('{"cpus": 2}', '{"cpus": 2, "gpus": 9}'))
    run = world.run()
    assert (run.outcome, run.reason) == ("failure", "REJECTED") and "GPU_COUNT" in run.error
    assert run.tasks["train"].started_s is None
    check(world, run)


NEEDED = ["pipeline:shop/churn", "dataset:shop/clicks@1", "repo:shop/churn", "image:shop/train", "zone", "run:shop/*", "model:shop/churn"]


@pytest.mark.parametrize("lacking", NEEDED)
def test_p_without_one_right_the_run_is_refused_before_any_step_with_one_event_that_names_it(lacking: str) -> None:
    """IP-5 P."""
    world = World("4x8xV100")
    zone = world.platform.zones.create_deployment("shop", "shop-prod", {"cpus": 4}, {"cpus": 8}, actor=world.platform.admin)
    robot = world.identity.create_service_account("shop", "robot", actor=world.ada)
    rights = {
        "pipeline:shop/churn": "read",
        "dataset:shop/clicks@1": "read",
        "repo:shop/churn": "read",
        "image:shop/train": "read",
        "zone": "deploy",
        "run:shop/*": "write",
        "model:shop/churn": "write",
    }
    for resource, right in rights.items():
        if resource != lacking:
            world.identity.grant(robot, right, zone.resource if resource == "zone" else resource, actor=world.platform.admin)
    events, records = len(world.sim.log), {name: len(list(world.platform.store.records(name))) for name in world.platform.store.journals()}
    with pytest.raises(AccessDenied):
        world.pipelines.run("shop/churn@main", zone="shop-prod", actor=robot)
    (told,) = world.sim.log[events:]
    named = zone.resource if lacking == "zone" else lacking
    assert (told.predicate, told.actor) == ("access.denied", robot.id) and told.data["resource"].startswith(named.partition("@")[0])
    after = {name: len(list(world.platform.store.records(name))) for name in world.platform.store.journals()}
    assert {name: count for name, count in after.items() if name != "audit"} == {n: c for n, c in records.items() if n != "audit"}
    world.identity.grant(robot, rights[lacking], zone.resource if lacking == "zone" else lacking, actor=world.platform.admin)
    run = world.run(zone="shop-prod", actor=robot)
    assert run.outcome == "success" and {event.actor for event in world.events("taskrun.*")} == {robot.id}


@pytest.mark.parametrize(("kind", "after", "step"), [("dataset", "0m", "split"), ("model", "20m", "train"), ("run", "20m", "train")])
def test_p_a_right_that_is_revoked_under_way_stops_the_next_call(kind: str, after: str, step: str) -> None:
    world = World("4x8xV100")
    zone = world.platform.zones.create_deployment("shop", "shop-prod", {"cpus": 4}, {"cpus": 8}, actor=world.platform.admin)
    robot = world.identity.create_service_account("shop", "robot", actor=world.ada)
    grants = {}
    for resource, right in (
        ("pipeline:shop/*", "read"),
        ("dataset:shop/*", "read"),
        ("repo:shop/*", "read"),
        ("image:shop/*", "read"),
        (zone.resource, "deploy"),
        ("run:shop/*", "write"),
        ("model:shop/*", "write"),
    ):
        grants[resource.partition(":")[0]] = world.identity.grant(robot, right, resource, actor=world.platform.admin)
    run = world.pipelines.run("shop/churn@main", zone="shop-prod", actor=robot)
    world.sim.run(until=after)
    world.identity.revoke(grants[kind], actor=world.platform.admin)
    world.sim.run(until=run.wait())
    assert (run.outcome, run.reason, run.tasks[step].outcome) == ("failure", "ACCESS_DENIED", "failure")
    assert world.platform.models.list(actor=world.ada) == () and run.outputs == {}
    check(world, run)


def test_t_a_validation_that_fails_keeps_the_model_marked_failed_and_starts_nothing_more() -> None:
    """IP-5 T."""
    world = World("4x8xV100", JUDGED)
    good = world.run(parameters={"most": 9.0})
    assert good.outcome == "success" and world.platform.models.resolve("shop/churn@1", actor=world.ada).stage == "none"
    world.platform.models.set_alias("shop/churn@1", "champion", actor=world.ada)
    bad = world.run(parameters={"most": -1.0, "depth": 4})
    assert (bad.outcome, bad.reason) == ("failure", "VALIDATION_FAILED")
    assert bad.outputs == {"model": "model:shop/churn@2"} and "announce" not in bad.digests
    version = world.platform.models.resolve("shop/churn@2", actor=world.ada)
    assert (version.stage, version.run) == ("failed", bad.resource)
    assert world.platform.models.resolve("shop/churn@champion", actor=world.ada).version == 1
    (finished,) = [e for e in world.events("taskrun.finished") if e.data["step"] == "judge" and e.data["run"] == bad.name]
    assert (finished.data["outcome"], finished.data["reason"]) == ("failure", "VALIDATION_FAILED")
    again = world.run(parameters={"most": -1.0, "depth": 4})
    assert again.outcome == "failure" and not again.tasks["judge"].cached and again.outputs == bad.outputs
    check(world, bad)


def test_t_what_a_validation_says_is_true_or_false() -> None:
    world = World(code=JUDGED.replace('-> bool:\n    return found["error"] <= most', '-> float:\n    return found["error"]'))
    run = world.run()
    assert (run.outcome, run.tasks["judge"].reason) == ("failure", "RAISED") and "true or false" in run.error
    check(world, run)


def test_t_a_failing_step_of_a_test_run_leaves_nothing_in_production() -> None:
    world = World("4x8xV100", CHURN.replace('    return {"error"', '    assert depth_is_known\n    return {"error"'))
    run = world.run()
    assert run.outcome == "failure" and "NameError" in run.error
    assert world.platform.models.resolve("shop/churn@1", actor=world.ada).aliases == ()
    check(world, run)
