"""A network in layers: nodes at the bottom, switches above them, the way out on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...hardware.cluster_spec import ClusterSpec
from ...infra.network.drawing import layers
from ...infra.network.topology import Topology
from ...units import format_mbps
from .template import BLUE, GREY, VERMILLION, VIOLET, figure_of
from .texts import label

if TYPE_CHECKING:
    import numpy.typing as npt

COLOUR_OF = {"host": BLUE, "border": VERMILLION, "external": VERMILLION}


def network(of: Topology | ClusterSpec) -> go.Figure:
    """The vertices in layers by role, and the links between them. A layer with more than sixteen vertices is drawn in sixteen bundles of
    consecutive ones; the label of a line says how many links it stands for and what they carry together.

    >>> import mlplat as mp
    >>> figure = network(mp.ClusterSpec.uniform(nodes=64, network={"hosts_per_leaf": 16, "spines": 4}))
    >>> sum(len(trace.x) for trace in figure.data[2:]) <= 3 * 16
    True
    """
    topology = of if isinstance(of, Topology) else Topology.of(of)
    where = np.full(len(topology), -1, dtype=np.int64)
    place: list[tuple[float, float]] = []
    marks: list[object] = []
    drawn = layers(topology)
    for depth, layer in enumerate(drawn):
        begin = len(place)
        for i, vertices in enumerate(layer.boxes):
            where[vertices] = len(place)
            place.append(((i + 0.5) / max(1, len(layer.boxes)), float(depth)))
        few = len(layer.boxes) <= 8
        marks.append(
            go.Scatter(
                x=[x for x, _ in place[begin:]],
                y=[y for _, y in place[begin:]],
                mode="markers+text" if few else "markers",
                name=f"{label(layer.title)}, {sum(map(len, layer.boxes)):,}",
                text=[_named(topology, vertices, 16) for vertices in layer.boxes] if few else None,
                textposition="bottom center",
                textfont={"size": 10},
                marker={"color": COLOUR_OF.get(layer.title, VIOLET), "size": 14, "symbol": "square"},
                customdata=[_named(topology, vertices, 60) for vertices in layer.boxes],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    lines, middles = _lines(topology, where, place)
    return figure_of(
        lines,
        middles,
        *marks,
        title=label(topology, longest=120),
        height=170 + 90 * len(drawn),
        xaxis={"visible": False, "range": [0, 1]},
        yaxis={"visible": False, "range": [-0.6, len(drawn) - 0.5]},
        showlegend=True,
    )


def _named(topology: Topology, vertices: npt.NDArray[np.int64], longest: int) -> str:
    first, last = (label(topology.names[int(vertices[i])], longest=longest) for i in (0, -1))
    return first if len(vertices) == 1 else f"{first} to {last}"


def _lines(topology: Topology, where: npt.NDArray[np.int64], place: list[tuple[float, float]]) -> tuple[go.Scatter, go.Scatter]:
    """A line for all links between two boxes, and a mark in its middle that says what they are."""
    pairs = np.sort(where[topology.ends], axis=1)
    key = pairs[:, 0] * len(place) + pairs[:, 1]
    found, of = np.unique(key, return_inverse=True)
    count, mbps = np.bincount(of), np.bincount(of, weights=topology.mbps)
    ends = [(place[int(one) // len(place)], place[int(one) % len(place)]) for one in found]
    lines = go.Scatter(
        x=[v for a, b in ends for v in (a[0], b[0], None)],
        y=[v for a, b in ends for v in (a[1], b[1], None)],
        mode="lines",
        line={"color": GREY, "width": 0.8},
        hoverinfo="skip",
        showlegend=False,
    )
    middles = go.Scatter(
        x=[(a[0] + b[0]) / 2 for a, b in ends],
        y=[(a[1] + b[1]) / 2 for a, b in ends],
        mode="markers",
        marker={"color": GREY, "size": 4},
        customdata=[_carried(n, rate) for n, rate in zip(count.tolist(), mbps.tolist(), strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    return lines, middles


def _carried(links: int, mbps: float) -> str:
    return f"{links:,} link{'s' if links > 1 else ''}, {format_mbps(mbps)}"
