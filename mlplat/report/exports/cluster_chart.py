"""A cluster as a Mermaid flowchart: racks with their nodes, and the switches between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...platform.artifacts.metadata.exports.mermaid_graph import quoted

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.node_table import NodeTable

MOST_NODES = 48
"""Nodes that are drawn one by one; of a larger cluster each rack says what it holds."""
MOST_RACKS, IN_A_ROW = 120, 10
MOST_LINKS = 300
"""Links that are drawn; Mermaid itself takes 500 edges and 50,000 characters."""


def mermaid_cluster(spec: ClusterSpec) -> str:
    """A flowchart of a cluster. Names are quoted character by character.

    Up to 48 nodes are drawn one by one, with the network where one is described; else each rack says what it holds.

    >>> import mlplat as mp
    >>> print(mermaid_cluster(mp.ClusterSpec.parse("2x8xV100")), end="")
    flowchart TB
      subgraph r0["rack-0"]
        h0["node-0<br/>64 cores, 8 × V100-16"]
        h1["node-1<br/>64 cores, 8 × V100-16"]
      end
    """
    table = spec.nodes()
    lines = ["flowchart TB"]
    if len(table) <= MOST_NODES:
        for rack, name in enumerate(table.racks):
            lines.append(f'  subgraph r{rack}["{quoted(name)}"]')
            rows = [row for row in range(len(table)) if table.rack[row] == rack]
            lines += [f'    h{row}["{quoted(table.names[row])}<br/>{_of_node(table, row)}"]' for row in rows]
            lines.append("  end")
        lines += _links(spec)
    else:
        shown = min(MOST_RACKS, len(table.racks))
        for rack, name in enumerate(table.racks[:shown]):
            lines.append(f'  r{rack}["{quoted(name)}<br/>{_of_rack(spec, table, rack)}"]')
        lines += [f"  r{rack} ~~~ r{rack + IN_A_ROW}" for rack in range(shown - IN_A_ROW)]  # invisible, to set them out in rows
        if len(table.racks) > shown:
            lines.append(f'  more["… {len(table.racks) - MOST_RACKS:,} more racks"]')
    return "\n".join(lines) + "\n"


def _of_node(table: NodeTable, row: int) -> str:
    cores = f"{int(table.cpu_milli[row]) / 1000:g} cores"
    if table.model[row] < 0:
        return cores
    return f"{cores}, {int(table.gpus[row])} × {quoted(table.models[int(table.model[row])].name)}"


def _of_rack(spec: ClusterSpec, table: NodeTable, rack: int) -> str:
    held = [(name, int(((table.rack == rack) & (table.group == group)).sum())) for group, name in enumerate(table.groups)]
    return "<br/>".join(f"{count:,} × {quoted(name)}" for name, count in held if count)


def _links(spec: ClusterSpec) -> list[str]:
    """Switches and links, where a network is described and is not too large."""
    if spec.network is None:
        return []
    from ...infra.network.topology import Topology

    topology = Topology.of(spec)
    if len(topology.ends) > MOST_LINKS:
        return [f'  network["{quoted(topology.kind)}: {len(topology) - len(topology.hosts):,} switches, {len(topology.ends):,} links"]']
    rows = {vertex: f"h{row}" for row, vertex in enumerate(topology.hosts.tolist())}
    names = [rows.get(vertex, f"s{vertex}") for vertex in range(len(topology))]
    lines = [f'  {names[vertex]}(["{quoted(topology.names[vertex])}"])' for vertex in range(len(topology)) if vertex not in rows]
    return lines + [f"  {names[upper]} --- {names[lower]}" for lower, upper in topology.ends.tolist()]
