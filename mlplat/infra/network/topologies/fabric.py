"""`Fabric`: what a builder of a topology makes. Nodes are the vertices 0…N-1 in the order of their rows; switches follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ....hardware.cluster_spec import ClusterSpec
    from ....hardware.network_spec import NetworkSpec

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
DEFAULT_UPLINK_MBPS = 100_000


class Layer(NamedTuple):
    """`size` switches of one role, called `<prefix>-0`, …, or by `names`."""

    role: str
    size: int
    names: tuple[str, ...] | None = None


class Links(NamedTuple):
    """Links between vertices: `a`, `b` int64[E], `mbps` float64[E] of each direction, `latency` float64[E] in seconds."""

    a: Ints
    b: Ints
    mbps: Floats
    latency: Floats


class Fabric(NamedTuple):
    """The switches in layers, the links, the switches (vertices) to which a gateway is joined by default, and the bisection in Mbit/s."""

    layers: tuple[Layer, ...]
    links: tuple[Links, ...]
    top: Ints
    bisection_mbps: float


def host_mbps(spec: ClusterSpec, network: NetworkSpec) -> Floats:
    """float64[N]: Mbit/s of each node's link: what the network says, else of all its NICs together."""
    counts = np.array([group.count for group in spec.groups], dtype=np.int64)
    nics = [group.nics * group.nic_mbps if network.bandwidth is None else network.bandwidth for group in spec.groups]
    return np.repeat(np.array(nics, dtype=np.float64), counts)


def host_links(spec: ClusterSpec, network: NetworkSpec, switch: Ints) -> Links:
    """A link from each node to its switch (vertex): link i is that of node i."""
    count = len(switch)
    return Links(np.arange(count, dtype=np.int64), switch, host_mbps(spec, network), np.full(count, network.latency))


def switch_links(network: NetworkSpec, a: Ints, b: Ints, mbps: float) -> Links:
    """Links of equal bandwidth between switches."""
    return Links(a, b, np.full(len(a), float(mbps)), np.full(len(a), network.switch_latency))


def all_pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Each of `left` with each of `right`."""
    return np.repeat(left, len(right)), np.tile(right, len(left))


def exchange_mbps(switch: Ints, mbps: Floats, up_mbps: float) -> float:
    """Half of what the switches that hold hosts can send up: the sum of min(hosts' bandwidth, `up_mbps`) over 2; no limit above if one."""
    down = np.bincount(switch - switch.min(), weights=mbps)
    down = down[down > 0]
    return float(down.sum() / 2 if len(down) == 1 else np.minimum(down, up_mbps).sum() / 2)
