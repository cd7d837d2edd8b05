"""The arrays of a run in which jobs can be interrupted: work, attempts, hardware, groups (`kernels.attempt_state`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import OptionError
from ..resources import DEVICE_MILLI, UNLIMITED
from .kernels.attempt_state import Attempts, Groups, Hardware, Options, Progress
from .kernels.state import GPU, LAST, MILLI, PROFILE, REPLICAS, REQUEST, Classes, Cluster, Queue
from .queueing import QueuePolicy

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace
    from .incidents import Incidents

Array = np.ndarray[Any, Any]
NO_LIMIT = 2**62
ROOM_PER_JOB = 8
"""Attempts a job for which there is room at first. Pages that are not reached are never touched."""


class Limit(NamedTuple):
    """The most that the admitted jobs of a group may ask for together."""

    cpu_milli: int = NO_LIMIT
    memory_mib: int = NO_LIMIT
    gpu_milli: int = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Interruptions:
    """What can interrupt jobs besides the queue policy, and what they save of their work.

    `interval`, `write`, `restart`: seconds, for all jobs or float64[n]. `max_restarts`: interruptions by failures after which a job has
    failed, None for no limit. `scrape`: the period in seconds at which freed room is noticed, 0 for at once. `limits`: by group.
    """

    incidents: Incidents | None = None
    interval: float | Array = np.inf
    write: float | Array = 0.0
    restart: float | Array = 0.0
    max_restarts: int | None = None
    scrape: float = 0.0
    limits: Mapping[str, Limit] = field(default_factory=dict)


def progress_arrays(trace: JobTrace, gang: Array, classes: Classes, milli: Array, queue: QueuePolicy, what: Interruptions) -> Progress:
    """Every job before its first attempt. `milli`: accelerator milli of each MIG profile."""
    n = len(trace)
    width = gang_milli(gang, classes, milli) / DEVICE_MILLI
    width[width == 0] = 1.0
    level = trace.priority.astype(np.float64) if queue.code == Queue.PRIORITY else np.full(n, float(queue.threshold > 0))

    def each(value: float | Array) -> Array:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,))).copy()

    def zeros(dtype: type = np.float64) -> Array:
        return np.zeros(n, dtype=dtype)

    return Progress(
        left=trace.duration.copy(),
        estimated=trace.estimate.copy(),
        interval=each(what.interval),
        write=each(what.write),
        restart=each(what.restart),
        lead=zeros(),
        finish=np.full(n, np.inf),
        due=np.full(n, np.inf),
        stop=np.full(n, np.nan),
        done=zeros(),
        saved=zeros(),
        kept=zeros(),
        end=np.full(n, np.nan),
        served=zeros(),
        width=width,
        level=level,
        attempt=np.full(n, -1, dtype=np.int64),
        attempts=zeros(np.int32),
        failures=zeros(np.int32),
        cause=zeros(np.int8),
        unseen=zeros(np.bool_),
        stopping=zeros(np.int32),
        place=np.full(n, -1, dtype=np.int32),
        changed=zeros(np.int32),
        listed=zeros(np.bool_),
        arrived_as=np.full(n, -1, dtype=np.int64),
    )


def no_progress() -> Progress:
    """That of a run in which nothing is interrupted."""
    kinds = {
        "attempt": np.int64,
        "arrived_as": np.int64,
        "attempts": np.int32,
        "failures": np.int32,
        "cause": np.int8,
        "unseen": np.bool_,
        "listed": np.bool_,
    }
    kinds |= dict.fromkeys(("stopping", "place", "changed"), np.int32)
    return Progress(*(np.empty(0, dtype=kinds.get(name, np.float64)) for name in Progress._fields))


def attempt_log(room: int) -> Attempts:
    """Room for so many attempts."""
    kinds = {"outcome": np.int8, "first": np.int64, "began_as": np.int64, "ended_as": np.int64}
    return Attempts(*(np.empty(room, dtype=kinds.get(name, np.float64)) for name in Attempts._fields))


def hardware_arrays(nodes: NodeTable, row_of: Array, widest: int, incidents: Incidents | None, *, interruptible: bool) -> Hardware:
    """All hardware healthy, and its incidents by the kernels' numbers of nodes. `widest`: devices of the widest node."""
    n = len(nodes) if interruptible else 0
    number = np.empty(len(row_of), dtype=np.int32)
    number[row_of] = np.arange(len(row_of), dtype=np.int32)
    m = 0 if incidents is None else len(incidents.time)
    return Hardware(
        health=np.zeros(n, dtype=np.int8),
        down=np.zeros((n, widest), dtype=np.bool_),
        resident=np.full(n, -1, dtype=np.int64),
        next=np.empty(0, dtype=np.int64),
        previous=np.empty(0, dtype=np.int64),
        time=np.empty(0) if not m or incidents is None else np.ascontiguousarray(incidents.time, dtype=np.float64),
        code=np.empty(0, np.int8) if not m or incidents is None else np.ascontiguousarray(incidents.code, dtype=np.int8),
        node=np.empty(0, np.int32) if not m or incidents is None else number[incidents.node],
        device=np.empty(0, np.int32) if not m or incidents is None else np.ascontiguousarray(incidents.device, dtype=np.int32),
        grace=np.empty(0) if not m or incidents is None else np.ascontiguousarray(incidents.grace, dtype=np.float64),
    )


