"""Making room for a blocked head by stopping jobs that matter less: no more of them than needed, and none in vain."""

from __future__ import annotations

import numpy as np

from .attempt_state import Outcome
from .attempts import dismiss
from .compilation import kernel
from .running import children, next_end
from .shadow import gang_fits, give_back_on, take_again_on
from .state import HAVE, RANKED, REQUEST, STOPPING, Queue, World

SRTF, PREEMPTED = int(Queue.SRTF), int(Outcome.PREEMPTED)


@kernel
def may_preempt(world: World, head: int, victim: int, now: float) -> bool:
    """Whether the head goes before a running job. The jobs for which this is so come first in the order of `running`."""
    if world.queue == SRTF:
        ends = -world.reservation.end[world.reservation.position[victim]]
        return ends > now + world.jobs.estimate[head]  # type: ignore[no-any-return]
    return world.progress.level[victim] < world.progress.level[head]  # type: ignore[no-any-return]


@kernel
def preempt(world: World, head: int, now: float) -> bool:
    """Stop the victims whose room the blocked head needs. Returns whether room is free at once, so that the head may try again."""
    reservation, count = world.reservation, world.count
    if count[RANKED] == 0 or not may_preempt(world, head, np.int64(reservation.job[0]), now):
        return False
    cls = np.int64(world.jobs.gang[head, REQUEST])
    reservation.epoch[0] += 1
    touched, have = np.int64(0), np.int64(count[HAVE])
    for i in range(count[STOPPING]):
        touched, have = give_back_on(world, np.int64(world.progress.stopping[i]), cls, touched, have)
    fits, touched = gang_fits(world, head, have, touched)
    if fits:
        return False
    chosen, size = 0, 1
    reservation.frontier[0] = 0
    while size > 0 and not fits:
        position = next_end(world, size)
        size += children(world, position) - 1
        victim = np.int64(reservation.job[position])
        if not may_preempt(world, head, victim, now):
            break
        reservation.victims[chosen] = victim
        chosen += 1
        touched, have = give_back_on(world, victim, cls, touched, have)
        fits, touched = gang_fits(world, head, have, touched)
    if not fits:
        return False
    for i in range(chosen - 2, -1, -1):
        victim = np.int64(reservation.victims[i])
        have = take_again_on(world, victim, cls, have)
        spared, touched = gang_fits(world, head, have, touched)
        if spared:
            reservation.victims[i] = -1
        else:
            touched, have = give_back_on(world, victim, cls, touched, have)
    free = False
    for i in range(chosen):
        if reservation.victims[i] >= 0:
            world.attempts.by[world.progress.attempt[np.int64(reservation.victims[i])]] = head
            free |= dismiss(world, np.int64(reservation.victims[i]), now, np.int64(PREEMPTED), world.options.grace)
    return free
