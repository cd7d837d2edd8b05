"""One scheduling cycle under each queue policy: who is next, and what if the next one does not fit."""

from __future__ import annotations

import numpy as np

from .admission import discharge
from .compilation import kernel
from .custom_order import custom_best_effort
from .easy import backfill
from .gangs import place
from .heaps import pop
from .queues import block, candidates, pop_shape, push_shape, remove
from .starting import mark_started
from .state import (
    BLOCKED,
    HAVE,
    HEAD,
    LAST,
    MANY,
    REPLICAS,
    REQUEST,
    SHAPE,
    STATUS,
    WAITING,
    WATCHED,
    JobState,
    Placement,
    Queue,
    Reason,
    World,
)

FIFO, BEST_EFFORT, SJF, EASY, OWN_ORDER, OWN_BEST_EFFORT, LOSS, DRF = (
    int(Queue.FIFO),
    int(Queue.BEST_EFFORT_FIFO),
    int(Queue.SJF),
    int(Queue.EASY),
    int(Queue.CUSTOM),
    int(Queue.CUSTOM_BEST_EFFORT),
    int(Queue.LOSS),
    int(Queue.DRF),
)
CUSTOM = int(Placement.CUSTOM)
IN_QUEUE, CLEARED, NO_ROOM = int(JobState.WAITING), int(JobState.LOST), int(Reason.NO_ROOM)


@kernel
def cycle(world: World, now: float) -> None:
    """Start what may start at `now`."""
    if world.count[WAITING] == 0:
        return
    queue = world.queue
    if queue == FIFO:
        _strict(world, now)
    elif queue == EASY:
        _strict(world, now)
        if world.count[WAITING] > 1 and world.count[STATUS] == 0:
            backfill(world, now)
    elif queue == BEST_EFFORT:
        if start_overdue(world, now):
            _best_effort(world, now)
    elif queue == SJF or queue == OWN_ORDER:
        _first_of_heap(world, now)
    elif queue == OWN_BEST_EFFORT:
        custom_best_effort(world, now)
    else:
        _one_attempt(world, now)


@kernel
def start_or_watch(world: World, job: int, now: float) -> bool:
    """Start the head of the queue if it fits. If not, keep count of how much of it would fit, so that the next attempt is made in time."""
    count = world.count
    replicas = np.int64(world.jobs.gang[job, REPLICAS])
    if count[BLOCKED] == job:
        needed = replicas if world.jobs.gang[job, LAST] == world.jobs.gang[job, REQUEST] else replicas - 1
        if count[HAVE] < needed:
            return False
    count[WATCHED] = -1
    placed = place(world, job)
    if placed == replicas:
        count[BLOCKED] = -1
        mark_started(world, job, now)
        return True
    count[BLOCKED], count[WATCHED] = job, world.jobs.gang[job, REQUEST]
    # Where the last replica asks for something else, or a user's score refuses nodes that have room, the count says nothing: try each time.
    counted = world.policy.code != CUSTOM and (placed < replicas - 1 or world.jobs.gang[job, LAST] == world.jobs.gang[job, REQUEST])
    count[HAVE] = placed if counted else MANY
    return False


@kernel
def place_or_block(world: World, job: int) -> bool:
    """Place a job on what is free, or remember that its shape does not fit."""
    if place(world, job) == world.jobs.gang[job, REPLICAS]:
        return True
    block(world, np.int64(world.jobs.gang[job, SHAPE]))
    return False


@kernel
def start_overdue(world: World, now: float) -> bool:
    """Start the jobs that have waited too long, in order of submission. Returns whether others may start too: not while one is blocked."""
    count = world.count
    head = count[HEAD]
    while count[WAITING] > 0 and count[STATUS] == 0:
        while world.log.state[head] != IN_QUEUE:
            head += 1
        count[HEAD] = head
        if now - world.jobs.submit[head] < world.options.patience:
            return True
        if not start_or_watch(world, head, now):
            return False
        which = np.int64(world.groups.of[head]) if world.queue == DRF else np.int64(world.jobs.gang[head, SHAPE])
        remove(world, which, head, np.int64(-1))
    return False


@kernel
def _strict(world: World, now: float) -> None:
    """First come, first served: a blocked head blocks all."""
    count = world.count
    head = count[HEAD]
    while count[WAITING] > 0 and count[STATUS] == 0:
        while world.log.state[head] != IN_QUEUE:
            head += 1
        if not start_or_watch(world, head, now):
            break
        if world.queue == EASY:
            remove(world, np.int64(world.jobs.gang[head, SHAPE]), head, np.int64(-1))
    count[HEAD] = head


@kernel
def _first_of_heap(world: World, now: float) -> None:
    """The job with the shortest estimate, or the lowest key, is the head; blocked, it blocks all."""
    waiting, count = world.waiting, world.count
    while count[WAITING] > 0 and count[STATUS] == 0:
        size = count[WAITING]
        if not start_or_watch(world, np.int64(waiting.job[0]), now):
            return
        pop(waiting.key, waiting.job, size)


@kernel
def _best_effort(world: World, now: float) -> None:
    """Every waiting job in order of submission, each that fits; a refused shape is left until the next release."""
    waiting, jobs = world.waiting, world.jobs
    size = candidates(world)
    while size > 0:
        shape = pop_shape(world, size)
        size -= 1
        job, before = np.int64(waiting.cursor[shape]), np.int64(waiting.before[shape])
        after = np.int64(waiting.next[job])
        if place(world, job) == jobs.gang[job, REPLICAS]:
            remove(world, shape, job, before)
            mark_started(world, job, now)
            if world.count[STATUS] != 0:
                return
        elif jobs.monotone[shape]:
            block(world, shape)
            continue
        else:
            before = job
        if after >= 0:
            waiting.cursor[shape], waiting.before[shape] = after, before
            push_shape(world, size, shape)
            size += 1


@kernel
def _one_attempt(world: World, now: float) -> None:
    """Blocked calls cleared: what does not fit on arrival is lost."""
    count, log = world.count, world.log
    head = count[HEAD]
    while count[WAITING] > 0 and count[STATUS] == 0:
        while log.state[head] != IN_QUEUE:
            head += 1
        if place(world, head) == world.jobs.gang[head, REPLICAS]:
            mark_started(world, head, now)
        else:
            log.state[head] = CLEARED
            log.reason[head] = NO_ROOM
            count[WAITING] -= 1
            if world.interruptible:
                count[HEAD] = head
                discharge(world, head)
                head = count[HEAD]
    count[HEAD] = head
