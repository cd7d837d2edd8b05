"""Random cases for the fault campaign: a cluster, its workload, the policies and the faults.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.fault_clusters import (
    POOLS,
    draw_groups,
    draw_request,
    draw_scaling,
    has_spot_machines,
    simpler_scaling,
    with_fewer_nodes,
)
from benchmarks.fault_draws import GROUPS, INF, QUEUES, Draw, draw_queue_options, without_some
from benchmarks.fault_mark_draws import mark_groups, simpler_marks
from benchmarks.fault_traces import Fault, FaultCase, Job
from mlplat.hardware import ClusterSpec
from mlplat.streams import stream

HORIZON = 24
"""Steps of the grid of times on which jobs arrive and faults begin, so that many things happen at one instant."""
PLACEMENTS = (
    *("first-fit", "random", "best-fit", "worst-fit", "least-allocated", "most-allocated", "balanced", "dot-product"),
    *("gpu-packing", "gpu-clustering", "fgd", "topology"),
)


def make_case(seed: int, index: int) -> FaultCase:
    """The case of that number.

    >>> make_case(3, 14) == make_case(3, 14), make_case(3, 14) == make_case(3, 15)
    (True, False)
    """
    draw = Draw(stream(seed, f"faults/{index}"))
    scale = draw.of((1.0, 1.0, 0.1))  # tenths: sums that float64 rounds
    pool = draw.of(POOLS) if draw.one_in(12) else ""
    groups = [] if pool else draw_groups(draw)
    marking = Draw(stream(seed, f"faults/marks/{index}"))
    if marking.one_in(5):
        groups = mark_groups(marking, groups)
    scaled = not pool and draw.one_in(4)
    if scaled:
        groups = draw_scaling(draw, groups, scale)
    case = FaultCase(groups=groups, pool=pool, seed=draw.below(1000))
    spec = case.spec()
    requests = [draw_request(draw, spec) for _ in range(1 + draw.below(5))]
    queue = draw.of(QUEUES)
    case = replace(
        case,
        requests=requests,
        jobs=draw_jobs(draw, len(requests), scale),
        faults=draw_faults(draw, spec, scale),
        queue=queue,
        queue_options=draw_queue_options(draw, queue, scale),
        placement=(placement := draw.of(PLACEMENTS)),
        placement_options=draw_placement_options(draw, placement),
        ties=draw.of(("node-order", "node-order", "random", "ranks")),
        split=draw.of(("never", "never", "nodes", "cores")),
    )
    if case.ties == "ranks":
        ranks = list(range(len(spec.nodes())))
        order = [(draw.below(1_000_000), rank) for rank in ranks]
        case = replace(case, ranks=[rank for _, rank in sorted(order)])
    case = replace(case, **draw_options(draw, scale))
    return with_scans(draw, case, scale) if scaled else case


def with_scans(draw: Draw, case: FaultCase, scale: float) -> FaultCase:
    """The case with an autoscaler, mostly. Where machines are taken back again and again it has an end."""
    if draw.one_in(8):
        return case
    until = case.until
    if has_spot_machines(case.groups) or draw.one_in(2):
        until = min(until, draw.of((24.0, 40.0, 60.0)) * scale)
    return replace(case, scan=draw.of((1.0, 1.0, 2.5, 0.7)) * scale, until=until)


def draw_jobs(draw: Draw, requests: int, scale: float) -> list[Job]:
    """Up to two dozen gangs of few shapes, in order of submission; some never end, some end at once."""
    span, unlike = draw.of((1, 5, 13, HORIZON)), draw.one_in(2)
    jobs = []
    for submit in sorted(draw.below(span) for _ in range(1 + draw.below(draw.of((8, 16, 24))))):
        duration = draw.of((0, 1, 2, 2, 3, 4, 4, 6, 6, 9, 13, 20, INF))
        slack = draw.of((0, 0, 0, 0, 1, 3, 7, INF))
        request, replicas = draw.below(requests), draw.of((1, 1, 1, 1, 2, 3, 5))
        last = draw.below(requests) if unlike and replicas > 1 else request
        priority, group = draw.of((0, 0, 0, 1, 1, 5, -2)), draw.below(len(GROUPS))
        jobs.append(Job(submit * scale, duration * scale, (duration + slack) * scale, request, last, replicas, priority, group))
    return jobs


def draw_faults(draw: Draw, spec: ClusterSpec, scale: float) -> list[Fault]:
    """Crashes, partitions, broken devices, maintenance, whole racks, and nodes that come and go."""
    table = spec.nodes()
    found: list[Fault] = []
    for _ in range(draw.below(7)):
        kind = draw.of(("node", "node", "partition", "device", "maintenance", "rack", "flapping"))
        node, start, length = draw.below(len(table)), draw.below(HORIZON), draw.of((1, 2, 3, 5, 8, INF))
        if kind == "device":
            if table.gpus[node]:
                found.append(Fault(kind, node, start * scale, (start + length) * scale, draw.below(int(table.gpus[node]))))
        elif kind == "maintenance":
            notice, grace = draw.of((0.0, 1.0, 4.0)), draw.of((0.0, 0.5, 1.0, 2.0, 5.0))
            found.append(Fault(kind, node, start * scale, (start + length) * scale, -1, notice * scale, grace * scale))
        elif kind == "rack":
            beside = np.flatnonzero(table.rack == table.rack[node]).tolist()
            found += [Fault(kind, other, start * scale, (start + length) * scale) for other in beside]
        elif kind == "flapping":
            away, back, which = draw.of((0.5, 1.0, 2.0)), draw.of((0.5, 1.0, 3.0)), draw.of(("node", "partition"))
            times = [start + i * (away + back) for i in range(3 + draw.below(3))]
            found += [Fault(which, node, time * scale, (time + away) * scale) for time in times]
        else:
            found.append(Fault(kind, node, start * scale, (start + length) * scale))
    return found


def draw_placement_options(draw: Draw, placement: str) -> dict[str, Any]:
    """Those that change how nodes are scored, mostly none."""
    if placement == "fgd":
        return draw.of(({}, {"levels": 5}))
    if placement not in ("best-fit", "dot-product") or draw.one_in(2):
        return {}
    return {"dimensions": draw.of((("cpu",), ("gpu", "cpu"), ("memory", "disk"))), "norm": draw.of(("node", "cluster"))}


def draw_options(draw: Draw, scale: float) -> dict[str, Any]:
    """Everything else, mostly off."""
    period = draw.of((0.0, 0.0, 1.0, 2.5))
    limits = {}
    if draw.one_in(3):
        few = ({"cpu_milli": 4000}, {"gpu_milli": 2500}, {"memory_mib": 4096, "cpu_milli": 12000})
        limits = {group: draw.of(few) for group in GROUPS[:2]}
    interval, write, restart = draw.of((INF, INF, 0.5, 1.0, 2.0, 3.0, 5.0)), draw.of((0.0, 0.5, 1.0, 2.0)), draw.of((0.0, 0.5, 1.0, 3.0))
    return {
        "checkpoint": (interval * scale, write * scale, restart * scale),
        "max_restarts": draw.of((None, None, None, 0, 1, 2)),
        "scrape": draw.of((0.0, 0.0, 0.0, 1.0, 2.5, 0.7)) * scale,
        "limits": limits,
        "detection": (period * scale, (period + draw.of((0.0, 1.0, 3.0))) * scale),
        "damping": draw.of((None, (2, 20.0 * scale, 4.0 * scale, 16.0 * scale))),
        "until": draw.of((INF, INF, INF, 10.5, 24.0)) * scale,
        "known": tuple(time * scale for time in draw.of(((), (), (), (), (), (), (8.0,), (4.5, 13.0)))),
    }


def smaller(case: FaultCase) -> Iterator[FaultCase]:
    """Cases with less in them, the boldest first: without jobs, faults, nodes, or with an option at its default."""
    for name in ("jobs", "faults"):
        everything = getattr(case, name)
        for kept in without_some(everything):
            yield replace(case, **{name: kept})
    usual = FaultCase()
    for option in OPTIONS:
        if getattr(case, option) != getattr(usual, option):
            if option == "until" and case.scan and has_spot_machines(case.groups):
                continue  # it would have no end
            extra = {f"{option}_options": {}} if option in ("queue", "placement") else {}
            yield replace(case, **{option: getattr(usual, option)} | extra)
    for groups in simpler_scaling(case.groups):
        yield replace(case, groups=groups)
    for groups in simpler_marks(case.groups):
        yield replace(case, groups=groups)
    for gone, groups in with_fewer_nodes(case.groups):  # faults of later nodes move up with them
        faults = [fault._replace(node=fault.node - (fault.node > gone)) for fault in case.faults if fault.node != gone]
        ranks = [rank - (rank > case.ranks[gone]) for i, rank in enumerate(case.ranks) if i != gone]
        yield replace(case, groups=groups, faults=faults, ranks=ranks)
    for i, job in enumerate(case.jobs):
        for change in ({"replicas": 1, "last": job.request}, {"priority": 0}, {"group": 0}, {"estimate": job.duration}):
            if (simpler := job._replace(**change)) != job:
                yield replace(case, jobs=[*case.jobs[:i], simpler, *case.jobs[i + 1 :]])
    used = sorted({job.request for job in case.jobs} | {job.last for job in case.jobs})
    if len(used) < len(case.requests) and used:
        number = {old: new for new, old in enumerate(used)}
        jobs = [job._replace(request=number[job.request], last=number[job.last]) for job in case.jobs]
        yield replace(case, requests=[case.requests[old] for old in used], jobs=jobs)


OPTIONS = (
    *("scan", "known", "queue_options", "placement_options", "placement"),
    *("ties", "split", "checkpoint", "max_restarts", "scrape", "limits", "damping", "detection", "until"),
    *("seed", "queue"),
)
