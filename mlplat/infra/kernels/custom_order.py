"""A user's own order of jobs in which nobody blocks: a cycle looks at the first job of each shape (`shape_heaps`).

As in `queues`, a shape that was refused is left alone until something is released, unless its last replica asks for more than the others.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .gangs import place
from .heaps import pop, push
from .queues import block, is_blocked, might_fit
from .shape_heaps import leave_shape, wait_in_shape
from .starting import mark_started
from .state import REPLICAS, SHAPE, STATUS, World


@kernel
def custom_best_effort(world: World, now: float) -> None:
    """Every waiting job in order of key and submission, each that fits."""
    waiting, jobs = world.waiting, world.jobs
    size = np.int64(0)
    for i in range(waiting.listed[0]):
        shape = np.int64(waiting.lists[i])
        job = np.int64(waiting.first[shape])
        if not is_blocked(world, shape) and might_fit(world, shape, job):
            push(waiting.key, waiting.job, size, jobs.key[job], job)
            size += 1
    refused = np.int64(-1)  # jobs of shapes that may fit later in this cycle, each with the one before it in `next`
    while size > 0 and world.count[STATUS] == 0:
        job = np.int64(waiting.job[0])
        shape = np.int64(jobs.gang[job, SHAPE])
        pop(waiting.key, waiting.job, size)
        size -= 1
        if place(world, job) == jobs.gang[job, REPLICAS]:
            leave_shape(world, shape, job)
            mark_started(world, job, now)
        elif jobs.monotone[shape]:
            block(world, shape)
            continue
        else:
            leave_shape(world, shape, job)
            waiting.next[job] = refused
            refused = job
        after = np.int64(waiting.first[shape])
        if after >= 0:
            push(waiting.key, waiting.job, size, jobs.key[after], after)
            size += 1
    while refused >= 0:
        job, refused = refused, np.int64(waiting.next[refused])
        wait_in_shape(world, np.int64(jobs.gang[job, SHAPE]), job)
