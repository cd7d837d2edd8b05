"""Which nodes stand in which rack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from .template import BLUE, COLOURS, figure_of
from .texts import label

if TYPE_CHECKING:
    from ...hardware.cluster_spec import ClusterSpec

MOST_RACKS = 60
MOST_GROUPS = len(COLOURS) - 1


def racks(spec: ClusterSpec) -> go.Figure:
    """A bar for each rack: its nodes, by group. At most 60 racks, the first, and six groups by themselves, those with most nodes.

    >>> import mlplat as mp
    >>> figure = racks(mp.ClusterSpec.uniform(nodes=10, gpus=8, gpu_model="H100", racks=4))
    >>> figure.data[0].x.tolist()
    [3, 2, 3, 2]
    """
    nodes = spec.nodes()
    names, total = nodes.racks, len(nodes.racks)
    shown = min(total, MOST_RACKS)
    counts = np.zeros((len(nodes.groups), total), dtype=np.int64)
    np.add.at(counts, (nodes.group, nodes.rack), 1)
    order = np.argsort(-counts.sum(axis=1), kind="stable").tolist()
    parts = [(_named(spec, group), counts[group]) for group in order[:MOST_GROUPS]]
    if len(order) > MOST_GROUPS:
        parts.append((f"{len(order) - MOST_GROUPS:,} more groups", counts[order[MOST_GROUPS:]].sum(axis=0)))
    rows = list(range(shown))[::-1]
    shorter = [label(name) for name in names[:shown]]
    bars = [
        go.Bar(
            y=rows,
            x=count[:shown],
            name=name,
            orientation="h",
            marker={"color": COLOURS[i] if len(parts) > 1 else BLUE},
            customdata=shorter,
            hovertemplate=f"%{{customdata}}: %{{x:,}} nodes {name}<extra></extra>",
        )
        for i, (name, count) in enumerate(parts)
    ]
    more = f"; {total - shown:,} more racks" if total > shown else ""
    return figure_of(
        *bars,
        title=f"Racks of {label(spec.name)}: {len(nodes):,} nodes in {total:,}{more}",
        height=150 + 24 * max(3, shown),
        barmode="stack",
        xaxis={"title": {"text": "nodes"}, "rangemode": "tozero", "showgrid": True},
        yaxis={"tickvals": rows, "ticktext": shorter, "showgrid": False},
        showlegend=True,
    )


def _named(spec: ClusterSpec, group: int) -> str:
    one = spec.groups[group]
    model = spec.accelerator_of(one)
    return label(one.name) + ("" if model is None else f" ({one.gpus} {label(model.name)})")
