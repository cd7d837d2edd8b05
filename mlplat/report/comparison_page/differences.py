"""Pictures of a comparison: by which part each measure differs, and the runs it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ...planning.comparison.comparison_result import amount
from ...planning.search.words import figure_words
from ..figures.template import COLOURS, GREEN, GREY, VERMILLION, themed
from ..figures.texts import label
from ..figures.time_axis import time_unit

if TYPE_CHECKING:
    from ...planning import Comparison

VERDICTS = {"better": (GREEN, "circle"), "worse": (VERMILLION, "x"), "equal": (GREY, "circle-open"), "not shown": (GREY, "diamond-open")}
MOST_RUNS = 200
"""Runs of each policy that are drawn; of more, so many are spread evenly over them."""


def differences(comparison: Comparison) -> go.Figure:
    """For each measure and policy the difference from the baseline, in per cent of it, with its interval. Those of a baseline of 0 have no
    per cent, and are not drawn. At most a point for each row of `Comparison.frame`.
    """
    figure = go.Figure()
    policies = [str(policy) for policy in comparison.policies[1:]]
    rows = [row for row in comparison.rows if row["difference"] is not None and row["baseline"]]
    for kind, (colour, symbol) in VERDICTS.items():
        shown = [row for row in rows if row["verdict"] == kind]
        if not shown:
            continue
        x, low, high = ([100 * row[name] / abs(row["baseline"]) for row in shown] for name in ("difference", "low", "high"))
        figure.add_scatter(
            x=x,
            y=[_line(row, policies) for row in shown],
            mode="markers",
            name=kind,
            marker={"color": colour, "symbol": symbol, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [h - v for v, h in zip(x, high, strict=True)],
                "arrayminus": [v - a for v, a in zip(x, low, strict=True)],
                "color": colour,
            },
            text=[_hover(row) for row in shown],
            hovertemplate="%{text}<extra></extra>",
        )
    order = [_line(row, policies) for row in rows][::-1]
    figure.add_vline(x=0, line={"width": 1.5})
    return themed(figure).update_layout(
        height=150 + 26 * len(order),
        xaxis={"title": {"text": f"difference from {label(comparison.baseline)}, % of it"}, "ticksuffix": " %"},
        yaxis={"categoryorder": "array", "categoryarray": order, "showgrid": True},
        showlegend=True,
        margin={"t": 40},
    )


def _line(row: Mapping[str, Any], policies: list[str]) -> str:
    what = label(figure_words(str(row["measure"])))
    return what if len(policies) == 1 else f"{what}, {label(row['policy'], 30)}"


def _hover(row: Mapping[str, Any]) -> str:
    values = f"{amount(row['value'], row['unit'])} instead of {amount(row['baseline'], row['unit'])}"
    sure = "" if row["p_adjusted"] is None else f"<br>p = {row['p_adjusted']:.3g}, corrected"
    what = f"{label(row['policy'])}: {label(figure_words(str(row['measure'])))}"
    return f"{what}<br>{values}<br>{row['verdict']} ({row['better']} is better){sure}"


def _scale(comparison: Comparison, measure: str) -> tuple[float, str]:
    """By what a measure is multiplied, and the unit that it then has: the time in which the largest mean is read best."""
    means = [value for row in comparison.rows if row["measure"] == measure for value in (row["baseline"], row["value"])]
    unit = next(str(row["unit"]) for row in comparison.rows if row["measure"] == measure)
    if unit == "s":
        time = time_unit(max(means))
        return 1 / time.seconds, time.name
    return (100.0, "%") if unit == "part" else (1.0, "" if unit in ("count", "ratio") else unit)


def replications(comparison: Comparison, measures: list[str]) -> go.Figure:
    """A panel for each measure: its figure under each policy, a line for each replication, and the mean. At most `MOST_RUNS` lines."""
    policies = [str(policy) for policy in comparison.policies]
    frame = comparison.figures
    columns = min(2, len(measures))
    count = -(-len(measures) // columns)
    scales = [_scale(comparison, name) for name in measures]
    titles = [label(figure_words(name)) + (f", {unit}" if unit else "") for name, (_, unit) in zip(measures, scales, strict=True)]
    figure = make_subplots(count, columns, subplot_titles=titles, vertical_spacing=0.35 / count, horizontal_spacing=0.14)
    numbers = frame["replication"].unique().sort().to_numpy()
    kept = numbers[np.unique(np.linspace(0, len(numbers) - 1, min(MOST_RUNS, len(numbers))).round().astype(int))]
    for at, name in enumerate(measures):
        values = [frame.filter(frame["policy"] == policy).sort("replication")[name].to_numpy() for policy in policies]
        table = np.array(values, dtype=float) * scales[at][0]
        places = [label(policy, 24) for policy in policies]
        x, y = [], []
        for number in kept:
            x += [*places, None]
            y += [*table[:, number].tolist(), None]
        where = {"row": at // columns + 1, "col": at % columns + 1}
        lines = {"color": COLOURS[0], "width": 1}
        figure.add_trace(go.Scatter(x=x, y=y, mode="lines+markers", line=lines, marker={"size": 4}, opacity=0.45, hoverinfo="y"), **where)
        if len(kept) > 1:
            mean = go.Scatter(
                x=places, y=table.mean(axis=1), mode="markers", marker={"color": VERMILLION, "size": 11, "symbol": "line-ew-open"}
            )
            figure.add_trace(mean.update(marker_line_width=3), **where)
    themed(figure).update_layout(height=80 + 260 * count, showlegend=False, margin={"t": 50})
    return figure
