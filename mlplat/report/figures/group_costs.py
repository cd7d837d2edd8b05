"""What the nodes of each group cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...infra.autoscaling import price_of
from .template import BLUE, GREY, figure_of, say
from .texts import label

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

MOST_GROUPS = 40


def cost(run: RunFrames) -> go.Figure:
    """US dollars of each node group over the run, split into the time its devices (or cores, where it has no devices) were held and the
    time they were not: price per hour times the hours each node was there (`paid_s` of the frame `nodes`), spot discounts included.

    At most 40 groups, the dearest; the others are one row together.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[3600], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    >>> run = mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace)
    >>> figure = cost(run)
    >>> [round(float(bar.x[0]) / run.spec.capacity()["price_per_hour"], 3) for bar in figure.data]
    [0.5, 0.5]
    """
    spec, nodes = run.spec, run.nodes
    count = len(spec.groups)
    of = spec.nodes().group
    hours = np.bincount(of, weights=nodes["paid_s"].to_numpy(), minlength=count) / 3600.0
    dollars = hours * np.array([price_of(spec, group) for group in spec.groups])
    by_device = np.array([group.gpus > 0 for group in spec.groups])
    busy = np.where(by_device[of], nodes["gpu_busy_s"].to_numpy(), nodes["cpu_busy_s"].to_numpy())
    units = np.array([float(group.gpus or group.cpu_milli / 1000) for group in spec.groups])
    possible = hours * 3600.0 * units
    used = np.bincount(of, weights=busy, minlength=count)
    share = np.clip(np.divide(used, possible, out=np.zeros(count), where=possible > 0), 0.0, 1.0)
    order = np.argsort(-dollars, kind="stable")
    names = [label(spec.groups[g].name) for g in order[:MOST_GROUPS]]
    held, idle = (dollars * share)[order], (dollars * (1.0 - share))[order]
    if count > MOST_GROUPS:
        names.append(f"{count - MOST_GROUPS:,} more")
        held, idle = (np.append(part[:MOST_GROUPS], part[MOST_GROUPS:].sum()) for part in (held, idle))
    rows = list(range(len(names)))[::-1]

    def bar(name: str, values: np.ndarray[tuple[int], np.dtype[np.float64]], colour: str) -> go.Bar:
        return go.Bar(
            y=rows,
            x=values,
            name=name,
            orientation="h",
            marker={"color": colour},
            customdata=names,
            hovertemplate=f"%{{customdata}}: $%{{x:,.2f}} {name}<extra></extra>",
        )

    figure = figure_of(
        bar("held", held, BLUE),
        bar("not held", idle, GREY),
        title=f"Nodes cost &#36;{dollars.sum():,.2f} in {hours.sum():,.4g} node-hours",
        height=170 + 26 * max(3, len(rows)),
        barmode="stack",
        xaxis={"title": {"text": "US dollars"}, "rangemode": "tozero", "showgrid": True},
        yaxis={"tickvals": rows, "ticktext": names, "showgrid": False},
    )
    return figure if dollars.sum() > 0 else say(figure, "The nodes have no price, or the run took no time.")
