"""How many jobs waited and ran, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .step_curve import step_curve
from .template import BLUE, VERMILLION, figure_of, say
from .time_axis import time_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ...runs.run_frames import RunFrames


def queue(run: RunFrames) -> go.Figure:
    """Jobs that wait and jobs that run after each instant of the run, from its frame `timeline`.

    At most 2,000 points a curve, chosen as `decimation` says: the longest queue is always among them.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0, 10], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=8)])
    >>> figure = queue(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace))
    >>> figure.data[0].name, figure.data[0].y.tolist()
    ('waiting', [0.0, 1.0, 0.0, 0.0])
    """
    frame = run.timeline
    times = frame["time_s"].to_numpy()
    unit = time_unit(run.end_s - (float(times[0]) if len(times) else 0.0))
    curves = [
        step_curve(times, frame[name].cast(float).to_numpy(), name=name, unit=unit, colour=colour, end_s=run.end_s)
        for name, colour in (("waiting", VERMILLION), ("running", BLUE))
    ]
    most = int(frame["waiting"].max() or 0) if len(times) else 0  # type: ignore[arg-type]
    figure = figure_of(
        *curves,
        title=f"Jobs waiting and running; at most {most:,} waited",
        xaxis=unit.axis(),
        yaxis={"title": {"text": "jobs"}, "rangemode": "tozero"},
    )
    return figure if len(times) else say(figure, "No job arrived.")
