"""Ranges of numbers, (lowest, highest), the highest range first: what was never given out of a network."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[tuple[int, int]]


def gaps(low: int, high: int, held: Iterable[tuple[int, int]]) -> Ranges:
    """What is left between `low` and `high` beside the ranges in `held`, which rise.

    >>> gaps(0, 9, [(0, 1), (4, 4)])
    [(5, 9), (2, 3)]
    """
    left = []
    for start, end in held:
        if low < start:
            left.append((low, min(start - 1, high)))
        low = max(low, end + 1)
    if low <= high:
        left.append((low, high))
    return left[::-1]


def cut_out(ranges: Ranges, low: int, high: int) -> Ranges:
    """What is left of ranges without those from `low` to `high`.

    >>> cut_out([(5, 9), (2, 3)], 3, 6)
    [(7, 9), (2, 2)]
    """
    left = []
    for start, end in ranges:
        if end > high:
            left.append((max(start, high + 1), end))
        if start < low:
            left.append((start, min(end, low - 1)))
    return left


def joined(ranges: Ranges, more: Ranges) -> Ranges:
    """Both, which are apart; neighbours become one.

    >>> joined([(7, 9), (2, 2)], [(3, 6)])
    [(2, 9)]
    """
    whole: Ranges = []
    for low, high in sorted([*ranges, *more], reverse=True):
        if whole and whole[-1][0] == high + 1:
            whole[-1] = (low, whole[-1][1])
        else:
            whole.append((low, high))
    return whole


def size(ranges: Ranges) -> int:
    """How many numbers they hold."""
    return sum(high - low + 1 for low, high in ranges)
