"""The runs that a comparison comes from, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ...planning.search.words import figure_words
from ..figures.template import COLOURS, VERMILLION, themed
from ..figures.texts import label
from ..figures.time_axis import time_unit

if TYPE_CHECKING:
    from ...planning import Comparison

MOST_RUNS = 200
"""Runs of each policy that are drawn; of more, so many are spread evenly over them."""


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
