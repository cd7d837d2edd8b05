"""Why nodes do not take a replica now: one reason a node, for all nodes at once."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.attempt_state import ABSENT, CORDONED, EARMARKED, GIVEN_UP
from ..kernels.state import (
    COUNT,
    CPU,
    DISK,
    KIND,
    MEMORY,
    MIG,
    MODEL,
    PROFILE,
    SHARE,
    SPAN,
    STARTS,
    TAINTED,
    TYPE,
    UNLIKE,
    UNSELECTED,
    WHOLE,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..world import Run

Bools = np.ndarray[Any, np.dtype[np.bool_]]


class NodeReason(IntEnum):
    """The first of these that is so. The last four are of nodes that have room for one replica."""

    NOT_READY = 0
    CORDONED = 1
    EARMARKED = 2
    NODE_SELECTOR_MISMATCH = 3
    UNTOLERATED_TAINT = 4
    MODEL_MISMATCH = 5
    MIG_MISMATCH = 6
    INSUFFICIENT_CPU = 7
    INSUFFICIENT_MEMORY = 8
    INSUFFICIENT_DISK = 9
    INSUFFICIENT_GPU = 10
    GANG_INCOMPLETE = 11
    QUEUED = 12
    HELD_BY_QUOTA = 13
    NOT_YET_SCHEDULED = 14

    @property
    def word(self) -> str:
        """As Kubernetes would write it: `InsufficientGPU`."""
        return WORDS[self]

    @property
    def sentence(self) -> str:
        """What it means."""
        return SENTENCES[self]


WORDS = {
    NodeReason.NOT_READY: "NotReady",
    NodeReason.CORDONED: "Cordoned",
    NodeReason.EARMARKED: "Earmarked",
    NodeReason.NODE_SELECTOR_MISMATCH: "NodeSelectorMismatch",
    NodeReason.UNTOLERATED_TAINT: "UntoleratedTaint",
    NodeReason.MODEL_MISMATCH: "ModelMismatch",
    NodeReason.MIG_MISMATCH: "MigMismatch",
    NodeReason.INSUFFICIENT_CPU: "InsufficientCPU",
    NodeReason.INSUFFICIENT_MEMORY: "InsufficientMemory",
    NodeReason.INSUFFICIENT_DISK: "InsufficientDisk",
    NodeReason.INSUFFICIENT_GPU: "InsufficientGPU",
    NodeReason.GANG_INCOMPLETE: "GangIncomplete",
    NodeReason.QUEUED: "Queued",
    NodeReason.HELD_BY_QUOTA: "HeldByQuota",
    NodeReason.NOT_YET_SCHEDULED: "NotYetScheduled",
}
SENTENCES = {
    NodeReason.NOT_READY: "the node was given up by the watcher, or is not there",
    NodeReason.CORDONED: "the node takes no new work",
    NodeReason.EARMARKED: "it is kept for a workload that has a claim (quotas), until those who leave for it have gone",
    NodeReason.NODE_SELECTOR_MISMATCH: "it has not the labels that the workload asks for",
    NodeReason.UNTOLERATED_TAINT: "it has a taint that the workload does not tolerate",
    NodeReason.MODEL_MISMATCH: "its accelerators are of no accepted model, or it has none",
    NodeReason.MIG_MISMATCH: "only one of node and request is of MIG instances, or its model does not know the profile",
    NodeReason.INSUFFICIENT_CPU: "too little CPU is free",
    NodeReason.INSUFFICIENT_MEMORY: "too little memory is free",
    NodeReason.INSUFFICIENT_DISK: "too little disk is free",
    NodeReason.INSUFFICIENT_GPU: "too few devices, or too little of any one of them, are free",
    NodeReason.GANG_INCOMPLETE: "it has room for a replica, but the cluster has not for all of them",
    NodeReason.QUEUED: "it has room, which the queue policy keeps for others or gives to others first",
    NodeReason.HELD_BY_QUOTA: "it has room, and a limit of the zone or its quota keeps the workload from it",
    NodeReason.NOT_YET_SCHEDULED: "it has room, and the scheduling cycle of this instant is still to come",
}

ROOM = -1
"""A node that one replica fits on."""


def node_reasons(run: Run, cls: int) -> npt.NDArray[np.int8]:
    """int8[N], in the kernels' order of nodes: the `NodeReason` why one replica of a class does not fit, `ROOM` where it does.

    Agrees with `kernels.room.fits` on every node.
    """
    world = run.world
    free, health = world.nodes.free, world.hardware.health
    ask = world.classes.ask[cls]
    capacity = world.cluster.capacity[free[:, TYPE]]
    why = world.classes.barred[cls, capacity[:, KIND]]
    reason = np.full(len(free), ROOM, dtype=np.int8)
    steps: list[tuple[NodeReason, Bools]] = [
        (NodeReason.NOT_READY, (health & (GIVEN_UP | ABSENT)) != 0),
        (NodeReason.CORDONED, (health & CORDONED) != 0),
        (NodeReason.EARMARKED, (health & EARMARKED) != 0),
        (NodeReason.NODE_SELECTOR_MISMATCH, (why & UNSELECTED) != 0),
        (NodeReason.UNTOLERATED_TAINT, (why & TAINTED) != 0),
    ]
    wants_device = bool(ask[COUNT] > 0 or ask[SHARE] > 0 or ask[PROFILE] >= 0)
    if wants_device:
        steps.append((NodeReason.MODEL_MISMATCH, (why & UNLIKE) != 0))
        wrong = (capacity[:, MIG] == 1) != (ask[PROFILE] >= 0)
        if ask[PROFILE] >= 0:
            wrong |= world.cluster.mig[ask[PROFILE], capacity[:, MODEL], STARTS] == 0
        steps.append((NodeReason.MIG_MISMATCH, wrong))
    steps += [
        (NodeReason.INSUFFICIENT_CPU, free[:, CPU] < ask[CPU]),
        (NodeReason.INSUFFICIENT_MEMORY, free[:, MEMORY] < ask[MEMORY]),
        (NodeReason.INSUFFICIENT_DISK, free[:, DISK] < ask[DISK]),
    ]
    if wants_device:
        steps.append((NodeReason.INSUFFICIENT_GPU, ~_device_room(run, cls, capacity)))
    for code, failing in reversed(steps):
        reason[failing] = code
    return reason


def _device_room(run: Run, cls: int, capacity: npt.NDArray[np.int64]) -> Bools:
    """bool[N]: whether enough whole devices are free, or one of them has room for the share or MIG instance."""
    world = run.world
    ask, nodes = world.classes.ask[cls], world.nodes
    if ask[COUNT] > 0:
        return np.asarray(nodes.free[:, WHOLE] >= ask[COUNT])
    there = np.arange(nodes.device.shape[1]) < capacity[:, WHOLE : WHOLE + 1]
    if ask[SHARE] > 0:
        return np.asarray((there & (nodes.device >= ask[SHARE])).any(axis=1))
    room = np.zeros(len(capacity), dtype=np.bool_)
    if len(nodes.slices) == 0:
        return room
    starts = world.cluster.mig[ask[PROFILE], capacity[:, MODEL], STARTS]
    span = world.cluster.mig[ask[PROFILE], capacity[:, MODEL], SPAN]
    for start in range(8):
        window = (((1 << span) - 1) << start)[:, None]
        room |= ((starts >> start) & 1 == 1) & (there & (nodes.slices & window == 0)).any(axis=1)
    return room


def gang_fits(run: Run, cls: int, replicas: int, room: Bools) -> bool:
    """Whether so many equal replicas fit together on the nodes that have room for one. Exact: they cannot get in each other's way."""
    world = run.world
    if replicas <= int(room.sum()):
        return True
    ask, nodes = world.classes.ask[cls], world.nodes
    rows = np.flatnonzero(room)
    free = nodes.free[rows]
    times = np.full(len(rows), replicas, dtype=np.int64)
    for dimension in (CPU, MEMORY, DISK):
        if ask[dimension] > 0:
            times = np.minimum(times, free[:, dimension] // ask[dimension])
    if ask[COUNT] > 0:
        times = np.minimum(times, free[:, WHOLE] // ask[COUNT])
    elif ask[SHARE] > 0:
        times = np.minimum(times, (nodes.device[rows] // ask[SHARE]).sum(axis=1))
    elif ask[PROFILE] >= 0:
        times = np.minimum(times, _instances(run, int(ask[PROFILE]), rows))
    return int(times.sum()) >= replicas


def _instances(run: Run, profile: int, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """int64[rows]: MIG instances of a profile that fit on each node, each at the lowest start that is free."""
    world = run.world
    capacity = world.cluster.capacity[world.nodes.free[rows, TYPE]]
    starts = world.cluster.mig[profile, capacity[:, MODEL], STARTS][:, None]
    span = world.cluster.mig[profile, capacity[:, MODEL], SPAN][:, None]
    there = np.arange(world.nodes.device.shape[1]) < capacity[:, WHOLE : WHOLE + 1]
    occupied = world.nodes.slices[rows].astype(np.int64)
    found = np.zeros(len(rows), dtype=np.int64)
    # An instance never moves, so going through the starts once from the lowest gives what placing one after the other does.
    for start in range(8):
        window = ((1 << span) - 1) << start
        taken = there & ((starts >> start) & 1 == 1) & (occupied & window == 0)
        occupied |= np.where(taken, window, 0)
        found += taken.sum(axis=1)
    return found
