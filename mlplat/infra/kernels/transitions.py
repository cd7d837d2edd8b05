"""The transitions of the scheduler's state machine, one function each. Both clocks call these and nothing else."""

from __future__ import annotations

from .compilation import inlined
from .gangs import records_end, release
from .heaps import push
from .queues import append
from .running import leave
from .state import RELEASES, RUNNING, SHAPE, WAITING, JobState, Queue, World

BEST_EFFORT, SJF, EASY = int(Queue.BEST_EFFORT_FIFO), int(Queue.SJF), int(Queue.EASY)
IN_QUEUE, FINISHED, REFUSED = int(JobState.WAITING), int(JobState.COMPLETED), int(JobState.REJECTED)


@inlined
def submit(world: World, job: int) -> None:
    """A job arrives: rejected if the empty cluster could not hold it, else it waits."""
    log, jobs = world.log, world.jobs
    refused = jobs.refused[jobs.gang[job, SHAPE]]
    if refused != 0:
        log.state[job] = REFUSED
        log.reason[job] = refused
        return
    log.state[job] = IN_QUEUE
    if world.queue == SJF:
        push(world.waiting.key, world.waiting.job, world.count[WAITING], jobs.estimate[job], job)
    elif world.queue == BEST_EFFORT or world.queue == EASY:
        append(world, job)
    world.count[WAITING] += 1


@inlined
def complete(world: World, job: int) -> None:
    """A running job ends and gives everything back."""
    release(world, job, world.log.first[job], records_end(world, job))
    world.log.state[job] = FINISHED
    if world.queue == EASY:
        leave(world, job)
    world.count[RUNNING] -= 1
    world.count[RELEASES] += 1
