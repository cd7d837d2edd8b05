"""Lesson 3: who is next. The exercises: waits by hand, jobs that overtake, and a policy for a goal on a stream of jobs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..answers import kind, near, number, replayed
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...hardware import ClusterSpec
    from ...runs.result import Result
    from ...workload import JobTrace

HOUR = 3600.0


def cluster() -> ClusterSpec:
    """Eight nodes of eight GPUs."""
    from ...hardware import ClusterSpec

    return ClusterSpec.parse("8x8xV100")


def three(seed: int) -> JobTrace:
    """Three jobs, submitted at once to one node of eight GPUs: of 6, 4 and 2 GPUs."""
    from ...resources import ResourceRequest
    from ...workload import JobTrace

    long = 3 + seed % 4
    wants = [ResourceRequest(gpus=gpus) for gpus in (6, 4, 2)]
    return JobTrace.build(submit=[0, 0, 0], duration=[long * HOUR, 2 * HOUR, 1 * HOUR], request=[0, 1, 2], requests=wants)


@cache
def week(seed: int) -> JobTrace:
    """A week of a busy cluster: narrow jobs and gangs of up to four nodes, whose users say at most how long they take."""
    from ...traces import synthetic

    widths = {1: 0.6, 2: 0.15, 4: 0.1, 8: 0.1, 16: 0.03, 32: 0.02}
    return synthetic(1500, gpus=64, load=0.9, estimates="walltime", longest="12h", widths=widths, seed=seed)


@cache
def _run(seed: int, queue: str) -> Result:
    from ...runs.replay import replay

    return replay(cluster(), week(seed), queue=queue)


def overtaken(run: Result) -> int:
    """Jobs that started before a job that had been submitted before them."""
    import numpy as np

    start = run.jobs["start_s"].to_numpy()
    later = np.minimum.accumulate(start[::-1])[::-1]  # the earliest start from here on
    return int((start[:-1] > later[1:]).sum())


def longest_wait_h(run: Result) -> float:
    """Hours that the job waited that waited longest; one that has not started waits until the end."""
    return float((run.jobs["start_s"].fill_null(run.end_s) - run.jobs["submit_s"]).max()) / HOUR  # type: ignore[arg-type]


def verify_by_hand(answer: Any) -> str | None:
    """The waits of the three jobs under fifo, in hours."""
    from ...hardware import ClusterSpec
    from ...runs.replay import replay

    truth = (replay(ClusterSpec.parse("1x8xV100"), three(student_seed())).jobs["wait_s"] / HOUR).to_list()
    given = [number(wait) for wait in answer] if isinstance(answer, (list, tuple)) else []
    if len(given) != 3 or None in given:
        return f"expected a list of three waits in hours, found a {kind(answer)}"
    for job, (found, right) in enumerate(zip(given, truth, strict=True)):
        if hint := near(found, right, "a head that does not fit blocks all behind it", absolute=0.01):
            return f"job {job}: {hint}"
    return None


def verify_overtaken(answer: Any) -> str | None:
    """How many jobs are overtaken under easy."""
    return near(answer, overtaken(_run(student_seed(), "easy")), "of each job, look for later rows that started earlier", relative=0)


def verify_queue(answer: Any) -> str | None:
    """A queue policy under which jobs wait little on average and none very long."""
    run = replayed(cluster(), week(student_seed()), queue=answer)
    if isinstance(run, str):
        return run
    fifo, easy = _run(student_seed(), "fifo"), _run(student_seed(), "easy")
    if run.summary()["unfinished"] or run.summary()["rejected"]:
        return "some jobs are never done under this policy"
    mean, most = float(run.summary()["wait_mean_s"]), float(fifo.summary()["wait_mean_s"]) / 4
    if mean > most:
        return f"the mean wait is {mean / HOUR:.1f} h; expected at most a quarter of fifo's, {most / HOUR:.1f} h"
    longest, limit = longest_wait_h(run), 1.2 * longest_wait_h(easy)
    return None if longest <= limit else f"one job waits {longest:.0f} h; expected at most {limit:.0f} h for everybody"


LESSON = Lesson(
    "lesson-03",
    "Queues and backfill",
    (
        Question("by_hand", "The waits of the three jobs under fifo, in hours: a list of three numbers.", verify_by_hand),
        Question("overtaken", "Under easy, how many jobs of the week start after one that was submitted later?", verify_overtaken),
        Question(
            "queue",
            "A queue policy under which the mean wait is at most a quarter of fifo's, and nobody waits much longer than the "
            "longest wait under easy.",
            verify_queue,
        ),
    ),
)
