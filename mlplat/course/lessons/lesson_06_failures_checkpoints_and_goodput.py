"""Lesson 6: what failures cost. The exercises: a smaller training than Llama 3's, its interruptions, checkpoints and spare hosts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers import kind, near, number
from ..lesson import Lesson, Question
from ..seeds import student_seed

if TYPE_CHECKING:
    from ...runs.result import Result

DAYS, RESTART_S = 30, 300.0
MOST_SPARES = 64


def hosts(seed: int) -> int:
    """The hosts, of eight GPUs, that the student's training needs."""
    return 192 + 64 * (seed % 4)


def write_s(seed: int) -> float:
    """The seconds that a checkpoint of the student's training takes."""
    return 20.0 + 10 * (seed % 5)


@cache
def train(seed: int, spares: int) -> Result:
    """Thirty days of the student's training, with failures at the rates of Llama 3's and so many spare hosts."""
    from ...hardware import LLAMA3, ClusterSpec
    from ...infra.checkpoints import CheckpointPolicy
    from ...resources import ResourceRequest
    from ...runs.replay import replay
    from ...workload import JobTrace

    wants = ResourceRequest(gpus=8)
    trace = JobTrace.build(submit=[0], duration=[np.inf], request=[0], requests=[wants], replicas=[hosts(seed)])
    spec = ClusterSpec.uniform(nodes=hosts(seed) + spares, gpus=8, gpu_model="H100")
    saving = CheckpointPolicy("young-daly", write_s=write_s(seed), restart_s=RESTART_S)
    return replay(spec, trace, failures=LLAMA3, checkpoint=saving, until=f"{DAYS}d", seed=seed)


def effective(run: Result) -> float:
    """Useful training over elapsed time, waiting for hosts included."""
    return float(run.attempts.unique(["job", "attempt"], keep="any")["saved_s"].sum()) / run.end_s


def between_s(seed: int) -> float:
    """Mean seconds between two interruptions of the student's training, by the published rates."""
    from ...hardware.published_rates import LLAMA3_DAYS, LLAMA3_HOSTS, LLAMA3_INTERRUPTIONS

    published = sum(count for count, _ in LLAMA3_INTERRUPTIONS.values())
    return LLAMA3_DAYS * 86400.0 / published * LLAMA3_HOSTS / hosts(seed)


def verify_interruptions(answer: Any) -> str | None:
    """The interruptions to expect in thirty days."""
    return near(
        answer,
        DAYS * 86400.0 / between_s(student_seed()),
        "twice as many hosts fail twice as often, and so do twice as many days",
        relative=0.1,
    )


def verify_interval(answer: Any) -> str | None:
    """An interval between checkpoints that is as good as the best, but for half a point."""
    from ...infra.checkpoints import daly, efficiency

    interval = number(answer)
    if interval is None:
        return f"expected a number of seconds, found a {kind(answer)}"
    if not 0 < interval < 1e9:
        return "expected a number of seconds above 0"
    seed = student_seed()
    write, between = write_s(seed), between_s(seed)
    best = float(efficiency(daly(write, between), write, RESTART_S, between))
    found = float(efficiency(interval, write, RESTART_S, between))
    if best - found <= 0.005:
        return None
    why = "writing takes the time" if interval < float(daly(write, between)) else "each failure throws away much"
    return f"{100 * found:.1f} % of the time is useful; {100 * best:.1f} % can be had: {why}"


def verify_spares(answer: Any) -> str | None:
    """The fewest spare hosts with which nine tenths of the time are useful."""
    spares, seed = number(answer), student_seed()
    if spares is None or spares != int(spares if np.isfinite(spares) else 0):
        return f"expected a whole number of hosts, found a {kind(answer)}"
    if not 0 <= spares <= MOST_SPARES:
        return f"expected 0 to {MOST_SPARES} hosts"
    found = effective(train(seed, int(spares)))
    if found < 0.9:
        return f"{100 * found:.1f} % of the time is useful training; expected 90 %"
    fewer = next((less for less in range(int(spares)) if effective(train(seed, less)) >= 0.9), None)
    return None if fewer is None else "90 % is reached, but fewer spare hosts are enough"


LESSON = Lesson(
    "lesson-06",
    "Failures, checkpoints and goodput",
    (
        Question(
            "interruptions", "How many interruptions are to be expected in thirty days of the student's training?", verify_interruptions
        ),
        Question("interval", "Seconds between two checkpoints, as good as the best but for half a point.", verify_interval),
        Question("spares", "The fewest spare hosts with which 90 % of the thirty days are useful training.", verify_spares),
    ),
)
