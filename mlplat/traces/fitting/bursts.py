"""Jobs of one group that come in quick succession: sweeps, arrays, scripts. Found by a gap that is short, and tested for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .counts import Floats, Ints, minutes_dispersion

GAPS_S = (5.0, 15.0, 60.0, 180.0, 600.0, 1800.0)
"""Gaps that are tried, in seconds."""
EVEN = 1.1
LEVEL_Z = 3.29  # once in a thousand
LARGEST_TABLE = 100


@dataclass(frozen=True, slots=True)
class Bursts:
    """`within`: jobs no later than this (s) after the one before of their group belong to its burst; 0 if each job is its own.
    `order`: rows by group and time, the order of the columns below. `first`: bool, whether the burst begins there. `dispersion`: by minute
    within the hours, of all jobs and of the starts of bursts.
    """

    within: float
    order: Ints
    first: np.ndarray
    dispersion: tuple[float, float]


def find_bursts(times: Floats, group: Ints) -> Bursts:
    """The bursts of jobs in order of submission.

    If the jobs come evenly inside their hours (the dispersion of counts by minute given those by hour is not above 1 at the level of one in
    a thousand), there are none. Otherwise `within` is the shortest of `GAPS_S` for which the starts of bursts come evenly
    (dispersion up to 1.1), or the one for which they come most evenly.
    """
    order = np.lexsort((times, group))
    jobs, freedom = minutes_dispersion(times)
    single = Bursts(0.0, order, np.ones(len(times), dtype=np.bool_), (jobs, jobs))
    if not freedom or jobs <= 1 + LEVEL_Z * np.sqrt(2 / freedom):
        return single
    best = single
    for within in GAPS_S:
        first = burst_starts(times[order], group[order], within)
        starts, freedom = minutes_dispersion(np.sort(times[order][first]))
        if not freedom:
            break
        if abs(starts - 1) < abs(best.dispersion[1] - 1):
            best = Bursts(within, order, first, (jobs, starts))
        if starts <= EVEN:
            break
    return best


def burst_starts(times: Floats, group: Ints, within: float) -> np.ndarray:
    """bool[N] for jobs sorted by group and time: whether a burst begins.

    >>> burst_starts(np.array([0.0, 3.0, 90.0, 1.0]), np.array([0, 0, 0, 1]), 60.0).tolist()
    [True, False, True, True]
    """
    first = np.ones(len(times), dtype=np.bool_)
    first[1:] = (np.diff(times) > within) | (np.diff(group) != 0)
    return first


def size_table(sizes: Ints) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes and how often each occurs; of more than a hundred sizes the largest are put together by their ratio, at their mean.

    >>> size_table(np.array([1, 1, 1, 2, 40]))
    ((1, 2, 40), (3, 1, 1))
    """
    values, counts = np.unique(sizes, return_counts=True)
    if len(values) > LARGEST_TABLE:
        cell = np.where(values <= 32, values, 32 + np.floor(np.log(values / 32) / np.log(1.1)).astype(np.int64) + 1)
        _, inverse = np.unique(cell, return_inverse=True)
        weight = np.bincount(inverse, weights=counts)
        values = np.maximum(1, np.rint(np.bincount(inverse, weights=counts * values) / weight)).astype(np.int64)
        values, inverse = np.unique(values, return_inverse=True)
        counts = np.bincount(inverse, weights=weight).astype(np.int64)
    return tuple(values.tolist()), tuple(counts.tolist())
