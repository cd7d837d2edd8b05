"""What ended attempts before their work was done, and what work that cost, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from .template import BLUE, BROWN, GREEN, GREY, PINK, VERMILLION, VIOLET, say, themed
from .time_axis import clock_texts, time_unit

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

SPANS = 60
"""Bars along the run."""

CAUSES = {
    "node": ("node failed", VERMILLION),
    "device": ("device failed", PINK),
    "fenced": ("node was lost from sight", VIOLET),
    "error": ("the job crashed", GREY),
    "drained": ("node was drained", GREEN),
    "preempted": ("preempted", BLUE),
    "reclaimed": ("reclaimed for another zone", BROWN),
}
"""Outcome of an attempt -> what the figure calls it, its colour."""


def failures(run: RunFrames) -> go.Figure:
    """Attempts that were interrupted in each of sixty equal spans of the run, by what ended them, and below the device-hours of work that
    have to be done again (core-hours where the cluster has no devices).

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[7200], request=[0], requests=[mp.ResourceRequest(gpus=8)])
    >>> outage = mp.Outages.build(start=[3600], end=[4200], node=[0])
    >>> figure = failures(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace, failures=outage))
    >>> figure.data[0].name, int(sum(figure.data[0].y)), float(sum(figure.data[-1].y))
    ('node failed', 1, 8.0)
    """
    frame, end = run.attempts, run.end_s
    first = float(run.jobs["submit_s"].min() or 0.0)  # type: ignore[arg-type]
    span = max(end - first, 0.0)
    unit = time_unit(span)
    devices = run.spec.capacity()["gpus"] > 0
    amount = "gpu_milli" if devices else "cpu_milli"
    stopped = (
        frame.filter(pl.col("outcome").cast(pl.String).is_in(list(CAUSES)))
        .with_columns(cost=pl.col("lost_s") * pl.col(amount) / 3.6e6)
        .group_by("job", "attempt", maintain_order=True)
        .agg(pl.col("outcome").first().cast(pl.String), pl.col("end_s", "stop_s").first(), pl.col("cost").sum())
        .with_columns(at=pl.coalesce("end_s", "stop_s").fill_null(end))
    )
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.08)
    title = f"Interrupted attempts: {len(stopped):,}; {stopped['cost'].sum():,.4g} {'device' if devices else 'core'}-hours to do again"
    themed(figure).update_layout(title={"text": title}, height=460, barmode="stack", bargap=0.1)
    if not len(stopped):
        return say(figure, "No attempt was interrupted.")
    width = span / SPANS if span > 0 else 1.0
    middle = first + width * (np.arange(SPANS) + 0.5)
    place = np.clip(((stopped["at"].to_numpy() - first) / width).astype(np.int64), 0, SPANS - 1)
    outcome = stopped["outcome"].to_numpy()
    spans = [f"{a} to {b}" for a, b in zip(clock_texts(middle - width / 2), clock_texts(middle + width / 2), strict=True)]
    common = {"x": unit.of(middle), "width": width / unit.seconds * 0.92, "customdata": spans}
    for cause, (name, colour) in CAUSES.items():
        if (of := outcome == cause).any():
            count = np.bincount(place[of], minlength=SPANS)
            hover = f"{name}: %{{y:,}}, %{{customdata}}<extra></extra>"
            figure.add_trace(go.Bar(y=count, name=name, marker={"color": colour}, hovertemplate=hover, showlegend=True, **common), 1, 1)
    lost = np.bincount(place, weights=stopped["cost"].to_numpy(), minlength=SPANS)
    hover = "%{y:,.4~g} hours, %{customdata}<extra></extra>"
    figure.add_trace(
        go.Bar(y=lost, name="work to do again", marker={"color": VERMILLION}, hovertemplate=hover, showlegend=False, **common), 2, 1
    )
    figure.update_yaxes(title={"text": "attempts"}, rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title={"text": f"{'device' if devices else 'core'}-hours"}, rangemode="tozero", row=2, col=1)
    figure.update_xaxes(range=unit.of(np.array([first, first + width * SPANS])).tolist())
    return figure.update_xaxes(unit.axis(), row=2, col=1)
