"""All shortest paths by networkx, over a graph without what may not be passed: the slow twin of routing."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import networkx as nx

from mlplat.infra.network.topology import Topology


def shortest_paths(topology: Topology, source: int, target: int, failed: Collection[int] = ()) -> set[tuple[int, ...]]:
    """Each shortest path as its directed links; none if there is no way."""
    graph = nx.Graph()
    graph.add_nodes_from([source, target])
    for edge, (a, b) in enumerate(topology.ends.tolist()):
        ends = {source, target}
        if edge not in failed and all(topology.forwards[vertex] or vertex in ends for vertex in (a, b)):
            graph.add_edge(a, b, edge=edge)
    try:
        found = list(nx.all_shortest_paths(graph, source, target))
    except nx.NetworkXNoPath:
        return set()
    return {tuple(_directed(topology, graph[a][b]["edge"], a) for a, b in itertools.pairwise(path)) for path in found}


def _directed(topology: Topology, edge: int, start: int) -> int:
    return 2 * edge + (0 if int(topology.ends[edge, 0]) == start else 1)
