"""How a service answered: latencies, replicas and rates over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from ...units import format_seconds
from .step_curve import step_curve
from .template import BLUE, COLOURS, GREEN, GREY, PINK, VERMILLION, VIOLET, figure_of, say
from .texts import label
from .time_axis import TimeUnit, clock_texts, time_unit

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...platform.serving.result import ServingResult

    Floats = npt.NDArray[np.floating[Any]]

SPANS = 120
"""Equal spans of the run for which a figure is told."""

MOST_VERSIONS = len(COLOURS)
OUTCOMES = {
    "answered": BLUE,
    "error": VERMILLION,
    "timed_out": PINK,
    "rejected": VIOLET,
    "failed": GREEN,
    "unfinished": GREY,
}


def _spans(
    result: ServingResult, times: npt.NDArray[np.float64]
) -> tuple[TimeUnit, npt.NDArray[np.floating[Any]], float, npt.NDArray[np.int64]]:
    """The unit of the axis, the middle of each span, its length (s), and the span of each time."""
    first = min(float(times.min()), result.end_s)
    width = max(result.end_s - first, 1e-9) / SPANS
    place = np.clip(((times - first) / width).astype(np.int64), 0, SPANS - 1)
    return time_unit(result.end_s - first), first + width * (np.arange(SPANS) + 0.5), width, place


def latency(result: ServingResult) -> go.Figure:
    """Median, 95th and 99th percentile of the latency of the requests sent in each of 120 equal spans, on a logarithmic axis.

    Exact percentiles (linear interpolation) of the answered requests of the span; a span without an answer is a gap.

    >>> from mlplat.platform.serving import Requests, Version, serve
    >>> result = serve(Version("v1", replicas=2), Requests.poisson(20.0, until="60s", service="exponential", mean="50ms", seed=1))
    >>> [curve.name.split(",")[0] for curve in latency(result).data]
    ['P50', 'P95', 'P99']
    """
    frame = result.requests.filter(pl.col("latency_s").is_not_null())
    figure = figure_of(title="Latency of answered requests", yaxis={"title": {"text": "latency, s"}, "type": "log"}, showlegend=True)
    if not len(frame):
        return say(figure, "No request was answered.")
    unit, middle, _, place = _spans(result, frame["sent_s"].to_numpy())
    by_span = frame.select("latency_s", span=place).group_by("span")
    wanted = {"P50": (0.5, BLUE), "P95": (0.95, VERMILLION), "P99": (0.99, VIOLET)}
    found = by_span.agg(pl.col("latency_s").quantile(q, "linear").alias(name) for name, (q, _) in wanted.items())
    found = pl.DataFrame({"span": np.arange(SPANS)}).join(found, on="span", how="left", maintain_order="left")
    whole = frame["latency_s"]
    for name, (quantile, colour) in wanted.items():
        of_all = format_seconds(whole.quantile(quantile, "linear") or 0.0)
        figure.add_trace(
            go.Scatter(
                x=unit.of(middle),
                y=found[name].to_list(),
                mode="lines+markers",
                marker={"size": 3},
                name=f"{name}, {of_all} over all",
                line={"color": colour, "width": 1.6},
                customdata=clock_texts(middle),
                hovertemplate=f"{name} %{{y:.4~g}} s at %{{customdata}}<extra></extra>",
            )
        )
    return figure.update_xaxes(unit.axis())


def replicas(result: ServingResult) -> go.Figure:
    """Ready replicas of each version over time, and dotted the number that was wanted. At most 2,000 points a curve, the extremes among
    them, and seven versions, the first.

    >>> from mlplat.platform.serving import Requests, Version, serve
    >>> result = serve(Version("v1", replicas=2), Requests.poisson(20.0, until="60s", service="exponential", mean="50ms", seed=1))
    >>> len(replicas(result).data) > 0
    True
    """
    frame = result.timeline
    unit = time_unit(result.end_s)
    curves = []
    names = frame["version"].cast(pl.String).unique(maintain_order=True).to_list()
    for name, colour in zip(names[:MOST_VERSIONS], COLOURS, strict=False):
        part = frame.filter(pl.col("version").cast(pl.String) == name)
        times = part["time_s"].to_numpy()
        for column, dash in (("ready", "solid"), ("wanted", "dot")):
            values = part[column].cast(float).to_numpy()
            line = {"shape": "hv", "color": colour, "width": 1.6, "dash": dash}
            said = f"{label(name)} {column}"
            curves.append(step_curve(times, values, name=said, unit=unit, colour=colour, end_s=result.end_s, line=line))
    left_out = max(0, len(names) - MOST_VERSIONS)
    figure = figure_of(
        *curves,
        title=f"Replicas{f'; {left_out:,} more versions' if left_out else ''}",
        xaxis=unit.axis(),
        yaxis={"title": {"text": "replicas"}, "rangemode": "tozero"},
        showlegend=True,
    )
    return figure if curves else say(figure, "There were no replicas.")


def rate(result: ServingResult) -> go.Figure:
    """Requests a second that were sent in each of 120 equal spans, by what became of them, on top of each other.

    >>> from mlplat.platform.serving import Requests, Version, serve
    >>> result = serve(Version("v1", replicas=2), Requests.poisson(20.0, until="60s", service="exponential", mean="50ms", seed=1))
    >>> rate(result).layout.title.text
    'Requests sent'
    """
    frame = result.requests
    axis = {"title": {"text": "requests a second"}, "rangemode": "tozero"}
    figure = figure_of(title="Requests sent", barmode="stack", bargap=0, yaxis=axis)
    if not len(frame):
        return say(figure, "No request was sent.")
    unit, middle, width, place = _spans(result, frame["sent_s"].to_numpy())
    outcome = frame["outcome"].cast(pl.String).to_numpy()
    for name, colour in OUTCOMES.items():
        if (of := outcome == name).any():
            figure.add_trace(
                go.Bar(
                    x=unit.of(middle),
                    y=np.bincount(place[of], minlength=SPANS) / width,
                    name=f"{name.replace('_', ' ')}, {int(of.sum()):,}",
                    marker={"color": colour, "line": {"width": 0}},
                    customdata=clock_texts(middle),
                    hovertemplate=f"%{{y:,.4~g}} a second {name.replace('_', ' ')} at %{{customdata}}<extra></extra>",
                )
            )
    return figure.update_layout(showlegend=True).update_xaxes(unit.axis())
