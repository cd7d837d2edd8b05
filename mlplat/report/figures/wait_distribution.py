"""How long jobs waited: how many how long, and the distribution function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ...units import format_seconds
from .decimation import kept_ranks
from .template import BLUE, VERMILLION, say, themed

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

STEPS_S = (1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400)
"""Where one bar ends and the next begins, s."""

STEP_TEXTS = ("1 s", "10 s", "1 min", "10 min", "1 h", "6 h", "1 d", "7 d")
BARS = ("none", f"up to {STEP_TEXTS[0]}", *(f"to {text}" for text in STEP_TEXTS[1:]), f"above {STEP_TEXTS[-1]}")
PERCENTILES = (50, 95, 99)


def waits(run: RunFrames) -> go.Figure:
    """Left, the part of the started jobs whose wait lies in each of ten ranges that do not depend on the run; right, the part that waited
    no longer than so long, with the median and the 95th and 99th percentiles. Time is on a logarithmic axis there, so that the curve begins
    at the part that did not wait. It goes through at most 2,000 of the sorted waits, at evenly spaced ranks, the longest among them.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0, 10], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=8)])
    >>> figure = waits(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace))
    >>> {name: part for name, part in zip(figure.data[0].x, figure.data[0].y.tolist()) if part}
    {'none': 50.0, 'to 1 min': 50.0}
    """
    wait = np.sort(run.jobs["wait_s"].drop_nulls().to_numpy())
    figure = make_subplots(1, 2, column_widths=[0.45, 0.55], horizontal_spacing=0.12)
    title = f"Wait until the first start; {len(wait):,} of {len(run.jobs):,} jobs started"
    themed(figure).update_layout(title={"text": title}, height=380, showlegend=False)
    if not len(wait):
        return say(figure, "No job started.")
    figure.add_trace(_bars(wait), 1, 1)
    positive = max(1e-3, float(wait[wait > 0][0]) if wait[-1] > 0 else 1.0)
    figure.add_trace(_curve(wait, positive), 1, 2)
    figure.add_trace(_marks(wait, positive), 1, 2)
    figure.update_xaxes(title={"text": "wait"}, type="category", tickangle=-40, row=1, col=1)
    figure.update_yaxes(title={"text": "jobs, %"}, rangemode="tozero", row=1, col=1)
    ticks = (1e-3, 1e-2, 0.1, *STEPS_S, 30 * 86400)
    texts = ("1 ms", "10 ms", "0.1 s", *STEP_TEXTS, "30 d")
    figure.update_xaxes(title={"text": "waited at most (logarithmic)"}, type="log", tickvals=ticks, ticktext=texts, row=1, col=2)
    figure.update_yaxes(title={"text": "jobs, %"}, range=[0, 103], row=1, col=2)
    return figure


def _bars(wait: np.ndarray[tuple[int], np.dtype[np.float64]]) -> go.Bar:
    """The first bar is of those that did not wait; a wait of exactly a step belongs to the bar that ends there."""
    count = np.bincount(np.searchsorted((0.0, *STEPS_S), wait, side="left"), minlength=len(BARS))
    return go.Bar(
        x=list(BARS),
        y=100.0 * count / len(wait),
        marker={"color": BLUE},
        customdata=count,
        hovertemplate="%{y:.3~g} %: %{customdata:,} jobs waited %{x}<extra></extra>",
    )


def _curve(wait: np.ndarray[tuple[int], np.dtype[np.float64]], positive: float) -> go.Scatter:
    ranks = kept_ranks(len(wait))
    seconds = wait[ranks]
    return go.Scatter(
        x=np.maximum(seconds, positive),
        y=100.0 * (ranks + 1) / len(wait),
        mode="lines",
        line={"shape": "hv", "color": BLUE, "width": 1.8},
        customdata=[format_seconds(value) for value in seconds],
        hovertemplate="%{y:.4~g} % waited at most %{customdata}<extra></extra>",
    )


def _marks(wait: np.ndarray[tuple[int], np.dtype[np.float64]], positive: float) -> go.Scatter:
    at = np.quantile(wait, [p / 100 for p in PERCENTILES])
    return go.Scatter(
        x=np.maximum(at, positive),
        y=list(PERCENTILES),
        mode="markers+text",
        marker={"color": VERMILLION, "size": 8},
        text=[f"P{p} {format_seconds(value)}" for p, value in zip(PERCENTILES, at.tolist(), strict=True)],
        textposition=["bottom right", "bottom right", "top left"] if at[-1] > positive else "middle right",
        cliponaxis=False,
        hoverinfo="skip",
    )
