"""Nodes that are kept for jobs that have claims, until those stopped for them have gone: nothing else fits there meanwhile.

Each claim has a plan: the nodes on which its job would be placed once the stopping have gone, after the claims before it. Plans may share
a node; it is closed while any plan has it.
"""

from __future__ import annotations

import numpy as np

from .attempt_state import CLOSED, EARMARKED, OFFLINE
from .compilation import kernel
from .fragmentation import fragment
from .quota_state import CLAIMS, KEPT_SHUT, PLANNED
from .shadow import give_back_on, place_over
from .state import CPU, FRAGMENT, REPLICAS, REQUEST, STOPPING, World
from .tree import note_change


@kernel
def _switch(world: World, node: int, sign: int) -> None:
    """Open (1) or close (-1) a node, unless it is closed for another reason."""
    health = world.hardware.health
    if sign < 0:
        health[node] |= EARMARKED
    else:
        health[node] &= ~EARMARKED
    if health[node] & CLOSED != 0:
        return
    world.nodes.free[node, CPU] += sign * OFFLINE
    if len(world.policy.typical) > 0:
        world.nodes.free[node, FRAGMENT] = fragment(world.nodes, world.cluster, world.policy, node)
    note_change(world.nodes, world.trees, node)


@kernel
def open_earmarked(world: World) -> None:
    """Let the nodes of plans be used, for the sake of those who have the plans."""
    quotas, health = world.quotas, world.hardware.health
    quotas.number[KEPT_SHUT] = 0
    for i in range(quotas.number[PLANNED]):
        node = np.int64(quotas.plan[i])
        if health[node] & EARMARKED:
            _switch(world, node, np.int64(1))


@kernel
def close_earmarked(world: World) -> None:
    """Keep the nodes of plans for those who have them."""
    quotas, health = world.quotas, world.hardware.health
    quotas.number[KEPT_SHUT] = 1
    for i in range(quotas.number[PLANNED]):
        node = np.int64(quotas.plan[i])
        if quotas.plans_with[node] > 0 and not health[node] & EARMARKED:
            _switch(world, node, np.int64(-1))


@kernel
def _begin(quotas, claim: int) -> int:  # type: ignore[no-untyped-def]
    """Where the plan of a claim begins in `quotas.plan`."""
    return np.int64(quotas.plan_end[claim - 1]) if claim > 0 else np.int64(0)  # type: ignore[no-any-return]


@kernel
def has_plan(world: World, claim: int) -> bool:
    """Whether there are nodes for a claim, by its number."""
    return world.quotas.plan_end[claim] > _begin(world.quotas, claim)  # type: ignore[no-any-return]


@kernel
def add_plan(world: World, claim: int, job: int) -> None:
    """The plan of the last claim: the nodes on which `place_over` has just placed its job, or none if `job` is -1."""
    quotas, placed = world.quotas, world.reservation.placed_node
    size = begin = quotas.number[PLANNED]
    for replica in range(world.jobs.gang[job, REPLICAS] if job >= 0 else 0):
        node = np.int64(placed[replica])
        known = size == len(quotas.plan)
        for i in range(begin, size):
            known = known or quotas.plan[i] == node
        if not known:
            quotas.plan[size] = node
            quotas.plans_with[node] += 1
            size += 1
    quotas.number[PLANNED] = size
    quotas.plan_end[claim] = size


@kernel
def drop_plan(world: World, claim: int) -> None:
    """A claim has ended: its nodes are kept for it no longer."""
    quotas = world.quotas
    for i in range(_begin(quotas, claim), quotas.plan_end[claim]):
        quotas.plans_with[quotas.plan[i]] -= 1


@kernel
def close_to(world: World, claim: int, sign: int) -> None:
    """Close (-1) the nodes of all plans but that of one claim, or open them again (1)."""
    quotas, health = world.quotas, world.hardware.health
    for i in range(quotas.number[PLANNED]):
        node = np.int64(quotas.plan[i])
        if sign < 0 and (quotas.plans_with[node] == 0 or health[node] & EARMARKED):
            continue
        if sign > 0 and not health[node] & EARMARKED:
            continue
        own = False
        for j in range(_begin(quotas, claim), quotas.plan_end[claim]):
            own = own or quotas.plan[j] == node
        if not own:
            _switch(world, node, np.int64(sign))


@kernel
def place_claims(world: World, last: int, touched: int, noting: bool) -> int:
    """Place the first `last` claims on `shadow`, on which the stopping have gone, one after the other; one that does not fit is left out.
    `noting`: make their plans. Returns the number of touched nodes.
    """
    quotas, reservation = world.quotas, world.reservation
    for claim in range(last):
        job = np.int64(quotas.claims[claim])
        placed, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], job, touched)
        if noting:
            add_plan(world, np.int64(claim), job if placed == world.jobs.gang[job, REPLICAS] else np.int64(-1))
    return touched


@kernel
def plan_claims(world: World) -> None:
    """Make the plans of all claims anew. The nodes of the old ones are opened, those of the new ones not closed yet."""
    quotas, reservation, progress = world.quotas, world.reservation, world.progress
    open_earmarked(world)
    for i in range(quotas.number[PLANNED]):
        quotas.plans_with[quotas.plan[i]] = 0
    quotas.number[PLANNED] = 0
    if quotas.number[CLAIMS] == 0:
        return
    reservation.epoch[0] += 1
    touched, have = np.int64(0), np.int64(0)
    cls = np.int64(world.jobs.gang[quotas.claims[0], REQUEST])
    for i in range(world.count[STOPPING]):
        touched, have = give_back_on(world, np.int64(progress.stopping[i]), cls, touched, have)
    place_claims(world, quotas.number[CLAIMS], touched, np.bool_(True))
