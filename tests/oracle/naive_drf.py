"""The naive oracle's dominant resource fairness between groups. From docs/scheduling.md."""

from __future__ import annotations

from mlplat.resources import UNLIMITED

from .naive_queues import serve_overdue
from .naive_run import NaiveRun
from .naive_state import milli_of, needs_gpu

DIMENSIONS = ("cpu", "memory", "gpu")


def drf(run: NaiveRun) -> None:
    """The group of the least dominant share goes next; one whose first job does not fit is left out of the cycle."""
    if not serve_overdue(run):
        return
    left_out: set[int] = set()
    while groups := {run.jobs[job].group for job in run.waiting} - left_out:
        group = min(groups, key=lambda g: (dominant_share(run, g), g))
        if not run.start(min(job for job in run.waiting if run.jobs[job].group == group)):
            left_out.add(group)


def dominant_share(run: NaiveRun, group: int) -> float:
    """The largest part of the cluster's capacity that the running jobs of a group hold, by weight."""
    held = dict.fromkeys(DIMENSIONS, 0)
    for attempt in run.running:
        if run.jobs[attempt.job].group == group:
            for replica in attempt.replicas:
                held["cpu"] += replica.request.cpu_milli
                held["memory"] += replica.request.memory_mib
                held["gpu"] += milli_of(run.empty[replica.node], replica.request) if needs_gpu(replica.request) else 0
    capacity = {d: sum(node.capacity[d] for node in run.empty) for d in DIMENSIONS}
    parts = [held[d] / capacity[d] for d in DIMENSIONS if 0 < capacity[d] < UNLIMITED]
    return max(parts, default=0.0) / run.options.weights.get(run.groups[group], 1.0)
