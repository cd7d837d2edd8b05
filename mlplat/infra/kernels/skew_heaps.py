"""Skew heaps (Sleator and Tarjan 1986) in arrays: many heaps of jobs that need no room of their own, since each job is in one at most.

A heap is its first job, or -1 where it is empty. Order is by key, then by job.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel


@kernel
def _before(keys: np.ndarray, a: int, b: int) -> bool:  # type: ignore[type-arg]
    return keys[a] < keys[b] or (keys[a] == keys[b] and a < b)  # type: ignore[no-any-return]


@kernel
def meld(keys: np.ndarray, left: np.ndarray, right: np.ndarray, a: int, b: int) -> int:  # type: ignore[type-arg]
    """Two heaps become one; returns its first job. O(log n) over many calls. `left` and `right` are overwritten."""
    if a < 0:
        return b
    if b < 0:
        return a
    if _before(keys, b, a):
        a, b = b, a
    top = a
    while True:
        rest = np.int64(right[a])
        right[a] = left[a]
        if rest < 0:
            left[a] = b
            return top
        if _before(keys, b, rest):
            rest, b = b, rest
        left[a] = rest
        a = rest


@kernel
def without_first(keys: np.ndarray, left: np.ndarray, right: np.ndarray, first: int) -> int:  # type: ignore[type-arg]
    """The first job leaves its heap; returns the one that is first then, or -1."""
    rest = meld(keys, left, right, np.int64(left[first]), np.int64(right[first]))
    left[first] = right[first] = -1
    return rest  # type: ignore[no-any-return]


@kernel
def without(keys: np.ndarray, left: np.ndarray, right: np.ndarray, first: int, job: int) -> int:  # type: ignore[type-arg]
    """A job leaves its heap; returns the first of the others, or -1. Those before it are taken out and put back."""
    before = np.int64(-1)
    while first != job:
        rest = without_first(keys, left, right, first)
        before = meld(keys, left, right, before, first)
        first = rest
    return meld(keys, left, right, without_first(keys, left, right, first), before)  # type: ignore[no-any-return]
