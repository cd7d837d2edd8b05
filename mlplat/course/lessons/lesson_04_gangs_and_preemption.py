"""Lesson 4: all or nothing, and who makes room. The exercises: replicas that wait for each other, work that is lost, and how to save it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers import near, run_of
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...runs.result import Result
    from ...workload import JobTrace

HOUR = 3600.0
KINDS = ("small", "training", "urgent")
SAVES = "every 1h write 30s"


def cluster() -> ClusterSpec:
    """Eight nodes of eight GPUs."""
    from ...hardware import ClusterSpec

    return ClusterSpec.parse("8x8xV100")


@cache
def days(seed: int) -> JobTrace:
    """Two days: small jobs of two GPUs, trainings on two or four whole nodes, and short urgent jobs of two GPUs with priority 10."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    draws, jobs = np.random.default_rng(seed), 100
    job_kind = draws.choice(3, jobs, p=[0.5, 0.3, 0.2])
    hours = np.choose(job_kind, [draws.uniform(0.5, 3, jobs), draws.uniform(1, 6, jobs), draws.uniform(0.1, 0.4, jobs)])
    return JobTrace.build(
        submit=np.sort(draws.uniform(0, 48 * HOUR, jobs)),
        duration=hours * HOUR,
        request=np.choose(job_kind, [0, 1, 0]),
        requests=[ResourceRequest(gpus=2), ResourceRequest(gpus=8)],
        replicas=np.where(job_kind == 1, draws.choice([2, 4], jobs), 1),
        priority=np.choose(job_kind, [0, 0, 10]),
        group=job_kind,
        groups=list(KINDS),
    )


def taken_apart(trace: JobTrace) -> tuple[JobTrace, Any]:
    """The same jobs, each replica a job of its own; and of each of them the row of the job it was part of."""
    from ...workload import JobTrace

    of = np.repeat(np.arange(len(trace)), trace.replicas)
    columns = {name: getattr(trace, name)[of] for name in ("submit", "duration", "request", "priority", "group")}
    return JobTrace.build(**columns, requests=trace.requests, groups=trace.groups), of


def waited_for_each_other(run: Result, of: Any) -> float:
    """GPU-hours that replicas hold before the last replica of their gang has started."""
    start = run.jobs["start_s"].fill_null(run.end_s).to_numpy()
    last = np.zeros(int(of.max()) + 1)
    np.maximum.at(last, of, start)
    gpus = np.array([request.gpus for request in run.trace.requests])[run.trace.request]
    return float(((last[of] - start) * gpus).sum()) / HOUR


def p95_wait_min(run: Result, group: str) -> float:
    """Minutes within which 95 % of a group's jobs start."""
    mine = run.jobs.filter(run.jobs["group"].cast(str) == group)
    waits = mine["start_s"].fill_null(run.end_s) - mine["submit_s"]
    return float(waits.quantile(0.95, "linear") or 0.0) / 60


def _run(**options: Any) -> Result:
    from ...runs.replay import replay

    return replay(cluster(), days(student_seed()), **options)


def verify_half_started(answer: Any) -> str | None:
    """What gangs cost that do not start together."""
    from ...runs.replay import replay

    trace, of = taken_apart(days(student_seed()))
    truth = waited_for_each_other(replay(cluster(), trace, queue="best-effort-fifo"), of)
    return near(answer, truth, "of each gang, what its replicas hold until the last of them starts", relative=0.02, unit="GPU-hours")


def verify_lost(answer: Any) -> str | None:
    """The work that preempted jobs have to do again."""
    truth = float(_run(queue="priority", checkpoint=SAVES).summary()["lost_gpu_hours"])
    return near(answer, truth, "it is a figure of the summary", relative=0.02, absolute=0.06, unit="GPU-hours")


def verify_run(answer: Any) -> str | None:
    """A run in which urgent jobs start soon, hardly any work is lost, and a checkpoint takes 30 s to write."""
    if hint := run_of(answer, days(student_seed()), cluster()):
        return hint
    checkpoint = str(answer.manifest["conditions"]["checkpoint"])
    if "write 30s" not in checkpoint:
        return f"a checkpoint takes 30 s to write here: expected checkpoint='every … write 30s', found {checkpoint!r}"
    if answer.summary()["unfinished"] or answer.summary()["rejected"]:
        return "some jobs of this run are not done: expected a run to the end"
    wait, lost = p95_wait_min(answer, "urgent"), float(answer.summary()["lost_gpu_hours"])
    if wait > 5:
        return f"95 % of the urgent jobs start within {wait:.0f} minutes; expected 5"
    if lost > 1:
        return f"{lost:.1f} GPU-hours of work are lost; expected at most 1: let victims write a last checkpoint"
    return None


LESSON = Lesson(
    "lesson-04",
    "Gangs and preemption",
    (
        Question(
            "half_started",
            "If replicas were jobs of their own under best-effort-fifo: how many GPU-hours would they hold waiting for the others of "
            "their gang?",
            verify_half_started,
        ),
        Question("lost", f"Under priority, with checkpoints {SAVES}: how many GPU-hours of work are lost?", verify_lost),
        Question(
            "run",
            "A run of the student's days in which 95 % of the urgent jobs start within 5 minutes and at most one GPU-hour is lost, "
            "where a checkpoint takes 30 s to write.",
            verify_run,
        ),
    ),
)
