"""What the endpoint answers about workloads and nodes: values of one instant that nobody can change."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import OptionError, printable
from ...html_tables import facts, table
from ...units import format_seconds
from ..virtualization.environments import LogLine
from ..workload_records import WorkloadRecord, WorkloadStatus

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..workload_spec import Workload
    from .services import Service


class ReplicaDescription(NamedTuple):
    """One replica. `job`: the name of the job it is or is part of. `node`, `devices`, `state` of its environment, and since when (s): where
    it has room.
    """

    replica: int
    job: str
    status: WorkloadStatus
    node: str | None = None
    devices: tuple[int, ...] = ()
    state: str = ""
    restarts: int = 0
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class WorkloadDescription:
    """A workload at one instant. Times in seconds, None for what has not happened. `ready`: replicas that run. `parts`: each replica."""

    name: str
    kind: str
    status: WorkloadStatus
    reason: str
    zone: str
    priority: int
    labels: Mapping[str, str]
    request: str
    replicas: int
    ready: int
    attempts: int
    actor: str
    submitted_s: float
    started_s: float | None
    ended_s: float | None
    parts: tuple[ReplicaDescription, ...]
    workload: Workload

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        asks = f"{self.replicas} x {self.request}"
        return f"{self.kind} {printable(self.name)}: {self.status.value}{reason}, {self.ready}/{self.replicas} ready, {asks}"

    def _repr_html_(self) -> str:
        told = [(f.name, _said(f.name, getattr(self, f.name))) for f in fields(self) if f.name not in ("parts", "workload", "name")]
        heads = ("replica", "job", "status", "node", "devices", "state", "restarts", "since")
        return facts(told, title=self.name) + (table(heads, map(_part_row, self.parts)) if self.parts else "")


class WorkloadSummary(NamedTuple):
    """A line of a list of workloads."""

    name: str
    kind: str
    status: WorkloadStatus
    reason: str
    zone: str
    priority: int
    replicas: int
    ready: int
    request: str
    age_s: float


class WorkloadList(tuple[WorkloadSummary, ...]):
    """Workloads in order of submission."""

    __slots__ = ()

    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(summary.name for summary in self)

    def __repr__(self) -> str:
        return "\n".join(f"{s.name}  {s.kind}  {s.status.value}  {s.ready}/{s.replicas}  {s.request}" for s in self) or "no workloads"

    def _repr_html_(self) -> str:
        return table(WorkloadSummary._fields, [[_said(n, v) for n, v in zip(s._fields, s, strict=True)] for s in self])


class NodeDescription(NamedTuple):
    """A node at one instant: health, and amounts as (capacity, bound, free). `workloads`: the jobs that hold room there. `labels`: all that
    it has, with `node`, `rack`, `group` and `accelerator`; `taints`: as text.
    """

    name: str
    health: str
    model: str | None
    cpu_milli: tuple[int, int, int]
    memory_mib: tuple[int, int, int]
    disk_mib: tuple[int, int, int]
    gpu_milli: tuple[int, int, int]
    failed_devices: tuple[int, ...]
    workloads: tuple[str, ...]
    labels: Mapping[str, str]
    taints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentLog:
    """The log of the environment of a replica: of the present attempt, or of the last one."""

    name: str
    lines: tuple[LogLine, ...]

    def __str__(self) -> str:
        return "\n".join(f"{line.time:12.3f}  {line.text}" for line in self.lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _part_row(part: ReplicaDescription) -> list[object]:
    return [_said(name, value) for name, value in zip(part._fields, part, strict=True)]


def _said(name: str, value: Any) -> Any:
    return format_seconds(value) if name.endswith("_s") and value is not None else value


def describe_job(cluster: Cluster, record: WorkloadRecord) -> WorkloadDescription:
    """A gang."""
    work = record.workload
    parts = tuple(_replica(cluster, record, place, place) for place in range(work.replicas))
    ready = work.replicas if record.status is WorkloadStatus.RUNNING else sum(part.state == "running" for part in parts)
    return _description(work, record.status, record.reason, record.actor, [record], ready, record.attempts, parts)


def describe_service(cluster: Cluster, service: Service) -> WorkloadDescription:
    """A service."""
    records = service.records
    parts = tuple(_replica(cluster, record, 0, index) for index, record in enumerate(records))
    attempts = sum(record.attempts for record in records)
    made = _description(service.workload, service.status, service.reason, service.actor, records, service.ready, attempts, parts)
    ended = service.ended_s if service.over else None
    return WorkloadDescription(
        **{f.name: getattr(made, f.name) for f in fields(made)} | {"submitted_s": service.submitted_s, "ended_s": ended}
    )


def _description(
    work: Workload,
    status: WorkloadStatus,
    reason: str,
    actor: str,
    records: list[WorkloadRecord],
    ready: int,
    attempts: int,
    parts: tuple[ReplicaDescription, ...],
) -> WorkloadDescription:
    started = [record.started_s for record in records if not math.isnan(record.started_s)]
    ended = [record.ended_s for record in records if not math.isnan(record.ended_s)]
    return WorkloadDescription(
        name=work.name,
        kind=work.kind,
        status=status,
        reason=reason,
        zone=work.zone,
        priority=work.priority,
        labels=work.labels,
        request=str(work.request),
        replicas=work.replicas,
        ready=ready,
        attempts=attempts,
        actor=actor,
        submitted_s=min((record.submitted_s for record in records), default=0.0),
        started_s=min(started, default=None),
        ended_s=max(ended) if ended and len(ended) == len(records) else None,
        parts=parts,
        workload=work,
    )


def _replica(cluster: Cluster, record: WorkloadRecord, place: int, index: int) -> ReplicaDescription:
    """The `place`-th environment of a record, as replica `index`."""
    if place >= len(record.environments):
        return ReplicaDescription(index, record.name, record.status)
    env = record.environments[place]
    return ReplicaDescription(
        index,
        record.name,
        record.status,
        cluster.nodes.names[env.node],
        tuple(env.grant.devices),
        env.state.value,
        env.restarts,
        env.history[-1][1],
    )


def summarize(entry: WorkloadRecord | Service, now: float) -> WorkloadSummary:
    """One line of a workload."""
    work = entry.workload
    if isinstance(entry, WorkloadRecord):
        ready = work.replicas if entry.status is WorkloadStatus.RUNNING else 0
    else:
        ready = entry.ready
    return WorkloadSummary(
        work.name,
        work.kind,
        entry.status,
        entry.reason,
        work.zone,
        work.priority,
        work.replicas,
        ready,
        str(work.request),
        now - entry.submitted_s,
    )


def log_of(record: WorkloadRecord, place: int, replica: int, replicas: int) -> EnvironmentLog:
    """The log of an environment of a record; empty while it has none. Raises OptionError for a replica that is not there."""
    if isinstance(replica, bool) or not isinstance(replica, int) or not 0 <= replica < replicas:
        raise OptionError(f"replica={str(replica)[:40]}: expected a replica of the workload, which has {replicas}, counted from 0")
    if place >= len(record.environments):
        return EnvironmentLog(f"{record.name}/{place}", ())
    env = record.environments[place]
    return EnvironmentLog(env.name, env.logs())
