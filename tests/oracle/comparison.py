"""The scheduler's result frames and the oracle's schedule in one form, so that they can be compared with `==`."""

from __future__ import annotations

import math
from typing import Any

from mlplat.infra.placement import BestFit, DotProduct, Fgd
from mlplat.runs.replay import replay
from mlplat.runs.result import Result

from .naive_attempts import NaiveCheckpoint, useful_work
from .naive_placement import Policy
from .naive_scheduler import NaiveSchedule, placement_records

QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "loss")

INTERRUPTING_QUEUES = ("priority", "srtf", "las", "drf", "conservative")
"""The queue policies of step 2: those that preempt, share out, or plan."""

PLACEMENTS = {
    "first-fit": Policy("first-fit"),
    "random": Policy("random"),
    "best-fit": Policy("best-fit"),
    "worst-fit": Policy("worst-fit"),
    "least-allocated": Policy("least-allocated"),
    "most-allocated": Policy("most-allocated"),
    "balanced": Policy("balanced"),
    "dot-product": Policy("dot-product"),
    "gpu-packing": Policy("gpu-packing"),
    "gpu-clustering": Policy("gpu-clustering"),
    "topology": Policy("topology"),
    "fgd": Policy("fgd", levels=100, cover=0.95),
    "best-fit-published": Policy("best-fit", ("cpu", "gpu"), "cluster", 100),
    "best-fit-memory-by-node": Policy("best-fit", ("memory", "gpu"), "node", 7),
    "best-fit-by-cluster": Policy("best-fit", ("cpu", "memory", "gpu"), "cluster", 0),
    "dot-product-published": Policy("dot-product", ("cpu", "gpu"), "cluster", 100),
    "dot-product-by-node": Policy("dot-product", ("cpu", "disk", "gpu"), "node", 13),
    "dot-product-by-cluster": Policy("dot-product", ("memory", "gpu"), "cluster", 0),
    "fgd-not-truncated": Policy("fgd", levels=0, cover=0.95),
    "fgd-all-typical": Policy("fgd", levels=1000, cover=1.0),
    "fgd-few-typical": Policy("fgd", levels=10, cover=0.4),
}
"""Every placement policy under test: the published variants with their parameters, the others under their plain name."""


def library_policy(name: str) -> Any:
    """What `replay` is given for an entry of PLACEMENTS: the plain name, or an object with the parameters."""
    policy = PLACEMENTS[name]
    if name == policy.name:
        return name
    if policy.name == "fgd":
        return Fgd(levels=policy.levels, cover=policy.cover)
    variant = {"best-fit": BestFit, "dot-product": DotProduct}[policy.name]
    return variant(dimensions=policy.dimensions, norm=policy.norm, levels=policy.levels)


def library_jobs(result: Result) -> list[tuple[Any, ...]]:
    """(state, reason, start, end) of each job in trace order."""
    return result.jobs.select("state", "reason", "start_s", "end_s").rows()


def library_records(result: Result) -> list[tuple[int, ...]]:
    """(job, node, device, mig_start, replicas) of each record in order of start."""
    return result.attempts.select("job", "node", "device", "mig_start", "replicas").rows()


def oracle_jobs(schedule: NaiveSchedule) -> list[tuple[Any, ...]]:
    """The oracle's side of `library_jobs`."""
    return [(o.state, o.reason, o.start, o.end) for o in schedule.outcomes]


def oracle_attempts(schedule: NaiveSchedule) -> list[tuple[Any, ...]]:
    """(job, attempt, node, device, mig_start, replicas, start_s, stop_s, end_s, outcome) of each record, attempts in order of start."""
    return [
        (a.job, a.number, *record, a.start, a.stop, a.end, a.outcome) for a in schedule.attempts for record in placement_records(a.replicas)
    ]


def oracle_work(schedule: NaiveSchedule, checkpoint: NaiveCheckpoint, until: float | None = None) -> list[tuple[int, int, float, float]]:
    """(job, attempt, useful, lost) seconds of work of each attempt in order of start; of one that still runs, what it has done."""
    now = math.inf if until is None else until
    return [(a.job, a.number, useful_work(a, now, checkpoint), a.lost) for a in schedule.attempts]


def oracle_ends(schedule: NaiveSchedule) -> list[tuple[int, int]]:
    """(job, attempt) in the order in which attempts ended."""
    return [(a.job, a.number) for a in schedule.ended]


__all__ = [
    "INTERRUPTING_QUEUES",
    "PLACEMENTS",
    "QUEUES",
    "library_jobs",
    "library_policy",
    "library_records",
    "oracle_attempts",
    "oracle_ends",
    "oracle_jobs",
    "oracle_work",
    "replay",
]
