"""Lanes: rows of a drawing on which nothing overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush


def lanes_of(keys: Sequence[int], starts: Sequence[int], ends: Sequence[int], *, apart: bool = False) -> list[int]:
    """Of each interval the number of its lane among those of its key, from 0: the lowest that is free.

    Intervals are given by key and, within it, by start. One may begin where the one before it on the lane ends; not if they are to stand
    `apart`. No more lanes are used than intervals overlap.

    >>> lanes_of([0, 0, 0, 1], [0, 5, 10, 0], [10, 8, 12, 3])
    [0, 1, 0, 0]
    """
    found: list[int] = []
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    used = 0
    before: int | None = None
    for key, start, end in zip(keys, starts, ends, strict=True):
        if key != before:
            before, busy, free, used = key, [], [], 0
        while busy and (busy[0][0] < start or (busy[0][0] == start and not apart)):
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane, used = used, used + 1
        heappush(busy, (end, lane))
        found.append(lane)
    return found
