"""A custom topology: the links that a description names one by one. What is no node is a switch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .fabric import DEFAULT_UPLINK_MBPS, Fabric, Layer, Links, host_mbps

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec


def build(spec: ClusterSpec, network: NetworkSpec) -> Fabric:
    """Switches in the order in which the links first name them. A link without bandwidth is as fast as its slower node, one between
    switches 100 Gbit/s. The bisection is not known (NaN)."""
    nodes = spec.nodes().names
    count = len(nodes)
    vertex = {name: i for i, name in enumerate(nodes)}
    for link in network.links:
        vertex.setdefault(link.a, len(vertex))
        vertex.setdefault(link.b, len(vertex))
    a = np.array([vertex[link.a] for link in network.links], dtype=np.int64)
    b = np.array([vertex[link.b] for link in network.links], dtype=np.int64)
    speed = np.append(host_mbps(spec, network), math.inf)
    default = np.minimum(speed[np.minimum(a, count)], speed[np.minimum(b, count)])
    default[np.isinf(default)] = DEFAULT_UPLINK_MBPS
    waits = np.where(np.minimum(a, b) < count, network.latency, network.switch_latency)
    for i, link in enumerate(network.links):
        if link.bandwidth is not None:
            default[i] = link.bandwidth
        if link.latency is not None:
            waits[i] = link.latency
    switches = tuple(list(vertex)[count:])
    layer = Layer("switch", len(switches), switches)
    at = network.gateway.at if network.gateway is not None and network.gateway.at is not None else ()
    return Fabric((layer,), (Links(a, b, default, waits),), np.array([vertex[name] for name in at], dtype=np.int64), math.nan)
