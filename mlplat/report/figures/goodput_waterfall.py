"""Where the device time of a cluster went: from what was there down to what was useful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from .held_shares import limits
from .template import BLUE, GREEN, GREY, VERMILLION, figure_of, say

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames


def goodput(run: RunFrames) -> go.Figure:
    """A waterfall of device-hours: what the cluster had over the run, less what nobody held, is what was held; less work that had to be
    done again, and less what was neither (starting, writing checkpoints), is useful work. Core-hours where the cluster has no devices.
    The figures are those of the frames; the useful part of what was held is `goodput` of the summary.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[3600], request=[0], requests=[mp.ResourceRequest(gpus=6)])
    >>> figure = goodput(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace))
    >>> dict(zip(figure.data[0].x, figure.data[0].y))
    {'available': 8.0, 'not held': -2.0, 'held': 6.0, 'to do again': -0.0, 'other': 0.0, 'useful': 6.0}
    """
    frame, end = run.attempts, run.end_s
    devices = run.spec.capacity()["gpus"] > 0
    column = "gpu_milli" if devices else "cpu_milli"
    amount = frame[column].to_numpy() / 3.6e6
    held = float(((frame["end_s"].fill_null(end) - frame["start_s"]).to_numpy() * amount).sum())
    useful, again = (float((frame[name].to_numpy() * amount).sum()) for name in ("saved_s", "lost_s"))
    steps: list[tuple[str, str, float]] = []
    limit = limits(run).get(column)
    if limit is not None:
        first = float(run.jobs["submit_s"].min() or 0.0)  # type: ignore[arg-type]
        there = limit * max(0.0, end - first) / 3.6e6
        steps = [("available", "absolute", there), ("not held", "relative", held - there)]
    other = held - useful - again
    steps += [
        ("held", "total" if steps else "absolute", held),
        ("to do again", "relative", -again),
        ("other", "relative", -other if abs(other) > 1e-9 * held else 0.0),
        ("useful", "total", useful),
    ]
    unit = "device-hours" if devices else "core-hours"
    names, measures, values = zip(*steps, strict=True)
    waterfall = go.Waterfall(
        x=names,
        y=values,
        measure=measures,
        text=[f"{abs(value):,.4g}" for value in values],
        textposition="outside",
        cliponaxis=False,
        connector={"line": {"color": GREY, "width": 1}},
        totals={"marker": {"color": BLUE}},
        decreasing={"marker": {"color": VERMILLION}},
        increasing={"marker": {"color": GREEN}},
        hovertemplate=f"%{{x}}: %{{text}} {unit}<extra></extra>",
    )
    share = f": {100 * useful / held:.1f} % of what was held" if held > 0 else ""
    figure = figure_of(
        waterfall,
        title=f"Useful work{share}",
        yaxis={"title": {"text": unit}, "rangemode": "tozero"},
        xaxis={"type": "category"},
    )
    return figure if held > 0 else say(figure, "Nothing was held.")
