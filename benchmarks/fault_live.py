"""The live part of the fault campaign: a cluster whose hardware fails, whose nodes are cordoned and drained, whose workloads come and go.

After every instant the scheduler's state is checked as in a replay (`fault_invariants`), and with it what the cluster says of itself: free
and bound make the capacity, each workload is where the scheduler has its job and has a reason where it needs one, and no environment runs
twice. At the end the event log must be causally closed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fault_cases import (
    GROUPS,
    INF,
    QUEUES,
    Draw,
    draw_groups,
    draw_queue_options,
    draw_request,
    shown,
    with_fewer_nodes,
    without_some,
)
from benchmarks.fault_invariants import Invariants, Violation
from mlplat.context import Simulation
from mlplat.errors import MlplatError
from mlplat.hardware import ClusterSpec
from mlplat.infra.checkpoints import CheckpointPolicy
from mlplat.infra.cluster import Cluster
from mlplat.infra.incidents import Damping, Detection
from mlplat.infra.kernels.state import STARTED, JobState
from mlplat.infra.queueing import queue_policy
from mlplat.infra.virtualization.images import Image, ImageStore, Layer
from mlplat.infra.virtualization.usage import Usage
from mlplat.infra.virtualization.usage_curve import UsageCurve
from mlplat.infra.workload_records import WorkloadRecord, WorkloadStatus
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest
from mlplat.streams import stream

PLACEMENTS = ("first-fit", "random", "best-fit", "worst-fit", "balanced", "gpu-packing", "gpu-clustering", "topology")
REPAIRED_S, END_S = 30.0, 120.0
"""When everything that is broken is mended, and when the run ends."""
IMAGES = ImageStore((Image("small:1", (Layer.of("base", 10),)), Image("large:1", (Layer.of("base", 10), Layer.of("code", 90)))))
OUTSIDE = (
    *("workload.submitted", "workload.deleted", "service.*", "call.refused", "access.denied", "cluster.*", "zone.*"),
    *("node.failed", "node.partitioned", "node.cordoned", "node.drained", "node.draining", "node.uncordoned", "device.failed"),
)
"""What may have no cause: the calls of this campaign."""
FITTING = {
    WorkloadStatus.PENDING: (JobState.WAITING,),
    WorkloadStatus.HELD: (JobState.HELD,),
    WorkloadStatus.STARTING: (JobState.RUNNING,),
    WorkloadStatus.RUNNING: (JobState.RUNNING,),
    WorkloadStatus.STOPPING: (JobState.RUNNING, JobState.CANCELLED, JobState.COMPLETED, JobState.FAILED),
    WorkloadStatus.SUCCEEDED: (JobState.COMPLETED,),
    WorkloadStatus.FAILED: (JobState.FAILED,),
    WorkloadStatus.REJECTED: (JobState.REJECTED, JobState.LOST),
    WorkloadStatus.CANCELLED: (JobState.CANCELLED,),
}
OF_WORKLOADS = ("delete", "scale")
"""Verbs whose target is a workload and not a node."""
NEEDS_REASON = (WorkloadStatus.HELD, WorkloadStatus.FAILED, WorkloadStatus.REJECTED, WorkloadStatus.CANCELLED)


class Work(NamedTuple):
    """A workload and when it is submitted; `options` as of `Workload`, `checkpoint` as (interval, write, restart), `memory` in MiB/s."""

    time: float
    request: dict[str, Any]
    options: dict[str, Any]


class Call(NamedTuple):
    """Something that is called at a time: a verb of the hardware or the endpoint, the node (row) or workload it is for, and a number."""

    time: float
    verb: str
    target: int
    amount: float = 0.0


@dataclass(frozen=True)
class LiveCase:
    """A live cluster. Its workloads are called w0, w1, ... in order."""

    groups: list[dict[str, Any]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    queue: str = "fifo"
    queue_options: dict[str, Any] = field(default_factory=dict)
    placement: str = "best-fit"
    start_overhead: float = 0.0
    scrape_period: float | None = None
    stale: bool = False
    max_restarts: int | None = None
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    detection: tuple[float, float] = (1.0, 2.0)
    damping: tuple[int, float, float, float] | None = None
    seed: int = 0

    def cluster(self) -> Cluster:
        """The cluster, in a simulation of its own."""
        damping = None
        if self.damping is not None:
            times, window, hold, longest = self.damping
            damping = Damping(times=times, window=window, hold=hold, longest=longest)
        return Cluster(
            Simulation(self.seed),
            ClusterSpec.model_validate({"groups": self.groups}),
            queue=queue_policy(self.queue, **self.queue_options),
            placement=self.placement,
            images=IMAGES,
            start_overhead=self.start_overhead,
            registry_mbps=100.0,
            detection=Detection(*self.detection, damping),
            scrape_period=self.scrape_period,
            stale=self.stale,
            max_restarts=self.max_restarts,
            limits=self.limits,
        )

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = LiveCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"LiveCase({', '.join(parts)})"


# -- making cases


def make_case(seed: int, index: int) -> LiveCase:
    """The live case of that number.

    >>> make_case(3, 19) == make_case(3, 19)
    True
    """
    draw = Draw(stream(seed, f"faults/live/{index}"))
    groups = draw_groups(draw)
    spec = ClusterSpec.model_validate({"groups": groups})
    requests = [draw_request(draw, spec) for _ in range(1 + draw.below(4))]
    works = [_draw_work(draw, requests) for _ in range(1 + draw.below(12))]
    calls = [call for _ in range(draw.below(10)) for call in _draw_calls(draw, spec, len(works))]
    queue, period, scrape = draw.of(QUEUES), draw.of((0.0, 1.0, 2.5)), draw.of((None, 2.5, 7.0))
    return LiveCase(
        groups=groups,
        works=sorted(works, key=lambda work: work.time),
        calls=sorted(calls),
        queue=queue,
        queue_options=draw_queue_options(draw, queue, 1.0) | ({"weights": {}} if queue == "drf" else {}),
        placement=draw.of(PLACEMENTS),
        start_overhead=draw.of((0.0, 0.0, 0.5)),
        scrape_period=scrape,
        stale=scrape is not None and draw.one_in(2),
        max_restarts=draw.of((None, None, 0, 2)),
        limits={"a": draw.of(({"cpus": 4}, {"gpus": 2.5}))} if draw.one_in(3) else {},
        detection=(period, period + draw.of((0.0, 1.0, 3.0))),
        damping=draw.of((None, (2, 20.0, 4.0, 16.0))),
        seed=draw.below(1000),
    )


def _draw_work(draw: Draw, requests: list[dict[str, Any]]) -> Work:
    options: dict[str, Any] = {"replicas": draw.of((1, 1, 1, 2, 3)), "zone": draw.of(GROUPS), "priority": draw.of((0, 0, 1, 5))}
    duration = draw.of((0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, INF))
    options["duration"] = None if duration == INF else duration
    if draw.one_in(6):
        options |= {"kind": "service", "duration": None}
    if draw.one_in(3):
        options["image"] = draw.of(("small:1", "large:1", "unknown:1"))
    if draw.one_in(3):
        options["checkpoint"] = (draw.of((1.0, 2.0, 5.0)), draw.of((0.0, 0.5, 1.0)), draw.of((0.0, 1.0)))
    if draw.one_in(6):
        options["restart"] = draw.of(("on-failure", "always")) if options.get("kind") == "service" else "on-failure"
    if draw.one_in(6):
        options["memory"] = draw.of((100.0, 1000.0))
    return Work(draw.below(20) * 1.0, draw.of(requests), options)


def _draw_calls(draw: Draw, spec: ClusterSpec, works: int) -> list[Call]:
    """A fault and, mostly, its repair; a node closed for a while; or something that becomes of a workload."""
    table = spec.nodes()
    node, time, length = draw.below(len(table)), draw.below(24) * 1.0, draw.of((0.0, 1.0, 3.0, 8.0, 40.0))
    kind = draw.of(("crash", "crash", "cut_off", "cut_off", "fail_device", "drain", "cordon", "delete", "scale", "flapping"))
    if kind in ("crash", "cut_off"):
        return [Call(time, kind, node), Call(time + length, "restore", node)]
    if kind == "flapping":
        return [Call(time + 4 * i + 2 * (verb == "restore"), verb, node) for i in range(3) for verb in ("cut_off", "restore")]
    if kind == "fail_device":
        device = draw.below(max(1, int(table.gpus[node])))
        return [Call(time, kind, node, device), Call(time + length, "repair_device", node, device)]
    if kind in ("drain", "cordon"):
        return [Call(time, kind, node, draw.of((0.0, 0.5, 2.0))), Call(time + length, "uncordon", node)]
    return [Call(time, kind, draw.below(works), draw.below(4))]


# -- running them


def play(case: LiveCase) -> tuple[Violation | None, int, int, int]:
    """What was wrong first, the instants that were checked, the jobs and the attempts."""
    cluster = case.cluster()
    sim, run = cluster.sim, cluster.scheduler.run
    for number, work in enumerate(case.works):
        sim.at(work.time, _submit, cluster, f"w{number}", work)
    for call in case.calls:
        sim.at(call.time, _carry_out, cluster, call)
    sim.at(REPAIRED_S, _repair, cluster)
    table = cluster.scheduler.table
    invariants = Invariants(run, list(table.class_of), live=True)
    violation, instants = None, 0
    while violation is None and sim.peek() <= END_S:
        sim.step()
        instants += 1
        invariants.room.learn(list(table.class_of))
        violation = invariants.check(sim.now)
        for detail in () if violation else _wrong_cluster(cluster, invariants):
            violation = Violation("cluster", sim.now, detail)
            break
    for detail in () if violation else (*sim.log.check(OUTSIDE), *_wrong_end(cluster)):
        violation = Violation("log", sim.now, detail)
        break
    return violation, instants, cluster.scheduler.table.count, int(run.world.count[STARTED])


def _submit(cluster: Cluster, name: str, work: Work) -> None:
    options = dict(work.options)
    if "checkpoint" in options:
        options["checkpoint"] = CheckpointPolicy(*options["checkpoint"])
    if "memory" in options:
        options["usage"] = Usage(memory=UsageCurve.ramp(0, options.pop("memory"), per="1s"))
    cluster.endpoint.submit(Workload(name, ResourceRequest(**work.request), **options))


def _carry_out(cluster: Cluster, call: Call) -> None:
    """A call; that the cluster refuses it is an answer too."""
    verbs: dict[str, Callable[[], object]] = {
        "delete": lambda: cluster.endpoint.delete(f"w{call.target}", grace=call.amount),
        "scale": lambda: cluster.endpoint.scale(f"w{call.target}", int(call.amount)),
    }
    if call.verb not in verbs:
        name = cluster.nodes.names[call.target]
        verbs |= {verb: lambda: getattr(cluster.hardware, call.verb)(name) for verb in ("crash", "cut_off", "restore")}
        verbs |= {verb: lambda: getattr(cluster.hardware, call.verb)(name, int(call.amount)) for verb in ("fail_device", "repair_device")}
        verbs |= {verb: lambda: getattr(cluster.endpoint, call.verb)(name) for verb in ("cordon", "uncordon")}
        verbs["drain"] = lambda: cluster.endpoint.drain(name, grace=call.amount)
    try:
        verbs[call.verb]()
    except MlplatError as error:
        assert str(error), "an error says why"


def _repair(cluster: Cluster) -> None:
    for row, name in enumerate(cluster.nodes.names):
        cluster.hardware.restore(name)
        cluster.endpoint.uncordon(name)
        for device in range(int(cluster.nodes.gpus[row])):
            cluster.hardware.repair_device(name, device)


# -- what must hold


def _wrong_cluster(cluster: Cluster, invariants: Invariants) -> Iterator[str]:
    scheduler, stale = cluster.scheduler, cluster.scheduler.run.world.options.scrape > 0
    bound: Counter[tuple[int, str]] = Counter()
    for record in cluster._records:
        state, status = scheduler.state(record.job), record.status
        working = status in (WorkloadStatus.RUNNING, WorkloadStatus.STARTING)
        unnoticed = stale and working and state is JobState.COMPLETED  # it has not been scraped yet
        if state not in FITTING[status] and not unnoticed:
            yield f"{record.name} is {status.value}, and its job {state.name}"
        if status in NEEDS_REASON and not record.reason:
            yield f"{record.name} is {status.value} without a reason"
        if state is JobState.RUNNING:
            yield from _wrong_environments(cluster, record)
        if state is JobState.RUNNING or invariants.run_.world.progress.due[record.job] < math.inf:
            _add_held(cluster, record, bound)
    for row in range(len(cluster.nodes)):
        free, devices = scheduler.free(row), int(invariants.down[row].sum())
        capacity = {name: int(getattr(cluster.nodes, name)[row]) for name in ("cpu_milli", "memory_mib", "disk_mib")}
        capacity["gpu_milli"] = 1000 * (int(cluster.nodes.gpus[row]) - devices)
        for name, amount in capacity.items():
            if free[name] + bound[row, name] != amount:
                yield f"{name} of node {row}: {free[name]} free and {bound[row, name]} bound are not {amount}"
    # A node that cannot be reached cannot be told to stop either; what still runs there does not count any more.
    reached = [row for row in range(len(cluster.nodes)) if cluster.hardware.reachable(row)]
    names = Counter(environment.name for row in reached for environment in cluster.virtualization.running_on(row) if environment.in_memory)
    for name, count in names.items():
        if count > 1:
            yield f"environment {name} runs {count} times"


def _add_held(cluster: Cluster, record: WorkloadRecord, bound: Counter[tuple[int, str]]) -> None:
    request = record.workload.request
    for part in cluster.scheduler.held_by(record.job):
        milli = 1000 * request.gpus + request.gpu_milli
        if request.mig:
            geometry = cluster.nodes.models[cluster.nodes.model[part.node]].mig
            milli = 0 if geometry is None else geometry.profiles[request.mig].milli
        amounts = {"cpu_milli": request.cpu_milli, "memory_mib": request.memory_mib, "disk_mib": request.disk_mib, "gpu_milli": milli}
        for name, amount in amounts.items():
            bound[part.node, name] += part.replicas * amount


def _wrong_environments(cluster: Cluster, record: WorkloadRecord) -> Iterator[str]:
    """A gang that has room has one environment a replica, where its room is."""
    places = Counter({part.node: 0 for part in cluster.scheduler.held_by(record.job)})
    for part in cluster.scheduler.held_by(record.job):
        places[part.node] += part.replicas
    has = Counter(environment.node for environment in record.environments)
    if has != places:
        yield f"{record.name} has room on {dict(places)} and environments on {dict(has)}"


def _wrong_end(cluster: Cluster) -> Iterator[str]:
    """Every workload has come to its end once, or is still accounted for; with nothing running in a whole cluster nothing waits."""
    finished = Counter(event.subject for event in cluster.sim.log.select(predicate="workload.finished"))
    rejected = Counter(event.subject for event in cluster.sim.log.select(predicate="workload.rejected"))
    for record in cluster._records:
        subject = f"workload:{record.name}"
        ends = finished[subject] + rejected[subject]
        submitted = sum(other.name == record.name for other in cluster._records)
        over = sum(other.over for other in cluster._records if other.name == record.name)
        if ends != over:
            yield f"{record.name} was submitted {submitted} times, is over {over} times and ended {ends} times in the log"
    health = cluster.scheduler.run.world.hardware.health
    waiting = [record.name for record in cluster._records if record.status is WorkloadStatus.PENDING]
    running = any(cluster.scheduler.state(record.job) is JobState.RUNNING for record in cluster._records)
    if waiting and not running and not np.any(health):
        yield f"{waiting} wait, and the cluster is empty"


def smaller(case: LiveCase) -> Iterator[LiveCase]:
    """Cases with less in them, the boldest first. Calls keep the workload or node that they are for."""
    for kept in without_some([*range(len(case.works))]):
        number = {old: new for new, old in enumerate(kept)}
        calls = [
            call._replace(target=number[call.target]) if call.verb in OF_WORKLOADS else call
            for call in case.calls
            if call.verb not in OF_WORKLOADS or call.target in number
        ]
        yield replace(case, works=[case.works[i] for i in kept], calls=calls)
    for calls in without_some(case.calls):
        yield replace(case, calls=calls)
    usual = LiveCase()
    for f in fields(case):
        if f.name not in ("groups", "works", "calls") and getattr(case, f.name) != getattr(usual, f.name):
            extra = {"queue_options": {}} if f.name == "queue" else {"stale": False} if f.name == "scrape_period" else {}
            yield replace(case, **{f.name: getattr(usual, f.name)} | extra)
    for gone, groups in with_fewer_nodes(case.groups):
        calls = [
            call._replace(target=call.target - (call.verb not in OF_WORKLOADS and call.target > gone))
            for call in case.calls
            if call.verb in OF_WORKLOADS or call.target != gone
        ]
        yield replace(case, groups=groups, calls=calls)
    for i, work in enumerate(case.works):
        for option in work.options:
            if option != "duration":
                options = {name: value for name, value in work.options.items() if name != option}
                yield replace(case, works=[*case.works[:i], work._replace(options=options), *case.works[i + 1 :]])
