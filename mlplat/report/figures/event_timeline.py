"""What happened in a simulation, by component."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...context import Simulation
from .template import BLUE, figure_of, say
from .texts import label
from .time_axis import clock_texts, time_unit

if TYPE_CHECKING:
    from ...platform.facade import Platform

MOST_EVENTS = 1500
MOST_SOURCES = 24
SPANS = 120


def timeline(of: Simulation | Platform) -> go.Figure:
    """The event log: a row for each component, in order of its first event, a mark for each event. Above 1,500 events a map of how many
    there were in each of 120 equal spans. At most 24 components, those with most events; the title counts the events left out.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> _ = sim.emit("node:a", "node.failed", source="hardware")
    >>> timeline(sim).data[0].customdata[0]
    'node.failed node:a<br>hardware, 0 s'
    """
    sim = of if isinstance(of, Simulation) else of.sim
    frame = sim.log.to_polars()
    counts = Counter(frame["source"].to_list())
    most = dict(counts.most_common(MOST_SOURCES))
    sources = [source for source in counts if source in most][::-1]
    shown = frame.filter(frame["source"].is_in(list(most))) if len(most) < len(counts) else frame
    row = {source: i for i, source in enumerate(sources)}
    times = shown["time"].to_numpy()
    unit = time_unit(sim.now)
    y = np.array([row[source] for source in shown["source"].to_list()], dtype=np.int64)
    names = [label(source) for source in sources]
    if not len(shown):
        trace = None
    elif len(shown) <= MOST_EVENTS:
        told = zip(shown["predicate"].to_list(), shown["subject"].to_list(), shown["source"].to_list(), clock_texts(times), strict=True)
        trace = go.Scatter(
            x=unit.of(times),
            y=y,
            mode="markers",
            marker={"color": BLUE, "size": 8, "symbol": "line-ns", "line": {"width": 1.5, "color": BLUE}},
            customdata=[f"{label(what)} {label(subject)}<br>{label(source)}, {at}" for what, subject, source, at in told],
            hovertemplate="%{customdata}<extra></extra>",
        )
    else:
        width = max(sim.now, float(times.max())) / SPANS or 1.0
        cell = np.minimum((times / width).astype(np.int64), SPANS - 1)
        count = np.bincount(y * SPANS + cell, minlength=len(sources) * SPANS).reshape(len(sources), SPANS)
        middle = width * (np.arange(SPANS) + 0.5)
        trace = go.Heatmap(
            x=unit.of(middle),
            y=list(range(len(sources))),
            z=[[value or None for value in line] for line in count.tolist()],
            customdata=[[f"{name}, around {at}" for at in clock_texts(middle)] for name in names],
            colorbar={"title": {"text": "events"}, "thickness": 12, "outlinewidth": 0},
            hoverongaps=False,
            hovertemplate="%{z:,} events<br>%{customdata}<extra></extra>",
        )
    left_out = len(frame) - len(shown)
    figure = figure_of(
        *([] if trace is None else [trace]),
        title=f"Events: {len(frame):,}{f', {left_out:,} of other components not drawn' if left_out else ''}",
        height=150 + 24 * max(4, len(sources)),
        xaxis=unit.axis(),
        yaxis={"tickvals": list(range(len(sources))), "ticktext": names, "range": [-0.6, len(sources) - 0.4]},
    )
    return figure if trace is not None else say(figure, "Nothing has happened.")
