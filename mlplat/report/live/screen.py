"""A view in the terminal: clock, queue, racks or nodes as bars, jobs that run and wait, the latest events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ...errors import printable
from ...timeline_view import clock_text
from ...units import format_seconds
from .keys import HELP
from .view import HEALTH, Job, View

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from .pacing import Pace

BAR = 24
EIGHTHS = " ▏▎▍▌▋▊▉█"
STYLES = {"ready": "green", "cordoned": "yellow", "unreachable": "red", "down": "bold red", "absent": "dim"}
POOLS = {"cpu": "cores", "memory": "memory", "disk": "disk", "gpu": "devices"}
FEWEST_ROWS, FEWEST_EVENTS = 4, 4


def screen(title: str, view: View, nodes: NodeTable | None, pace: Pace | None, *, height: int, keys: bool, ended: bool) -> RenderableType:
    """What a terminal of so many lines shows. `pace`: None where nothing is paced. `ended`: the simulation is over."""
    rest = max(height - 6 - (1 if view.counts else 0), FEWEST_ROWS + FEWEST_EVENTS + 6)
    parts: list[RenderableType] = [_head(title, view, pace, ended)]
    if nodes is not None and len(nodes):
        most = max(FEWEST_ROWS, rest * 2 // 5)
        parts.append(_hardware(view, nodes, most))
        rest -= _lines_of(nodes, most) + 1
        jobs = max(FEWEST_ROWS, rest // 2 - 1)
        parts.append(_jobs(view, jobs))
        rest -= jobs + 2
    parts.append(_events(view, max(FEWEST_EVENTS, rest - 2)))
    if keys:
        parts.append(Text(HELP, style="dim"))
    return Group(*parts)


def _head(title: str, view: View, pace: Pace | None, ended: bool) -> RenderableType:
    line = Text()
    rounded = pace is not None and pace.playing and not ended
    line.append(clock_text(float(round(view.time)) if rounded else view.time), style="bold")
    if math.isfinite(view.horizon):
        line.append(f" of {format_seconds(view.horizon)}", style="dim")
    if ended:
        line.append("   ■ over", style="bold")
    elif pace is not None:
        speed = "as fast as it goes" if pace.speed == math.inf else f"{pace.speed:,g} s a second"
        line.append(f"   {'▶' if pace.playing else '⏸'} {speed}", style="cyan" if pace.playing else "yellow")
    if view.failures:
        line.append(f"   {view.failures:,} failures", style="red")
    lines = [line]
    if view.counts:
        words = ("waiting", "running", "completed", "held", "rejected", "lost", "failed", "cancelled")
        told = [f"{view.counts[word]:,} {word}" for word in words if view.counts[word] or word in ("waiting", "running", "completed")]
        lines.append(Text(" · ".join(told)))
        used = Text()
        for pool, whole in view.whole.items():
            part = view.held[pool] / whole
            used.append(f"{POOLS[pool]} ").append(bar(part, 10), style="green").append(f" {part:4.0%}   ")
        lines.append(used)
    return Panel(Group(*lines), title=Text(printable(title)), title_align="left", padding=(0, 1))


def _lines_of(nodes: NodeTable, most: int) -> int:
    """How many lines the bars take, of at most so many."""
    rows = len(nodes) if len(nodes) <= 2 * most else min(len(nodes.racks), 2 * most)
    return rows if rows <= most else -(-rows // 2)


def _hardware(view: View, nodes: NodeTable, most: int) -> RenderableType:
    """A bar for each node, of a larger cluster for each rack, in columns where there is room."""
    rows: list[tuple[str, float, str, str]] = []
    if len(nodes) <= most * 2:
        for row, name in enumerate(nodes.names):
            health = HEALTH[int(view.health[row])]
            rows.append(
                (f"{nodes.racks[int(nodes.rack[row])]} / {name}", float(view.part[row]), health, "" if health == "ready" else health)
            )
    else:
        for rack, name in enumerate(nodes.racks):
            mine = nodes.rack == rack
            bad = int(np.isin(view.health[mine], (2, 3)).sum())
            health = "unreachable" if bad else "ready"
            rows.append((name, float(view.part[mine].mean()), health, f"{int(mine.sum()):,} nodes" + (f", {bad} down" if bad else "")))
    hidden = max(0, len(rows) - 2 * most)
    rows = rows[: 2 * most]
    columns = 2 if len(rows) > most else 1
    table = Table.grid(padding=(0, 1))
    for _ in range(columns):
        for _ in range(4):
            table.add_column(no_wrap=True, overflow="ellipsis")
    lines = -(-len(rows) // columns)
    for line in range(lines):
        cells: list[Text] = []
        for name, part, health, remark in rows[line::lines]:
            shown = Text(printable(name), style=STYLES[health] if health != "ready" else "")
            cells += [shown, Text(bar(part, BAR), style=STYLES[health]), Text(f"{part:4.0%}"), Text(remark, style="dim")]
        table.add_row(*cells)
    return Group(table, Text(f"… {hidden:,} more racks" if hidden else "", style="dim"))


def _jobs(view: View, most: int) -> RenderableType:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    running, waiting = view.counts.get("running", 0), view.counts.get("waiting", 0) + view.counts.get("held", 0)
    table.add_row(_list("running", running, view.running, view.time, most), _list("waiting", waiting, view.waiting, view.time, most))
    return table


def _list(title: str, count: int, jobs: Sequence[Job], now: float, most: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False, expand=True, title=Text(f"{title}: {count:,}"), title_justify="left")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
    table.show_header = False
    for job in jobs[:most]:
        table.add_row(Text(job.name), Text(format_seconds(max(0.0, now - job.since)), style="dim"), Text(job.where, style="dim"))
    return table


def _events(view: View, most: int) -> RenderableType:
    times = [clock_text(happened.time) for happened in view.events[-most:]]
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True, style="dim", min_width=max(map(len, times), default=0))
    table.add_column(no_wrap=True, overflow="ellipsis")
    for time, happened in zip(times, view.events[-most:], strict=True):
        table.add_row(Text(time), Text(happened.text, style="red" if happened.failure else ""))
    return Panel(table, title="latest events", title_align="left", padding=(0, 1))


def bar(part: float, width: int) -> str:
    """A bar of so many characters.

    >>> bar(0.5, 4), bar(0.3, 2)
    ('██··', '▋·')
    """
    eighths = round(min(max(part, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(width, "·")
