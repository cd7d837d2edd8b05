"""What groups are charged for and hold must be what their jobs ask for, within their limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.fault_room import Room
from mlplat.infra.kernels.state import LAST, REPLICAS, REQUEST, JobState, Queue, World

Array = np.ndarray[Any, Any]


def wrong_limits(world: World, room: Room, state: Array, held: Array) -> Iterator[str]:
    """What is wrong with the groups. `state`: of all jobs; `held`: those that hold room, ascending."""
    groups, gang = world.groups, world.jobs.gang
    if world.queue == Queue.DRF:
        yield from _wrong_sum(world, room, "hold", held, groups.held)
    if not len(groups.limit):
        return
    admitted = np.union1d(np.flatnonzero((state == JobState.WAITING) | (state == JobState.RUNNING)), held)
    yield from _wrong_sum(world, room, "are charged for", admitted, groups.charged)
    if (groups.charged > groups.limit).any():
        yield f"groups use {groups.charged.tolist()}, beyond their limits {groups.limit.tolist()}"
    waits = np.flatnonzero(state == JobState.HELD)
    if len(waits):
        head = [int(waits[groups.of[waits] == group][0]) for group in np.unique(groups.of[waits])]
        need = room.asked(np.array(head), gang[:, REQUEST], gang[:, LAST], gang[:, REPLICAS].astype(np.int64))
        of = groups.of[head]
        if (odd := (groups.charged[of] + need <= groups.limit[of]).all(axis=1)).any():
            yield f"job {head[odd.argmax()]} is held, and its group's limit has room for it"


def _wrong_sum(world: World, room: Room, what: str, jobs: Array, has: Array) -> Iterator[str]:
    groups, gang = world.groups, world.jobs.gang
    asked = room.asked(jobs, gang[:, REQUEST], gang[:, LAST], gang[:, REPLICAS].astype(np.int64))
    right = np.zeros_like(has)
    np.add.at(right, groups.of[jobs], asked)
    if not np.array_equal(right, has):
        yield f"groups {what} {has.tolist()}; by their jobs {right.tolist()}"
