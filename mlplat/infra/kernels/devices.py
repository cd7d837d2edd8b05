"""Which device of the chosen node, and taking and giving back of amounts."""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .draws import pick
from .fragmentation import fragment, gradient_score, hypothetical_share
from .room import device_has_room, mig_start
from .state import (
    COUNT,
    CPU,
    DISK,
    FRAGMENT,
    GPU,
    MEMORY,
    MIG_SHIFT,
    MILLI,
    MODEL,
    PROFILE,
    SHARE,
    SPAN,
    STARTS,
    TAG,
    TYPE,
    WHOLE,
    Classes,
    Cluster,
    Nodes,
    Placement,
    Policy,
)

FIRST_FIT, RANDOM, WORST_FIT, LEAST, BALANCED, FGD, CLUSTERING = (
    int(Placement.FIRST_FIT),
    int(Placement.RANDOM),
    int(Placement.WORST_FIT),
    int(Placement.LEAST_ALLOCATED),
    int(Placement.BALANCED),
    int(Placement.FGD),
    int(Placement.GPU_CLUSTERING),
)


@kernel
def choose_device(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int, job: int, replica: int) -> int:
    """Where on a feasible `node` the replica goes: -1 without GPU or for whole devices, else device | MIG start << MIG_SHIFT."""
    profile, share = classes.ask[cls, PROFILE], classes.ask[cls, SHARE]
    if share == 0 and profile < 0:
        return -1
    code = policy.code
    best = -1
    best_value = 0
    if code == RANDOM:
        room = np.int64(0)
        for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
            room += device_has_room(nodes, cluster, classes, cls, node, device)
        chosen = pick(policy.key, job, replica, np.int64(1), np.int64(room))
        for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
            if device_has_room(nodes, cluster, classes, cls, node, device):
                if chosen == 0:
                    best = device
                chosen -= 1
    else:
        for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
            if not device_has_room(nodes, cluster, classes, cls, node, device):
                continue
            if code == FIRST_FIT:
                best = device
                break
            if code == FGD:
                after = hypothetical_share(nodes, cluster, classes, policy, cls, node, device)
                value = gradient_score(policy, nodes.free[node, FRAGMENT] - after)
            elif code == WORST_FIT or code == LEAST or code == BALANCED:
                value = nodes.device[node, device]
            else:
                value = -nodes.device[node, device]
            if best < 0 or value > best_value:
                best, best_value = device, value
    if profile < 0:
        return best
    model = cluster.capacity[nodes.free[node, TYPE], MODEL]
    start = mig_start(np.int64(nodes.slices[node, best]), cluster.mig[profile, model, STARTS], cluster.mig[profile, model, SPAN])
    return best | start << MIG_SHIFT


@kernel
def take(
    nodes: Nodes,
    cluster: Cluster,
    classes: Classes,
    policy: Policy,
    cls: int,
    node: int,
    where: int,
    job: int,
    pattern: Nodes,
    follow: bool,
) -> int:
    """Take one replica of `cls` from `node`, on the device `where` of `choose_device`. Returns the record's device: the lowest used.

    With `follow`, whole devices are those that `job` owns in `pattern`, a state on which the placement was decided.
    """
    ask, free = classes.ask, nodes.free
    free[node, CPU] -= ask[cls, CPU]
    free[node, MEMORY] -= ask[cls, MEMORY]
    free[node, DISK] -= ask[cls, DISK]
    left = ask[cls, COUNT]
    if left > 0:
        where = -1
        free[node, GPU] -= 1000 * left
        free[node, WHOLE] -= left
        device = 0
        while left > 0:
            if nodes.device[node, device] == 1000 and (not follow or pattern.owner[node, device] == job):
                nodes.device[node, device] = 0
                nodes.owner[node, device] = job
                left -= 1
                if where < 0:
                    where = device
            device += 1
    elif where >= 0:
        _shift(nodes, cluster, classes, cls, node, where, np.int64(1))
    if len(policy.typical) > 0:
        free[node, FRAGMENT] = fragment(nodes, cluster, policy, node)
    return where


@kernel
def give(
    nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int, where: int, job: int, replicas: int
) -> None:
    """Give back `replicas` replicas of `cls` that a record of `job` holds on `node` (more than one only where no device was shared)."""
    ask, free = classes.ask, nodes.free
    free[node, CPU] += ask[cls, CPU] * replicas
    free[node, MEMORY] += ask[cls, MEMORY] * replicas
    free[node, DISK] += ask[cls, DISK] * replicas
    left = ask[cls, COUNT] * replicas
    if left > 0:
        free[node, GPU] += 1000 * left
        free[node, WHOLE] += left
        device = where
        while left > 0:
            if nodes.owner[node, device] == job:
                nodes.device[node, device] = 1000
                nodes.owner[node, device] = -1
                left -= 1
            device += 1
    elif where >= 0:
        _shift(nodes, cluster, classes, cls, node, where, np.int64(-1))
    if len(policy.typical) > 0:
        free[node, FRAGMENT] = fragment(nodes, cluster, policy, node)


@kernel
def _shift(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int, where: int, sign: int) -> None:
    """Take (sign 1) or give back (sign -1) a share or a MIG instance."""
    profile, milli = classes.ask[cls, PROFILE], classes.ask[cls, SHARE]
    device = where & ((1 << MIG_SHIFT) - 1)
    if profile >= 0:
        model = cluster.capacity[nodes.free[node, TYPE], MODEL]
        milli = cluster.mig[profile, model, MILLI]
        nodes.slices[node, device] ^= ((1 << cluster.mig[profile, model, SPAN]) - 1) << (where >> MIG_SHIFT)
    was_whole = nodes.device[node, device] == 1000
    nodes.device[node, device] -= sign * milli
    nodes.free[node, GPU] -= sign * milli
    if was_whole:
        nodes.free[node, WHOLE] -= 1
    elif nodes.device[node, device] == 1000:
        nodes.free[node, WHOLE] += 1


@inlined
def tag_resident(classes: Classes, policy: Policy, cls: int, node: int, change: int) -> None:
    """Count the replica's tag on the node (gpu-clustering)."""
    if policy.code == CLUSTERING and classes.ask[cls, TAG] >= 0:
        tag = classes.ask[cls, TAG]
        before = policy.tags[node, tag]
        policy.tags[node, tag] = before + change
        if before == 0:
            policy.kinds[node] += 1
        elif before + change == 0:
            policy.kinds[node] -= 1
