"""The arrays of a run in which jobs can be interrupted: work, attempts, hardware, groups (`kernels.attempt_state`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import OptionError, UnknownNameError
from ..resources import DEVICE_MILLI, UNLIMITED
from .cluster_arrays import numbers_of_rows
from .kernels.attempt_state import Attempts, Groups, Hardware, Options, Progress
from .kernels.state import GPU, LAST, MILLI, PROFILE, REPLICAS, REQUEST, Classes, Cluster, Queue
from .queueing import QueuePolicy

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace
    from .incidents import Incidents

Array = np.ndarray[Any, Any]
NO_LIMIT = 2**62
PROGRESS_KINDS: dict[str, Any] = (
    dict.fromkeys(("attempt", "arrived_as"), np.int64)
    | dict.fromkeys(("attempts", "failures", "stopping", "place", "changed", "inbox"), np.int32)
    | {"cause": np.int8, "unseen": np.bool_, "listed": np.bool_}
)
"""Types of the columns of `Progress` that are not float64."""

ROOM_PER_JOB = 8
"""Attempts a job for which there is room at first. Pages that are not reached are never touched."""


class Limit(NamedTuple):
    """The most that the admitted jobs of a group may ask for together."""

    cpu_milli: int = NO_LIMIT
    memory_mib: int = NO_LIMIT
    gpu_milli: int = NO_LIMIT


def group_limits(limits: Mapping[str, Mapping[str, float]]) -> dict[str, Limit]:
    """Limits from what people write: `{"team": {"cpus": 64, "memory_gib": 512, "gpus": 8}}`. Raises OptionError, UnknownNameError.

    >>> group_limits({"team": {"gpus": 0.5}})["team"].gpu_milli
    500
    """
    columns = {"cpus": ("cpu_milli", 1000), "memory_gib": ("memory_mib", 1024), "gpus": ("gpu_milli", DEVICE_MILLI)}
    if not isinstance(limits, Mapping):
        raise OptionError(f"limits={limits!r:.60}: expected a mapping from the names of groups to their limits")
    found = {}
    for group, most in limits.items():
        if not isinstance(most, Mapping):
            raise OptionError(f"limits[{group!r:.60}]={most!r:.60}: expected a mapping with any of {', '.join(columns)}")
        for name, amount in most.items():
            if name not in columns:
                raise UnknownNameError(f"limit of group {str(group)[:60]!r}:", name, columns)
            if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not 0 <= amount <= UNLIMITED // 1024:
                raise OptionError(f"limits[{group!r:.60}][{name!r}]={amount!r:.40}: expected an amount of at least 0")
        found[group] = Limit(**{columns[name][0]: int(amount * columns[name][1]) for name, amount in most.items()})
    return found


@dataclass(frozen=True, slots=True)
class Interruptions:
    """What can interrupt jobs besides the queue policy, and what they save of their work.

    `interval`, `write`, `restart`: seconds, for all jobs or float64[n]. `max_restarts`: interruptions by failures after which a job has
    failed, None for no limit. `scrape`: the period in seconds at which freed room is noticed, 0 for at once. `limits`: by group. `paced`:
    whether somebody says at what pace jobs work.
    """

    incidents: Incidents | None = None
    interval: float | Array = np.inf
    write: float | Array = 0.0
    restart: float | Array = 0.0
    max_restarts: int | None = None
    scrape: float = 0.0
    limits: Mapping[str, Limit] = field(default_factory=dict)
    paced: bool = False


def progress_arrays(trace: JobTrace, gang: Array, classes: Classes, milli: Array, queue: QueuePolicy, what: Interruptions) -> Progress:
    """Every job before its first attempt. `milli`: accelerator milli of each MIG profile."""
    n = len(trace)
    progress = blank_progress(n)
    progress.left[:], progress.estimated[:] = trace.duration, trace.estimate
    progress.interval[:], progress.write[:], progress.restart[:] = what.interval, what.write, what.restart
    width = gang_milli(gang, classes, milli) / DEVICE_MILLI
    progress.width[:] = np.where(width == 0, 1.0, width)
    progress.level[:] = first_level(queue, trace.priority)
    return progress


def time_with_checkpoints(work: float | Array, interval: float | Array, write: float | Array) -> Array:
    """Seconds that work takes with its checkpoints, as `kernels.work.time_of`: an array of the shape of all three together.

    >>> time_with_checkpoints(100.0, 40.0, 1.5).tolist()
    103.0
    """
    spans, every, cost = (np.array(part, dtype=np.float64) for part in np.broadcast_arrays(work, interval, write))
    some = np.isfinite(every) & np.isfinite(spans)
    spans[some] += np.maximum(0.0, np.ceil(spans[some] / every[some]) - 1.0) * cost[some]
    return spans


def first_level(queue: QueuePolicy, priority: Any) -> Any:
    """The level of jobs that have not run yet: their priority, or whether they are in the first of the two queues of `las`."""
    return priority if queue.code == Queue.PRIORITY else float(queue.threshold > 0)


def blank_progress(n: int) -> Progress:
    """Room for n jobs."""
    numbers: dict[str, Any] = (
        dict.fromkeys(("finish", "due", "interval", "until"), np.inf) | dict.fromkeys(("stop", "end"), np.nan) | {"pace": 1.0}
    )
    numbers |= dict.fromkeys(("attempt", "place", "arrived_as"), -1)
    return Progress(*(np.full(n, numbers.get(name, 0), dtype=PROGRESS_KINDS.get(name, np.float64)) for name in Progress._fields))


def attempt_log(room: int) -> Attempts:
    """Room for so many attempts."""
    kinds = {"outcome": np.int8, "by": np.int32, "first": np.int64, "began_as": np.int64, "ended_as": np.int64, "closed": np.int64}
    return Attempts(*(np.empty(room, dtype=kinds.get(name, np.float64)) for name in Attempts._fields))


def incident_arrays(found: Incidents | None, row_of: Array) -> dict[str, Array]:
    """The incidents by the kernels' numbers of nodes."""
    if found is None:
        kinds = {"time": np.float64, "code": np.int8, "node": np.int32, "device": np.int32, "grace": np.float64}
        return {name: np.empty(0, dtype=kind) for name, kind in kinds.items()}
    arrays: dict[str, Array] = found._asdict()
    return arrays | {"node": numbers_of_rows(row_of)[found.node]}


