"""What a search for a cluster tried, and what its answer hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import polars as pl

from .template import BLUE, COLOURS, GREY, PINK, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...planning.search.plan import Plan
    from ...planning.search.sensitivity import Row, Sensitivity

MOST_CHOICES = 400
MOST_FACTORS = 20


def tried(plan: Plan) -> go.Figure:
    """The choices that were run, by their cost a month: how far the mean of each objective is on the right side of its bound, in % of the
    bound, with the confidence bounds of the mean. Below the line at 0 an objective is missed. A filled mark is a choice that meets all.

    At most 400 choices, those closest to the plan's cost; the title counts the others.

    >>> import mlplat as mp
    >>> plan = mp.plan(mp.Scenario.from_yaml('''
    ... cluster: 1x8xV100
    ... workload: {synthetic: {jobs: 60, gpus: 16}}
    ... objectives: {p95_wait: 1h}
    ... search: {groups: {node: {least: 1, most: 6}}}
    ... '''))
    >>> len(tried(plan).data) > 0
    True
    """
    frame = plan.tried.filter(pl.col("mean").is_not_null())
    told = plan.space.cost(tuple(plan.counts.values())) if plan.counts else 0.0
    orders = frame.unique("order").sort((pl.col("cost_per_month") - told).abs(), "order")["order"].to_list()
    frame = frame.filter(pl.col("order").is_in(orders[:MOST_CHOICES])).sort("cost_per_month", "order")
    traces = []
    for i, goal in enumerate(plan.goals):
        part = frame.filter(pl.col("objective") == goal.name)
        if not len(part):
            continue
        by = 100.0 / (abs(goal.bound) or 1.0)
        up, down = ((pl.col("mean") - pl.col("low")), (pl.col("high") - pl.col("mean")))
        if goal.relation != "<=":
            up, down = down, up
        counts = ["+".join(f"{count:,}" for count in row) for row in part["counts"].to_list()]
        traces.append(
            go.Scatter(
                x=part["cost_per_month"],
                y=[100.0 * goal.margin(mean) for mean in part["mean"].to_list()],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": part.select(up * by).to_series().fill_null(0.0),
                    "arrayminus": part.select(down * by).to_series().fill_null(0.0),
                    "thickness": 1.2,
                },
                mode="markers",
                name=f"{label(goal.name)} {'at most' if goal.relation == '<=' else 'at least'} {goal.bound:g} {label(goal.unit)}".strip(),
                marker={
                    "color": COLOURS[i % len(COLOURS)],
                    "size": 9,
                    "symbol": ["circle" if met else "circle-open" for met in part["met"].to_list()],
                },
                customdata=[f"{nodes} nodes: {mean:,.4g}" for nodes, mean in zip(counts, part["mean"].to_list(), strict=True)],
                hovertemplate="%{customdata}, $%{x:,.0f} a month, %{y:+.3~g} %<extra></extra>",
            )
        )
    left_out = max(0, len(orders) - MOST_CHOICES)
    figure = figure_of(
        *traces,
        title=f"Choices that were run: {len(orders):,}{f', {left_out:,} not drawn' if left_out else ''}",
        height=400,
        xaxis={"title": {"text": "US dollars a month"}},
        yaxis={"title": {"text": "within the bound, % of it"}},
        showlegend=True,
    )
    figure.add_hline(y=0, line={"color": GREY, "dash": "dash", "width": 1})
    if plan.counts:
        figure.add_vline(x=told, line={"color": GREY, "dash": "dot", "width": 1})
    return figure if traces else say(figure, "No choice could be run.")


def tornado(plan: Plan | Sensitivity, **options: Any) -> go.Figure:
    """What the cost a month becomes when load, failures or prices are less or more, the widest first: a bar each way from the plan's cost.

    Of a plan the runs are made for it: `options` are those of `Plan.sensitivity`. At most 20 factors. An unreachable plan is a hatched bar.

    >>> import mlplat as mp
    >>> plan = mp.plan(mp.Scenario.from_yaml('''
    ... cluster: 1x8xV100
    ... workload: {synthetic: {jobs: 60, gpus: 16}}
    ... objectives: {p95_wait: 1h}
    ... search: {groups: {node: {least: 1, most: 6}}}
    ... '''))
    >>> [bars.name for bars in tornado(plan).data]
    ['less', 'more']
    """
    from ...planning.search.sensitivity import Sensitivity

    found = plan if isinstance(plan, Sensitivity) else plan.sensitivity(**options)
    factors = list(dict.fromkeys(row.factor for row in found.rows))[:MOST_FACTORS][::-1]
    traces = []
    for name, colour in (("less", PINK), ("more", BLUE)):
        rows = [row for row in found.rows if row.factor in factors and (row.times < 1) == (name == "less")]
        traces.append(
            go.Bar(
                y=[factors.index(row.factor) for row in rows],
                x=[row.more_cost for row in rows],
                base=found.cost,
                orientation="h",
                name=name,
                marker={"color": colour, "pattern": {"shape": ["" if row.met else "/" for row in rows]}},
                customdata=[_said(row) for row in rows],
                hovertemplate="%{customdata}, $%{x:+,.0f} a month<extra></extra>",
            )
        )
    figure = figure_of(
        *traces,
        title=f"What moves the cost of {found.cost:,.0f} US dollars a month",
        height=170 + 40 * max(2, len(factors)),
        barmode="overlay",
        xaxis={"title": {"text": "US dollars a month"}, "showgrid": True},
        yaxis={"tickvals": list(range(len(factors))), "ticktext": [label(name) for name in factors], "showgrid": False},
    )
    figure.add_vline(x=found.cost, line={"color": GREY, "width": 1})
    return figure if found.rows else say(figure, "Nothing was changed.")


def _said(row: Row) -> str:
    missed = "" if row.met else ", objectives missed"
    return f"{label(row.factor)} times {row.times:g}: {'+'.join(map(str, row.counts))} nodes{missed}"
