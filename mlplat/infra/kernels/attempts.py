"""The attempts of a job: when one begins, when its work stops, and when it gives its room back (docs/interruptions.md)."""

from __future__ import annotations

import math

import numpy as np

from .admission import count_in_group, discharge
from .attempt_state import CRASHED, CUT, Outcome
from .compilation import kernel
from .enqueueing import enqueue
from .gangs import records_end, release
from .quota_tree import charge
from .residents import settle_on_nodes, vacate_nodes
from .running import leave, move_to
from .state import CHANGED, CLOSED, NODE, NUMBER, RELEASES, RUNNING, STARTED, STOPPING, JobState, Queue, Reason, World
from .work import expected_span, reckon, time_of

EASY, CONSERVATIVE, PRIORITY, SRTF, LAS, DRF = (
    int(Queue.EASY),
    int(Queue.CONSERVATIVE),
    int(Queue.PRIORITY),
    int(Queue.SRTF),
    int(Queue.LAS),
    int(Queue.DRF),
)
GOING, FINISHED, FAILED, TOO_OFTEN = int(JobState.RUNNING), int(JobState.COMPLETED), int(JobState.FAILED), int(Reason.RESTARTS)
GOING_ON, DONE, BY_NODE, BY_DEVICE, FENCED = (
    int(Outcome.RUNNING),
    int(Outcome.COMPLETED),
    int(Outcome.NODE),
    int(Outcome.DEVICE),
    int(Outcome.FENCED),
)


@kernel
def set_due(world: World, job: int, time: float) -> None:
    """Say when the job's next event is. The clocks look at `progress.changed` after every instant."""
    progress = world.progress
    progress.due[job] = time
    if time < np.inf and not progress.listed[job]:
        progress.listed[job] = True
        progress.changed[world.count[CHANGED]] = job
        world.count[CHANGED] += 1


@kernel
def begin_attempt(world: World, job: int, now: float) -> None:
    """A placed job starts; `count[STARTED]` does not include it yet."""
    progress, attempts, log = world.progress, world.attempts, world.log
    attempt = world.count[STARTED]
    lead = progress.restart[job] if progress.attempts[job] > 0 else 0.0
    progress.attempt[job], progress.lead[job], progress.stop[job] = attempt, lead, np.nan
    progress.pace[job] = 1.0
    progress.attempts[job] += 1
    attempts.start[attempt], attempts.stop[attempt], attempts.end[attempt] = now, np.nan, np.nan
    attempts.lost[attempt], attempts.saved[attempt], attempts.outcome[attempt] = 0.0, 0.0, GOING_ON
    attempts.first[attempt], attempts.by[attempt] = log.first[job], -1
    attempts.began_as[attempt] = world.count[NUMBER]
    world.count[NUMBER] += 1
    if np.isnan(log.start[job]):
        log.start[job] = now
    if world.queue == DRF:
        count_in_group(world, job, np.int64(1))
    finish = now + (lead + time_of(progress.left[job], progress.interval[job], progress.write[job]))
    progress.finish[job] = finish
    health = settle_on_nodes(world, job)
    if health & (CRASHED | CUT):
        stop_work(world, job, now, BY_NODE if health & CRASHED else FENCED)
    else:
        set_due(world, job, next_event(world, job))


@kernel
def next_event(world: World, job: int) -> float:
    """When the work of a running job is done or, if that is earlier, when it falls to the second queue of `las`."""
    progress = world.progress
    if world.queue == LAS and progress.level[job] > 0:
        start = world.attempts.start[progress.attempt[job]]
        return min(progress.finish[job], start + (world.options.threshold / progress.width[job] - progress.served[job]))
    return progress.finish[job]  # type: ignore[no-any-return]


@kernel
def stop_work(world: World, job: int, now: float, cause: int) -> None:
    """The work of a running job stops; it keeps its room. Nothing changes where it had stopped before."""
    progress = world.progress
    if not np.isnan(progress.stop[job]):
        return
    attempt = progress.attempt[job]
    reckon(world, job, now - world.attempts.start[attempt])
    progress.stop[job] = world.attempts.stop[attempt] = now
    progress.cause[job] = cause
    progress.due[job] = np.inf


@kernel
def work_so_far(world: World, job: int, now: float) -> float:
    """What the current attempt of a job has done by `now`; 0 where it has ended."""
    progress, attempts = world.progress, world.attempts
    attempt = progress.attempt[job]
    if attempt < 0 or not np.isnan(attempts.end[attempt]):
        return 0.0
    if np.isnan(progress.stop[job]):
        reckon(world, job, now - attempts.start[attempt])
    return progress.done[job]  # type: ignore[no-any-return]


@kernel
def spoil(world: World, job: int) -> None:
    """A stopped job cannot write its last checkpoint to the end."""
    world.progress.kept[job] = world.progress.saved[job]


