"""How much of the cluster was held, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...resources import UNLIMITED
from .step_curve import step_curve
from .template import BLUE, GREEN, VERMILLION, figure_of, say
from .time_axis import time_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ...runs.run_frames import RunFrames

RESOURCES = (
    ("gpu_milli", "GPU", "gpu_utilization", BLUE),
    ("cpu_milli", "CPU", "cpu_utilization", VERMILLION),
    ("memory_mib", "memory", "memory_utilization", GREEN),
)
"""Column of the frame `timeline`, what the figure calls it, its figure in the summary, its colour."""


def limits(run: RunFrames) -> dict[str, float]:
    """What the cluster has of each column of `RESOURCES`; without those of which it has none, or of which a pool has no limit."""
    total = run.spec.capacity()
    amounts = {"gpu_milli": total["gpus"] * 1000, "cpu_milli": total["cpu_milli"], "memory_mib": total["memory_mib"]}
    return {name: float(amount) for name, amount in amounts.items() if 0 < amount < UNLIMITED}


def utilization(run: RunFrames) -> go.Figure:
    """The part of devices, cores and memory that is held after each instant, in % of what the cluster has; their means over the run in
    the legend. What a pool does not limit, or no job asked for, has no curve. At most 2,000 points a curve, the extremes among them
    (`decimation`).

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    >>> figure = utilization(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace))
    >>> figure.data[0].name, figure.data[0].y.tolist()
    ('GPU, mean 50.0 %', [50.0, 0.0])
    """
    frame, figures = run.timeline, run.summary()
    times = frame["time_s"].to_numpy()
    unit = time_unit(run.end_s - (float(times[0]) if len(times) else 0.0))
    amounts = limits(run)
    curves = []
    held = {column for column in amounts if (frame[column] > 0).any()} or set(amounts)
    for column, name, mean, colour in RESOURCES:
        if column in held and len(times):
            share = frame[column].cast(float).to_numpy() * (100.0 / amounts[column])
            title = name if figures[mean] is None else f"{name}, mean {100 * figures[mean]:.1f} %"
            curves.append(step_curve(times, share, name=title, unit=unit, colour=colour, end_s=run.end_s, suffix=" %"))
    figure = figure_of(
        *curves,
        title="Held part of the cluster",
        xaxis=unit.axis(),
        yaxis={"title": {"text": "held, %"}, "range": [0, 103]},
        showlegend=True,
    )
    if curves:
        return figure
    return say(figure, "No job arrived." if amounts else "The cluster has no limit of which a part could be held.")
