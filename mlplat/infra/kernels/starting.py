"""Writing down that a placed job has started."""

from __future__ import annotations

from .attempts import begin_attempt
from .compilation import inlined
from .running import enter
from .state import PROBE, PROBED, RUNNING, STARTED, STATUS, WAITING, JobState, Queue, World

IN_PROGRESS = int(JobState.RUNNING)
EASY, CONSERVATIVE, PRIORITY, SRTF, LAS = (
    int(Queue.EASY),
    int(Queue.CONSERVATIVE),
    int(Queue.PRIORITY),
    int(Queue.SRTF),
    int(Queue.LAS),
)


@inlined
def mark_started(world: World, job: int, now: float) -> None:
    """Move a placed job from waiting to running. Stops the run behind it where it is the job being probed."""
    log, count, queue = world.log, world.count, world.queue
    log.state[job] = IN_PROGRESS
    log.order[count[STARTED]] = job
    if world.interruptible and len(world.quotas.of) > 0:
        enter(world, job, world.progress.level[job])
    elif queue == EASY or queue == CONSERVATIVE:
        enter(world, job, now + world.jobs.estimate[job])
    elif queue == SRTF:
        enter(world, job, -(now + world.jobs.estimate[job]))
    elif queue == PRIORITY or queue == LAS:
        enter(world, job, world.progress.level[job])
    if world.interruptible:
        begin_attempt(world, job, now)
    else:
        log.start[job] = now
    count[STARTED] += 1
    count[WAITING] -= 1
    count[RUNNING] += 1
    if count[PROBE] == job:
        count[STATUS] = PROBED
