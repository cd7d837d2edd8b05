"""Hypothesis strategies for what interrupts jobs: incidents that agree with each other, checkpoints, groups, options of queues."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.workload import JobTrace

from .naive_attempts import NaiveCheckpoint
from .naive_incidents import CORDON, CRASH, DEVICE_DOWN, DEVICE_UP, DRAIN, LOST, NODE_UP, PARTITION, UNCORDON, NaiveIncident
from .strategies import SCALES, traces

WEEK = 7 * 86400.0


@st.composite
def incident_lists(draw: Any, spec: ClusterSpec, horizon: int = 24, scale: float = 1.0) -> list[NaiveIncident]:
    """Incidents on a grid of `scale` seconds up to `horizon` steps, sorted. Each list could have happened.

    A node that is away (crash or partition) comes back before it is away again, and is lost in between or not at all; one that never comes
    back is lost (or jobs could start there for ever). Devices and cordons come and go likewise, whatever else befalls the node. Whole
    racks are away together at times.
    """
    table = spec.nodes()
    nodes = range(len(table))
    node = st.sampled_from(nodes)
    racks = [[n for n in nodes if table.rack[n] == table.rack[m]] for m in nodes]
    away = st.tuples(st.one_of(node.map(lambda n: [n]), node.map(lambda n: [n]), node.map(lambda n: racks[n])), outages(horizon))
    noticed = st.sampled_from((0, 1, 1, 2, 4, math.inf))
    found: list[tuple[float, int, int, int, float]] = []

    taken: set[tuple[int, int]] = set()
    for members, (start, end) in draw(st.lists(away, max_size=5)):
        code, after = draw(st.sampled_from((CRASH, CRASH, PARTITION))), draw(noticed)
        for n in members:
            if free(taken, n, start, end, horizon):
                lost = [start + (4 if end == after == math.inf else after)]
                lost = [t for t in lost if t < end]
                found += [(start, code, n, -1, 0.0), *((t, LOST, n, -1, 0.0) for t in lost), (end, NODE_UP, n, -1, 0.0)]

    taken = set()
    devices = [(n, d) for n in nodes for d in range(int(table.gpus[n]))]
    broken = st.tuples(st.sampled_from(devices), outages(horizon)) if devices else st.nothing()
    for (n, d), (start, end) in draw(st.lists(broken, max_size=3)) if devices else []:
        if free(taken, n * 1000 + d, start, end, horizon):
            found += [(start, DEVICE_DOWN, n, d, 0.0), (end, DEVICE_UP, n, d, 0.0)]

    taken = set()
    for n, (start, end) in draw(st.lists(st.tuples(node, outages(horizon)), max_size=3)):
        if free(taken, n, start, end, horizon):
            found += [(start, CORDON, n, -1, 0.0), (end, UNCORDON, n, -1, 0.0)]
            if draw(st.booleans()):
                drain = min(start + draw(st.sampled_from((0, 0, 1, 3))), end - 1)
                found.append((drain, DRAIN, n, -1, draw(st.sampled_from((0.0, 0.5, 1.0, 2.0, 5.0))) * scale))

    return sorted(NaiveIncident(t * scale, code, n, d, grace) for t, code, n, d, grace in found if t < math.inf)


def outages(horizon: int) -> st.SearchStrategy[tuple[int, float]]:
    """(start, end) in whole steps, the start before the end; some never end."""
    length = st.sampled_from((1, 2, 3, 5, 8, math.inf))
    return st.tuples(st.integers(0, horizon - 1), length).map(lambda pair: (pair[0], pair[0] + pair[1]))


def free(taken: set[tuple[int, int]], key: int, start: int, end: float, horizon: int) -> bool:
    """Whether no earlier outage of the same key overlaps with this one; if so, it is entered."""
    steps = {(key, t) for t in range(start, int(min(end, horizon + 8)))}
    if steps & taken:
        return False
    taken |= steps
    return True


def checkpoints(scale: float = 1.0) -> st.SearchStrategy[NaiveCheckpoint]:
    """Checkpoint policies: none, often or seldom, with write and restart times that are sometimes 0."""
    interval = st.sampled_from((math.inf, math.inf, 0.5, 1.0, 2.0, 2.0, 3.0, 5.0))
    return st.builds(
        lambda every, write, restart: NaiveCheckpoint(every * scale, write * scale, restart * scale),
        interval,
        st.sampled_from((0.0, 0.0, 0.5, 1.0, 2.0)),
        st.sampled_from((0.0, 0.0, 0.5, 1.0, 3.0)),
    )


@st.composite
def tenant_traces(draw: Any, spec: ClusterSpec, **options: Any) -> JobTrace:
    """Traces of one to three groups, with few priorities."""
    trace = draw(traces(spec, **options))
    n, groups = len(trace), draw(st.integers(1, 3))
    priority = draw(st.lists(st.sampled_from((0, 0, 0, 1, 1, 5, -2)), min_size=n, max_size=n))
    group = draw(st.lists(st.integers(0, groups - 1), min_size=n, max_size=n))
    return trace.with_columns(priority=priority, group=group, groups=("a", "b", "c")[:groups])


@st.composite
def queue_options(draw: Any, queue: str, trace: JobTrace, scale: float = 1.0) -> dict[str, Any]:
    """The options that a queue policy reads, small enough to matter."""
    if queue == "priority":
        return {"grace": draw(graces()) * scale, "preempt": draw(st.sampled_from((True, True, False)))}
    if queue == "srtf":
        return {"grace": draw(graces()) * scale}
    if queue == "las":
        return {"grace": draw(graces()) * scale, "threshold": draw(st.sampled_from((0.0, 1.0, 2.0, 4.0, 9.0, 3600.0))) * scale}
    if queue == "conservative":
        return {"depth": draw(st.sampled_from((1, 2, 5, 1000)))}
    if queue not in ("best-effort-fifo", "drf"):
        return {}
    options: dict[str, Any] = {"patience": draw(st.sampled_from((WEEK, WEEK, 0.0, 1.0, 3.0, 8.0))) * scale}
    if queue == "drf":
        weight = st.sampled_from((1.0, 0.5, 2.0, 3.0))
        options["weights"] = draw(st.dictionaries(st.sampled_from(trace.groups), weight, max_size=len(trace.groups)))
    return options


def graces() -> st.SearchStrategy[float]:
    """Grace periods, below and above the write times of `checkpoints`."""
    return st.sampled_from((0.0, 0.0, 0.5, 1.0, 2.0, 5.0))


@st.composite
def run_options(draw: Any, trace: JobTrace, scale: float = 1.0) -> dict[str, Any]:
    """`checkpoint`, `max_restarts`, `scrape` and `limits`, mostly off."""
    amounts = {"cpu": (2000, 4000, 12000), "memory": (4096, 16384), "gpu": (1000, 2500, 4000)}
    limit = st.fixed_dictionaries({}, optional={d: st.sampled_from(most) for d, most in amounts.items()})
    limited = draw(st.dictionaries(st.sampled_from(trace.groups), limit, max_size=2)) if draw(st.booleans()) else {}
    scrape = draw(st.sampled_from((None, None, None, 1.0, 2.5, 0.7)))
    return {
        "checkpoint": draw(checkpoints(scale)),
        "max_restarts": draw(st.sampled_from((None, None, None, 0, 1, 2))),
        "scrape": None if scrape is None else scrape * scale,
        "limits": {group: most for group, most in limited.items() if most},
    }


@st.composite
def interrupted_cases(draw: Any, spec: ClusterSpec, queue: str, max_jobs: int = 24) -> tuple[JobTrace, dict[str, Any]]:
    """A trace on a cluster, and the keywords for `schedule` of everything that may interrupt its jobs."""
    scale = draw(SCALES)
    trace = draw(tenant_traces(spec, scale=scale, max_jobs=max_jobs))
    keywords = draw(queue_options(queue, trace, scale)) | draw(run_options(trace, scale))
    return trace, keywords | {"incidents": draw(incident_lists(spec, scale=scale))}
