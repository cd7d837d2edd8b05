"""The lanes in which jobs wait under quotas: a skew heap each (Sleator and Tarjan 1986), so that lanes need no room of their own."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .quota_state import ACTIVE, Quotas
from .state import JobState, World

IN_QUEUE, HELD = int(JobState.WAITING), int(JobState.HELD)


@kernel
def _before(quotas: Quotas, a: int, b: int) -> bool:
    return quotas.key[a] < quotas.key[b] or (quotas.key[a] == quotas.key[b] and a < b)  # type: ignore[no-any-return]


@kernel
def _meld(quotas: Quotas, a: int, b: int) -> int:
    """Two heaps become one; returns its first job."""
    if a < 0:
        return b
    if b < 0:
        return a
    if _before(quotas, b, a):
        a, b = b, a
    top = a
    while True:
        rest = np.int64(quotas.right[a])
        quotas.right[a] = quotas.left[a]
        if rest < 0:
            quotas.left[a] = b
            return top
        if _before(quotas, b, rest):
            rest, b = b, rest
        quotas.left[a] = rest
        a = rest


@kernel
def push_lane(quotas: Quotas, job: int) -> None:
    """Let a job wait in its lane."""
    lane = np.int64(quotas.lane[job])
    quotas.left[job] = quotas.right[job] = -1
    quotas.top[lane] = _meld(quotas, np.int64(quotas.top[lane]), job)
    if quotas.top[lane] == job:
        quotas.blocked[lane] = -1
    if quotas.slot[lane] < 0:
        quotas.slot[lane] = quotas.number[ACTIVE]
        quotas.lanes[quotas.number[ACTIVE]] = lane
        quotas.number[ACTIVE] += 1


@kernel
def _pop(quotas: Quotas, lane: int) -> int:
    job = np.int64(quotas.top[lane])
    quotas.top[lane] = _meld(quotas, np.int64(quotas.left[job]), np.int64(quotas.right[job]))
    return job  # type: ignore[no-any-return]


@kernel
def leave_lane(quotas: Quotas, lane: int, job: int) -> None:
    """A job at the head of a lane leaves it: others may have come to stand before it since it was chosen."""
    before = np.int64(-1)
    while quotas.top[lane] != job:
        other = _pop(quotas, lane)
        quotas.left[other] = quotas.right[other] = -1
        before = _meld(quotas, before, other)
    _pop(quotas, lane)
    quotas.top[lane] = _meld(quotas, np.int64(quotas.top[lane]), before)
    if quotas.top[lane] < 0:
        quotas.number[ACTIVE] -= 1
        moved = np.int64(quotas.lanes[quotas.number[ACTIVE]])
        quotas.lanes[quotas.slot[lane]] = moved
        quotas.slot[moved] = quotas.slot[lane]
        quotas.slot[lane] = -1


@kernel
def first_of(world: World, lane: int) -> int:
    """The first job of a lane that still waits, or -1. Those that were deleted leave the lane on the way."""
    quotas, state = world.quotas, world.log.state
    while quotas.top[lane] >= 0:
        job = np.int64(quotas.top[lane])
        if state[job] == IN_QUEUE or state[job] == HELD:
            return job  # type: ignore[no-any-return]
        leave_lane(quotas, lane, job)
    return -1
