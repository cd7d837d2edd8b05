"""Who held how much of which node, and for how long: exact integrals, from the scheduler's own record of every attempt.

The columns of all tables are CPU milli, memory MiB, disk MiB and accelerator milli, as in `kernels.state`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..resources import DEVICE_MILLI, UNLIMITED
from .kernels.attempt_state import OFFLINE, SHUT
from .kernels.state import CPU, DISK, GPU, HELD, JOB, LAST, MEMORY, MILLI, MODEL, NODE, PROFILE, RECORDS, REQUEST, STARTED, TYPE, World

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable


class Utilization(NamedTuple):
    """Parts of a cluster's capacity that were requested, as means over the time from `since_s` to `until_s`.

    A pool without limit, or of nothing, has none: None. `*_s`: the integrals behind them, in milli-core seconds, MiB seconds and
    milli-device seconds.
    """

    since_s: float
    until_s: float
    cpu: float | None
    memory: float | None
    disk: float | None
    gpu: float | None
    cpu_milli_s: float
    memory_mib_s: float
    disk_mib_s: float
    gpu_milli_s: float


def capacity(nodes: NodeTable) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what each node has when it is whole."""
    gpu = nodes.gpus.astype(np.int64) * DEVICE_MILLI
    return np.column_stack((nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib, gpu)).astype(np.int64)


def held_amounts(world: World) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of each of R records so far its attempt, the row of its node, int64[R] each, and what it holds, int64[R, 4]."""
    attempts, count = int(world.count[STARTED]), int(world.count[RECORDS])
    rows = world.log.records[:count]
    attempt = np.repeat(np.arange(attempts), np.diff(np.append(world.attempts.first[:attempts], count)))
    gang = world.jobs.gang[rows[:, JOB]]
    last = np.append(attempt[1:] != attempt[:-1], True) if count else np.zeros(0, dtype=np.bool_)
    request = np.where(last, gang[:, LAST], gang[:, REQUEST])
    ask = world.classes.ask[request]
    amounts = ask[:, : GPU + 1] * rows[:, HELD, np.newaxis].astype(np.int64)
    sliced = np.flatnonzero(ask[:, PROFILE] >= 0)
    if len(sliced):
        model = world.cluster.capacity[world.nodes.free[rows[sliced, NODE], TYPE], MODEL]
        amounts[sliced, GPU] = world.cluster.mig[ask[sliced, PROFILE], model, MILLI]
    return attempt, world.cluster.row_of[rows[:, NODE]].astype(np.int64), amounts


def requested(world: World) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what is held of each node now, rows as in the cluster's description. A device that is broken is not held."""
    health, free = world.hardware.health, world.nodes.free
    whole = world.cluster.capacity[free[:, TYPE], : GPU + 1]
    held = whole - free[:, : GPU + 1]
    held[health & SHUT != 0, CPU] -= OFFLINE
    held[:, GPU] -= DEVICE_MILLI * world.hardware.down.sum(axis=1)
    return in_rows(world, held)


def in_rows(world: World, by_number: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What the kernels keep by their numbers of the nodes, by the rows of the cluster's description."""
    by_row = np.empty_like(by_number)
    by_row[world.cluster.row_of] = by_number
    return by_row


def held_seconds(world: World, since: float, until: float) -> npt.NDArray[np.float64]:
    """float64[N, 4]: the integral of what was held of each node from `since` to `until` (s), which must not be later than now.

    O(attempts) at the time it is asked, and nothing before.
    """
    attempt, node, amounts = held_amounts(world)
    start, end = world.attempts.start[attempt], world.attempts.end[attempt]
    seconds = np.minimum(np.where(np.isnan(end), until, end), until) - np.maximum(start, since)
    weighted = amounts * np.maximum(seconds, 0.0)[:, np.newaxis]
    n = len(world.cluster.row_of)
    return np.column_stack([np.bincount(node, weights=weighted[:, d], minlength=n) for d in range(GPU + 1)])


def utilization(world: World, nodes: NodeTable, since: float, until: float) -> Utilization:
    """See `Utilization`; the capacity counted is that of the cluster when it is whole."""
    integrals = held_seconds(world, since, until).sum(axis=0).tolist()
    most = capacity(nodes)

    def part(d: int) -> float | None:
        limited = 0 < most[:, d].max(initial=0) < UNLIMITED
        return integrals[d] / (float(most[:, d].sum()) * (until - since)) if limited and until > since else None

    return Utilization(since, until, part(CPU), part(MEMORY), part(DISK), part(GPU), *integrals)
