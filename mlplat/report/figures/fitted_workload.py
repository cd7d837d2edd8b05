"""A fitted workload: its week, and how well it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from .template import BLUE, GREEN, GREY, PINK, VERMILLION, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...traces.fitting.goodness import GoodnessOfFit
    from ...traces.fitting.model import FittedWorkload
    from ...workload import JobTrace

MOST_CHECKS = 60
VERDICTS = {"fits": (GREEN, "circle"), "roughly": (PINK, "diamond"), "does not fit": (VERMILLION, "x")}


def week(model: FittedWorkload) -> go.Figure:
    """Bursts of jobs that arrive in each of the 168 hours of the model's week.

    >>> from mlplat.traces import synthetic
    >>> from mlplat.traces.fitting import fit
    >>> len(week(fit(synthetic(days=14, gpus=64, users=5))).data[0].y)
    168
    """
    rates = [model.arrivals.per_hour * factor for factor in model.arrivals.hours]
    return figure_of(
        go.Bar(x=list(range(len(rates))), y=rates, marker={"color": BLUE}, hovertemplate="hour %{x}: %{y:,.4~g} an hour<extra></extra>"),
        title=f"Arrivals in a week; cycle: {label(model.arrivals.cycle)}",
        bargap=0.1,
        xaxis={"title": {"text": "hour of the week"}, "dtick": 24},
        yaxis={"title": {"text": "bursts an hour"}, "rangemode": "tozero"},
    )


def goodness(of: GoodnessOfFit | FittedWorkload, trace: JobTrace | None = None, seed: int = 0) -> go.Figure:
    """Each figure of generated traces over that of the trace, with the range over the generated ones; the line at 1 is a perfect fit.

    Of a model with the `trace` to compare with, by `FittedWorkload.goodness`, or of its report. Checks of a distance have no ratio: their
    distance is in the label of their row. At most 60 checks. Raises OptionError for a model without a trace.

    >>> from mlplat.traces import synthetic
    >>> from mlplat.traces.fitting import fit
    >>> trace = synthetic(days=14, gpus=32, seed=1)
    >>> len(goodness(fit(trace), trace).data) > 0
    True
    """
    from ...errors import OptionError
    from ...traces.fitting.goodness import GoodnessOfFit

    if isinstance(of, GoodnessOfFit):
        report = of
    elif trace is None:
        raise OptionError("goodness of fit: expected the trace to compare the model with")
    else:
        report = of.goodness(trace, seed=seed)
    checks = report.checks[:MOST_CHECKS][::-1]
    names = [
        f"{label(check.what)}, {label(check.figure)}" + ("" if check.distance is None else f" (distance {check.distance:.2g})")
        for check in checks
    ]
    traces = []
    for verdict, (colour, symbol) in VERDICTS.items():
        places = [i for i, check in enumerate(checks) if check.verdict == verdict]
        ratios = [_ratio(checks[i].generated, checks[i].trace) for i in places]
        lows, highs = ([_ratio(getattr(checks[i], end), checks[i].trace) for i in places] for end in ("low", "high"))
        if places:
            traces.append(
                go.Scatter(
                    y=places,
                    x=[1.0 if ratio is None else ratio for ratio in ratios],
                    error_x={
                        "type": "data",
                        "symmetric": False,
                        "array": [0.0 if r is None or h is None else max(0.0, h - r) for r, h in zip(ratios, highs, strict=True)],
                        "arrayminus": [0.0 if r is None or low is None else max(0.0, r - low) for r, low in zip(ratios, lows, strict=True)],
                    },
                    mode="markers",
                    name=verdict,
                    marker={"color": colour, "symbol": symbol, "size": 9},
                    customdata=[names[i] for i in places],
                    hovertemplate=f"%{{customdata}}: %{{x:.3~g}}, {verdict}<extra></extra>",
                )
            )
    figure = figure_of(
        *traces,
        title=f"Fit to {label(report.source or 'the trace')}: {len(report.misfits):,} of {len(report.checks):,} checks do not fit",
        height=170 + 22 * max(4, len(checks)),
        xaxis={"title": {"text": "generated over trace (logarithmic)"}, "type": "log", "showgrid": True},
        yaxis={"tickvals": list(range(len(checks))), "ticktext": names, "range": [-0.7, len(checks) - 0.3]},
        showlegend=True,
    )
    figure.add_vline(x=1, line={"color": GREY, "width": 1})
    return figure if checks else say(figure, "Nothing was checked.")


def _ratio(value: float | None, of: float | None) -> float | None:
    return value / of if value is not None and of and value / of > 0 else None