def profile_milli(cluster: Cluster) -> Array:
    """int64[profiles]: what an instance of each MIG profile counts for on the first model that knows it."""
    milli = cluster.mig[:, :, MILLI]
    first = np.argmax(milli > 0, axis=1)
    return np.ascontiguousarray(milli[np.arange(len(milli)), first])


def gang_milli(gang: Array, classes: Classes, milli: Array) -> Array:
    """float64[n]: accelerator milli of all replicas of each job."""
    profile = classes.ask[:, PROFILE]
    each = np.where(profile >= 0, milli[np.maximum(profile, 0)], classes.ask[:, GPU]).astype(np.float64)
    if not len(gang):
        return np.zeros(0)
    return (gang[:, REPLICAS] - 1.0) * each[gang[:, REQUEST]] + each[gang[:, LAST]]


def group_arrays(trace: JobTrace, nodes: NodeTable, milli: Array, queue: QueuePolicy, limits: Mapping[str, Limit]) -> Groups:
    """Nothing held by any group. Raises OptionError for a weight or limit of a group that the trace does not have."""
    names = list(trace.groups)
    for kind, given in (("weights", queue.weights), ("limits", limits)):
        for name in given:
            if name not in names:
                raise OptionError(f"{kind}: the trace has no group {name!r:.60}; its groups are {', '.join(map(repr, names[:10]))}")
    capacity = [int(nodes.cpu_milli.sum()), int(nodes.memory_mib.sum()), int(nodes.gpus.sum(dtype=np.int64)) * DEVICE_MILLI]
    most = np.full((len(names) if limits else 0, 3), NO_LIMIT, dtype=np.int64)
    for name, limit in limits.items():
        for i, known in enumerate(names):
            if known == name:
                most[i] = limit
    count = len(names)
    return Groups(
        of=np.ascontiguousarray(trace.group),
        weight=np.array([float(queue.weights.get(name, 1.0)) for name in names]),
        total=np.array([amount if amount < UNLIMITED else 0 for amount in capacity], dtype=np.int64),
        held=np.zeros((count, 3), dtype=np.int64),
        limit=most,
        charged=np.zeros((count, 3), dtype=np.int64),
        first=np.full(count, -1, dtype=np.int32),
        last=np.full(count, -1, dtype=np.int32),
        next=np.full(len(trace) if limits else 0, -1, dtype=np.int32),
        profile=milli,
        skip=np.zeros(count, dtype=np.int64),
    )


def no_groups() -> Groups:
    """Those of a run that does not look at groups."""
    integers, columns = np.empty(0, dtype=np.int64), np.empty((0, 3), dtype=np.int64)
    rows = np.empty(0, dtype=np.int32)
    return Groups(rows, np.empty(0), integers, columns, columns, columns, rows, rows, rows, integers, integers)


def option_numbers(queue: QueuePolicy, what: Interruptions) -> Options:
    """The policies' numbers."""
    return Options(
        patience=queue.patience,
        grace=queue.grace,
        threshold=queue.threshold,
        depth=queue.depth,
        max_restarts=2**31 if what.max_restarts is None else what.max_restarts,
        scrape=what.scrape,
    )
