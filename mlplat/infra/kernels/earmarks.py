"""Nodes that are kept for jobs that have claims, until those stopped for them have gone: nothing else fits there meanwhile.

Each claim has a plan: the nodes on which its job would be placed once the stopping have gone, after the claims before it. Plans may share
a node; it is closed while any plan has it, but to those whose plans have it and to claims that are older.
"""

from __future__ import annotations

import numpy as np

from .attempt_state import CLOSED, EARMARKED, OFFLINE
from .compilation import kernel
from .fragmentation import fragment
from .quota_state import KEPT_SHUT, PLANNED
from .shadow import place_over
from .state import CPU, FRAGMENT, REPLICAS, World
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
def note_plan(world: World, job: int, into, begin: int) -> int:  # type: ignore[no-untyped-def]
    """Write the nodes on which `place_over` has just placed a job into `into` from `begin` on. Returns where they end."""
    quotas, placed = world.quotas, world.reservation.placed_node
    size = begin
    for replica in range(world.jobs.gang[job, REPLICAS]):
        node = np.int64(placed[replica])
        known = size == len(into)
        for i in range(begin, size):
            known = known or into[i] == node
        if not known:
            into[size] = node
            quotas.plans_with[node] += 1
            size += 1
    return size


@kernel
def add_plan(world: World, claim: int, job: int) -> None:
    """The plan of a new claim, the last of all."""
    quotas = world.quotas
    quotas.number[PLANNED] = quotas.plan_end[claim] = note_plan(world, job, quotas.plan, quotas.number[PLANNED])


@kernel
def keep_plan(world: World, claim: int, into: int, begin: int) -> int:
    """A claim stays, as number `into`, with its plan; see `take_new_plans`. Returns where the plan ends."""
    quotas = world.quotas
    size = begin
    for i in range(_begin(quotas, claim), quotas.plan_end[claim]):
        quotas.new_plan[size] = quotas.plan[i]
        size += 1
    quotas.new_plan_end[into] = size
    return size


@kernel
def take_new_plans(world: World, claims: int, size: int) -> None:
    """The plans of so many claims are those in `new_plan`, which end at `size`."""
    quotas = world.quotas
    for i in range(size):
        quotas.plan[i] = quotas.new_plan[i]
    for claim in range(claims):
        quotas.plan_end[claim] = quotas.new_plan_end[claim]
    quotas.number[PLANNED] = size


@kernel
def drop_plan(world: World, claim: int) -> None:
    """A claim has ended: its nodes are kept for it no longer."""
    quotas = world.quotas
    for i in range(_begin(quotas, claim), quotas.plan_end[claim]):
        quotas.plans_with[quotas.plan[i]] -= 1


@kernel
def close_to(world: World, claim: int, size: int, sign: int) -> None:
    """Close to a claim (-1) the nodes of the claims before it, but for those of its own plan, or open them again (1). While claims are
    tried, the plans of those that stay are in `new_plan` up to `size`.
    """
    quotas, health = world.quotas, world.hardware.health
    for i in range(size):
        node = np.int64(quotas.new_plan[i])
        if (sign < 0) == (health[node] & EARMARKED != 0):
            continue
        own = False
        for j in range(_begin(quotas, claim), quotas.plan_end[claim]):
            own = own or quotas.plan[j] == node
        if not own:
            _switch(world, node, np.int64(sign))


@kernel
def place_claims(world: World, last: int, touched: int) -> int:
    """Place the first `last` claims on `shadow`, on which the stopping have gone, one after the other; one that does not fit is left out.
    Returns the number of touched nodes.
    """
    quotas, reservation = world.quotas, world.reservation
    for claim in range(last):
        job = np.int64(quotas.claims[claim])
        _, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], job, touched)
    return touched
