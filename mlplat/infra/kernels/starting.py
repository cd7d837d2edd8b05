"""Writing down that a placed job has started."""

from __future__ import annotations

from .compilation import inlined
from .running import enter
from .state import PROBE, PROBED, RUNNING, STARTED, STATUS, WAITING, JobState, Queue, World

IN_PROGRESS = int(JobState.RUNNING)
EASY = int(Queue.EASY)


@inlined
def mark_started(world: World, job: int, now: float) -> None:
    """Move a placed job from waiting to running. Stops the run behind it where it is the job being probed."""
    log, count = world.log, world.count
    log.state[job] = IN_PROGRESS
    log.start[job] = now
    log.order[count[STARTED]] = job
    if world.queue == EASY:
        enter(world, job, now + world.jobs.estimate[job])
    count[STARTED] += 1
    count[WAITING] -= 1
    count[RUNNING] += 1
    if count[PROBE] == job:
        count[STATUS] = PROBED
