"""How policies differ from the first one, measure by measure, with intervals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from .template import GREEN, GREY, VERMILLION, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...planning.comparison.comparison_result import Comparison

MOST_ROWS = 60
VERDICTS = {"better": GREEN, "worse": VERMILLION, "equal": GREY, "not shown": GREY}
SYMBOLS = {"better": "circle", "worse": "diamond", "equal": "line-ns", "not shown": "circle-open"}


def differences(comparison: Comparison, measures: Collection[str] | None = None) -> go.Figure:
    """A mark for each policy and measure: the difference from the baseline, in % of the baseline's value, with its confidence interval.

    `measures`: only these; None for all. Rows without a difference, or whose baseline is 0, are not drawn; the title counts them. At most
    60 rows. Colour and mark say the verdict.

    >>> import mlplat as mp
    >>> trace = mp.traces.synthetic(300, gpus=16, load=1.2, seed=1)
    >>> found = mp.compare(mp.ClusterSpec.parse("2x8xV100"), trace, policies=["fifo/best-fit", "easy/best-fit"], measures=["mean_wait"])
    >>> differences(found).data[0].name
    'better'
    """
    wanted = [row for row in comparison.rows if measures is None or row["measure"] in measures]
    rows = [row for row in wanted if row["difference"] is not None and row["baseline"]]
    left_out = len(wanted) - len(rows[:MOST_ROWS])
    rows = rows[:MOST_ROWS][::-1]
    names = [f"{label(row['measure'])}, {label(row['policy'])}" for row in rows]
    traces = []
    for verdict, colour in VERDICTS.items():
        places = [i for i, row in enumerate(rows) if row["verdict"] == verdict]
        if places:
            traces.append(_marks(verdict, colour, places, [rows[i] for i in places], [names[i] for i in places]))
    more = f"; {left_out:,} rows are not drawn" if left_out else ""
    figure = figure_of(
        *traces,
        title=f"Differences from {label(comparison.baseline)}{more}",
        height=170 + 24 * max(4, len(rows)),
        xaxis={"title": {"text": "difference, % of the baseline"}, "showgrid": True, "zeroline": True, "zerolinecolor": GREY},
        yaxis={"tickvals": list(range(len(rows))), "ticktext": names, "range": [-0.7, len(rows) - 0.3]},
        showlegend=True,
    )
    return figure if rows else say(figure, "Nothing was measured that can be compared.")


def _marks(verdict: str, colour: str, places: list[int], rows: list[Mapping[str, Any]], names: list[str]) -> go.Scatter:
    scale = [100.0 / abs(row["baseline"]) for row in rows]
    low, high = ([row["difference"] if row[end] is None else row[end] for row in rows] for end in ("low", "high"))
    texts = [
        f"{name}<br>{row['baseline']:,.4g} to {row['value']:,.4g} {label(row['unit'])}: {verdict}"
        for name, row in zip(names, rows, strict=True)
    ]
    return go.Scatter(
        y=places,
        x=[row["difference"] * by for row, by in zip(rows, scale, strict=True)],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(end - row["difference"]) * by for end, row, by in zip(high, rows, scale, strict=True)],
            "arrayminus": [(row["difference"] - end) * by for end, row, by in zip(low, rows, scale, strict=True)],
            "thickness": 1.5,
        },
        mode="markers",
        name=verdict,
        marker={"color": colour, "symbol": SYMBOLS[verdict], "size": 9},
        customdata=texts,
        hovertemplate="%{customdata}<br>%{x:+.3~g} %<extra></extra>",
    )
