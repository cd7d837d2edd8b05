"""What each zone was promised, used and borrowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go
import polars as pl

from .template import BLUE, GREY, PINK, VERMILLION, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

MOST_ZONES = 40
UNITS = {"gpus": "devices", "cpus": "cores", "memory_gib": "GiB"}


def zones(run: RunFrames, resource: str | None = None) -> go.Figure:
    """A row a zone: mean use within the guarantee and borrowed above it as bars, guarantee, limit and largest use as marks.

    `resource`: `gpus`, `cpus` or `memory_gib`; None for devices, or cores where the cluster has no devices. At most 40 zones, those that
    used most; the title says how many were left out. Raises KeyError for another resource.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)], groups=["shop"])
    >>> run = mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace, zones=[mp.Quota("shop", guarantee={"gpus": 2})])
    >>> [(bar.name, list(bar.x)) for bar in zones(run).data[:2]]
    [('used of its own, mean', [2.0]), ('borrowed, mean', [6.0])]
    """
    resource = resource or ("gpus" if run.spec.capacity()["gpus"] else "cpus")
    unit = UNITS[resource]
    mean, own, borrowed, most, guarantee, limit = (
        pl.col(f"{resource}_{kind}") for kind in ("use_mean", "own", "borrowed_mean", "use_max", "guarantee", "limit")
    )
    frame = run.zones.sort(mean, descending=True, maintain_order=True)
    left_out = max(0, len(frame) - MOST_ZONES)
    frame = frame.head(MOST_ZONES).reverse().with_columns(borrowed.fill_null(0.0))
    frame = frame.with_columns((mean - borrowed).alias(f"{resource}_own"))
    names = [label(name or "(others)") for name in frame["zone"].to_list()]
    rows = list(range(len(names)))

    def bar(name: str, column: pl.Expr, colour: str) -> go.Bar:
        return go.Bar(
            y=rows,
            x=frame.select(column).to_series().to_list(),
            name=name,
            orientation="h",
            marker={"color": colour},
            customdata=names,
            hovertemplate=f"%{{customdata}}: %{{x:,.4~g}} {unit} {name}<extra></extra>",
        )

    def marks(name: str, column: pl.Expr, colour: str, symbol: str) -> go.Scatter:
        return go.Scatter(
            y=rows,
            x=frame.select(column).to_series().to_list(),
            name=name,
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 12, "line": {"width": 2, "color": colour}},
            customdata=names,
            hovertemplate=f"%{{customdata}}: %{{x:,.4~g}} {unit} {name}<extra></extra>",
        )

    more = f"; {left_out:,} more used less" if left_out else ""
    figure = figure_of(
        bar("used of its own, mean", own, BLUE),
        bar("borrowed, mean", borrowed, PINK),
        marks("guarantee", guarantee, VERMILLION, "line-ns"),
        marks("limit", limit, GREY, "x-thin"),
        marks("largest use", most, GREY, "circle-open"),
        title=f"Zones: promised and used{more}",
        height=190 + 26 * max(3, len(rows)),
        barmode="stack",
        xaxis={"title": {"text": unit}, "rangemode": "tozero", "showgrid": True},
        yaxis={"tickvals": rows, "ticktext": names, "showgrid": False},
    )
    return figure if rows else say(figure, "The run had no zones.")
