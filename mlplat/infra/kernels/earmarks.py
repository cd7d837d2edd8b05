"""Nodes that are kept for a job that has a claim, until those stopped for it have gone: nothing else fits there meanwhile."""

from __future__ import annotations

import numpy as np

from .attempt_state import CLOSED, EARMARKED, OFFLINE
from .compilation import kernel
from .fragmentation import fragment
from .state import CPU, FRAGMENT, REPLICAS, World
from .tree import note_change


@kernel
def _switch(world: World, node: int, sign: int) -> None:
    world.nodes.free[node, CPU] += sign * OFFLINE
    if len(world.policy.typical) > 0:
        world.nodes.free[node, FRAGMENT] = fragment(world.nodes, world.cluster, world.policy, node)
    note_change(world.nodes, world.trees, node)


@kernel
def earmark(world: World, job: int) -> None:
    """Keep the nodes for a job on which `shadow.place_over` has placed it."""
    quotas, placed, health = world.quotas, world.reservation.placed_node, world.hardware.health
    quotas.first_mark[job] = -1
    for replica in range(world.jobs.gang[job, REPLICAS]):
        node = np.int64(placed[replica])
        if quotas.marked_for[node] >= 0:
            continue
        quotas.marked_for[node] = job
        quotas.next_mark[node] = quotas.first_mark[job]
        quotas.first_mark[job] = node
        if health[node] & CLOSED == 0:
            _switch(world, node, np.int64(-1))
        health[node] |= EARMARKED


@kernel
def lift_earmarks(world: World, job: int) -> None:
    """The nodes kept for a job are open to all again, unless they are closed for another reason."""
    quotas, health = world.quotas, world.hardware.health
    node = np.int64(quotas.first_mark[job])
    quotas.first_mark[job] = -1
    while node >= 0:
        quotas.marked_for[node] = -1
        health[node] &= ~EARMARKED
        if health[node] & CLOSED == 0:
            _switch(world, node, np.int64(1))
        node = np.int64(quotas.next_mark[node])
