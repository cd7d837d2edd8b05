"""Fat-tree of k-port switches: k pods of k/2 leaves and k/2 aggregation switches, (k/2)^2 cores (Al-Fares, Loukissas, Vahdat 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fabric import Fabric, Layer, exchange_mbps, host_links, switch_links

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec


def build(spec: ClusterSpec, network: NetworkSpec) -> Fabric:
    """Nodes fill the leaves in order, k/2 each. `k` is by default the least that holds them; the switches are all there.

    Links between switches are as fast as the fastest node's, unless `uplink` says otherwise.
    """
    from ....hardware.network_fit import fat_tree_k

    count = len(spec.nodes())
    k = network.k or fat_tree_k(count)
    half = k // 2
    leaves, cores = k * half, half * half
    leaf_0, aggregation_0, core_0 = count, count + leaves, count + 2 * leaves
    leaf = np.arange(count, dtype=np.int64) // half
    down = host_links(spec, network, leaf_0 + leaf)
    uplink = network.uplink or float(down.mbps.max())
    pod, i, j = (axis.ravel() for axis in np.indices((k, half, half), dtype=np.int64))
    to_aggregation = switch_links(network, leaf_0 + pod * half + i, aggregation_0 + pod * half + j, uplink)
    to_core = switch_links(network, aggregation_0 + pod * half + i, core_0 + i * half + j, uplink)
    return Fabric(
        (Layer("leaf", leaves), Layer("aggregation", leaves), Layer("core", cores)),
        (down, to_aggregation, to_core),
        core_0 + np.arange(cores, dtype=np.int64),
        exchange_mbps(leaf, down.mbps, half * uplink),
    )
