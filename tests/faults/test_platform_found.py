"""What the campaign over platforms has found, each as the small case it was shrunk to."""

from __future__ import annotations

from benchmarks.platform_fault_calls import carry_out
from benchmarks.platform_fault_cases import PlatformCase, Step
from benchmarks.platform_fault_world import TRAIN, World
from benchmarks.platform_faults import run_case


def holds(case: PlatformCase) -> None:
    violation = run_case(case).violation
    assert violation is None, violation


def test_a_run_that_the_metadata_store_does_not_record_is_not_there() -> None:
    steps = [Step(15.0, "push", "good"), Step(272.0, "run")]
    holds(PlatformCase(steps=steps, faults=[Step(200.0, "away", "metadata")]))


def test_ci_does_not_blame_a_commit_for_a_registry_that_cannot_be_reached() -> None:
    holds(PlatformCase(steps=[Step(15.0, "push", "good")], faults=[Step(10.0, "away", "images"), Step(600.0, "back", "images")]))


def test_a_build_without_work_does_not_blame_the_manifest_for_a_registry_that_cannot_be_reached() -> None:
    world = World(PlatformCase(steps=[]))
    carry_out(world, Step(0.0, "push", "good"))
    world.sim.run(until=300)
    carry_out(world, Step(300.0, "away", "images"))
    world.platform.images.resolve = world.lost["images"]["resolve"]  # type: ignore[method-assign]
    build = world.platform.builder.build("shop/churn@main", anew=True, actor=world.ada)
    world.sim.run(until=600)
    build = world.platform.builder.builds("shop/churn", actor=world.ada)[build.number - 1]
    assert (build.outcome, build.reason) == ("error", "UNAVAILABLE")


def test_the_smoke_run_of_a_pipeline_comes_of_its_deployment() -> None:
    world = World(PlatformCase(gated=False))
    for step in (Step(10.0, "push", "good"), Step(240.0, "publish"), Step(250.0, "configure"), Step(300.0, "deploy", "pipeline")):
        world.sim.run(until=step.time)
        carry_out(world, step)
    world.sim.run(until=900)
    (deployed,) = world.sim.log.select(predicate="service.deployed")
    smoke = next(iter(world.sim.log.select(predicate="pipelinerun.queued", since=300.0)))
    assert smoke.cause == deployed.id


def test_asking_for_a_retraining_that_nobody_configured_leaves_nothing_behind() -> None:
    holds(PlatformCase(steps=[Step(100.0, "retrain")]))
    world = World(PlatformCase())
    assert world.platform.retraining.history(TRAIN, actor=world.ada) == () and not world.platform.retraining._state.deployed


def test_a_run_whose_cached_model_cannot_be_published_again_is_not_called_wrong() -> None:
    steps = [
        Step(time=37.0, verb="push", word="good"),
        Step(time=295.0, verb="publish"),
        Step(time=662.0, verb="configure"),
        Step(time=690.0, verb="deliver", word="pipeline"),
        Step(time=723.0, verb="approve"),
        Step(time=1490.0, verb="retrain"),
    ]
    holds(PlatformCase(steps=steps, faults=[Step(time=1320.0, verb="away", word="models")]))


def test_a_canary_that_never_gets_room_ends_because_of_its_incident() -> None:
    steps = [Step(18.0, "push", "good"), Step(252.0, "run"), Step(2460.0, "deploy", "model")]
    holds(PlatformCase(gated=False, steps=steps, faults=[Step(2170.0, "fill", "prod", 900)]))


def test_tasks_that_are_tried_again_leave_no_workload_behind() -> None:
    holds(PlatformCase(steps=[Step(19.0, "push", "good")], faults=[Step(20.0, "away", "images")]))
