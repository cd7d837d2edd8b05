"""GpuPacking and GpuClustering, as described with the published FGD experiments."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .room import device_has_room
from .state import COUNT, GPU, PROFILE, SHARE, TAG, TYPE, WHOLE, Classes, Cluster, Nodes, Policy


@kernel
def packing_score(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int) -> int:
    """GpuPacking: shared devices in use before free devices of busy nodes before empty nodes."""
    whole, share, profile = classes.ask[cls, COUNT], classes.ask[cls, SHARE], classes.ask[cls, PROFILE]
    if whole == 0 and share == 0 and profile < 0:
        return 0
    free_devices = nodes.free[node, WHOLE]
    if free_devices == cluster.capacity[nodes.free[node, TYPE], WHOLE]:
        return max(33 - free_devices, free_devices)
    if whole > 0:
        return max(50 - whole, 33)
    least = 1001
    for device in range(cluster.capacity[nodes.free[node, TYPE], WHOLE]):
        if device_has_room(nodes, cluster, classes, cls, node, device):
            least = min(least, np.int64(nodes.device[node, device]))
    if least == 1000:
        return 49
    return max(100 - least * 100 // 1000 // 10, 50)


@kernel
def clustering_score(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> int:
    """GpuClustering: nodes whose GPU replicas are all of the same kind first, then those where the kind is present, then empty ones."""
    tag = classes.ask[cls, TAG]
    if tag < 0:
        return 0
    largest = cluster.largest[GPU]
    base = 25 * (largest - nodes.free[node, GPU]) // largest
    kinds = policy.kinds[node]
    if kinds == 0:
        return base + 25
    if policy.tags[node, tag] > 0:
        return base + (75 if kinds == 1 else 50)
    return base
