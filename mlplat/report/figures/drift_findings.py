"""What the tests of a window found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from .template import BLUE, GREY, VERMILLION, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...platform.automation.monitoring.drift.verdict import Finding, WindowVerdict

MOST_FINDINGS = 40


def drift(verdict: WindowVerdict) -> go.Figure:
    """The effect that each test found, as a bar, and from where an effect matters, as a mark; alarms have the colour of a warning.

    At most 40 findings: alarms first, then the largest effects for their floor. Findings without a test (a column is gone) have no bar, and
    are named in the row.

    >>> import polars as pl
    >>> from mlplat.platform.automation.monitoring.drift import Reference, decide
    >>> reference = Reference.of(pl.DataFrame({"age": list(range(1000))}))
    >>> drift(decide(reference, pl.DataFrame({"age": list(range(500, 1500))}))).layout.xaxis.title.text is not None
    True
    """
    ordered = sorted(verdict.findings, key=lambda one: (not one.alarm, -(one.effect / one.floor if one.floor else one.effect)))
    found = ordered[:MOST_FINDINGS][::-1]
    names = [f"{label(one.column) or 'all columns'}: {label(one.test or one.reason or '')}" for one in found]
    traces: list[object] = []
    for name, colour, alarm in (("alarm", VERMILLION, True), ("steady", BLUE, False)):
        places = [i for i, one in enumerate(found) if one.alarm is alarm]
        if places:
            traces.append(
                go.Bar(
                    y=places,
                    x=[found[i].effect for i in places],
                    orientation="h",
                    name=name,
                    marker={"color": colour},
                    customdata=[_said(found[i]) for i in places],
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    floors = [i for i, one in enumerate(found) if one.floor > 0]
    traces.append(
        go.Scatter(
            y=floors,
            x=[found[i].floor for i in floors],
            mode="markers",
            name="matters from",
            marker={"color": GREY, "symbol": "line-ns", "size": 14, "line": {"width": 2, "color": GREY}},
            hovertemplate="matters from %{x:.3~g}<extra></extra>",
        )
    )
    left_out = len(ordered) - len(found)
    figure = figure_of(
        *traces,
        title=f"{label(verdict.outcome)}: {verdict.rows:,} rows{f'; {left_out:,} findings are not drawn' if left_out else ''}",
        height=170 + 24 * max(3, len(found)),
        xaxis={"title": {"text": "effect"}, "rangemode": "tozero", "showgrid": True},
        yaxis={"tickvals": list(range(len(found))), "ticktext": names, "showgrid": False},
        showlegend=True,
    )
    return figure if found else say(figure, label(verdict, longest=120))


def _said(one: Finding) -> str:
    return label(one, longest=160)
