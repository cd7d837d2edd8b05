"""Leaf-spine: each node on one leaf, each leaf joined to every spine (a folded Clos network of two stages; Clos 1953)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fabric import DEFAULT_UPLINK_MBPS, Fabric, Layer, all_pairs, exchange_mbps, host_links, switch_links

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec

DEFAULT_HOSTS_PER_LEAF = 16
DEFAULT_SPINES = 4


def build(spec: ClusterSpec, network: NetworkSpec) -> Fabric:
    """A leaf for each `hosts_per_leaf` nodes in order; without that number one for each rack if any group has racks, else for 16 nodes."""
    table = spec.nodes()
    count = len(table)
    if network.hosts_per_leaf is None and any(group.racks is not None for group in spec.groups):
        leaf, leaves = table.rack.astype(np.int64), len(table.racks)
    else:
        size = network.hosts_per_leaf or DEFAULT_HOSTS_PER_LEAF
        leaf, leaves = np.arange(count, dtype=np.int64) // size, -(-count // size)
    spines = network.spines or DEFAULT_SPINES
    uplink = network.uplink or DEFAULT_UPLINK_MBPS
    down = host_links(spec, network, count + leaf)
    top = count + leaves + np.arange(spines, dtype=np.int64)
    up = switch_links(network, *all_pairs(count + np.arange(leaves, dtype=np.int64), top), uplink)
    bisection = exchange_mbps(leaf, down.mbps, spines * uplink)
    return Fabric((Layer("leaf", leaves), Layer("spine", spines)), (down, up), top, bisection)
