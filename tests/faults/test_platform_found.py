"""What the campaign over platforms has found, each as the small case it was shrunk to."""

from __future__ import annotations

from benchmarks.platform_fault_cases import PlatformCase, Step
from benchmarks.platform_fault_world import TRAIN, World
from benchmarks.platform_faults import run_case


def holds(case: PlatformCase) -> None:
    violation = run_case(case).violation
    assert violation is None, violation


def test_a_run_that_the_metadata_store_does_not_record_is_not_there() -> None:
    steps = [Step(15.0, "push", "good"), Step(272.0, "run")]
    holds(PlatformCase(steps=steps, faults=[Step(200.0, "away", "metadata")]))


def test_asking_for_a_retraining_that_nobody_configured_leaves_nothing_behind() -> None:
    holds(PlatformCase(steps=[Step(100.0, "retrain")]))
    world = World(PlatformCase())
    assert world.platform.retraining.history(TRAIN, actor=world.ada) == () and not world.platform.retraining._state.deployed
