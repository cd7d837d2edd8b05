"""What a described network comes to: its size, its bisection, and how long nodes take to sum what each of them has."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import OptionError, printable
from ...units import format_mbps

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec

MIB: Final = 1024
"""What the all-reduces sum, of each rank."""
NODES: Final = (2, 8, 32, 128, 512, 2048, 8192)
"""How many sum. A larger number would take more than a second to find."""


def describe_network(spec: ClusterSpec) -> dict[str, Any]:
    """The network of a cluster's description, as numbers that JSON can hold; bandwidths in Mbit/s, times in s.

    `bisection_mbps` is null where there is no formula, `oversubscription` where it is infinite. `all_reduce`: of 1 GiB over the first 2, 8,
    32, …, 8192 nodes, those with devices if any has some, a rank on each device. Raises OptionError for a cluster without a network.

    >>> from mlplat.hardware import ClusterSpec
    >>> found = describe_network(ClusterSpec.uniform(nodes=64, nic_mbps=25_000, network={"topology": "fat-tree"}))
    >>> found["hosts"], found["switches"], found["links"], found["bisection_mbps"]
    (64, {'leaf': 32, 'aggregation': 32, 'core': 16}, 320, 800000.0)
    >>> [(row["nodes"], row["algorithm"], round(row["seconds"], 3)) for row in found["all_reduce"]]
    [(2, 'ring', 0.344), (8, 'ring', 0.601), (32, 'ring', 0.666)]
    """
    from .pacing import collectives_of

    if spec.network is None:
        raise OptionError("the cluster's description has no 'network', such as `network: {topology: leaf-spine}`")
    collectives = collectives_of(spec)
    topology = collectives.topology
    roles = Counter(topology.roles)
    oversubscription = topology.oversubscription
    host_mbps = np.zeros(len(topology))
    for end in (0, 1):
        np.add.at(host_mbps, topology.ends[:, end], topology.mbps)
    host_mbps = host_mbps[topology.hosts]
    return {
        "cluster": spec.name,
        "topology": topology.kind,
        "routing": spec.network.routing,
        "hosts": len(topology.hosts),
        "switches": {role: number for role, number in roles.items() if role not in ("host", "border", "external")},
        "outside": [name for name, role in zip(topology.names, topology.roles, strict=True) if role == "external"],
        "links": len(topology.mbps),
        "host_mbps": [float(host_mbps.min()), float(host_mbps.max())],
        "bisection_mbps": None if topology.kind == "custom" else topology.bisection_mbps(),
        "oversubscription": oversubscription if math.isfinite(oversubscription) else None,
        "all_reduce": _all_reduces(spec, collectives),
    }


def _all_reduces(spec: ClusterSpec, collectives: Any) -> list[dict[str, Any]]:
    devices = spec.nodes().gpus
    rows = np.flatnonzero(devices > 0) if (devices > 0).any() else np.arange(len(devices))
    made = []
    for nodes in (number for number in NODES if number <= len(rows)):
        ranks = np.repeat(rows[:nodes], np.maximum(devices[rows[:nodes]], 1)).tolist()
        found = collectives.all_reduce(ranks, MIB)
        made.append({"nodes": nodes, "ranks": len(ranks), "seconds": found.seconds, "algorithm": found.algorithm})
    return made


def readable_network(described: dict[str, Any]) -> list[tuple[str, str]]:
    """What `describe_network` found, as pairs of names and texts."""
    slowest, fastest = (format_mbps(mbps) for mbps in described["host_mbps"])
    bisection, ratio = described["bisection_mbps"], described["oversubscription"]
    switches = described["switches"]
    listed = ", ".join(f"{number:,} {role}" for role, number in switches.items())
    outside = [printable(name) for name in described["outside"]]
    pairs = [
        ("topology", described["topology"]),
        ("routing", described["routing"]),
        ("hosts", f"{described['hosts']:,}"),
        ("bandwidth of a host", slowest if slowest == fastest else f"{slowest} to {fastest}"),
        ("switches", f"{sum(switches.values()):,}" + (f" ({listed})" if listed else "")),
        ("links", f"{described['links']:,}"),
        ("bisection", "no formula" if bisection is None else format_mbps(bisection)),
        ("oversubscription", "no way up" if ratio is None else f"{ratio:.4g} : 1"),
    ]
    if outside:
        pairs.append(("outside", ", ".join(outside[:8]) + (f" and {len(outside) - 8:,} more" if len(outside) > 8 else "")))
    for row in described["all_reduce"]:
        text = f"{row['seconds'] * 1e3:,.4g} ms" if row["seconds"] < 1 else f"{row['seconds']:,.4g} s"
        ranks = "" if row["ranks"] == row["nodes"] else f", {row['ranks']:,} ranks"
        pairs.append((f"all-reduce of 1 GiB, {row['nodes']:,} nodes", f"{text} ({row['algorithm']}{ranks})"))
    return pairs