def hardware_arrays(nodes: NodeTable, row_of: Array, widest: int, found: Incidents | None, *, interruptible: bool) -> Hardware:
    """All hardware healthy, and its incidents. `widest`: devices of the widest node."""
    n = len(nodes) if interruptible else 0
    return Hardware(
        health=np.zeros(n, dtype=np.int8),
        down=np.zeros((n, widest), dtype=np.bool_),
        resident=np.full(n, -1, dtype=np.int64),
        next=np.empty(0, dtype=np.int64),
        previous=np.empty(0, dtype=np.int64),
        **incident_arrays(found, row_of),
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
    total: Array = (gang[:, REPLICAS] - 1.0) * each[gang[:, REQUEST]] + each[gang[:, LAST]]
    return total


def milli_of_one(gang: Array, ask: Array, milli: Array) -> float:
    """Accelerator milli of all replicas of one gang: `gang_milli` of its row, without looking at other classes."""
    asked = ask[gang[[REQUEST, LAST]]]
    each = np.where(asked[:, PROFILE] >= 0, milli[np.maximum(asked[:, PROFILE], 0)], asked[:, GPU])
    return float(each[0] * (int(gang[REPLICAS]) - 1) + each[1])


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
        preempt=queue.preempt,
        grace=queue.grace,
        threshold=queue.threshold,
        depth=queue.depth,
        max_restarts=2**31 if what.max_restarts is None else what.max_restarts,
        scrape=what.scrape,
        paced=what.paced,
    )
