"""Which job was where, when: bars of attempts on the rows of their nodes."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import polars as pl

from ...errors import OptionError
from ...units import Duration, seconds
from .interruptions import CAUSES
from .template import BLUE, GREEN, GREY, figure_of, say
from .texts import job_labels, label
from .time_axis import clock_texts, time_unit

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

MOST_BARS, MOST_NODES = 1500, 50
OUTCOMES = {"completed": ("completed", BLUE), "running": ("still running", GREEN), "cancelled": ("cancelled", GREY)} | CAUSES


def gantt(run: RunFrames, *, begin: Duration = 0, end: Duration | None = None) -> go.Figure:
    """A bar for each attempt on each node that held something between `begin` and `end` (s or text such as `2h`; None for the run's end).

    Attempts that a node held together lie beside each other in its row. At most 50 nodes, those that held most, in the order of the
    cluster, and at most 1,500 bars, the longest; the title says how many were left out. Raises OptionError where `end` is not after
    `begin`.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0, 10], duration=[60, 60], request=[0, 0], requests=[mp.ResourceRequest(gpus=8)])
    >>> bars = gantt(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace)).data[0]
    >>> bars.base.tolist(), bars.x.tolist()
    ([0.0, 60.0], [60.0, 60.0])
    """
    from_s, to_s = seconds(begin), run.end_s if end is None else seconds(end)
    if end is not None and to_s <= from_s:
        raise OptionError(f"end: not after begin ({to_s:g} s and {from_s:g} s)")
    bars = _bars(run, from_s, to_s)
    held = bars.group_by("node").agg(pl.col("length").sum()).sort("length", "node", descending=[True, False])
    nodes = sorted(held["node"].head(MOST_NODES).to_list())
    here = bars.filter(pl.col("node").is_in(nodes))
    shown = here.sort("length", descending=True, maintain_order=True).head(MOST_BARS).sort("start", "job", "node")
    unit = time_unit(to_s - from_s)
    place, height = _lanes(shown)
    row = {node: i for i, node in enumerate(reversed(nodes))}
    shown = shown.with_columns(
        y=np.array([row[node] for node in shown["node"].to_list()], dtype=float) - 0.42 + 0.84 * (place + 0.5) / height,
        width=0.84 / height * 0.94,
    )
    names = dict(zip(nodes, (label(name) for name in run.nodes["name"].gather(nodes).to_list()), strict=True))
    traces = []
    for outcome, (name, colour) in OUTCOMES.items():
        part = shown.filter(pl.col("outcome") == outcome)
        if len(part):
            traces.append(
                go.Bar(
                    y=part["y"].to_numpy(),
                    x=unit.of(part["length"].to_numpy()),
                    base=unit.of(part["start"].to_numpy()),
                    width=part["width"].to_numpy(),
                    orientation="h",
                    name=name,
                    marker={"color": colour},
                    customdata=_said(run, part, names),
                    hovertemplate="%{customdata}<extra></extra>",
                )
            )
    if len(shown) < len(bars):
        count = f"the longest {len(shown):,} of {len(bars):,} records on {len(nodes):,} of {len(held):,} nodes"
    else:
        count = f"{len(shown):,} records on {len(nodes):,} nodes"
    figure = figure_of(
        *traces,
        title=f"Jobs on nodes: {count}",
        height=170 + max(4, len(nodes)) * (22 if len(nodes) > 12 else 34),
        barmode="overlay",
        xaxis=unit.axis() | {"range": unit.of(np.array([from_s, to_s])).tolist()},
        yaxis={"tickvals": list(row.values()), "ticktext": [names[node] for node in row], "showgrid": False},
        showlegend=True,
    )
    return figure if traces else say(figure, "Nothing ran in this time.")


def _bars(run: RunFrames, from_s: float, to_s: float) -> pl.DataFrame:
    """Of each record that overlaps the time: its job, node, outcome, and the part of it that lies there."""
    stop = pl.col("end_s").fill_null(run.end_s)
    return (
        run.attempts.select(
            "job",
            "node",
            "attempt",
            pl.col("outcome").cast(pl.String),
            start=pl.col("start_s").clip(lower_bound=from_s),
            stop=stop.clip(upper_bound=to_s),
        )
        .filter(pl.col("stop") > pl.col("start"))
        .with_columns(length=pl.col("stop") - pl.col("start"))
    )


def _lanes(bars: pl.DataFrame) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Of each bar, in order of start, the lowest lane of its node that is free, and how many lanes that node has."""
    lane = np.zeros(len(bars))
    free: dict[int, list[int]] = {}
    busy: dict[int, list[tuple[float, int]]] = {}
    lanes: dict[int, int] = {}
    for i, (node, start, stop) in enumerate(bars.select("node", "start", "stop").iter_rows()):
        taken, empty = busy.setdefault(node, []), free.setdefault(node, [])
        while taken and taken[0][0] <= start:
            heapq.heappush(empty, heapq.heappop(taken)[1])
        if empty:
            chosen = heapq.heappop(empty)
        else:
            chosen = lanes.get(node, 0)
            lanes[node] = chosen + 1
        heapq.heappush(taken, (stop, chosen))
        lane[i] = chosen
    return lane, np.array([lanes[node] for node in bars["node"].to_list()], dtype=float)


def _said(run: RunFrames, part: pl.DataFrame, names: dict[int, str]) -> list[str]:
    jobs = job_labels(run, part["job"])
    again = [f", attempt {attempt + 1}" if attempt else "" for attempt in part["attempt"].to_list()]
    where = [names[node] for node in part["node"].to_list()]
    begins, stops = (clock_texts(part[name].to_list()) for name in ("start", "stop"))
    return [f"job {j}{a}<br>{n}, {b} to {s}" for j, a, n, b, s in zip(jobs, again, where, begins, stops, strict=True)]
