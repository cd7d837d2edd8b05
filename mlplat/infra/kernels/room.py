"""Does a request fit on a node, and how many times?"""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .state import COUNT, CPU, DISK, KIND, MANY, MEMORY, MIG, MODEL, PROFILE, SHARE, SPAN, STARTS, TYPE, WHOLE, Classes, Cluster, Nodes


@kernel
def mig_start(occupied: int, starts: int, span: int) -> int:
    """The lowest published start whose `span` positions are all free, or -1."""
    window = (1 << span) - 1
    for start in range(8):
        if (starts >> start) & 1 and not (occupied >> start) & window:
            return start
    return -1


@inlined
def fits(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int) -> bool:
    """Whether one replica of class `cls` fits on `node` now."""
    ask, free = classes.ask, nodes.free
    if ask[cls, CPU] > free[node, CPU] or ask[cls, MEMORY] > free[node, MEMORY] or ask[cls, DISK] > free[node, DISK]:
        return False
    whole, share, profile = ask[cls, COUNT], ask[cls, SHARE], ask[cls, PROFILE]
    if whole == 0 and share == 0 and profile < 0:
        return classes.barred[cls, cluster.capacity[free[node, TYPE], KIND]] == 0  # type: ignore[no-any-return]
    capacity = cluster.capacity
    kind = free[node, TYPE]
    model = capacity[kind, MODEL]
    if classes.barred[cls, capacity[kind, KIND]] != 0 or (capacity[kind, MIG] == 1) != (profile >= 0):
        return False
    if whole > 0:
        return free[node, WHOLE] >= whole
    if free[node, WHOLE] > 0:
        return True if profile < 0 else cluster.mig[profile, model, STARTS] != 0
    for device in range(capacity[kind, WHOLE]):
        if share > 0:
            if nodes.device[node, device] >= share:
                return True
        elif mig_start(np.int64(nodes.slices[node, device]), cluster.mig[profile, model, STARTS], cluster.mig[profile, model, SPAN]) >= 0:
            return True
    return False


@kernel
def device_has_room(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int, device: int) -> bool:
    """Whether `device` of an accepted node can take the share or MIG profile of class `cls`."""
    profile = classes.ask[cls, PROFILE]
    if profile < 0:
        return nodes.device[node, device] >= classes.ask[cls, SHARE]
    model = cluster.capacity[nodes.free[node, TYPE], MODEL]
    return mig_start(np.int64(nodes.slices[node, device]), cluster.mig[profile, model, STARTS], cluster.mig[profile, model, SPAN]) >= 0


@kernel
def times(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int) -> int:
    """How many replicas of class `cls` fit on `node` together. Exact, since equal replicas cannot get in each other's way."""
    if not fits(nodes, cluster, classes, cls, node):
        return 0
    ask, free = classes.ask, nodes.free
    most = MANY
    for d in range(3):
        if ask[cls, d] > 0:
            most = min(most, free[node, d] // ask[cls, d])
    if ask[cls, COUNT] > 0:
        return min(most, free[node, WHOLE] // ask[cls, COUNT])
    profile, share = ask[cls, PROFILE], ask[cls, SHARE]
    if share == 0 and profile < 0:
        return most
    total = 0
    for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
        if share > 0:
            total += nodes.device[node, device] // share
        else:
            model = cluster.capacity[nodes.free[node, TYPE], MODEL]
            span = cluster.mig[profile, model, SPAN]
            occupied = np.int64(nodes.slices[node, device])
            while True:
                start = mig_start(occupied, cluster.mig[profile, model, STARTS], span)
                if start < 0:
                    break
                occupied |= ((1 << span) - 1) << start
                total += 1
    return min(most, total)
