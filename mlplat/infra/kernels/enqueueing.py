"""Where a job waits under each queue policy."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .heaps import push
from .queues import append
from .quota_waiting import wait_in_lane
from .shape_heaps import wait_in_shape
from .state import HEAD, SHAPE, WAITING, JobState, Queue, World

BEST_EFFORT, SJF, EASY, CUSTOM, CUSTOM_BEST_EFFORT, PRIORITY, SRTF, LAS, DRF, CONSERVATIVE = (
    int(Queue.BEST_EFFORT_FIFO),
    int(Queue.SJF),
    int(Queue.EASY),
    int(Queue.CUSTOM),
    int(Queue.CUSTOM_BEST_EFFORT),
    int(Queue.PRIORITY),
    int(Queue.SRTF),
    int(Queue.LAS),
    int(Queue.DRF),
    int(Queue.CONSERVATIVE),
)
IN_QUEUE = int(JobState.WAITING)


@kernel
def enqueue(world: World, job: int) -> None:
    """Let a job wait: one that arrives, or one that is to run again and has its old place by submission."""
    waiting, queue, count = world.waiting, world.queue, world.count
    if world.interruptible and len(world.quotas.of) > 0:
        wait_in_lane(world, job)
        count[WAITING] += 1
        return
    world.log.state[job] = IN_QUEUE
    count[HEAD] = min(count[HEAD], job)
    if queue == SJF or queue == SRTF:
        push(waiting.key, waiting.job, count[WAITING], world.jobs.estimate[job], job)
    elif queue == CUSTOM:
        push(waiting.key, waiting.job, count[WAITING], world.jobs.key[job], job)
    elif queue == CUSTOM_BEST_EFFORT:
        wait_in_shape(world, np.int64(world.jobs.gang[job, SHAPE]), job)
    elif queue == PRIORITY or queue == LAS:
        push(waiting.key, waiting.job, count[WAITING], -world.progress.level[job], job)
    elif queue == BEST_EFFORT or queue == EASY:
        append(world, np.int64(world.jobs.gang[job, SHAPE]), job)
    elif queue == DRF:
        append(world, np.int64(world.groups.of[job]), job)
    elif queue == CONSERVATIVE:
        append(world, np.int64(0), job)
    count[WAITING] += 1
