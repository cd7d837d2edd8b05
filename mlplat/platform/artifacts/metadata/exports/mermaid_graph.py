"""Lineage as a Mermaid flowchart."""

from __future__ import annotations

from .....errors import printable
from ..lineage import Subgraph
from ..nodes import NodeKind

_SHAPES = {
    NodeKind.RUN: ('(["', '"])'),
    NodeKind.PIPELINE: ('(["', '"])'),
    NodeKind.DATASET: ('[("', '")]'),
    NodeKind.WINDOW: ('[("', '")]'),
    NodeKind.DEPLOYMENT: ('{{"', '"}}'),
}


def mermaid(graph: Subgraph, *, direction: str = "LR") -> str:
    """A flowchart whose arrows go downstream; `direction`: LR or TB. Names are quoted character by character, so that none is obeyed.

    >>> from mlplat.platform.artifacts.metadata import Link, Node, NodeKind, Subgraph
    >>> nodes = Node("dataset:shop/clicks@3", NodeKind.DATASET), Node("run:shop/r1", NodeKind.RUN)
    >>> print(mermaid(Subgraph("run:shop/r1", nodes, (Link("dataset:shop/clicks@3", "run:shop/r1", "training"),))))
    flowchart LR
      n0[("dataset#58;shop/clicks@3")]
      n1(["run#58;shop/r1"])
      n0 -->|"training"| n1
    """
    if direction not in ("LR", "TB"):
        direction = "LR"
    numbers = {node.name: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = [f"flowchart {direction}"]
    for node in graph.nodes:
        before, after = _SHAPES.get(node.kind, ('["', '"]'))
        lines.append(f"  {numbers[node.name]}{before}{quoted(_short(node.name))}{after}")
    lines += [f'  {numbers[link.upstream]} -->|"{quoted(link.role)}"| {numbers[link.downstream]}' for link in graph.links]
    withheld = [numbers[node.name] for node in graph.nodes if node.withheld]
    if withheld:
        lines += ["  classDef withheld stroke-dasharray: 4", f"  class {','.join(withheld)} withheld"]
    return "\n".join(lines)


def _short(name: str) -> str:
    """A name with its digest or commit cut to twelve digits."""
    before, mark, digest = name.rpartition("sha256:")
    if mark:
        return f"{before}{mark}{digest[:12]}"
    before, mark, version = name.rpartition("@")
    return f"{before}{mark}{version[:12]}" if mark and len(version) == 40 else name


def quoted(text: str) -> str:
    """Text in which Mermaid and HTML find nothing but letters, digits and four harmless signs; the rest by its number.

    >>> quoted('a "b"')
    'a #34;b#34;'
    """
    return "".join(c if (c.isascii() and c.isalnum()) or c in "-._/@ " else f"#{ord(c)};" for c in printable(text))
