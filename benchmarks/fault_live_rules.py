"""The live part of the fault campaign: a cluster whose hardware fails, whose nodes are cordoned and drained and come and go, and whose
workloads come and go too.

After every instant the scheduler's state is checked as in a replay (`fault_invariants`), and with it what the cluster says of itself: free
and bound make the capacity, each workload is where the scheduler has its job and has a reason where it needs one, and no environment runs
twice. At the end the event log must be causally closed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np

from benchmarks import fault_networks
from benchmarks.fault_calls import carry_out, repair
from benchmarks.fault_clusters import has_spot_machines
from benchmarks.fault_draws import HEADED
from benchmarks.fault_invariants import Invariants, Violation
from benchmarks.fault_live import Call, LiveCase
from benchmarks.fault_mark_rules import MarkRules
from benchmarks.fault_presence import Presence
from mlplat.events import Event
from mlplat.infra.cluster import Cluster
from mlplat.infra.kernels.attempt_state import ABSENT, GIVEN_UP
from mlplat.infra.kernels.state import STARTED, WAITING, JobState
from mlplat.infra.volumes import VolumeStatus
from mlplat.infra.workload_records import WorkloadRecord, WorkloadStatus

REPAIRED_S, END_S = 30.0, 90.0
"""When everything that is broken is mended, and when the run ends."""
OUTSIDE = (
    *(
        "workload.submitted",
        "workload.deleted",
        "service.*",
        "call.refused",
        "volume.claimed",
        "volume.released",
        "node.requested",
        "node.left",
        "access.denied",
        "cluster.*",
        "zone.*",
    ),
    *("node.labelled", "node.tainted", "node.untainted", *fault_networks.OUTSIDE),
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
HOLDING = (WorkloadStatus.STARTING, WorkloadStatus.RUNNING, WorkloadStatus.STOPPING)
NEEDS_REASON = (WorkloadStatus.HELD, WorkloadStatus.FAILED, WorkloadStatus.REJECTED, WorkloadStatus.CANCELLED)


def play(case: LiveCase) -> tuple[Violation | None, int, int, int]:
    """What was wrong first, the instants that were checked, the jobs and the attempts."""
    cluster = case.cluster()
    sim = cluster.sim
    invariants = Invariants(cluster.scheduler.run, [request for request, _ in cluster.scheduler.table.class_of], live=True)
    marks = MarkRules(cluster, case, invariants.room) if case.marked else None
    for number, work in enumerate(case.works):
        sim.at(work.time, carry_out, cluster, case, Call(work.time, "submit", number))
    for call in case.calls:
        sim.at(call.time, carry_out, cluster, case, call, marks)
    sim.at(REPAIRED_S, repair, cluster)
    comings = Comings(cluster, case) if cluster.autoscaling is not None else None
    violation, instants = None, 0
    while violation is None and sim.peek() <= END_S:
        sim.step()
        instants += 1
        if invariants.run_ is not cluster.scheduler.run:  # other policies were set
            invariants.run_ = invariants.nodes.run = cluster.scheduler.run
        invariants.room.learn([request for request, _ in cluster.scheduler.table.class_of])
        violation = invariants.check(sim.now)
        for rule, details in () if violation else _rules(cluster, invariants, comings, marks):
            for detail in details:
                violation = violation or Violation(rule, sim.now, detail)
    at_end = (sim.log.check(OUTSIDE), _wrong_end(cluster, comings, marks), _wrong_volumes(cluster), fault_networks.wrong_end(cluster))
    for detail in () if violation else chain.from_iterable(at_end):
        violation = Violation("log", sim.now, detail)
        break
    return violation, instants, cluster.scheduler.table.count, int(cluster.scheduler.run.world.count[STARTED])


def _rules(
    cluster: Cluster, invariants: Invariants, comings: Comings | None, marks: MarkRules | None
) -> Iterator[tuple[str, Iterator[str]]]:
    yield "cluster", _wrong_cluster(cluster, invariants)
    yield "state", _wrong_state(cluster, invariants)
    yield "network", fault_networks.wrong(cluster)
    if comings is not None:
        yield "nodes", comings.wrong(invariants)
    if marks is not None:
        yield "marks", marks.wrong()


class Comings:
    """The nodes that come and go, as the event log tells it."""

    def __init__(self, cluster: Cluster, case: LiveCase) -> None:
        self.cluster, self.sim = cluster, cluster.sim
        self.presence = Presence(cluster.spec, cluster.scheduler.run.absent, case.scan)
        self.any_spot = has_spot_machines(case.groups)
        self.said: list[str] = []
        self.expected: dict[int, float] = {}
        """Nodes that were asked for, and when they are to join."""
        for predicate in ("node.requested", "node.joined", "node.left", "node.cordoned"):
            self.sim.log.subscribe(predicate, self._told)

    def _told(self, event: Event) -> None:
        row, now, presence = self.cluster.hardware.row(event.name), self.sim.now, self.presence
        presence.go_on(now)
        if event.predicate != "node.cordoned":  # the instant is not over, and its cycle was before
            world = self.cluster.scheduler.run.world
            busy = np.zeros(len(presence.there), dtype=np.bool_)
            busy[world.cluster.row_of] = world.hardware.resident >= 0
            presence.held(now, busy, bool(world.count[WAITING]))
        if event.predicate == "node.requested":
            self.expected[row] = float(event.data["joins_s"])
        elif event.predicate == "node.joined":
            if self.expected.pop(row, None) != now:
                self.said.append(f"node {row} joined at {now}, and was not to")
            self.said += presence.join(row, now)
        elif event.predicate == "node.left":
            self.said += presence.leave(row, now, spot=event.data["reason"] == "spot")
        elif "spot" in event.data["reasons"]:
            presence.warned[row] = True

    def wrong(self, invariants: Invariants) -> Iterator[str]:
        """What is wrong after an instant."""
        yield from self.said
        seen = invariants.look(self.sim.now)
        node = seen.held.node
        yield from self.presence.wrong(node, seen.log["start"][seen.attempt[seen.holding]])
        if ((invariants.health & ABSENT == 0) != self.presence.there).any():
            yield f"the health of the nodes is {invariants.health.tolist()}; by the log those there are {self.presence.there.tolist()}"
        waits = bool((seen.state == JobState.WAITING).any())
        self.presence.held(self.sim.now, np.bincount(node, minlength=len(invariants.health)) > 0, waits)


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
    running = [environment for row in reached for environment in cluster.virtualization.running_on(row) if environment.in_memory]
    for (_, name), count in Counter((environment.owner.job, environment.name) for environment in running).items():
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


def _wrong_state(cluster: Cluster, invariants: Invariants) -> Iterator[str]:
    """What the endpoint says of the whole cluster balances, node by node, and fits the health of the nodes."""
    state = cluster.endpoint.state()
    if (state.free + state.bound != state.capacity).any() or (state.free < 0).any():
        row = int((state.free + state.bound != state.capacity).any(axis=1).argmax())
        yield f"node {row}: {state.free[row].tolist()} free and {state.bound[row].tolist()} bound of {state.capacity[row].tolist()}"
    there = invariants.health & ABSENT == 0
    if (state.failed[:, 3] != np.where(there, 1000 * invariants.down.sum(axis=1), 0)).any():
        yield f"{state.failed.tolist()} is said to have failed"
    if state.capacity[~there].any() or state.failed[~there].any():
        yield f"nodes {np.flatnonzero(~there).tolist()} are not there, and {state.capacity.tolist()} is said to be"
    odd = (invariants.health & (ABSENT | GIVEN_UP) != 0) & (np.array(state.health) != "down")
    if odd.any():
        yield f"node {odd.argmax()} is said to be {state.health[odd.argmax()]} and takes no work"
    known = sum("/" not in name for name in cluster.workloads) + len(cluster.endpoint._directory._services)
    if sum(state.workloads.values()) != known:
        yield f"{dict(state.workloads)} are counted, and {known} are there"


def _wrong_volumes(cluster: Cluster) -> Iterator[str]:
    """What volumes hold of each disk and what is free make the disk; what was on the disk of a machine that has left is lost."""
    for name, _, capacity, held, free, _ in cluster.volumes.storage().rows():
        if capacity is not None and held + free != capacity:
            yield f"{held} MiB of {name} are held and {free} free, and it has {capacity}"
    for name in cluster.volumes.names():
        volume = cluster.volumes[name]
        gone = volume.node is not None and any(
            event.time > volume.claimed_s for event in cluster.sim.log.select(predicate="node.left", subject=f"node:{volume.node}")
        )
        if gone and volume.status is not VolumeStatus.LOST:
            yield f"{volume} is on a machine that has left"


def _wrong_end(cluster: Cluster, comings: Comings | None, marks: MarkRules | None) -> Iterator[str]:
    """Every workload has come to its end once, or is still accounted for; with nothing running in a whole cluster nothing waits but what
    waits for labels, or for taints to go.
    """
    if marks is not None:
        marks.check_shown()
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
    pending = [record for record in cluster._records if record.status is WorkloadStatus.PENDING]
    if marks is not None and not all(marks.could_run(record.job) for record in pending):
        return
    waiting = [record.name for record in pending]
    running = any(record.status in HOLDING for record in cluster._records)  # where scrapes are rare, also what has completed since the last
    if comings is not None and (comings.expected or cluster.scheduler.table.queue.name not in HEADED or comings.any_spot):
        return  # nodes may still come for them, or came for jobs behind the head
    if waiting and not running and not np.any(health & ~ABSENT):
        yield f"{waiting} wait, and the cluster is empty"
