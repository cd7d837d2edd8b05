"""Limits of groups: a job that would take its group over a limit is held out of the queue until others of the group have ended."""

from __future__ import annotations

import numpy as np

from .attempt_state import G_CPU, G_GPU, G_MEMORY
from .compilation import kernel
from .enqueueing import enqueue
from .state import CPU, GPU, HELD_BACK, LAST, MEMORY, PROFILE, REPLICAS, REQUEST, JobState, Reason, World

HELD, REFUSED, OVER_LIMIT = int(JobState.HELD), int(JobState.REJECTED), int(Reason.QUOTA)


@kernel
def _asked(world: World, cls: int, column: int) -> int:
    ask = world.classes.ask
    if column == G_CPU:
        return ask[cls, CPU]  # type: ignore[no-any-return]
    if column == G_MEMORY:
        return ask[cls, MEMORY]  # type: ignore[no-any-return]
    return ask[cls, GPU] if ask[cls, PROFILE] < 0 else world.groups.profile[ask[cls, PROFILE]]  # type: ignore[no-any-return]


@kernel
def gang_asks(world: World, job: int, column: int) -> int:
    """What all replicas of a job ask for: CPU milli, memory MiB or accelerator milli."""
    gang = world.jobs.gang
    others = np.int64(gang[job, REPLICAS]) - 1
    return others * _asked(world, np.int64(gang[job, REQUEST]), column) + _asked(world, np.int64(gang[job, LAST]), column)


@kernel
def _has_room(world: World, group: int, job: int) -> bool:
    groups = world.groups
    for column in range(G_GPU + 1):
        if groups.charged[group, column] + gang_asks(world, job, np.int64(column)) > groups.limit[group, column]:
            return False
    return True


@kernel
def _charge(world: World, group: int, job: int, sign: int) -> None:
    for column in range(G_GPU + 1):
        world.groups.charged[group, column] += sign * gang_asks(world, job, np.int64(column))


@kernel
def admit(world: World, job: int) -> bool:
    """Whether an arriving job may enter the queue; if not it is rejected or held."""
    groups, log = world.groups, world.log
    if len(groups.limit) == 0:
        return True
    group = np.int64(groups.of[job])
    for column in range(G_GPU + 1):
        if gang_asks(world, job, np.int64(column)) > groups.limit[group, column]:
            log.state[job], log.reason[job] = REFUSED, OVER_LIMIT
            return False
    if groups.first[group] < 0 and _has_room(world, group, job):
        _charge(world, group, job, np.int64(1))
        return True
    log.state[job] = HELD
    world.count[HELD_BACK] += 1
    groups.next[job] = -1
    if groups.first[group] < 0:
        groups.first[group] = job
    else:
        groups.next[groups.last[group]] = job
    groups.last[group] = job
    return False


@kernel
def discharge(world: World, job: int) -> None:
    """A job has ended for good: held jobs of its group that now fit under the limit enter the queue."""
    groups = world.groups
    if len(groups.limit) == 0:
        return
    group = np.int64(groups.of[job])
    _charge(world, group, job, np.int64(-1))
    _admit_held(world, group)


@kernel
def _admit_held(world: World, group: int) -> None:
    groups = world.groups
    while groups.first[group] >= 0 and _has_room(world, group, np.int64(groups.first[group])):
        held = np.int64(groups.first[group])
        groups.first[group] = groups.next[held]
        world.count[HELD_BACK] -= 1
        _charge(world, group, held, np.int64(1))
        enqueue(world, held)


@kernel
def let_go(world: World, job: int) -> None:
    """A held job leaves; those behind it may fit under the limit now."""
    groups = world.groups
    group = np.int64(groups.of[job])
    before, here = np.int64(-1), np.int64(groups.first[group])
    while here != job:
        before, here = here, np.int64(groups.next[here])
    after = groups.next[job]
    if before < 0:
        groups.first[group] = after
    else:
        groups.next[before] = after
    if after < 0:
        groups.last[group] = before
    world.count[HELD_BACK] -= 1
    _admit_held(world, group)


@kernel
def count_in_group(world: World, job: int, sign: int) -> None:
    """What a job holds is added to (1) or taken off (-1) its group's part of the cluster."""
    for column in range(G_GPU + 1):
        world.groups.held[world.groups.of[job], column] += sign * gang_asks(world, job, np.int64(column))
