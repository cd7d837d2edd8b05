"""The lanes in which jobs wait under quotas: a skew heap each, so that lanes need no room of their own."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .quota_state import ACTIVE, Quotas
from .skew_heaps import meld, without
from .state import JobState, World

IN_QUEUE, HELD = int(JobState.WAITING), int(JobState.HELD)


@kernel
def push_lane(quotas: Quotas, job: int) -> None:
    """Let a job wait in its lane."""
    lane = np.int64(quotas.lane[job])
    quotas.left[job] = quotas.right[job] = -1
    quotas.top[lane] = meld(quotas.key, quotas.left, quotas.right, np.int64(quotas.top[lane]), job)
    if quotas.top[lane] == job:
        quotas.blocked[lane] = -1
    if quotas.slot[lane] < 0:
        quotas.slot[lane] = quotas.number[ACTIVE]
        quotas.lanes[quotas.number[ACTIVE]] = lane
        quotas.number[ACTIVE] += 1


@kernel
def leave_lane(quotas: Quotas, lane: int, job: int) -> None:
    """A job at the head of a lane leaves it: others may have come to stand before it since it was chosen."""
    quotas.top[lane] = without(quotas.key, quotas.left, quotas.right, np.int64(quotas.top[lane]), job)
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
