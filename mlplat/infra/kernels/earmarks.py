"""Nodes that are kept for jobs that have claims, until those stopped for them have gone: nothing else fits there meanwhile.

Each claim has a plan: for each replica of its job the node on which it would be placed once the stopping have gone, beside the plans of the
claims before it. Plans may share a node; it is closed while any plan has it, but to those whose plans have it.
"""

from __future__ import annotations

import numpy as np

from .attempt_state import CLOSED, EARMARKED, OFFLINE
from .compilation import kernel
from .devices import choose_device, take
from .fragmentation import fragment
from .gangs import occupy, withdraw
from .quota_state import CLAIMS, KEPT_SHUT, PLANNED
from .room import fits
from .shadow import copy_row, place_over, undo_placing
from .state import CPU, FRAGMENT, LAST, RECORDS, REPLICAS, REQUEST, World
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
def _open(world: World, nodes, begin: int, end: int) -> None:  # type: ignore[no-untyped-def]
    """Open those of some nodes that are kept."""
    for i in range(begin, end):
        node = np.int64(nodes[i])
        if world.hardware.health[node] & EARMARKED:
            _switch(world, node, np.int64(1))


@kernel
def _close(world: World, nodes, begin: int, end: int) -> None:  # type: ignore[no-untyped-def]
    """Close those of some nodes that are in a plan."""
    for i in range(begin, end):
        node = np.int64(nodes[i])
        if world.quotas.planned_on[node] > 0 and not world.hardware.health[node] & EARMARKED:
            _switch(world, node, np.int64(-1))


@kernel
def open_earmarked(world: World) -> None:
    """Let the nodes of plans be used, for the sake of those who have the plans."""
    world.quotas.number[KEPT_SHUT] = 0
    _open(world, world.quotas.plan, np.int64(0), world.quotas.number[PLANNED])


@kernel
def close_earmarked(world: World) -> None:
    """Keep the nodes of plans for those who have them."""
    world.quotas.number[KEPT_SHUT] = 1
    _close(world, world.quotas.plan, np.int64(0), world.quotas.number[PLANNED])


@kernel
def _begin(ends, claim: int) -> int:  # type: ignore[no-untyped-def]
    """Where the plan of a claim begins."""
    return np.int64(ends[claim - 1]) if claim > 0 else np.int64(0)  # type: ignore[no-any-return]


@kernel
def add_plan(world: World, claim: int, job: int) -> None:
    """The plan of a claim, the last of all, is where `place_over` has just placed its job; empty where there is no room for it."""
    quotas, placed = world.quotas, world.reservation.placed_node
    size, replicas = quotas.number[PLANNED], np.int64(world.jobs.gang[job, REPLICAS])
    if size + replicas <= len(quotas.plan):
        for replica in range(replicas):
            quotas.plan[size + replica] = placed[replica]
            quotas.planned_on[placed[replica]] += 1
        size += replicas
    quotas.number[PLANNED] = quotas.plan_end[claim] = size


@kernel
def begin_plans_anew(world: World) -> None:
    """Before each claim is looked at: there is no plan but in `old_plan`, until `keep_plan` or `add_plan` is called for those that stay."""
    quotas = world.quotas
    for i in range(quotas.number[PLANNED]):
        quotas.old_plan[i] = quotas.plan[i]
    for claim in range(quotas.number[CLAIMS]):
        quotas.old_plan_end[claim] = quotas.plan_end[claim]
    quotas.number[PLANNED] = 0


@kernel
def keep_plan(world: World, claim: int, into: int) -> None:
    """A claim stays, as number `into`, with its plan."""
    quotas = world.quotas
    size = quotas.number[PLANNED]
    for i in range(_begin(quotas.old_plan_end, claim), quotas.old_plan_end[claim]):
        quotas.plan[size] = quotas.old_plan[i]
        size += 1
    quotas.number[PLANNED] = quotas.plan_end[into] = size


