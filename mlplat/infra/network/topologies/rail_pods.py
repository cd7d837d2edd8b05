"""Rail-optimised pods: NIC j of each node of a pod on the pod's rail switch j, the rail switches of all pods joined by spines.

Two nodes of a pod are two hops apart on any rail they share. A node forwards nothing from one rail to another; the spines do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fabric import Fabric, Layer, Links, all_pairs, switch_links

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec

DEFAULT_POD_SIZE = 32


def build(spec: ClusterSpec, network: NetworkSpec) -> Fabric:
    """Pods of `pod_size` nodes in order; as many rails as a node has NICs, at most. `spines` is by default the pod size and `uplink` the
    speed of the fastest NIC, which gives every rail as much upwards as downwards."""
    counts = np.array([group.count for group in spec.groups], dtype=np.int64)
    nics = np.repeat(np.array([group.nics for group in spec.groups], dtype=np.int64), counts)
    speeds = [group.nic_mbps if network.bandwidth is None else network.bandwidth for group in spec.groups]
    count, rails, size = len(nics), int(nics.max()), network.pod_size or DEFAULT_POD_SIZE
    pods = -(-count // size)
    spines = network.spines or size
    uplink = network.uplink or max(speeds)
    node = np.repeat(np.arange(count, dtype=np.int64), nics)
    nic = np.arange(len(node), dtype=np.int64) - np.repeat(np.cumsum(nics) - nics, nics)
    rail = node // size * rails + nic
    mbps = np.repeat(np.repeat(np.array(speeds, dtype=np.float64), counts), nics)
    down = Links(node, count + rail, mbps, np.full(len(node), network.latency))
    switches = pods * rails
    top = count + switches + np.arange(spines, dtype=np.int64)
    up = switch_links(network, *all_pairs(count + np.arange(switches, dtype=np.int64), top), uplink)
    sums = np.bincount(rail, weights=mbps)
    bisection = float(sums.sum() / 2 if pods == 1 else np.minimum(sums, spines * uplink).sum() / 2)
    names = tuple([f"rail-{pod}-{j}" for pod in range(pods) for j in range(rails)])
    return Fabric((Layer("rail", switches, names), Layer("spine", spines)), (down, up), top, bisection)
