"""The choices of a search as a map: which were run and what came of them, and why the others needed no run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from ...errors import printable
from ...planning.search.proof import Standing, standing
from ...planning.search.words import money
from ..figures.template import BLUE, GREEN, PINK, VERMILLION, themed
from ..figures.texts import label

if TYPE_CHECKING:
    from ...planning import Plan

MOST_VALUES = 120
"""Counts of a group that an axis has; of more, those are shown that are spread evenly, and all that were run."""

MARKS = {Standing.MET: (GREEN, "circle"), Standing.MISSED: (VERMILLION, "x"), Standing.REFUSED: (PINK, "triangle-up")}
AREAS = {
    Standing.TOO_FEW: ("not run: too few, by one that misses", "rgba(213,94,0,0.30)"),
    Standing.TOO_MANY: ("not run: too many, by one that misses", "rgba(138,63,252,0.30)"),
    Standing.NO_CHEAPER: ("not run: no cheaper than one that meets all", "rgba(0,158,115,0.28)"),
    Standing.OVER_BUDGET: ("not run: over the budget", "rgba(204,121,167,0.35)"),
    Standing.NOT_REACHED: ("not run: the search ended before", "rgba(106,106,106,0.25)"),
}


def choices_map(plan: Plan) -> go.Figure:
    """A cell for each choice of the first two groups, the third as it was found; a mark on each that was run.

    At most `MOST_VALUES` values an axis, and those that were run.
    """
    space, found = plan.space, plan.found
    told = plan.verdict or plan.best_reachable
    rest = () if told is None else told.counts[2:]
    axes = [_values(plan, axis) for axis in range(min(2, len(space.names)))]
    columns, rows = axes[0], axes[1] if len(axes) > 1 else [0]
    codes, texts = [], []
    for row in rows:
        line = [(column, *((row,) if len(axes) > 1 else ()), *rest) for column in columns]
        stands = [standing(space, found, counts, plan.ceiling) for counts in line]
        codes.append([_CODES.get(kind) for kind, _ in stands])
        texts.append([_hover(plan, counts, kind, witness) for counts, (kind, witness) in zip(line, stands, strict=True)])
    figure = go.Figure(_areas(columns, rows, codes, texts))
    for kind, (colour, symbol) in MARKS.items():
        run = [c for c in found.verdicts if standing(space, found, c, plan.ceiling)[0] is kind and c[2:] == rest]
        if run:
            figure.add_scatter(
                x=[c[0] for c in run],
                y=[c[1] if len(axes) > 1 else 0 for c in run],
                mode="markers",
                name=f"run: {kind}",
                marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 1, "color": "#ffffff"}},
                text=[_hover(plan, c, kind, None) for c in run],
                hovertemplate="%{text}<extra></extra>",
            )
    for code in sorted({code for line in codes for code in line if code is not None}):
        name, colour = list(AREAS.values())[code]
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker={"color": colour, "symbol": "square", "size": 13})
    if told is not None:
        figure.add_scatter(
            x=[told.counts[0]],
            y=[told.counts[1] if len(axes) > 1 else 0],
            mode="markers",
            name="the plan" if plan.met else "best reachable",
            marker={"symbol": "circle-open", "size": 22, "color": BLUE, "line": {"width": 3}},
            hoverinfo="skip",
        )
    y_axis = {"title": {"text": _title(plan, 1)}} if len(axes) > 1 else {"visible": False, "range": [-0.5, 0.5]}
    layout = {"xaxis": {"title": {"text": _title(plan, 0)}}, "yaxis": y_axis, "height": 520 if len(axes) > 1 else 260}
    return themed(figure).update_layout(
        **layout, showlegend=True, legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom"}, margin={"t": 20, "b": 130}
    )


_CODES = {kind: code for code, kind in enumerate(AREAS)}


def _areas(columns: list[int], rows: list[int], codes: list[list[int | None]], texts: list[list[str]]) -> go.Heatmap:
    count = len(AREAS)
    scale = [[(code + side) / count, colour] for code, (_, colour) in enumerate(AREAS.values()) for side in (0, 1)]
    return go.Heatmap(
        x=columns,
        y=rows,
        z=codes,
        text=texts,
        zmin=-0.5,
        zmax=count - 0.5,
        colorscale=scale,
        showscale=False,
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
    )


def _values(plan: Plan, axis: int) -> list[int]:
    least, most = plan.space.least[axis], plan.space.most[axis]
    run = {counts[axis] for counts in plan.found.verdicts}
    if most - least < MOST_VALUES:
        return list(range(least, most + 1))
    step = (most - least) / (MOST_VALUES - 1)
    return sorted(run | {round(least + step * i) for i in range(MOST_VALUES)})


def _title(plan: Plan, axis: int) -> str:
    name = plan.space.names[axis]
    what = label(plan.nodes[name])
    return f"{what} (pool)" if plan.pool else f"nodes of {what}" + (f" in {label(name)}" if len(plan.space.names) > 1 else "")


def _hover(plan: Plan, counts: tuple[int, ...], kind: Standing, witness: tuple[int, ...] | None) -> str:
    named = ", ".join(f"{count:,} {label(name)}" for name, count in plan.named(counts).items())
    ran = kind in MARKS
    why = f"run: {kind}<br>{label(printable(plan.found.why[counts]), 80)}" if ran else f"not run: {kind}"
    shown_by = "" if witness is None else f"<br>shown by {witness[0] if len(witness) == 1 else witness}"
    return f"{named}<br>{money(plan.space.cost(counts))} a month<br>{why}{shown_by}"
