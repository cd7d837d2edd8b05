"""The arrays of a queue with nothing in it: trees, the log, waiting jobs, room to think ahead (`kernels.state`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels.state import Completions, Log, Nodes, Queue, Reservation, Trees, Waiting

Array = np.ndarray[Any, Any]

TREE_BYTES = 512 * 2**20
"""Memory for the trees of all request classes together; classes beyond it share the slots."""

HEAPS = (Queue.SJF, Queue.CUSTOM, Queue.PRIORITY, Queue.SRTF, Queue.LAS)
"""Queue policies that keep waiting jobs in a heap."""

LISTS = (Queue.BEST_EFFORT_FIFO, Queue.EASY, Queue.DRF, Queue.CONSERVATIVE)
"""Queue policies that keep waiting jobs in lists."""

SHAPE_HEAPS = (Queue.CUSTOM_BEST_EFFORT,)
"""Queue policies that keep the waiting jobs of each shape in a heap of its own, and the first of each in another."""

RANKING = (Queue.EASY, Queue.CONSERVATIVE, Queue.PRIORITY, Queue.SRTF, Queue.LAS)
"""Queue policies that look at the running jobs in an order."""


def trees_for(nodes: int, classes: int, random_ties: bool) -> Trees:
    """Trees for as many classes as TREE_BYTES allow, at least two (a gang's two requests); a level is padded to whole groups of
    eight entries, but for the root.
    """
    lengths = [nodes]
    while lengths[-1] > 1:
        lengths.append(-(-lengths[-1] // 8))
    padded = [8 * -(-length // 8) for length in lengths]
    size = sum(padded)
    slots = max(2, min(classes, TREE_BYTES // ((12 if random_ties else 8) * size)))
    ring = max(64, 1 << (2 * nodes - 1).bit_length())
    return Trees(
        size=size,
        levels=len(lengths),
        start=np.cumsum([0, *padded[:-1]]),
        key=_cache_aligned(slots * size),
        ties=np.zeros(slots * size if random_ties else 0, dtype=np.int32),
        slot_of=np.full(max(1, classes), -1, dtype=np.int32),
        class_of=np.full(slots, -1, dtype=np.int32),
        synced=np.full(slots, -1, dtype=np.int64),
        used=np.zeros(slots, dtype=np.int64),
        log=np.zeros(ring, dtype=np.int32),
        clock=np.zeros(2, dtype=np.int64),
    )


def _cache_aligned(length: int) -> Array:
    """An empty float64 array that begins at a multiple of 64 bytes, so that eight entries are one cache line."""
    room = np.empty(length + 8)
    skipped = -(room.ctypes.data // 8) % 8
    return room[skipped : skipped + length]


def job_log(jobs: int) -> Log:
    return Log(
        state=np.zeros(jobs, dtype=np.int8),
        reason=np.zeros(jobs, dtype=np.int16),
        start=np.full(jobs, np.nan),
        first=np.empty(jobs, dtype=np.int64),
        order=np.empty(jobs, dtype=np.int32),
        records=np.empty((0, 4), dtype=np.int32),  # see `_make_room`
    )


def completions_for(room: int) -> Completions:
    return Completions(np.empty(room), np.empty(room, dtype=np.int32))


def longer(array: Array, length: int) -> Array:
    """A copy with room for more rows."""
    longer = np.empty((length, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def waiting_arrays(jobs: int, shapes: int, groups: int, queue: Queue) -> Waiting:
    heap = jobs if queue in HEAPS or queue in SHAPE_HEAPS else 0
    lists = jobs if queue in LISTS or queue in SHAPE_HEAPS else 0
    shapes = max(1, shapes, groups if queue == Queue.DRF else 1)
    return Waiting(
        key=np.empty(heap),
        job=np.empty(heap, dtype=np.int32),
        next=np.empty(lists, dtype=np.int32),
        right=np.empty(jobs if queue in SHAPE_HEAPS else 0, dtype=np.int32),
        first=np.full(shapes, -1, dtype=np.int32),
        last=np.full(shapes, -1, dtype=np.int32),
        blocked=np.full(shapes, -1, dtype=np.int64),
        held=np.full(shapes, -1, dtype=np.int64),
        shortest=np.full(shapes, np.inf),
        active=np.empty(shapes, dtype=np.int32),
        cursor=np.empty(shapes, dtype=np.int32),
        before=np.empty(shapes, dtype=np.int32),
        lists=np.empty(shapes, dtype=np.int32),
        slot=np.empty(shapes, dtype=np.int32),
        listed=np.zeros(1, dtype=np.int64),
    )


def reservation_arrays(state: Nodes, jobs: int) -> Reservation:
    """Room to think ahead; of no size under a queue policy that does not (`jobs` 0)."""
    n = len(state.free) if jobs else 0

    def copy() -> Nodes:
        return Nodes(*(np.empty_like(array) if jobs else np.empty((0, array.shape[1]), array.dtype) for array in state))

    return Reservation(
        end=np.empty(jobs),
        job=np.empty(jobs, dtype=np.int32),
        started=np.empty(jobs, dtype=np.int64),
        position=np.empty(jobs, dtype=np.int32),
        frontier=np.empty(jobs + 2, dtype=np.int32),
        shadow=copy(),
        both=copy(),
        shadow_stamp=np.full(n, -1, dtype=np.int64),
        both_stamp=np.full(n, -1, dtype=np.int64),
        touched=np.empty(n, dtype=np.int32),
        reserved=np.empty(n, dtype=np.int32),
        reserved_stamp=np.full(n, -1, dtype=np.int64),
        placed_node=np.empty(0, dtype=np.int32),  # see `_make_room`
        placed_device=np.empty(0, dtype=np.int32),
        victims=np.empty(jobs, dtype=np.int32),
        epoch=np.zeros(3, dtype=np.int64),
        first_promise=np.full(jobs, np.nan),
    )