@kernel
def count_planned(world: World, claim: int, sign: int) -> None:
    """Count the plan of a claim among those that nodes are kept for (1), or no longer (-1)."""
    quotas = world.quotas
    for i in range(_begin(quotas.old_plan_end, claim), quotas.old_plan_end[claim]):
        quotas.planned_on[quotas.old_plan[i]] += sign


@kernel
def close_to(world: World, claim: int) -> None:
    """While each claim is looked at: close the nodes of all plans but that of one claim."""
    quotas = world.quotas
    count_planned(world, claim, np.int64(-1))
    _close(world, quotas.plan, np.int64(0), quotas.number[PLANNED])
    _close(world, quotas.old_plan, _begin(quotas.old_plan_end, claim), quotas.old_plan_end[quotas.number[CLAIMS] - 1])
    count_planned(world, claim, np.int64(1))


@kernel
def open_again(world: World, claim: int) -> None:
    """Undo `close_to`."""
    quotas = world.quotas
    _open(world, quotas.plan, np.int64(0), quotas.number[PLANNED])
    _open(world, quotas.old_plan, _begin(quotas.old_plan_end, claim), quotas.old_plan_end[quotas.number[CLAIMS] - 1])


@kernel
def place_as_planned(world: World, claim: int, job: int) -> bool:
    """While each claim is looked at: place a job on the current state, each replica where its plan has it; all of them or none."""
    quotas, gang = world.quotas, world.jobs.gang
    begin, replicas = _begin(quotas.old_plan_end, claim), np.int64(gang[job, REPLICAS])
    if quotas.old_plan_end[claim] - begin != replicas:
        return False
    first = world.count[RECORDS]
    for replica in range(replicas):
        cls = np.int64(gang[job, LAST]) if replica == replicas - 1 else np.int64(gang[job, REQUEST])
        node = np.int64(quotas.old_plan[begin + replica])
        if not fits(world.nodes, world.cluster, world.classes, cls, node):
            withdraw(world, job, first)
            return False
        where = choose_device(world.nodes, world.cluster, world.classes, world.policy, cls, node, job, replica)
        occupy(world, cls, node, where, job, first, world.nodes, np.bool_(False))
    world.log.first[job] = first
    return True


@kernel
def place_claims(world: World, last: int, touched: int) -> int:
    """Place the first `last` claims on `shadow`, on which the stopping have gone, as planned; one that does not fit is left out.
    Returns the number of touched nodes.
    """
    quotas, reservation = world.quotas, world.reservation
    for claim in range(last):
        job, begin = np.int64(quotas.claims[claim]), _begin(quotas.plan_end, np.int64(claim))
        if quotas.plan_end[claim] - begin == world.jobs.gang[job, REPLICAS]:
            touched = _place_over_as_planned(world, job, begin, touched)
        else:
            _, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], job, touched)
    return touched


@kernel
def _place_over_as_planned(world: World, job: int, begin: int, touched: int) -> int:
    cluster, classes, policy, reservation, gang = world.cluster, world.classes, world.policy, world.reservation, world.jobs.gang
    shadow, replicas = reservation.shadow, np.int64(gang[job, REPLICAS])
    for replica in range(replicas):
        cls = np.int64(gang[job, LAST]) if replica == replicas - 1 else np.int64(gang[job, REQUEST])
        node = np.int64(world.quotas.plan[begin + replica])
        touched = copy_row(world, shadow, reservation.shadow_stamp, reservation.epoch[0], node, touched)
        if not fits(shadow, cluster, classes, cls, node):
            undo_placing(world, shadow, job, np.int64(replica))
            return touched
        where = choose_device(shadow, cluster, classes, policy, cls, node, job, replica)
        where = take(shadow, cluster, classes, policy, cls, node, where, job, shadow, np.bool_(False))
        reservation.placed_node[replica], reservation.placed_device[replica] = node, where
    return touched
