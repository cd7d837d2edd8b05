"""`endpoint.explain`: why a workload waits, node by node, or why it is where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...errors import printable
from ...html_tables import table
from ...units import format_seconds
from ..kernels.inspect_nodes import all_scores
from ..kernels.state import REPLICAS, REQUEST, JobState, Queue, Reason
from ..quotas.reasons import UnderQuota, WaitReason, lane_of, under_quota
from .node_reasons import ROOM, WORDS, NodeReason, gang_fits, node_reasons
from .undisturbed import without_job

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..cluster import Cluster
    from ..workload_records import WorkloadRecord

ALTERNATIVES = 10
"""Nodes that an explanation of a running workload ranks."""
_BY_ESTIMATE, _BY_LEVEL = (Queue.SJF, Queue.SRTF), (Queue.PRIORITY, Queue.LAS)
_BY_KEY = (Queue.CUSTOM, Queue.CUSTOM_BEST_EFFORT)
_BY_QUOTA = (WaitReason.ZONE_LIMIT, WaitReason.SUSPENDED, WaitReason.NO_CAPACITY)
_BACKFILLING = (Queue.EASY, Queue.CONSERVATIVE)


class Alternative(NamedTuple):
    """A node that a replica could be on, and its score: the higher, the better. `chosen`: it is there."""

    node: str
    score: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of why a workload waits or is where it is, at the instant of the question.

    `counts`: of a waiting workload, how many nodes there are of each reason, most first; they sum to `nodes`. `feasible`: nodes with room
    for one replica. `position`: its place in the queue, 0 for the head, None out of it. `blocked_by`: the workload that is first in the
    queue, None if it is this one. `reasons`: why it was rejected or has failed.
    `alternatives`: of one that holds room, nodes ranked for its first replica by the scores of now, its own room given back; the node it
    was given comes first. `quota`: what is known of it under its quota (docs/quotas.md), None on a cluster without quotas; its place in the
    queue is then that in its lane. `text`: all this as sentences.
    """

    name: str
    status: str
    text: str
    nodes: int
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    feasible: int = 0
    position: int | None = None
    blocked_by: str | None = None
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    quota: UnderQuota | None = None

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        rows = [(a.node, f"{a.score:.4g}", "chosen" if a.chosen else "") for a in self.alternatives]
        return table(("node", "score", ""), rows, lead=[self.text])


def explain_job(cluster: Cluster, record: WorkloadRecord) -> Explanation:
    """The explanation of one job (a gang, or a replica of a service)."""
    scheduler = cluster.scheduler
    status, nodes = record.status.value, len(cluster.nodes)
    state = scheduler.state(record.job)
    title = f"{printable(record.name)} ({_asks(record)})"
    if status in ("pending", "held") and state != JobState.LOST:
        return _waiting(cluster, record, state, status, title)
    if state == JobState.RUNNING and status in ("starting", "running", "stopping"):
        return _placed(cluster, record, status, title)
    reasons = _reasons(cluster, record)
    said = f": {', '.join(reasons)}" if reasons else ""
    text = f"{title} was rejected: the cluster could never hold it{said}" if status == "rejected" else f"{title} {status}{said}"
    quota = _under_quota(cluster, record.job)
    if status == "rejected" and quota is not None and reasons == (Reason.QUOTA.name,):
        text = f"{title} was rejected: {quota.never_because}"
    elif quota is not None and quota.history:
        text += f"; {quota.history}"
    return Explanation(record.name, status, text + ".", nodes, reasons=reasons, quota=quota)


def _waiting(cluster: Cluster, record: WorkloadRecord, state: JobState, status: str, title: str) -> Explanation:
    run, job = cluster.scheduler.run, record.job
    cls, replicas = int(run.world.jobs.gang[job, REQUEST]), int(run.world.jobs.gang[job, REPLICAS])
    reasons = node_reasons(run, cls)
    room = reasons == ROOM
    quota = _under_quota(cluster, job)
    queue = _queue(cluster) if quota is None else lane_of(run, job)
    place = np.flatnonzero(queue == job)
    position = int(place[0]) if len(place) else None
    head = _name_of(cluster, int(queue[0])) if len(queue) and position != 0 else None
    if not gang_fits(run, cls, replicas, room):
        why = NodeReason.GANG_INCOMPLETE
    elif state == JobState.HELD or (quota is not None and quota.reason in _BY_QUOTA):
        why = NodeReason.HELD_BY_QUOTA
    elif state == JobState.PENDING or (not position and quota is None):
        why = NodeReason.NOT_YET_SCHEDULED
    else:
        why = NodeReason.QUEUED
    reasons[room] = why
    found = np.bincount(reasons, minlength=len(NodeReason))
    counts = {WORDS[NodeReason(code)]: int(found[code]) for code in np.argsort(-found, kind="stable").tolist() if found[code]}
    text = f"{title} is {status}: 0/{len(cluster.nodes)} nodes: " + ", ".join(f"{count} {word}" for word, count in counts.items())
    text += _queue_text(cluster, state, why, position, len(queue), head) if quota is None or quota.reason is None else f"; {quota}"
    return Explanation(
        record.name,
        status,
        text,
        len(cluster.nodes),
        MappingProxyType(counts),
        int(room.sum()),
        position,
        head,
        _reasons(cluster, record),
        quota=quota,
    )


