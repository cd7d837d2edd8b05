"""The transitions of the scheduler's state machine in a run in which nothing is interrupted. Both clocks call these and nothing else.

Where jobs can be interrupted, `attempts.meet_due` and `incidents.happen` take the place of `complete`.
"""

from __future__ import annotations

from .admission import admit
from .compilation import inlined
from .enqueueing import enqueue
from .gangs import records_end, release
from .quota_waiting import could_ever_fit
from .running import leave
from .state import NUMBER, RELEASES, RUNNING, SHAPE, JobState, Queue, Reason, World

EASY = int(Queue.EASY)
FINISHED, REFUSED = int(JobState.COMPLETED), int(JobState.REJECTED)
OVER_LIMIT = int(Reason.QUOTA)


@inlined
def submit(world: World, job: int) -> None:
    """A job arrives: rejected if the empty cluster could not hold it, held if a limit of its group does not allow it, else it waits."""
    log, jobs = world.log, world.jobs
    if world.interruptible:
        world.progress.arrived_as[job] = world.count[NUMBER]
        world.count[NUMBER] += 1
    refused = jobs.refused[jobs.gang[job, SHAPE]]
    if refused != 0:
        log.state[job] = REFUSED
        log.reason[job] = refused
        return
    if world.interruptible and len(world.quotas.of) > 0:
        if not could_ever_fit(world, job):
            log.state[job], log.reason[job] = REFUSED, OVER_LIMIT
            return
    elif world.interruptible and not admit(world, job):
        return
    enqueue(world, job)


@inlined
def complete(world: World, job: int) -> None:
    """A running job ends and gives everything back."""
    release(world, job, world.log.first[job], records_end(world, job))
    world.log.state[job] = FINISHED
    if world.queue == EASY:
        leave(world, job)
    world.count[RUNNING] -= 1
    world.count[RELEASES] += 1
