"""Runs over each other: the queue, what is held and the waits, a curve for each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...units import format_seconds
from ..figures.decimation import kept_ranks
from ..figures.held_shares import RESOURCES, limits
from ..figures.step_curve import step_curve
from ..figures.template import COLOURS, say, themed
from ..figures.texts import label
from ..figures.time_axis import time_unit
from ..figures.wait_distribution import STEP_TEXTS, STEPS_S

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames
    from ..figures.time_axis import TimeUnit

DASHES = ("solid", "dash", "dot")
"""After the colours are used up, the next runs have them again, dashed."""


def queues(runs: Sequence[RunFrames], labels: Sequence[str]) -> go.Figure:
    """Jobs that wait in each run over time; at most 2,000 points a run."""
    unit = _unit(runs)
    curves = []
    for at, run in enumerate(runs):
        frame = run.timeline
        values = frame["waiting"].cast(float).to_numpy()
        curves.append(_curve(at, labels[at], frame["time_s"].to_numpy(), values, unit, run.end_s, " waiting:"))
    return _figure(curves, xaxis=unit.axis(), yaxis={"title": {"text": "jobs waiting"}, "rangemode": "tozero"})


def held(runs: Sequence[RunFrames], labels: Sequence[str]) -> go.Figure:
    """The part of the devices that is held in each run over time, or of the cores where a cluster has no devices."""
    unit = _unit(runs)
    column, name = next(
        ((column, name) for column, name, _, _ in RESOURCES if all(column in limits(run) for run in runs)), (None, "the cluster")
    )
    curves = []
    for at, run in enumerate(runs):
        if column is not None:
            frame = run.timeline
            share = frame[column].cast(float).to_numpy() * (100.0 / limits(run)[column])
            curves.append(_curve(at, labels[at], frame["time_s"].to_numpy(), share, unit, run.end_s, " %:"))
    what = {"title": {"text": f"{name} held, %"}, "range": [0, 103]}
    return _figure(curves, xaxis=unit.axis(), yaxis=what)


def waits(runs: Sequence[RunFrames], labels: Sequence[str]) -> go.Figure:
    """The part of the started jobs of each run that waited no longer than so long, over a logarithmic axis; at most 2,000 points a run."""
    columns = [np.sort(run.jobs["wait_s"].drop_nulls().to_numpy()) for run in runs]
    positive = min((float(wait[wait > 0][0]) for wait in columns if len(wait) and wait[-1] > 0), default=1.0)
    curves = []
    for at, wait in enumerate(columns):
        ranks = kept_ranks(len(wait))
        seconds = wait[ranks]
        curves.append(
            go.Scatter(
                x=np.maximum(seconds, max(1e-3, positive)),
                y=100.0 * (ranks + 1) / max(1, len(wait)),
                mode="lines",
                name=label(labels[at]),
                line=_line(at) | {"shape": "hv"},
                customdata=[format_seconds(value) for value in seconds],
                hovertemplate="%{y:.4~g} % waited at most %{customdata}",
            )
        )
    ticks = {"tickvals": [1e-3, 1e-2, 0.1, *STEPS_S, 30 * 86400], "ticktext": ["1 ms", "10 ms", "0.1 s", *STEP_TEXTS, "30 d"]}
    x_axis = {"type": "log", "title": {"text": "waited at most (logarithmic)"}, **ticks}
    return _figure(curves, xaxis=x_axis, yaxis={"title": {"text": "jobs, %"}, "range": [0, 103]})


def _unit(runs: Sequence[RunFrames]) -> TimeUnit:
    return time_unit(max((run.end_s for run in runs), default=0.0))


def _line(at: int) -> dict[str, object]:
    return {"color": COLOURS[at % len(COLOURS)], "dash": DASHES[at // len(COLOURS) % len(DASHES)], "width": 1.6}


def _curve(at: int, name: str, times: np.ndarray, values: np.ndarray, unit: TimeUnit, end_s: float, what: str) -> go.Scatter:
    colour = COLOURS[at % len(COLOURS)]
    curve = step_curve(times, values, name=label(name), unit=unit, colour=colour, end_s=end_s, suffix=what)
    return curve.update(line=_line(at))


def _figure(curves: list[go.Scatter], **layout: object) -> go.Figure:
    figure = themed(go.Figure(curves)).update_layout(height=380, showlegend=True, margin={"t": 60}, **layout)
    return figure if curves else say(figure, "There is nothing to draw.")
