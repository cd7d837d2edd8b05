"""What a `Result` shows of itself: one line, a table of figures, an HTML table, and a chart for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..html_tables import facts, table
from ..units import format_seconds

if TYPE_CHECKING:
    from .result import Result
    from .saved_run import SavedRun

BARS = " ▁▂▃▄▅▆▇█"


def one_line(result: Result) -> str:
    """Policies and the main figures on one line."""
    figures = result.summary()
    fates = f"{figures['completed']:,} of {figures['jobs']:,} jobs completed"
    fates += "".join(f", {figures[name]:,} {name}" for name in ("rejected", "unfinished") if figures[name])
    wait = "" if figures["wait_mean_s"] is None else f", mean wait {format_seconds(figures['wait_mean_s'])}"
    return f"Result({result.queue} / {result.placement}: {fates}{wait})"


def readable_figures(result: Result | SavedRun) -> list[tuple[str, str]]:
    """The figures of `Result.summary` that people ask for first, named and with units."""
    figures = result.summary()

    def duration(name: str) -> str:
        value = figures[name]
        return "–" if value is None else format_seconds(value)

    def percent(name: str) -> str:
        value = figures[name]
        return "–" if value is None else f"{100 * value:.1f} %"

    slowdown = figures["bounded_slowdown_mean"]
    interrupted = [
        ("preemptions", f"{figures['preemptions']:,}"),
        ("restarts", f"{figures['restarts']:,}"),
        ("lost work", f"{figures['lost_gpu_hours']:,.1f} GPU hours"),
        ("goodput", percent("goodput")),
    ]
    return [
        ("jobs", f"{figures['jobs']:,}"),
        ("completed", f"{figures['completed']:,}"),
        ("rejected", f"{figures['rejected']:,}"),
        ("unfinished", f"{figures['unfinished']:,}"),
        ("makespan", duration("makespan_s")),
        ("wait, mean", duration("wait_mean_s")),
        ("wait, median", duration("wait_p50_s")),
        ("wait, 95th percentile", duration("wait_p95_s")),
        ("wait, 99th percentile", duration("wait_p99_s")),
        ("job completion time, mean", duration("jct_mean_s")),
        ("bounded slowdown, mean", "–" if slowdown is None else f"{slowdown:,.2f}"),
        ("CPU utilization", percent("cpu_utilization")),
        ("memory utilization", percent("memory_utilization")),
        ("GPU utilization", percent("gpu_utilization")),
        *(interrupted if figures["restarts"] or figures["preemptions"] else []),
        ("engine", "–" if figures.get("engine_seconds") is None else f"{figures['engine_seconds']:.3g} s"),
    ]


ZONE_COLUMNS = ("zone", "jobs", "done", "promised", "limit", "held, mean", "held, most", "above, mean", "stopped", "longest wait")


def readable_zones(result: Result | SavedRun) -> list[tuple[str, ...]]:
    """A row for each zone with the texts of `ZONE_COLUMNS`; amounts are devices, or cores where the cluster has no devices. `stopped`: its
    attempts that were reclaimed; the longest wait is that for what it reclaimed itself.
    """
    resource = "gpus" if result.spec.capacity()["gpus"] else "cpus"
    return [_zone_texts(row, resource) for row in result.zones.to_dicts()]


def zone_title(result: Result | SavedRun) -> str:
    """What the table of zones is of."""
    return f"zones, amounts in {'devices' if result.spec.capacity()['gpus'] else 'cores'}"


def _zone_texts(row: dict[str, Any], resource: str) -> tuple[str, ...]:
    amounts = [row[f"{resource}_{kind}"] for kind in ("guarantee", "limit", "use_mean", "use_max", "borrowed_mean")]
    wait = row["reclaim_wait_max_s"]
    return (
        row["zone"] or "(others)",
        f"{row['jobs']:,}",
        f"{row['completed']:,}",
        *("–" if amount is None else f"{amount:,.4g}" for amount in amounts),
        f"{row['reclaimed']:,}",
        "–" if wait is None else format_seconds(wait),
    )


def html_table(result: Result | SavedRun) -> str:
    """The readable figures, and those of zones, as HTML tables."""
    title = f"{result.queue} / {result.placement} on {result.spec.name}"
    figures = facts(readable_figures(result), title=title, notes=[f"fingerprint {result.fingerprint[:16]}…"])
    return figures + (table(ZONE_COLUMNS, readable_zones(result), title=zone_title(result)) if "zones" in result.summary() else "")


def terminal_chart(result: Result, column: str, width: int = 72) -> str:
    """The largest value of a timeline column in each of `width` equal spans of the run, as a line of bars."""
    frame = result.timeline
    values, times = frame[column].to_numpy(), frame["time_s"].to_numpy()
    if not len(values) or values.max() <= 0 or times[-1] <= times[0]:
        return BARS[0] * width
    edges = np.linspace(times[0], times[-1], width + 1)
    first = np.searchsorted(times, edges[:-1], side="right") - 1
    last = np.maximum(first + 1, np.searchsorted(times, edges[1:], side="left"))
    peaks = [int(values[max(0, a) : b].max()) for a, b in zip(first, last, strict=True)]
    top = max(peaks)
    return "".join(BARS[math.ceil(peak / top * (len(BARS) - 1))] for peak in peaks)
