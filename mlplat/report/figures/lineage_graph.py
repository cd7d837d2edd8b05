"""How something came to be, as a graph from what it was made of to what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from .template import BLUE, BROWN, GREEN, GREY, PINK, VERMILLION, VIOLET, figure_of
from .texts import label

if TYPE_CHECKING:
    from ...platform.artifacts.metadata.lineage import Subgraph
    from ...platform.facade import Platform

MOST_NODES = 200
KINDS = {
    "commit": (GREEN, "square"),
    "dataset": (VERMILLION, "diamond"),
    "image": (VIOLET, "hexagon"),
    "model": (BLUE, "star"),
    "run": (GREY, "circle"),
    "pipeline": (BROWN, "triangle-right"),
    "deployment": (PINK, "cross"),
    "window": (PINK, "hourglass"),
}
"""Kind of node -> its colour and mark."""


def lineage(of: Subgraph | Platform, model: str | None = None, *, actor: Any = None) -> go.Figure:
    """The nodes in columns, each right of all that it was made of, and the links between them with their roles under the pointer.

    Of a lineage, or of a platform the lineage of a `model` as `actor` may read it. At most 200 nodes, those closest to the root; the title
    counts the others. Raises OptionError for a platform without a model, and what `MetadataStore.lineage` raises.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> admin = platform.admin
    >>> project = platform.identity.create_project("shop", owner=admin, actor=admin)
    >>> run = platform.metadata.start_run("shop/r1", seed=7, actor=admin)
    >>> model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", actor=admin)
    >>> run = platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=admin)
    >>> len(lineage(platform, "shop/churn@1", actor=admin).data) > 0
    True
    """
    from ...errors import OptionError
    from ...platform.artifacts.metadata.lineage import Subgraph

    if isinstance(of, Subgraph):
        graph = of
    elif model is None:
        raise OptionError("lineage of a platform: expected the name of a model, and the actor who asks")
    else:
        graph = of.metadata.lineage(model, actor=of.admin if actor is None else actor)
    kinds = {node.name: node.kind.word for node in graph.nodes}
    order = _nearest(graph)
    names = order[:MOST_NODES]
    kept = set(names)
    links = [link for link in graph.links if link.upstream in kept and link.downstream in kept]
    place = _places(names, [(link.upstream, link.downstream) for link in links])
    traces: list[object] = [
        go.Scatter(
            x=[v for link in links for v in (place[link.upstream][0], place[link.downstream][0], None)],
            y=[v for link in links for v in (place[link.upstream][1], place[link.downstream][1], None)],
            mode="lines",
            line={"color": GREY, "width": 1},
            hoverinfo="skip",
            showlegend=False,
        ),
        go.Scatter(
            x=[(place[link.upstream][0] + place[link.downstream][0]) / 2 for link in links],
            y=[(place[link.upstream][1] + place[link.downstream][1]) / 2 for link in links],
            mode="markers" if len(links) > 30 else "text",
            text=[label(link.role) for link in links],
            textfont={"size": 10},
            marker={"size": 5, "color": GREY},
            customdata=[f"{label(link.role)} of {label(link.downstream)}" for link in links],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        ),
    ]
    for kind, (colour, symbol) in KINDS.items():
        of_kind = [name for name in names if kinds.get(name) == kind]
        if of_kind:
            traces.append(
                go.Scatter(
                    x=[place[name][0] for name in of_kind],
                    y=[place[name][1] for name in of_kind],
                    mode="markers+text",
                    name=kind,
                    text=[label(name.partition(":")[2] or name, longest=22) for name in of_kind],
                    textposition="bottom center",
                    textfont={"size": 11},
                    marker={"color": colour, "symbol": symbol, "size": 15},
                    customdata=[label(name, longest=120) for name in of_kind],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    left_out = len(order) - len(names)
    tallest = max((y for _, y in place.values()), default=0.0) - min((y for _, y in place.values()), default=0.0)
    return figure_of(
        *traces,
        title=f"Lineage of {label(graph.root)}{f'; {left_out:,} nodes further away are not drawn' if left_out else ''}",
        height=int(240 + min(900, 70 * tallest)),
        xaxis={"visible": False, "range": [-0.5, max((x for x, _ in place.values()), default=0) + 0.5]},
        yaxis={"visible": False, "range": [-tallest / 2 - 0.7, tallest / 2 + 0.5]},
        showlegend=True,
    )


def _nearest(graph: Subgraph) -> list[str]:
    """The root and then what is one, two, … links away; what is not joined to it last."""
    beside: dict[str, list[str]] = {}
    for link in graph.links:
        beside.setdefault(link.upstream, []).append(link.downstream)
        beside.setdefault(link.downstream, []).append(link.upstream)
    order = {graph.root: None}
    for name in order_of_growth(order, beside):
        order.setdefault(name)
    order |= dict.fromkeys(node.name for node in graph.nodes)
    return list(order)


def order_of_growth(order: dict[str, None], beside: dict[str, list[str]]) -> list[str]:
    """What can be reached from what is in `order`, nearest first."""
    found, waiting = dict(order), list(order)
    for name in waiting:
        for other in sorted(beside.get(name, ())):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return waiting


def _places(names: list[str], links: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Column and height of each node: right of all upstream of it, the nodes of a column evenly spaced around the middle."""
    above: dict[str, list[str]] = {}
    for upstream, downstream in links:
        above.setdefault(downstream, []).append(upstream)
    column = dict.fromkeys(names, 0)
    for _ in names:  # lineage has no cycles; one pass a node is enough in any case
        changed = False
        for name in names:
            right = max((column[one] + 1 for one in above.get(name, ())), default=0)
            if right > column[name] and right < len(names):
                column[name], changed = right, True
        if not changed:
            break
    columns: dict[int, list[str]] = {}
    for name in sorted(names):
        columns.setdefault(column[name], []).append(name)
    return {name: (float(x), float((len(members) - 1) / 2 - i)) for x, members in sorted(columns.items()) for i, name in enumerate(members)}
