"""Half-open intervals [start, end) of many keys (nodes, devices) at once: their union, and which of them covers an instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class Intervals(NamedTuple):
    """Intervals of whole numbers, sorted by (key, start), those of one key apart from each other: int64[m] each."""

    key: Integers
    start: Integers
    end: Integers


def union(key: Integers, start: Integers, end: Integers) -> tuple[Intervals, Integers]:
    """The union of the intervals of each key (those that touch are one), and for each given interval the row of the one it is part of.

    O(n log n), without a loop. `start < end` is expected.

    >>> merged, part = union(np.array([1, 0, 1]), np.array([5, 0, 2]), np.array([9, 4, 5]))
    >>> merged.start.tolist(), merged.end.tolist(), part.tolist()
    ([0, 2], [4, 9], [1, 0, 1])
    """
    order = np.lexsort((start, key))
    times, rank = np.unique(np.concatenate((start[order], end[order])), return_inverse=True)
    keys, place = np.unique(key[order], return_inverse=True)
    # One number for (key, time) lets a running maximum serve all keys: a later key's numbers are all larger.
    width = len(times) + 1
    first, last = place * width + rank[: len(order)], place * width + rank[len(order) :]
    reach = np.maximum.accumulate(last) if len(last) else last
    opens = np.ones(len(order), dtype=np.bool_)
    opens[1:] = first[1:] > reach[:-1]
    row = np.cumsum(opens) - 1
    closes = np.append(opens[1:], True)[: len(order)]
    part = np.empty(len(order), dtype=np.int64)
    part[order] = row
    return Intervals(keys[place[opens]], start[order][opens], times[reach[closes] % width]), part


def covering(intervals: Intervals, key: Integers, time: Integers) -> Integers:
    """int64[n]: the row of the interval of `key` that covers `time`, -1 where none does.

    >>> covering(Intervals(np.array([3]), np.array([10]), np.array([20])), np.array([3, 3, 4]), np.array([10, 20, 15])).tolist()
    [0, -1, -1]
    """
    if not len(intervals.key) or not len(key):
        return np.full(len(key), -1, dtype=np.int64)
    times = np.unique(intervals.start)
    width = len(times) + 1
    opened = intervals.key * width + np.searchsorted(times, intervals.start, side="right")
    found = np.searchsorted(opened, key * width + np.searchsorted(times, time, side="right"), side="right") - 1
    at = np.maximum(found, 0)
    covered = (found >= 0) & (intervals.key[at] == key) & (intervals.start[at] <= time) & (time < intervals.end[at])
    return np.where(covered, found, -1)
