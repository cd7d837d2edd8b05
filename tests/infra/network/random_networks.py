"""Small random networks of every kind, and what is sent over them while links fail."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np

from mlplat.hardware import ClusterSpec

from .naive_fluid import Outage, Sending

KINDS = ("leaf-spine", "fat-tree", "rail-pods", "dragonfly", "custom")
MBPS = (100, 1_000, 2_500, 10_000, 25_000)
LATENCIES = (0.0, 1e-6, 50e-6, 2e-3, 0.03)


def random_spec(draw: np.random.Generator, kind: str) -> ClusterSpec:
    """A cluster of 2 to 16 nodes with a network of that kind; in a third of the cases with something outside."""
    nodes, nics = int(draw.integers(2, 17)), int(draw.integers(1, 4))
    network: dict[str, Any] = {"topology": kind, "routing": str(draw.choice(["ecmp", "single-path"]))}
    network |= {name: float(draw.choice(LATENCIES)) for name in ("latency", "switch_latency")}
    if draw.random() < 0.5:
        network["bandwidth"] = _mbps(draw)
    if kind != "custom" and draw.random() < 0.8:
        network["uplink"] = _mbps(draw)
    match kind:
        case "leaf-spine":
            network |= {"hosts_per_leaf": int(draw.integers(1, 6)), "spines": int(draw.integers(1, 5))}
        case "fat-tree":
            network["k"] = int(draw.choice([4, 6]))
        case "rail-pods":
            network |= {"pod_size": int(draw.integers(1, 9)), "spines": int(draw.integers(1, 5))}
        case "dragonfly":
            network |= {"routers_per_group": int(draw.integers(1, 5)), "hosts_per_router": int(draw.integers(1, 4))}
        case _:
            network["hosts_forward"] = bool(draw.random() < 0.5)
            network["links"] = _links(draw, nodes, hosts_joined=network["hosts_forward"])
    if draw.random() < 1 / 3:
        at = ["switch-0"] if kind == "custom" else None
        network["gateway"] = {"bandwidth": _mbps(draw), "latency": float(draw.choice(LATENCIES)), "at": at}
        network["external"] = [
            {"name": f"far-{i}", "bandwidth": _mbps(draw), "latency": float(draw.choice(LATENCIES))} for i in range(draw.integers(1, 3))
        ]
    return ClusterSpec.uniform(nodes=nodes, nics=nics, nic_mbps=_mbps(draw), network=network)


def _mbps(draw: np.random.Generator) -> int:
    return int(draw.choice(MBPS) if draw.random() < 0.5 else draw.integers(100, 25_000))


def _links(draw: np.random.Generator, nodes: int, *, hosts_joined: bool) -> list[dict[str, Any]]:
    """Switches in a tree with chords, and each node on one or two of them or, if nodes forward, beside other nodes."""
    switches = int(draw.integers(1, 9))
    graph = nx.Graph()
    for i in range(1, switches):
        graph.add_edge(f"switch-{i}", f"switch-{draw.integers(i)}")
    for _ in range(int(draw.integers(0, 2 * switches))):
        a, b = draw.integers(switches, size=2)
        if a != b:
            graph.add_edge(f"switch-{a}", f"switch-{b}")
    for i in range(nodes):
        for j in range(int(draw.integers(1, 3))):
            beside = hosts_joined and j > 0 and i > 0 and draw.random() < 0.5
            graph.add_edge(f"node-{i}", f"node-{draw.integers(i)}" if beside else f"switch-{0 if i == j == 0 else draw.integers(switches)}")
    rows = [{"a": a, "b": b} for a, b in graph.edges]
    for row in rows:
        if draw.random() < 0.6:
            row["bandwidth"] = _mbps(draw)
        if draw.random() < 0.3:
            row["latency"] = float(draw.choice(LATENCIES))
    return [rows[i] for i in draw.permutation(len(rows)).tolist()]


def random_sendings(draw: np.random.Generator, ends: list[str]) -> list[Sending]:
    """Up to 30 between vertices, some at one instant, of one size, of no size, or from a vertex to itself; half of them to one vertex."""
    count = int(draw.integers(1, 31))
    popular = ends[int(draw.integers(len(ends)))]
    sent = []
    for _ in range(count):
        source, target = (ends[int(i)] for i in draw.integers(len(ends), size=2))
        mib = draw.choice([0.0, 1.0, 100.0, 500.0], p=[0.04, 0.16, 0.4, 0.4]) if draw.random() < 0.5 else draw.exponential(300)
        start = draw.integers(0, 4) if draw.random() < 0.5 else draw.uniform(0, 6)
        sent.append(Sending(float(start), source, popular if draw.random() < 0.4 else target, float(mib), int(draw.integers(2**63))))
    return sent


def random_outages(draw: np.random.Generator, links: int) -> list[Outage]:
    """Some links fail, once each; one in four of them for ever."""
    broken = draw.permutation(links)[: int(draw.integers(1, 1 + min(8, links)))].tolist()
    starts = draw.uniform(0, 8, len(broken)).tolist()
    return [
        Outage(link, at, math.inf if draw.random() < 0.25 else at + float(draw.exponential(4)))
        for link, at in zip(broken, starts, strict=True)
    ]
