"""What a plan hangs on: by how much its cost moves with less and with more of each thing that is not known for sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ...planning.search.words import money
from ..figures.template import BLUE, VERMILLION, themed
from ..figures.texts import label

if TYPE_CHECKING:
    from ...planning.search.sensitivity import Sensitivity


def tornado(found: Sensitivity) -> go.Figure:
    """A pair of bars for each factor, the one that moves the cost most on top; hatched where no choice meets all objectives then."""
    factors = list(dict.fromkeys(row.factor for row in found.rows))[::-1]
    figure = go.Figure()
    for name, colour, more in (("less of it", BLUE, False), ("more of it", VERMILLION, True)):
        rows = {row.factor: row for row in found.rows if (row.times > 1) == more}
        shown = [rows[factor] for factor in factors if factor in rows]
        figure.add_bar(
            y=[label(row.factor) for row in shown],
            x=[row.more_cost for row in shown],
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": ["" if row.met else "/" for row in shown]}},
            text=[f"× {row.times:g}" + ("" if row.met else ", unreachable") for row in shown],
            textposition="auto",
            hovertext=[
                f"{label(row.factor)} × {row.times:g}: {'+'.join(map(str, row.counts))} nodes, {money(row.cost)} a month"
                + ("" if row.met else "<br>no choice meets all objectives; the best reachable")
                for row in shown
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.add_vline(x=0, line={"width": 1.5})
    return themed(figure).update_layout(
        barmode="group",
        height=140 + 80 * len(factors),
        xaxis={"title": {"text": f"US dollars a month more than {money(found.cost)}"}, "tickformat": "+,.3~s"},
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 50},
    )
