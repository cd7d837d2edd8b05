"""What only a live cluster does to a job: wait until its environments are ready, pause for a checkpoint that is written over the network,
run on after a failure of its program, delete it.
"""

from __future__ import annotations

import numpy as np

from .admission import discharge, let_go
from .attempts import end_attempt, keep_room, next_event, set_due
from .compilation import kernel
from .heaps import remove_item
from .queues import remove
from .quota_cycle import withdraw_claim
from .running import move_to
from .shape_heaps import leave_shape
from .state import SHAPE, WAITING, JobState, Queue, World
from .work import reckon, time_of

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
IN_QUEUE, HELD, IN_PROGRESS = int(JobState.WAITING), int(JobState.HELD), int(JobState.RUNNING)


@kernel
def await_ready(world: World, job: int) -> None:
    """A job that has just started does no work until `ready`: its environments pull their images and start."""
    progress = world.progress
    progress.lead[job] = progress.finish[job] = np.inf
    if np.isnan(progress.stop[job]):
        set_due(world, job, next_event(world, job))


@kernel
def ready(world: World, job: int, pace: float, until: float, now: float) -> None:
    """The work of a running job begins, or goes on, at `pace` seconds of work a second. It pauses where `until` seconds of it are done, if
    that is less than what is left.
    """
    progress = world.progress
    if not np.isnan(progress.stop[job]):
        return
    restart = progress.restart[job] if progress.attempts[job] > 1 else 0.0
    progress.pace[job], progress.until[job], progress.written[job] = pace, until, 0.0
    progress.lead[job] = (now - world.attempts.start[progress.attempt[job]]) + restart
    finish = now + (restart + time_of(progress.left[job], progress.interval[job], progress.write[job]) / pace)
    _expect(world, job, finish, now + (restart + time_of(progress.estimated[job], progress.interval[job], progress.write[job]) / pace))


@kernel
def go_on(world: World, job: int, written: float, until: float, now: float) -> bool:
    """`written` seconds of the work of this attempt are in a checkpoint now; the work goes on at its pace, to its end or to the next pause,
    where `until` seconds are done. Returns False, having done nothing, where the work has stopped.
    """
    progress = world.progress
    if not np.isnan(progress.stop[job]):
        return False
    pace = progress.pace[job]
    progress.until[job], progress.written[job] = until, written
    progress.lead[job] = now - world.attempts.start[progress.attempt[job]]
    _expect(world, job, now + (progress.left[job] - written) / pace, now + (progress.estimated[job] - written) / pace)
    return True


@kernel
def _expect(world: World, job: int, finish: float, ends: float) -> None:
    """The work of a job would be done at `finish`, and by its estimate at `ends`; where it pauses before, nobody knows when it is done."""
    progress = world.progress
    progress.finish[job] = finish if progress.left[job] <= progress.until[job] else np.inf
    set_due(world, job, next_event(world, job))
    if world.queue == EASY or world.queue == CONSERVATIVE:
        move_to(world, job, ends)
    elif world.queue == SRTF:
        move_to(world, job, -ends)


@kernel
def set_back(world: World, job: int, now: float) -> None:
    """The program of a running job has failed and is started again where it is: what it had not saved is lost."""
    progress, attempts = world.progress, world.attempts
    if not np.isnan(progress.stop[job]):
        return
    attempt = progress.attempt[job]
    reckon(world, job, now - attempts.start[attempt])
    attempts.lost[attempt] += max(0.0, progress.done[job] - progress.saved[job])
    attempts.saved[attempt] += progress.saved[job]
    progress.left[job] = max(0.0, progress.left[job] - progress.saved[job])
    progress.estimated[job] = max(0.0, progress.estimated[job] - progress.saved[job])
    progress.until[job], progress.written[job] = np.inf, 0.0
    await_ready(world, job)


@kernel
def end_for_good(world: World, job: int, state: int, outcome: int, grace: float, now: float) -> bool:
    """A job is deleted by its owner, or its program has failed for good. It keeps its room for `grace`. Returns whether it was not over."""
    log, progress = world.log, world.progress
    before = log.state[job]
    if before != IN_QUEUE and before != HELD and before != IN_PROGRESS:
        return False
    log.state[job] = state
    progress.end[job] = now
    if len(world.quotas.of) > 0 and before != IN_PROGRESS:
        withdraw_claim(world, job)
        world.count[WAITING] -= 1
    elif before == HELD:
        let_go(world, job)
    elif before == IN_QUEUE:
        _leave_queue(world, job)
        discharge(world, job)
    else:
        attempt = progress.attempt[job]
        stopping = not np.isnan(progress.stop[job]) and progress.due[job] < np.inf
        if np.isnan(progress.stop[job]):
            reckon(world, job, now - world.attempts.start[attempt])
            progress.stop[job] = world.attempts.stop[attempt] = now
        progress.cause[job] = outcome
        progress.unseen[job] = False
        world.attempts.outcome[attempt] = outcome
        world.attempts.lost[attempt] += progress.done[job]
        if stopping:
            return True
        if grace > 0:
            keep_room(world, job, now + grace)
        else:
            end_attempt(world, job, now)
    return True


@kernel
def _leave_queue(world: World, job: int) -> None:
    waiting, queue, count = world.waiting, world.queue, world.count
    if queue == SJF or queue == CUSTOM or queue == PRIORITY or queue == SRTF or queue == LAS:
        remove_item(waiting.key, waiting.job, count[WAITING], job)
    elif queue == CUSTOM_BEST_EFFORT:
        leave_shape(world, np.int64(world.jobs.gang[job, SHAPE]), job)
    elif queue == BEST_EFFORT or queue == EASY or queue == DRF or queue == CONSERVATIVE:
        which = np.int64(world.jobs.gang[job, SHAPE])
        if queue == DRF:
            which = np.int64(world.groups.of[job])
        elif queue == CONSERVATIVE:
            which = np.int64(0)
        before, here = np.int64(-1), np.int64(waiting.first[which])
        while here != job:
            before, here = here, np.int64(waiting.next[here])
        remove(world, which, job, before)
    count[WAITING] -= 1
