"""The scheduler's result frames and the oracle's schedule in one form, so that they can be compared with `==`."""

from __future__ import annotations

from typing import Any

from mlplat.infra.placement import BestFit, DotProduct, Fgd
from mlplat.runs.replay import replay
from mlplat.runs.result import Result

from .naive_placement import Policy
from .naive_scheduler import NaiveSchedule

QUEUES = ("fifo", "best-effort-fifo", "sjf", "easy", "loss")

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


__all__ = ["PLACEMENTS", "QUEUES", "library_jobs", "library_policy", "library_records", "oracle_jobs", "replay"]
