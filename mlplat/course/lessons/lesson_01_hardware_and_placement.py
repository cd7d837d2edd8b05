"""Lesson 1: what a node has, and where a job goes. The exercises: jobs that leave GPUs without cores, and a job that needs a whole node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..answers import kind, near, number, replayed
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...runs.result import Result
    from ...workload import JobTrace


def cluster() -> ClusterSpec:
    """Four nodes of 64 cores, 512 GiB and eight GPUs."""
    from ...hardware import ClusterSpec

    return ClusterSpec.uniform(nodes=4, cpus=64, memory_gib=512, gpus=8, gpu_model="V100")


def greedy(cpus: float) -> JobTrace:
    """Forty jobs of one GPU and so many cores each, which run for ten hours."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    wants = [ResourceRequest(gpus=1, cpus=cpus, memory_gib=16)]
    return JobTrace.build(submit=range(40), duration=[36_000] * 40, request=[0] * 40, requests=wants)


def small_then_wide(seed: int) -> JobTrace:
    """Four jobs of some GPUs each, and a minute later one that needs all eight GPUs of a node."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    wants = [ResourceRequest(gpus=1 + seed % 2, cpus=8), ResourceRequest(gpus=8, cpus=32)]
    return JobTrace.build(submit=[0, 1, 2, 3, 60], duration=[7200 + seed % 600] * 4 + [3600], request=[0, 0, 0, 0, 1], requests=wants)


def hungry(seed: int) -> int:
    """The cores that each of the student's jobs asks for."""
    return (10, 16, 12, 22, 13)[seed % 5]


def _after_an_hour(cpus: float) -> Result:
    from ...runs.replay import replay

    return replay(cluster(), greedy(cpus), until="1h")


def verify_stranded(answer: Any) -> str | None:
    """The GPUs that stay idle while jobs wait for cores."""
    running = int((_after_an_hour(hungry(student_seed())).jobs["state"].cast(str) == "running").sum())
    return near(answer, 32 - running, "how many jobs do the 64 cores of one node carry?", relative=0)


def verify_cpus(answer: Any) -> str | None:
    """The most cores a job may ask for so that all 32 GPUs are used."""
    asked = number(answer)
    if asked is None:
        return f"expected a number of cores, found a {kind(answer)}"
    if not 1 <= asked <= 64:
        return "expected a number of cores from 1 to 64"
    if _used(asked) < 1:
        return f"with {asked:g} cores for each job, {100 * _used(asked):.0f} % of the GPUs are used; expected all"
    return None if _used(min(64, asked + 0.1)) < 1 else "all GPUs are used, but a job can have more cores than that"


def _used(cpus: float) -> float:
    from ...errors import MlplatError

    try:
        return float(_after_an_hour(cpus).summary()["gpu_allocation_final"])
    except MlplatError:
        return 0.0


def verify_placement(answer: Any) -> str | None:
    """A placement policy, by name or as an object, under which the wide job starts at once."""
    run = replayed(cluster(), small_then_wide(student_seed()), placement=answer)
    if isinstance(run, str):
        return run
    wait = run.jobs["wait_s"][4]
    return None if wait == 0 else f"the wide job waits {wait / 60:.0f} minutes: no node was left empty"


LESSON = Lesson(
    "lesson-01",
    "Hardware and placement",
    (
        Question("stranded", "How many of the 32 GPUs stay idle, although eight jobs and more are waiting?", verify_stranded),
        Question("cpus", "The most cores that each job of one GPU may ask for, so that all 32 GPUs are used.", verify_cpus),
        Question("placement", "A placement policy under which the job of eight GPUs starts at once.", verify_placement),
    ),
)
