"""Dominant resource fairness (Ghodsi et al. 2011): the group with the least dominant share goes next."""

from __future__ import annotations

import numpy as np

from .attempt_state import G_GPU
from .compilation import kernel
from .cycle import place_or_block
from .queues import is_blocked, remove
from .starting import mark_started
from .state import CYCLES, SHAPE, STATUS, World


@kernel
def dominant_share(world: World, group: int) -> float:
    """The largest part of the cluster that the group holds in one dimension, over its weight."""
    groups = world.groups
    share = 0.0
    for column in range(G_GPU + 1):
        if groups.total[column] > 0:
            share = max(share, groups.held[group, column] / groups.total[column])
    return share / groups.weight[group]  # type: ignore[no-any-return]


@kernel
def fair_cycle(world: World, now: float) -> None:
    """Start the first job of the group with the least share, again and again; a group whose job does not fit is left out of the cycle."""
    waiting, groups, count = world.waiting, world.groups, world.count
    count[CYCLES] += 1
    while count[STATUS] == 0:
        chosen, least = np.int64(-1), np.inf
        for i in range(waiting.listed[0]):
            group = np.int64(waiting.lists[i])
            if groups.skip[group] == count[CYCLES]:
                continue
            share = dominant_share(world, group)
            if share < least or (share == least and group < chosen):
                chosen, least = group, share
        if chosen < 0:
            return
        job = np.int64(waiting.first[chosen])
        if not is_blocked(world, np.int64(world.jobs.gang[job, SHAPE])) and place_or_block(world, job):
            remove(world, chosen, job, np.int64(-1))
            mark_started(world, job, now)
        else:
            groups.skip[chosen] = count[CYCLES]