@kernel
def end_attempt(world: World, job: int, now: float) -> None:
    """A job that has stopped gives its room back. It waits again, unless it is over or failures have interrupted it too often."""
    progress, attempts, log = world.progress, world.attempts, world.log
    attempt = progress.attempt[job]
    if log.state[job] == GOING:
        cause, kept = progress.cause[job], progress.kept[job]
        attempts.outcome[attempt] = cause
        attempts.saved[attempt] += kept
        attempts.lost[attempt] += max(0.0, progress.done[job] - kept)
        progress.left[job] = max(0.0, progress.left[job] - kept)
        progress.estimated[job] = max(0.0, progress.estimated[job] - kept)
        progress.until[job], progress.written[job] = np.inf, 0.0  # here, since only an interrupted job has another attempt
        _give_back(world, job, attempt, now)
        if cause == BY_NODE or cause == BY_DEVICE or cause == FENCED:
            progress.failures[job] += 1
            if progress.failures[job] > world.options.max_restarts:
                log.state[job], log.reason[job] = FAILED, TOO_OFTEN
                progress.end[job] = now
                discharge(world, job)
                return
        world.jobs.estimate[job] = expected_span(world, job)
        if world.queue == LAS and progress.level[job] > 0:
            progress.level[job] = 1.0 if progress.served[job] * progress.width[job] < world.options.threshold else 0.0
        enqueue(world, job)
        return
    _give_back(world, job, attempt, now)
    discharge(world, job)


@kernel
def _give_back(world: World, job: int, attempt: int, now: float) -> None:
    progress, attempts, count = world.progress, world.attempts, world.count
    attempts.end[attempt] = now
    attempts.ended_as[attempt] = count[NUMBER]
    count[NUMBER] += 1
    attempts.closed[count[CLOSED]] = attempt
    count[CLOSED] += 1
    progress.due[job] = np.inf
    progress.served[job] += progress.stop[job] - attempts.start[attempt]
    vacate_nodes(world, job)
    release(world, job, np.int64(world.log.first[job]), records_end(world, job))
    queue, quoted = world.queue, len(world.quotas.of) > 0
    if progress.place[job] >= 0:
        count[STOPPING] -= 1
        moved = progress.stopping[count[STOPPING]]
        progress.stopping[progress.place[job]] = moved
        progress.place[moved] = progress.place[job]
        progress.place[job] = -1
    elif quoted or queue == EASY or queue == CONSERVATIVE or queue == PRIORITY or queue == SRTF or queue == LAS:
        leave(world, job)
    if queue == DRF:
        count_in_group(world, job, np.int64(-1))
    if quoted:
        world.quotas.charged[job] = False
        charge(world, job, np.int64(-1))
    count[RUNNING] -= 1
    count[RELEASES] += 1


@kernel
def noticed_at(world: World, time: float) -> float:
    """When the scheduler learns of what happens at `time`."""
    period = world.options.scrape
    return time if period == 0 else max(time, math.ceil(time / period) * period)


@kernel
def keep_room(world: World, job: int, until: float) -> None:
    """A job that has stopped holds its room until then."""
    progress, queue = world.progress, world.queue
    set_due(world, job, until)
    if queue == EASY or queue == CONSERVATIVE:
        move_to(world, job, until)
    elif len(world.quotas.of) > 0 or queue == PRIORITY or queue == SRTF or queue == LAS:
        leave(world, job)
        progress.stopping[world.count[STOPPING]] = job
        progress.place[job] = world.count[STOPPING]
        world.count[STOPPING] += 1


@kernel
def dismiss(world: World, job: int, now: float, cause: int, grace: float) -> bool:
    """Stop a running job to have its room. Returns whether the room is free at once."""
    progress = world.progress
    if np.isnan(progress.stop[job]):
        stop_work(world, job, now, cause)
        write = progress.write[job]
        if write <= grace:
            progress.kept[job] = progress.done[job]
        until = noticed_at(world, now + min(write, grace))
        if until > now:
            keep_room(world, job, until)
            return False
    elif progress.due[job] < np.inf:
        return False
    end_attempt(world, job, now)
    return True


@kernel
def complete_attempt(world: World, job: int, now: float) -> None:
    """The work of a running job is done."""
    progress, attempts = world.progress, world.attempts
    attempt = progress.attempt[job]
    world.log.state[job] = FINISHED
    attempts.outcome[attempt], attempts.stop[attempt] = DONE, now
    attempts.saved[attempt] += progress.left[job]
    progress.stop[job] = progress.end[job] = now
    progress.left[job] = progress.estimated[job] = 0.0
    until = noticed_at(world, now)
    if until > now:
        keep_room(world, job, until)
    else:
        end_attempt(world, job, now)


@kernel
def meet_due(world: World, job: int, now: float) -> None:
    """The event a job was due for: its room is free, it falls to the lower level, or it completes."""
    progress = world.progress
    if not np.isnan(progress.stop[job]):
        end_attempt(world, job, now)
    elif now < progress.finish[job]:
        progress.level[job] = 0.0
        move_to(world, job, 0.0)
        set_due(world, job, progress.finish[job])
    elif world.hardware.health[world.log.records[world.log.first[job], NODE]] & CUT:
        stop_work(world, job, now, FENCED)
        progress.unseen[job] = True
    else:
        complete_attempt(world, job, now)
