"""Submissions counted in windows: hours of the week, dispersion, autocorrelation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...workload import JobTrace

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
HOURS = 168
_MONDAY = 3 * DAY  # 1 January 1970 was a Thursday


def week_second(trace: JobTrace) -> float:
    """Seconds from Monday 0:00 (UTC) to second 0 of the trace; 0 where the source does not say when that was."""
    return float((trace.origin + _MONDAY) % WEEK) if trace.origin else 0.0


def hourly(times: Floats, first: float, last: float) -> tuple[Ints, Ints]:
    """Counts in the whole hours between `first` and `last`, and the hour of the week of each, for times (s) from a Monday, 0:00.

    >>> hourly(np.array([10.0, 20.0, 3700.0]), 0.0, 7200.0)
    (array([2, 1]), array([0, 1]))
    """
    start, end = int(np.ceil(first / HOUR)), int(last // HOUR)
    hours = np.arange(start, max(end, start), dtype=np.int64)
    inside = times[(times >= start * HOUR) & (times < end * HOUR)] if len(hours) else times[:0]
    counts = np.bincount((inside // HOUR).astype(np.int64) - start, minlength=len(hours)).astype(np.int64)
    return counts, hours % HOURS


def dispersion(times: Floats, window: float) -> float:
    """Variance over mean of the counts in windows of `window` seconds: 1 for a Poisson stream. NaN with fewer than two windows."""
    if not len(times):
        return float("nan")
    counts = np.bincount(((times - times[0]) // window).astype(np.int64))[:-1]  # the last window is not whole
    return float(counts.var() / counts.mean()) if len(counts) > 1 and counts.any() else float("nan")


def autocorrelation(values: npt.NDArray[Any], lag: int) -> float:
    """Of a series at a lag; NaN where it is too short or constant."""
    if len(values) < 2 * lag + 2:
        return float("nan")
    centred = values - values.mean()
    total = float((centred**2).mean())
    return float((centred[:-lag] * centred[lag:]).mean() / total) if total > 0 else float("nan")


def minutes_dispersion(times: Floats) -> tuple[float, int]:
    """Whether events come evenly inside their hours: Pearson's statistic of the counts by minute given those by hour, over its degrees of
    freedom, which come second. 1 if they are a Poisson stream inside each hour, whatever the rate of the hour.
    """
    minute = (times // 60).astype(np.int64)
    if not len(minute):
        return float("nan"), 0
    counts = np.bincount(minute - minute[0] // 60 * 60)
    counts = np.pad(counts, (0, -len(counts) % 60)).reshape(-1, 60)
    counts = counts[counts.sum(1) >= 2]
    if not len(counts):
        return float("nan"), 0
    total = counts.sum(1)
    freedom = 59 * len(counts)
    # the exact mean of the statistic is 59 an hour, whatever its count
    return float((((counts**2).sum(1) * 60 / total) - total).sum() / freedom), freedom
