"""Dragonfly, in a simple form: the routers of a group are joined each to each, and so are the groups (Kim, Dally, Scott, Abts 2008).

Between two routers there are at most three links: local, global, local. A router may have any number of global links, and routing is
minimal; adaptive (Valiant) routing is not modelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fabric import DEFAULT_UPLINK_MBPS, Fabric, Ints, Layer, host_links, switch_links

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec


def build(spec: ClusterSpec, network: NetworkSpec) -> Fabric:
    """Nodes fill routers, and routers groups, in order; the last group has all its routers.

    The global link from a group to the one that is d further on (modulo the number of groups) starts at router (d - 1) mod
    `routers_per_group`, so that a group's global links are spread evenly over its routers.
    """
    from ....hardware.network_fit import dragonfly_shape

    count = len(spec.nodes())
    groups, routers, hosts = dragonfly_shape(network, count)
    uplink = network.uplink or DEFAULT_UPLINK_MBPS
    down = host_links(spec, network, count + np.arange(count, dtype=np.int64) // hosts)
    one, other = _pairs(routers)
    first = count + np.arange(groups, dtype=np.int64) * routers
    local = switch_links(network, (first[:, None] + one).ravel(), (first[:, None] + other).ravel(), uplink)
    low, high = _pairs(groups)
    distance = high - low
    ends = first[low] + (distance - 1) % routers, first[high] + (groups - distance - 1) % routers
    total = float(down.mbps.sum())
    half = groups if groups > 1 else routers
    across = (half // 2) * (half - half // 2) * uplink if half > 1 else total
    return Fabric(
        (Layer("router", groups * routers),),
        (down, local, switch_links(network, *ends, uplink)),
        first,
        min(total / 2, float(across)),
    )


def _pairs(count: int) -> tuple[Ints, Ints]:
    low, high = np.triu_indices(count, 1)
    return low.astype(np.int64), high.astype(np.int64)
