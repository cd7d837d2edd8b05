"""How a job begins to wait under quotas: whether it could ever fit, whether it is held, and its place in its lane (docs/quotas.md)."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .lanes import push_lane
from .quota_tree import exceeds_limit, exceeds_potential, load_ask
from .state import SHAPE, JobState, Queue, World

IN_QUEUE, HELD = int(JobState.WAITING), int(JobState.HELD)
SJF, PRIORITY = int(Queue.SJF), int(Queue.PRIORITY)
CUSTOM, CUSTOM_BEST_EFFORT = int(Queue.CUSTOM), int(Queue.CUSTOM_BEST_EFFORT)


@kernel
def is_open(world: World, job: int, turn: int) -> bool:
    """Whether the empty nodes of a flavor, by its turn, could hold the gang of a job."""
    return (world.quotas.closed[world.jobs.gang[job, SHAPE]] >> turn) & 1 == 0  # type: ignore[no-any-return]


@kernel
def could_ever_fit(world: World, job: int) -> bool:
    """Whether the quotas, with nothing charged, have room for a job."""
    quota = np.int64(world.quotas.of[job])
    for turn in range(world.quotas.tries[quota]):
        if not is_open(world, job, np.int64(turn)):
            continue
        load_ask(world, job, np.int64(world.quotas.flavors[quota, turn]))
        if not exceeds_potential(world.quotas, quota):
            return True
    return False


@kernel
def is_held(world: World, job: int) -> bool:
    """Whether the limits of a job's quota leave no room for it now."""
    quota = np.int64(world.quotas.of[job])
    for turn in range(world.quotas.tries[quota]):
        if not is_open(world, job, np.int64(turn)):
            continue
        load_ask(world, job, np.int64(world.quotas.flavors[quota, turn]))
        if not exceeds_limit(world.quotas, quota):
            return False
    return True


@kernel
def wait_in_lane(world: World, job: int) -> None:
    """Let a job wait; its state says whether it is held."""
    quotas = world.quotas
    quotas.key[job] = 0.0
    if world.queue == SJF:
        quotas.key[job] = world.jobs.estimate[job]
    elif world.queue == CUSTOM or world.queue == CUSTOM_BEST_EFFORT:
        quotas.key[job] = world.jobs.key[job]
    elif world.queue == PRIORITY:
        quotas.key[job] = -world.progress.level[job]
    world.log.state[job] = HELD if is_held(world, job) else IN_QUEUE
    push_lane(quotas, job)