def _queue_text(cluster: Cluster, state: JobState, why: NodeReason, position: int | None, length: int, head: str | None) -> str:
    policy = cluster.scheduler.table.queue
    if state == JobState.HELD:
        return "; held out of the queue by a limit of its zone"
    if state == JobState.PENDING:
        return "; it takes part in the scheduling cycle at the end of this instant"
    if position == 0 or position is None:
        return f"; next of {length} in the queue ({policy.label()})"
    text = f"; number {position + 1} of {length} in the queue ({policy.label()})"
    if why == NodeReason.QUEUED:
        why_not = "room is kept for its reservation" if policy.code in _BACKFILLING else "it comes first"
        text += f"; BlockedBy {printable(head or 'others')}: {why_not}"
    return text


def _placed(cluster: Cluster, record: WorkloadRecord, status: str, title: str) -> Explanation:
    run, job = cluster.scheduler.run, record.job
    held = cluster.scheduler.held_by(job)
    scores = np.empty(len(cluster.nodes))
    with without_job(run, job):
        all_scores(run.address, int(run.world.jobs.gang[job, REQUEST]), scores)
        run.check()
    row_of = run.world.cluster.row_of
    of_node = np.empty(len(scores))
    of_node[row_of] = scores
    feasible = int(np.isfinite(of_node).sum())
    order = row_of[np.argsort(-scores, kind="stable")].tolist()
    mine = held[0].node
    ranked = [mine, *(row for row in order if row != mine and np.isfinite(of_node[row]))][:ALTERNATIVES]
    taken = {where.node for where in held}
    names = cluster.nodes.names
    alternatives = tuple(Alternative(names[row], float(of_node[row]), row in taken) for row in ranked)
    better = int((of_node > of_node[mine]).sum())
    now = "still the best" if better == 0 else f"{better} would be better by now"
    waited = format_seconds(record.started_s - record.submitted_s)
    where = ", ".join(dict.fromkeys(printable(names[place.node]) for place in held[:5])) + (", …" if len(held) > 5 else "")
    text = f"{title} is {status} on {where} after waiting {waited}; {run.placement.label()} score {of_node[mine]:.4g}"
    quota = _under_quota(cluster, job)
    text += f", {now} of {feasible} nodes with room for it"
    text += f"; {quota.history}." if quota is not None and quota.history else "."
    return Explanation(record.name, status, text, len(cluster.nodes), feasible=feasible, alternatives=alternatives, quota=quota)


def _under_quota(cluster: Cluster, job: int) -> UnderQuota | None:
    """What a workload waits for under its quota; None on a cluster without quotas."""
    table = cluster.scheduler.table.quotas
    if table is None:
        return None
    one = table.described[int(table.arrays.of[job]) - 1]
    name = "" if one is None else one.name
    names = {record.job: record.name for record in cluster.workloads.values()}
    return under_quota(cluster.scheduler.run, job, cluster.sim.now, name, table.parts.flavors, lambda each: names.get(each, "(deleted)"))


def _queue(cluster: Cluster) -> npt.NDArray[np.intp]:
    """The jobs that wait, first in the queue first. Under `drf` and `best-effort-fifo`, where none is first, by submission."""
    world = cluster.scheduler.run.world
    count = cluster.scheduler.table.count
    waiting = np.flatnonzero(world.log.state[:count] == JobState.WAITING)
    code = cluster.scheduler.table.queue.code
    if code in _BY_ESTIMATE:
        return waiting[np.argsort(world.jobs.estimate[waiting], kind="stable")]
    if code in _BY_KEY:
        return waiting[np.argsort(world.jobs.key[waiting], kind="stable")]
    if code in _BY_LEVEL:
        return waiting[np.argsort(-world.progress.level[waiting], kind="stable")]
    return waiting


def _name_of(cluster: Cluster, job: int) -> str | None:
    return next((record.name for record in cluster.workloads.values() if record.job == job), None)


def _reasons(cluster: Cluster, record: WorkloadRecord) -> tuple[str, ...]:
    """Why the scheduler refused or gave up a job, one word each; else what its record says."""
    flags = cluster.scheduler.reason(record.job)
    if flags:
        return tuple(flag.name or "" for flag in Reason if flag and flag in flags)
    return (record.reason,) if record.reason else ()


def _asks(record: WorkloadRecord) -> str:
    work = record.workload
    return str(work.request) if work.replicas == 1 else f"{work.replicas} x {work.request}"
