"""Small topologies for the tests of this folder, and random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.infra.network.topology import Topology


def topology(kind: str, nodes: int, *, nics: int = 1, nic_mbps: int = 25_000, **network: Any) -> Topology:
    return Topology.of(ClusterSpec.uniform(nodes=nodes, nics=nics, nic_mbps=nic_mbps, network={"topology": kind} | network))


@st.composite
def custom_topologies(draw: st.DrawFn, *, forward: bool | None = None) -> Topology:
    """Random connected switches with nodes on one or two of them; or nodes and switches in any connected graph, all of which forward."""
    nodes, switches = draw(st.integers(2, 6)), draw(st.integers(1, 8))
    forwards = draw(st.booleans()) if forward is None else forward
    names = [f"s{i}" for i in range(switches)]
    links: dict[frozenset[str], None] = {}
    for i in range(1, switches):
        links[frozenset((names[i], names[draw(st.integers(0, i - 1))]))] = None
    for i in range(nodes):
        ends = names + [f"node-{k}" for k in range(i)] if forwards else names
        for k in draw(st.sets(st.integers(0, len(ends) - 1), min_size=1, max_size=2)):
            links[frozenset((f"node-{i}", ends[k]))] = None
    for a, b in draw(st.lists(st.tuples(st.integers(0, switches - 1), st.integers(0, switches - 1)), max_size=10)):
        if a != b:
            links[frozenset((names[a], names[b]))] = None
    rows = draw(st.permutations([dict(zip("ab", sorted(link), strict=True)) for link in links]))
    return topology("custom", nodes, links=rows, hosts_forward=forwards)
