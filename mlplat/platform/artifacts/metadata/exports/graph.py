"""Lineage as a graph of networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..lineage import Subgraph

if TYPE_CHECKING:
    import networkx as nx


def to_networkx(graph: Subgraph) -> nx.MultiDiGraph[Any]:
    """A MultiDiGraph: edges go downstream, with their role as key; nodes have `kind`, `digest`, `origin` and `withheld`.

    >>> import networkx as nx
    >>> from mlplat.platform.artifacts.metadata import Link, Node, NodeKind, Subgraph
    >>> nodes = Node("dataset:shop/clicks@3", NodeKind.DATASET), Node("run:shop/r1", NodeKind.RUN)
    >>> found = to_networkx(Subgraph("run:shop/r1", nodes, (Link("dataset:shop/clicks@3", "run:shop/r1", "training"),)))
    >>> nx.ancestors(found, "run:shop/r1"), found.nodes["run:shop/r1"]["kind"]
    ({'dataset:shop/clicks@3'}, 'run')
    """
    import networkx as nx

    found: nx.MultiDiGraph[Any] = nx.MultiDiGraph(root=graph.root)
    for node in graph.nodes:
        found.add_node(node.name, kind=node.kind.word, digest=node.digest, origin=node.origin, withheld=node.withheld)
    for link in graph.links:
        found.add_edge(link.upstream, link.downstream, key=link.role, role=link.role)
    return found
