"""Waiting jobs under a user's own order in which nobody blocks: a skew heap for each shape, by key and then by submission."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .queues import begin_list, end_list
from .skew_heaps import meld, without
from .state import World


@kernel
def wait_in_shape(world: World, shape: int, job: int) -> None:
    """Let a job wait among those of its shape."""
    waiting = world.waiting
    waiting.next[job] = waiting.right[job] = -1
    if waiting.first[shape] < 0:
        begin_list(world, shape)
    waiting.first[shape] = meld(world.jobs.key, waiting.next, waiting.right, np.int64(waiting.first[shape]), job)


@kernel
def leave_shape(world: World, shape: int, job: int) -> None:
    """A job waits no more: it starts, or was deleted."""
    waiting = world.waiting
    waiting.first[shape] = without(world.jobs.key, waiting.next, waiting.right, np.int64(waiting.first[shape]), job)
    if waiting.first[shape] < 0:
        end_list(world, shape)
