"""The cluster at an instant: racks, nodes and devices, and what of them is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl

from ...resources import DEVICE_MILLI, UNLIMITED
from ...timeline_view import clock_text
from ...units import Duration, seconds
from .template import figure_of
from .texts import job_labels, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.node_table import NodeTable
    from ...runs.run_frames import RunFrames

MOST_CELLS = 8000
NODES_PER_ROW = 16
"""Nodes beside each other in one row; a rack with more takes several rows."""

MOST_JOBS = 3
"""Jobs named in the label of a cell."""


class Record(NamedTuple):
    """What a job, by its label, holds on a node (its row): milli-cores and milli of devices, and those of its devices that are known."""

    node: int
    devices: tuple[int, ...]
    cpu_milli: int
    gpu_milli: int
    job: str


class Cell(NamedTuple):
    """What is held of a device, a node or some nodes, as a part, and what the pointer says of it."""

    held: float
    text: str


def cluster_at(run: RunFrames, time: Duration) -> go.Figure:
    """A floor plan: a row for each sixteen nodes of a rack, in it the nodes beside each other, in each node its devices; the colour is the
    part that is held after everything at `time` (s or text such as `2h`). A node without devices is one cell, for its cores.

    Above 8,000 cells a node is one cell, and then so many consecutive nodes of a rack that the cells are few enough: the mean of their
    held parts. Of a job on several whole devices of a node the frames say how many, and not always which: they are drawn on the node's
    lowest ones that are free of others. Raises OptionError for what is not a time.

    >>> import mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=2)])
    >>> figure = cluster_at(mp.replay(mp.ClusterSpec.parse("1x4xT4"), trace), 30)
    >>> [held for held in figure.data[0].z[0] if held is not None]
    [100.0, 100.0, 0.0, 0.0]
    """
    at = seconds(time)
    end = pl.col("end_s").fill_null(np.inf)
    now = run.attempts.filter((pl.col("start_s") <= at) & (end > at))
    held = zip(*(now[name].to_list() for name in ("node", "device", "cpu_milli", "gpu_milli")), job_labels(run, now["job"]), strict=True)
    records = [Record(node, (device,) if device >= 0 else (), cpu, gpu, job) for node, device, cpu, gpu, job in held]
    return cluster_map(run.spec, records, f"Cluster at {clock_text(at)}")


def cluster_map(spec: ClusterSpec, records: Iterable[Record], title: str) -> go.Figure:
    """The same of what is held just then."""
    nodes = spec.nodes()
    here: dict[int, list[Record]] = {}
    for record in records:
        here.setdefault(record.node, []).append(record)
    block = 0 if int(np.maximum(nodes.gpus, 1).sum()) <= MOST_CELLS else _block(nodes)
    rows: list[list[Cell | None]] = []
    names: list[str] = []
    for rack, members in _racks(nodes):
        groups = [members[i : i + NODES_PER_ROW] for i in range(0, len(members), NODES_PER_ROW)]
        if block:
            cells = [_blocked(nodes, members[i : i + block], here) for i in range(0, len(members), block)]
            parts: list[list[Cell | None]] = [list(cells[i : i + 128]) for i in range(0, len(cells), 128)]
        else:
            parts = [_row(nodes, group, here) for group in groups]
        rows += parts
        names += [label(rack)] + [""] * (len(parts) - 1)
    width = max(len(row) for row in rows)
    padded = [row + [None] * (width - len(row)) for row in rows]
    heat = go.Heatmap(
        z=[[None if cell is None else cell.held for cell in row] for row in padded],
        customdata=[["" if cell is None else cell.text for cell in row] for row in padded],
        zmin=0,
        zmax=100,
        xgap=1,
        ygap=3 if len(rows) <= 40 else 1,
        hoverongaps=False,
        colorbar={"title": {"text": "held, %"}, "thickness": 12, "outlinewidth": 0},
        hovertemplate="%{customdata}<extra></extra>",
    )
    ticks = [i for i, name in enumerate(names) if name]
    ticks = ticks[:: max(1, -(-len(ticks) // 40))]
    what = f"a cell is {block:,} nodes" if block > 1 else "a cell is a node" if block or not nodes.gpus.any() else "a cell is a device"
    return figure_of(
        heat,
        title=f"{title}; {what}",
        height=150 + min(900, max(4, len(rows)) * (26 if len(rows) <= 24 else 14)),
        xaxis={"showticklabels": False, "ticks": "", "title": {"text": "nodes of the rack"}},
        yaxis={
            "tickvals": ticks,
            "ticktext": [names[i] for i in ticks],
            "autorange": "reversed",
            "showgrid": False,
            "title": {"text": "rack"},
        },
    )


def _block(nodes: NodeTable) -> int:
    """The smallest number of consecutive nodes a cell with which the cells are few enough."""
    sizes = np.bincount(nodes.rack)
    block = 1
    while -(-sizes // block).sum() > MOST_CELLS and block < sizes.max():
        block *= 2
    return block


def _racks(nodes: NodeTable) -> list[tuple[str, list[int]]]:
    order = np.argsort(nodes.rack, kind="stable")
    members: dict[int, list[int]] = {}
    for node in order.tolist():
        members.setdefault(int(nodes.rack[node]), []).append(node)
    return [(nodes.racks[rack], found) for rack, found in members.items()]


Here = Mapping[int, list[Record]]
"""Of each node, by its row, what is held there."""


def _row(nodes: NodeTable, group: list[int], here: Here) -> list[Cell | None]:
    """The cells of nodes beside each other, a gap beside a node with several devices."""
    cells: list[Cell | None] = []
    before = 0
    for node in group:
        devices = int(nodes.gpus[node])
        if cells and max(devices, before) > 1:
            cells.append(None)
        before = devices
        held = here.get(node, [])
        cells += _devices(nodes, node, held) if devices else [_cores(nodes, node, held)]
    return cells


def _devices(nodes: NodeTable, node: int, held: list[Record]) -> list[Cell]:
    """Parts of a device lie where they are known to lie; whole devices then take those that are known, and the lowest that are free."""
    milli = [0] * int(nodes.gpus[node])
    users: list[list[str]] = [[] for _ in milli]
    for record in sorted(held, key=lambda record: record.gpu_milli >= DEVICE_MILLI):
        left = record.gpu_milli
        order = dict.fromkeys((*(d for d in record.devices if d < len(milli)), *range(len(milli))))
        for device in order:
            part = min(left, DEVICE_MILLI - milli[device])
            if part > 0 and (device in record.devices or milli[device] == 0):
                milli[device] += part
                users[device].append(record.job)
                left -= part
    name, model = label(nodes.names[node]), label(nodes.models[nodes.model[node]].name)
    return [
        Cell(amount / 10, f"{name}, {model} {device}: {amount / 10:.3g} % held{_named(users[device])}")
        for device, amount in enumerate(milli)
    ]


def _cores(nodes: NodeTable, node: int, held: list[Record]) -> Cell:
    share = _share(nodes, node, held)
    return Cell(share, f"{label(nodes.names[node])}: {share:.3g} % of its cores held{_named([record.job for record in held])}")


def _share(nodes: NodeTable, node: int, held: list[Record]) -> float:
    """The held part of a node's devices, or of its cores where it has none, in %."""
    if nodes.gpus[node]:
        return 100.0 * sum(record.gpu_milli for record in held) / (int(nodes.gpus[node]) * DEVICE_MILLI)
    cores = int(nodes.cpu_milli[node])
    return 100.0 * sum(record.cpu_milli for record in held) / cores if 0 < cores < UNLIMITED else 0.0


def _blocked(nodes: NodeTable, members: list[int], here: Here) -> Cell:
    share = float(np.mean([_share(nodes, node, here.get(node, [])) for node in members]))
    first, last = label(nodes.names[members[0]]), label(nodes.names[members[-1]])
    return Cell(share, f"{first}{f' to {last}' if len(members) > 1 else ''}: {share:.3g} % held")


def _named(jobs: list[str]) -> str:
    if not jobs:
        return ""
    more = f" and {len(jobs) - MOST_JOBS:,} more" if len(jobs) > MOST_JOBS else ""
    return f"<br>job {', '.join(jobs[:MOST_JOBS])}{more}"
