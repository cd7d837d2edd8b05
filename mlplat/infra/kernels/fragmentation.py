"""The fragment of a node, and the gradient that FGD descends (Weng et al., USENIX ATC 2023). Integers throughout, so sums are exact."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .room import mig_start
from .state import (
    COUNT,
    CPU,
    FRAGMENT,
    MIG,
    MILLI,
    MODEL,
    PROFILE,
    SHARE,
    SPAN,
    STARTS,
    T_CPU,
    T_DEVICES,
    T_PROFILE,
    T_WEIGHT,
    T_WIDTH,
    TYPE,
    WHOLE,
    Classes,
    Cluster,
    Nodes,
    Policy,
)


@kernel
def fragment(nodes: Nodes, cluster: Cluster, policy: Policy, node: int) -> int:
    """Sum over the typical requests of weight times fragment, in milli, of a node as it is."""
    return _weighted(nodes, cluster, policy, node, nodes.free[node, CPU], np.int64(-1), np.int64(0), np.int64(0), np.int64(0))


@kernel
def hypothetical_share(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int, device: int) -> int:
    """The weighted fragment after a share or MIG instance of class `cls` went to `device`."""
    profile, milli = classes.ask[cls, PROFILE], classes.ask[cls, SHARE]
    slices = 0
    if profile >= 0:
        model = cluster.capacity[nodes.free[node, TYPE], MODEL]
        milli = cluster.mig[profile, model, MILLI]
        span = cluster.mig[profile, model, SPAN]
        slices = np.int64(nodes.slices[node, device])
        slices |= ((1 << span) - 1) << mig_start(slices, cluster.mig[profile, model, STARTS], span)
    cpu = nodes.free[node, CPU] - classes.ask[cls, CPU]
    return _weighted(nodes, cluster, policy, node, cpu, device, nodes.device[node, device] - milli, np.int64(slices), np.int64(0))


@kernel
def hypothetical_whole(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> int:
    """The weighted fragment after a request for whole devices, or for none."""
    cpu = nodes.free[node, CPU] - classes.ask[cls, CPU]
    return _weighted(nodes, cluster, policy, node, cpu, np.int64(-1), np.int64(0), np.int64(0), classes.ask[cls, COUNT])


@kernel
def gradient_score(policy: Policy, gradient: int) -> int:
    """The level of a gradient: the largest k whose threshold it reaches, which is trunc(levels * sigmoid(gradient / (1000 * weight)))."""
    if policy.levels == 0:
        return gradient
    low, high = 0, policy.levels - 1
    while low < high:
        middle = (low + high + 1) >> 1
        if gradient >= policy.thresholds[middle]:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def fgd_score(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> int:
    """Score of a feasible node: for a share the best over its devices. Devices in equal state score equally and are tried once."""
    before = nodes.free[node, FRAGMENT]
    share, profile = classes.ask[cls, SHARE], classes.ask[cls, PROFILE]
    if share == 0 and profile < 0:
        return gradient_score(policy, before - hypothetical_whole(nodes, cluster, classes, policy, cls, node))
    best = np.int64(0)
    found = False
    for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
        free = nodes.device[node, device]
        if profile < 0:
            if free < share:
                continue
            seen = False
            for other in range(device):
                if nodes.device[node, other] == free:
                    seen = True
                    break
            if seen:
                continue
        else:
            model = cluster.capacity[nodes.free[node, TYPE], MODEL]
            if mig_start(np.int64(nodes.slices[node, device]), cluster.mig[profile, model, STARTS], cluster.mig[profile, model, SPAN]) < 0:
                continue
        gradient = before - hypothetical_share(nodes, cluster, classes, policy, cls, node, device)
        if not found or gradient > best:
            best, found = gradient, True
    return gradient_score(policy, best)


@kernel
def _weighted(
    nodes: Nodes, cluster: Cluster, policy: Policy, node: int, cpu: int, changed: int, changed_free: int, changed_slices: int, taken: int
) -> int:
    """Weighted fragment of a node with `cpu` left, device `changed` in another state and the first `taken` free devices gone."""
    model = cluster.capacity[nodes.free[node, TYPE], MODEL]
    devices = cluster.capacity[nodes.free[node, TYPE], WHOLE]
    if cluster.capacity[nodes.free[node, TYPE], MIG] == 1:
        return _weighted_mig(nodes, cluster, policy, node, cpu, changed, changed_free, changed_slices)
    room, small = policy.room, policy.small
    widths = len(room) - 1
    for u in range(widths + 1):
        room[u] = 0
        small[u] = 0
    total = 0
    for device in range(devices):
        free = nodes.device[node, device]
        if device == changed:
            free = changed_free
        elif taken > 0 and free == 1000:
            free = 0
            taken -= 1
        if free > 0:
            total += free
            u = policy.width_of[free]
            room[u] += 1
            small[u] += free
    for u in range(1, widths + 1):
        small[u] += small[u - 1]
    for u in range(widths - 1, -1, -1):
        room[u] += room[u + 1]  # devices that hold at least u widths
    satisfied = 0
    typical = policy.typical
    for m in range(len(typical)):
        u = typical[m, T_WIDTH]
        if u >= 0 and typical[m, T_DEVICES] <= room[u + 1] and typical[m, T_CPU] <= cpu and policy.typical_accepts[m, model]:
            satisfied += typical[m, T_WEIGHT] * (total - small[u])
    return total * policy.weight - satisfied


@kernel
def _weighted_mig(
    nodes: Nodes, cluster: Cluster, policy: Policy, node: int, cpu: int, changed: int, changed_free: int, changed_slices: int
) -> int:
    """As `_weighted`, for a node whose devices are partitioned: room is a free published start."""
    model = cluster.capacity[nodes.free[node, TYPE], MODEL]
    devices = cluster.capacity[nodes.free[node, TYPE], WHOLE]
    total = 0
    for device in range(devices):
        total += changed_free if device == changed else nodes.device[node, device]
    satisfied = 0
    typical = policy.typical
    for m in range(len(typical)):
        profile = typical[m, T_PROFILE]
        if profile < 0 or typical[m, T_CPU] > cpu or not policy.typical_accepts[m, model]:
            continue
        starts, span = cluster.mig[profile, model, STARTS], cluster.mig[profile, model, SPAN]
        usable = 0
        for device in range(devices):
            slices = changed_slices if device == changed else np.int64(nodes.slices[node, device])
            if mig_start(slices, starts, span) >= 0:
                usable += changed_free if device == changed else nodes.device[node, device]
        satisfied += typical[m, T_WEIGHT] * usable
    return total * policy.weight - satisfied
