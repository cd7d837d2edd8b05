"""The lower limit: compiled loops that move the events of a replay through a binary heap and do nothing else.

They take the times of each job from a finished replay, so they decide nothing: no queue, no placement, no records. What is left is what an
event-driven simulator of that trace has to do. `run` keeps arrivals and completions on one heap, as a general event queue does;
`run_merged` reads the arrivals from the sorted trace and keeps only the completions of running jobs on the heap, which is the least that
can be done.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Times = npt.NDArray[np.float64]


def run(arrivals: npt.ArrayLike, starts: npt.ArrayLike, ends: npt.ArrayLike) -> int:
    """The number of events taken from a heap of the arrivals and the completions of a replay.

    `arrivals`, `starts`, `ends`: float64[N], each ascending in `arrivals`' order of jobs as a replay without backfill gives it; at each
    arrival the next one is pushed, and a job's end is pushed at the first event not before its start. Raises ValueError where the shapes
    differ.

    >>> run([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [5.0, 2.0, 9.0])
    6
    """
    arrive, begin, end = (np.ascontiguousarray(times, dtype=np.float64) for times in (arrivals, starts, ends))
    if arrive.ndim != 1 or not arrive.shape == begin.shape == end.shape:
        raise ValueError("expected as many starts and ends as arrivals")
    return int(_one_queue(arrive, begin, end, np.empty(len(begin) + 1, dtype=np.float64), np.empty(len(begin) + 1, dtype=np.int32)))


def run_merged(starts: npt.ArrayLike, ends: npt.ArrayLike) -> int:
    """The number of completions, after every start (in order of time) was pushed with its end and every end popped when due.

    `starts` float64[N], ascending; `ends` float64[N], at least the starts; an infinite end never comes.
    Raises ValueError where the starts are not in order or the shapes differ.

    >>> run_merged([0.0, 1.0, 2.0], [5.0, 2.0, np.inf])
    2
    """
    begin, end = np.ascontiguousarray(starts, dtype=np.float64), np.ascontiguousarray(ends, dtype=np.float64)
    if begin.ndim != 1 or begin.shape != end.shape or not (np.diff(begin) >= 0).all() or not (end >= begin).all():
        raise ValueError("expected starts in ascending order, with as many ends, none before its start")
    return int(_loop(begin, end, np.empty(len(begin), dtype=np.float64), np.empty(len(begin), dtype=np.int32)))


@njit(cache=True)
def _one_queue(arrivals: Times, starts: Times, ends: Times, keys: Times, jobs: npt.NDArray[np.int32]) -> int:
    """Arrivals carry -1: at one instant they come before completions. `keys` and `jobs` are the heap's room, overwritten."""
    size = events = arrived = started = 0
    n = len(arrivals)
    if n > 0:
        size = _push(keys, jobs, size, arrivals[0], -1)
    while size > 0 and keys[0] < np.inf:
        now, job = keys[0], jobs[0]
        size = _pop(keys, jobs, size)
        events += 1
        if job < 0:
            arrived += 1
            if arrived < n:
                size = _push(keys, jobs, size, arrivals[arrived], -1)
        while started < n and starts[started] <= now:
            size = _push(keys, jobs, size, ends[started], started)
            started += 1
    return events


@njit(cache=True)
def _loop(starts: Times, ends: Times, keys: Times, jobs: npt.NDArray[np.int32]) -> int:
    """`keys` and `jobs` are the heap's room, overwritten."""
    size = completions = 0
    for job in range(len(starts)):
        while size > 0 and keys[0] <= starts[job]:
            size = _pop(keys, jobs, size)
            completions += 1
        size = _push(keys, jobs, size, ends[job], job)
    while size > 0 and keys[0] < np.inf:
        size = _pop(keys, jobs, size)
        completions += 1
    return completions


@njit(cache=True)
def _push(keys: Times, jobs: npt.NDArray[np.int32], size: int, key: float, job: int) -> int:
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and jobs[parent] < job):
            break
        keys[place], jobs[place] = keys[parent], jobs[parent]
        place = parent
    keys[place], jobs[place] = key, job
    return size + 1


@njit(cache=True)
def _pop(keys: Times, jobs: npt.NDArray[np.int32], size: int) -> int:
    size -= 1
    key, job = keys[size], jobs[size]
    place, child = 0, 1
    while child < size:
        right = child + 1
        if right < size and (keys[right] < keys[child] or (keys[right] == keys[child] and jobs[right] < jobs[child])):
            child = right
        if key < keys[child] or (key == keys[child] and job < jobs[child]):
            break
        keys[place], jobs[place] = keys[child], jobs[child]
        place, child = child, 2 * child + 1
    keys[place], jobs[place] = key, job
    return size
