"""How far each choice that was run is from each objective: how many times its bound, with the confidence bounds of the mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ...planning.search.words import finding_words, goal_words, money
from ..figures.template import COLOURS, themed
from ..figures.texts import label

if TYPE_CHECKING:
    from ...planning import Plan
    from ...planning.search.goals import Finding, Goal

LEAST, MOST = 0.01, 100.0
"""Times the bound that are drawn; what is further off stands at the edge."""

SYMBOLS = {"met": "circle", "missed": "x", "undecided": "diamond-open"}


def margins(plan: Plan) -> go.Figure | None:
    """A curve for each objective over the count of the one group, or over the cost where there are more groups. 1 is the bound, above it
    is a miss; of an objective from below (`>=`) the parts are turned over. None where no objective has a bound other than 0.

    At most one point for each choice that was run.
    """
    goals = [(at, goal) for at, goal in enumerate(plan.goals) if goal.bound > 0]
    verdicts = [v for v in (*plan.found.verdicts.values(), *plan.searched.edges.values()) if not v.error and v.findings]
    if not goals or not verdicts:
        return None
    alone = len(plan.space.names) == 1
    where = {v.counts: v.counts[0] if alone else plan.space.cost(v.counts) for v in verdicts}
    verdicts.sort(key=lambda v: (where[v.counts], v.counts))
    figure = go.Figure()
    for number, (at, goal) in enumerate(goals):
        colour = COLOURS[number % len(COLOURS)]
        findings = [v.findings[at] for v in verdicts]
        middle = [_times(goal, f.mean) for f in findings]
        ends = [sorted(_times(goal, end) for end in (f.low, f.high)) for f in findings]
        figure.add_scatter(
            x=[where[v.counts] for v in verdicts],
            y=middle,
            name=label(goal_words(goal), 60),
            mode="lines+markers" if alone else "markers",
            line={"color": colour, "width": 1.4, "dash": "dot"},
            marker={"color": colour, "size": 9, "symbol": [SYMBOLS[f.status] for f in findings]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - y for y, (_, high) in zip(middle, ends, strict=True)],
                "arrayminus": [y - low for y, (low, _) in zip(middle, ends, strict=True)],
                "color": colour,
                "thickness": 1.2,
            },
            text=[_hover(plan, v.counts, f) for v, f in zip(verdicts, findings, strict=True)],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.add_hline(y=1, line={"width": 1.5})
    what = (
        "nodes" if alone and not plan.pool else label(plan.nodes[plan.space.names[0]]) if alone else "cost of the nodes a month, US dollars"
    )
    axis = {"type": "log", "title": {"text": "times the bound (above 1: missed)"}, "dtick": 1}
    return themed(figure).update_layout(
        xaxis={"title": {"text": what}},
        yaxis=axis,
        height=420,
        showlegend=True,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom"},
        margin={"t": 20, "b": 90},
    )


def _times(goal: Goal, value: float | None) -> float:
    """How many times the bound, more being worse."""
    if value is None or math.isnan(value):
        return MOST
    times = value / goal.bound if goal.relation == "<=" else goal.bound / value if value > 0 else math.inf
    return min(max(times, LEAST), MOST)


def _hover(plan: Plan, counts: tuple[int, ...], finding: Finding) -> str:
    named = ", ".join(f"{count:,} {label(name)}" for name, count in plan.named(counts).items())
    return f"{named}<br>{money(plan.space.cost(counts))} a month<br>{label(finding_words(finding, plan.level), 90)}<br>{finding.status}"
