"""A case of the campaign of zones: a trace on a cluster under random quotas, with its policies and faults, as plain data.

A case follows from (seed, index) alone, and its `repr` is the Python that makes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from benchmarks.fault_cases import HORIZON, draw_faults, draw_jobs
from benchmarks.fault_clusters import draw_groups, draw_request, with_fewer_nodes
from benchmarks.fault_draws import INF, Draw, draw_queue_options, shown, without_some
from benchmarks.fault_traces import Fault, FaultCase, Job
from benchmarks.zone_draws import NAMES, QUEUES, are_good, described, draw_zones, simpler_zones
from mlplat.hardware import ClusterSpec
from mlplat.infra.attempt_arrays import Interruptions
from mlplat.infra.incidents import Incidents
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import FAIR_PREEMPTION, queue_policy
from mlplat.infra.quotas import Described, with_the_rest
from mlplat.infra.world import Run, build_run
from mlplat.resources import ResourceRequest
from mlplat.streams import stream
from mlplat.workload import JobTrace

PLACEMENTS = ("first-fit", "random", "best-fit", "best-fit", "worst-fit", "least-allocated", "gpu-packing", "topology")


@dataclass(frozen=True)
class ZoneCase:
    """One run. As `FaultCase`, with `zones` (see `zone_draws.described`); `group` of a job is one of `zone_draws.NAMES`."""

    groups: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    zones: list[dict[str, Any]] = field(default_factory=list)
    queue: str = "fifo"
    queue_options: dict[str, Any] = field(default_factory=dict)
    placement: str = "best-fit"
    checkpoint: tuple[float, float, float] = (INF, 0.0, 0.0)
    max_restarts: int | None = None
    scrape: float = 0.0
    detection: tuple[float, float] = (0.0, 0.0)
    until: float = INF
    seed: int = 0

    def spec(self) -> ClusterSpec:
        """The cluster."""
        return ClusterSpec.model_validate({"groups": self.groups})

    def trace(self) -> JobTrace:
        """The jobs."""
        columns = {name: [job[i] for job in self.jobs] for i, name in enumerate(Job._fields)}
        requests = [ResourceRequest(**request) for request in self.requests]
        columns["last_request"] = columns.pop("last")
        return JobTrace.build(**columns, groups=NAMES, requests=requests)  # type: ignore[arg-type]

    def incidents(self, spec: ClusterSpec) -> Incidents:
        """What the scheduler meets of the faults."""
        return FaultCase(faults=self.faults, detection=self.detection).incidents(spec)

    def quotas(self) -> list[Described]:
        """The zones."""
        return [one for one in with_the_rest(described(self.zones)) if one is not None]

    def run(self, spec: ClusterSpec, trace: JobTrace, found: Incidents) -> Run:
        """The run, before its first event."""
        interval, write, restart = self.checkpoint
        what = Interruptions(
            incidents=found, interval=interval, write=write, restart=restart, max_restarts=self.max_restarts, scrape=self.scrape
        )
        queue = queue_policy(self.queue, **self.queue_options)
        placement = placement_policy(self.placement)
        return build_run(spec.nodes(), trace, queue, placement, seed=self.seed, interruptions=what, quotas=self.quotas())

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = ZoneCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"ZoneCase({', '.join(parts)})"


def make_case(seed: int, index: int) -> ZoneCase:
    """The case of that number.

    >>> make_case(3, 14) == make_case(3, 14), make_case(3, 14) == make_case(3, 15)
    (True, False)
    """
    draw = Draw(stream(seed, f"zones/{index}"))
    scale = draw.of((1.0, 1.0, 0.1))  # tenths: sums that float64 rounds
    groups = draw_groups(draw)
    spec = ClusterSpec.model_validate({"groups": groups})
    contended = not draw.one_in(3)
    requests = [small_request(draw, spec) if contended else draw_request(draw, spec) for _ in range(1 + draw.below(3))]
    queue = draw.of(QUEUES)
    zones = draw_zones(draw, spec, scale, contended=contended)
    return ZoneCase(
        groups=groups,
        requests=requests,
        jobs=_in_turn(draw, zones, len(requests), scale) if contended else _in_bursts(draw, draw_jobs(draw, len(requests), scale), scale),
        faults=draw_faults(draw, spec, scale) if draw.one_in(3) else [],
        zones=zones,
        queue=queue,
        queue_options=_queue_options(draw, queue, scale),
        placement=draw.of(PLACEMENTS),
        checkpoint=(
            draw.of((INF, INF, 0.5, 1.0, 3.0)) * scale,
            draw.of((0.0, 0.0, 0.5, 1.0, 3.0)) * scale,
            draw.of((0.0, 0.5, 1.0)) * scale,
        ),
        max_restarts=draw.of((None, None, None, 0, 2)),
        scrape=draw.of((0.0, 0.0, 0.0, 1.0, 2.5, 0.7)) * scale,
        detection=(period := draw.of((0.0, 0.0, 1.0)) * scale, period + draw.of((0.0, 1.0)) * scale),
        until=draw.of((INF, INF, INF, 10.5, 24.0)) * scale,
        seed=draw.below(1000),
    )


def _queue_options(draw: Draw, queue: str, scale: float) -> dict[str, Any]:
    options = draw_queue_options(draw, queue, scale)
    if queue == "drf":
        some = draw.of((FAIR_PREEMPTION, FAIR_PREEMPTION[:1], FAIR_PREEMPTION[1:], ()))
        return {"fair_preemption": some}
    return {key: value for key, value in options.items() if key != "patience"}


def small_request(draw: Draw, spec: ClusterSpec) -> dict[str, Any]:
    """A part of some node, so that several fit there."""
    table = spec.nodes()
    node = draw.below(len(table))
    asked: dict[str, Any] = {"cpu_milli": int(table.cpu_milli[node]) // draw.of((2, 3, 4, 4))}
    if draw.one_in(3):
        asked["memory_mib"] = min(int(table.memory_mib[node]), 10**6) // draw.of((2, 4))
    if table.gpus[node] and not draw.one_in(4):
        asked |= (
            {"mig": draw.of(("1g.5gb", "3g.20gb"))}
            if table.mig[node]
            else draw.of(({"gpus": 1}, {"gpus": 1}, {"gpu_milli": 500}, {"gpus": 2}))
        )
    return asked


def _in_turn(draw: Draw, zones: list[dict[str, Any]], requests: int, scale: float) -> list[Job]:
    """Long jobs of anybody fill the cluster; then those come to whom something is guaranteed, some at one instant."""
    owners = [NAMES.index(zone["name"]) for zone in zones if zone.get("guarantee") and zone["name"] in NAMES] or [0]
    jobs = []
    for i in range(draw.of((6, 12, 20))):
        late = i >= 6 and not draw.one_in(4)
        submit = draw.of((5, 5, 8, 9, 12)) if late else draw.of((0, 0, 1, 2))
        duration = draw.of((1, 2, 4, 6)) if late else draw.of((6, 9, 13, 20, 20))
        request, group = draw.below(requests), draw.of(owners) if late else draw.below(len(NAMES))
        replicas, priority = draw.of((1, 1, 1, 2, 3)), draw.of((0, 0, 1, 1, 5, -2))
        estimate = duration + draw.of((0, 0, 3))
        jobs.append(Job(submit * scale, duration * scale, estimate * scale, request, request, replicas, priority, group))
    return sorted(jobs, key=lambda job: job.submit)


def _in_bursts(draw: Draw, jobs: list[Job], scale: float) -> list[Job]:
    """The jobs, those of one instant or a few together of one group."""
    found, group, left = [], 0, 0
    for job in jobs:
        if not left:
            group, left = draw.below(len(NAMES)), draw.of((1, 1, 2, 4, 8))
        left -= 1
        found.append(job._replace(group=group))
    if draw.one_in(2):  # a burst at one instant
        begin, at = draw.below(len(found)), draw.below(HORIZON) * scale
        found = [job._replace(submit=at) if i >= begin else job for i, job in enumerate(found)]
    return sorted(found, key=lambda job: job.submit)


def smaller(case: ZoneCase) -> Iterator[ZoneCase]:
    """Cases with less in them, the boldest first: without jobs, faults, zones, nodes, or with an option at its default."""
    for name in ("jobs", "faults"):
        for kept in without_some(getattr(case, name)):
            yield replace(case, **{name: kept})
    nodes = case.spec().nodes()
    for zones in simpler_zones(case.zones):
        if are_good(zones, nodes):
            yield replace(case, zones=zones)
    usual = ZoneCase()
    for option in ("queue_options", "placement", "checkpoint", "max_restarts", "scrape", "detection", "until", "seed", "queue"):
        if getattr(case, option) != getattr(usual, option):
            yield replace(case, **{option: getattr(usual, option)} | ({"queue_options": {}} if option == "queue" else {}))
    for gone, groups in with_fewer_nodes(case.groups):
        faults = [fault._replace(node=fault.node - (fault.node > gone)) for fault in case.faults if fault.node != gone]
        fewer = replace(case, groups=groups, faults=faults)
        if are_good(fewer.zones, fewer.spec().nodes()):
            yield fewer
    for i, job in enumerate(case.jobs):
        for change in ({"replicas": 1, "last": job.request}, {"priority": 0}, {"estimate": job.duration}):
            if (simpler := job._replace(**change)) != job:
                yield replace(case, jobs=[*case.jobs[:i], simpler, *case.jobs[i + 1 :]])
    used = sorted({job.request for job in case.jobs} | {job.last for job in case.jobs})
    if len(used) < len(case.requests) and used:
        number = {old: new for new, old in enumerate(used)}
        jobs = [job._replace(request=number[job.request], last=number[job.last]) for job in case.jobs]
        yield replace(case, requests=[case.requests[old] for old in used], jobs=jobs)
