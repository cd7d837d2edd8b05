"""The running jobs in the order in which their room can be had: by estimated end, or as victims of a preemption.

An indexed heap, from which any job can leave, and which can be read in order without being emptied.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .state import RANKED, STARTED, Reservation, World


@kernel
def _before(reservation: Reservation, a: int, b: int) -> bool:
    """Whether heap position a comes before position b."""
    end, job = reservation.end, reservation.job
    return end[a] < end[b] or (end[a] == end[b] and reservation.started[job[a]] > reservation.started[job[b]])  # type: ignore[no-any-return]


@kernel
def _move(reservation: Reservation, i: int, size: int) -> None:
    """Let the entry at i rise or sink to where it belongs."""
    end, job, position = reservation.end, reservation.job, reservation.position
    while i > 0 and _before(reservation, i, (i - 1) >> 1):
        parent = (i - 1) >> 1
        end[i], end[parent] = end[parent], end[i]
        job[i], job[parent] = job[parent], job[i]
        position[job[i]] = i
        i = parent
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and _before(reservation, child + 1, child):
            child += 1
        if not _before(reservation, child, i):
            break
        end[i], end[child] = end[child], end[i]
        job[i], job[child] = job[child], job[i]
        position[job[i]] = i
        i = child
    position[job[i]] = i


@kernel
def enter(world: World, job: int, key: float) -> None:
    """Add a job that is just starting; `count[STARTED]` does not include it yet."""
    reservation = world.reservation
    size = world.count[RANKED]
    reservation.end[size] = key
    reservation.job[size] = job
    reservation.started[job] = world.count[STARTED]
    world.count[RANKED] = size + 1
    _move(reservation, size, size + 1)


@kernel
def leave(world: World, job: int) -> None:
    """Remove a job."""
    reservation = world.reservation
    i, last = np.int64(reservation.position[job]), world.count[RANKED] - 1
    world.count[RANKED] = last
    if i != last:
        reservation.end[i], reservation.job[i] = reservation.end[last], reservation.job[last]
        _move(reservation, i, last)


@kernel
def move_to(world: World, job: int, key: float) -> None:
    """Give a job another key."""
    reservation = world.reservation
    i = np.int64(reservation.position[job])
    reservation.end[i] = key
    _move(reservation, i, world.count[RANKED])


@kernel
def children(world: World, position: int) -> int:
    """How many children a heap position has: 0, 1 or 2."""
    return min(2, max(0, world.count[RANKED] - 1 - 2 * position))


@kernel
def next_end(world: World, size: int) -> int:
    """Take the next heap position in order of estimated end from `frontier`, which holds `size` positions; its children enter.

    Start with `frontier[0] = 0` and size 1; the size grows by the position's children less one. O(log k) for the k-th.
    """
    reservation = world.reservation
    frontier = reservation.frontier
    top = np.int64(frontier[0])
    size -= 1
    if size > 0:
        _sink(reservation, size, np.int64(frontier[size]))
    for child in (2 * top + 1, 2 * top + 2):
        if child < world.count[RANKED]:
            i = size
            while i > 0 and _before(reservation, child, np.int64(frontier[(i - 1) >> 1])):
                frontier[i] = frontier[(i - 1) >> 1]
                i = (i - 1) >> 1
            frontier[i] = child
            size += 1
    return top  # type: ignore[no-any-return]


@kernel
def _sink(reservation: Reservation, size: int, entry: int) -> None:
    frontier = reservation.frontier
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        if child + 1 < size and _before(reservation, np.int64(frontier[child + 1]), np.int64(frontier[child])):
            child += 1
        if not _before(reservation, np.int64(frontier[child]), entry):
            break
        frontier[i] = frontier[child]
        i = child
    frontier[i] = entry
