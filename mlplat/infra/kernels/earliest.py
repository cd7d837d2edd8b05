"""The first time at which a gang fits for its whole span, and the placement then.

The steps of all nodes are gone through in order of time. At each, only the nodes that have a step there are counted anew: elsewhere nothing
was given back, and over a later window no more is free than before. So the sum of the counts is never too low, and where it is high
enough the counts that may be too high are made anew.

What is found of a job holds for every later one of the plan: a job of the same shape and at least its span cannot begin before it.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .plan_state import BUCKETS, EPOCH, FACTS, FLEETING, FOUND, HEAD_STEP, MET, NO_STEP, SEARCH
from .profile import copy_free, free_throughout, lower, step_of
from .room import fits, times
from .shadow import place_over
from .state import CPU, INFEASIBLE, LAST, REPLICAS, REQUEST, SHAPE, Placement, World
from .tree import tree_of

CUSTOM = int(Placement.CUSTOM)


@kernel
def is_steady(world: World, job: int) -> bool:
    """Whether a gang that fits on a state fits on every state with more room."""
    return world.jobs.monotone[world.jobs.gang[job, SHAPE]] and world.policy.code != CUSTOM  # type: ignore[no-any-return]


@kernel
def earliest(world: World, job: int, now: float) -> float:
    """When the reservation of a job begins, infinite for never. The gang is then placed on `both`; `number[FOUND]` is a step of then."""
    plan, gang, jobs = world.plan, world.jobs.gang, world.jobs
    number = plan.number
    replicas, cls, last = np.int64(gang[job, REPLICAS]), np.int64(gang[job, REQUEST]), np.int64(gang[job, LAST])
    if replicas == 1:
        cls = last
    needed = replicas if last == cls else replicas - 1
    counted = last == cls and world.policy.code != CUSTOM  # whether counting says all
    # Room that is taken for an instant is free again at no time that counts: an end within what follows could be a better time to begin.
    sure = is_steady(world, job) and not number[FLEETING]
    span = jobs.estimate[job]
    number[SEARCH] += 1
    number[MET] = 0
    number[FOUND] = NO_STEP
    begin, total = now, np.int64(0)
    if sure:
        bound = _known_bound(world, np.int64(gang[job, SHAPE]), span)
        if bound == np.inf:
            return bound  # type: ignore[no-any-return]
        if bound > now:
            begin = bound
        else:
            number[FOUND] = NO_STEP
    step = number[FOUND]
    if step < 0:
        step = number[HEAD_STEP]
        total = _count_all(world, cls, begin, begin + span, needed, counted)
    elif not counted or needed > 1:
        while step >= 0 and plan.time[step] == begin:
            step = np.int64(plan.later[step])
        total = _count_all(world, cls, begin, begin + span, needed, np.bool_(False))
    instant = np.nextafter(now, np.inf) if number[FLEETING] else now
    while True:
        if total >= needed and (begin == now or begin != instant):
            total += _count_again(world, begin, begin + span, cls, needed)
            if total >= needed and _place_at(world, job, begin + span, cls, counted):
                break
        number[FOUND] = step
        if step < 0:
            begin = np.inf
            break
        begin = plan.time[step]
        while step >= 0 and plan.time[step] == begin:
            total += _meet(world, np.int64(plan.node[step]), step, begin, begin + span, cls, needed)
            step = np.int64(plan.later[step])
    if sure and begin > now:
        _remember(world, np.int64(gang[job, SHAPE]), span, begin)
    return begin  # type: ignore[no-any-return]


@kernel
def _bucket(span: float) -> int:
    bucket = 0
    while bucket < BUCKETS - 1 and span >= 4.0**bucket:
        bucket += 1
    return bucket


@kernel
def _known_bound(world: World, shape: int, span: float) -> float:
    """A time before which no job of this shape and span can begin; `number[FOUND]` is a step of that time, if it is not now."""
    plan = world.plan
    place = shape & (FACTS - 1)
    bound = -np.inf
    if plan.fact_shape[place] != shape or plan.fact_epoch[place] != plan.number[EPOCH]:
        return bound
    for bucket in range(_bucket(span) + 1):
        if plan.fact_span[place, bucket] <= span and plan.fact_begin[place, bucket] > bound:
            bound = plan.fact_begin[place, bucket]
            plan.number[FOUND] = plan.fact_step[place, bucket]
    return bound


@kernel
def _remember(world: World, shape: int, span: float, begin: float) -> None:
    plan = world.plan
    place = shape & (FACTS - 1)
    if plan.fact_shape[place] != shape or plan.fact_epoch[place] != plan.number[EPOCH]:
        plan.fact_shape[place], plan.fact_epoch[place] = shape, plan.number[EPOCH]
        for bucket in range(BUCKETS):
            plan.fact_begin[place, bucket] = -np.inf
            plan.fact_span[place, bucket] = np.inf
    bucket = _bucket(span)
    known, shortest = plan.fact_begin[place, bucket], plan.fact_span[place, bucket]
    if begin > known or (begin == known and span < shortest):
        plan.fact_span[place, bucket], plan.fact_begin[place, bucket] = span, begin
        plan.fact_step[place, bucket] = plan.number[FOUND]


@kernel
def _count_all(world: World, cls: int, begin: float, end: float, needed: int, now: bool) -> int:
    """The count of all nodes at a time. Where it is `now`, the tree of the class says which nodes hold none."""
    plan, trees = world.plan, world.trees
    total, leaves = np.int64(0), np.int64(-1)
    if now:
        leaves = tree_of(world.nodes, world.cluster, world.classes, world.policy, trees, cls) * trees.size
        if trees.key[leaves + trees.start[trees.levels - 1]] == INFEASIBLE:
            return total
    for node in range(len(plan.stamp)):
        if leaves < 0 or trees.key[leaves + node] != INFEASIBLE:
            total += _meet(world, node, step_of(world, node, begin), begin, end, cls, needed)
    return total


@kernel
def _meet(world: World, node: int, step: int, begin: float, end: float, cls: int, needed: int) -> int:
    """Count the replicas that a node holds from a step on. Returns by how much the count has changed."""
    plan = world.plan
    if plan.stamp[node] != plan.number[SEARCH]:
        plan.stamp[node] = plan.number[SEARCH]
        plan.count[node], plan.barred[node] = 0, -np.inf
        plan.met[plan.number[MET]] = node
        plan.number[MET] += 1
    plan.at[node] = step
    before = plan.count[node]
    now = np.int64(0)
    if begin >= plan.barred[node]:
        now = _count_on(world, node, step, end, cls, needed)
    plan.count[node] = now
    return now - before  # type: ignore[no-any-return]


@kernel
def _count_on(world: World, node: int, step: int, end: float, cls: int, needed: int) -> int:
    """How many replicas fit throughout; for a single one it is enough whether it does."""
    plan, rows, both = world.plan, world.rows, world.reservation.both
    if not fits(rows, world.cluster, world.classes, cls, step):
        return 0
    other = np.int64(plan.after[step])
    if other < 0 or plan.time[other] >= end:
        plan.until[node] = plan.time[other] if other >= 0 else np.inf
        return times(rows, world.cluster, world.classes, cls, step) if needed > 1 else 1
    copy_free(world, rows, step, both, node)
    while other >= 0 and plan.time[other] < end:
        if not fits(rows, world.cluster, world.classes, cls, other):
            plan.barred[node] = plan.time[other]
            return 0
        lower(world, node, other)
        if not fits(both, world.cluster, world.classes, cls, node):
            return 0
        other = np.int64(plan.after[other])
    plan.until[node] = plan.time[other] if other >= 0 else np.inf
    return times(both, world.cluster, world.classes, cls, node) if needed > 1 else 1


@kernel
def _count_again(world: World, begin: float, end: float, cls: int, needed: int) -> int:
    """Count anew where the window now reaches further than was looked. Returns by how much the sum has changed."""
    plan = world.plan
    change = np.int64(0)
    for i in range(plan.number[MET]):
        node = np.int64(plan.met[i])
        if plan.count[node] > 0 and plan.until[node] < end:
            change += _meet(world, node, np.int64(plan.at[node]), begin, end, cls, needed)
    return change  # type: ignore[no-any-return]


@kernel
def _place_at(world: World, job: int, end: float, cls: int, counted: bool) -> bool:
    """Place the gang on what is free up to `end` from the steps at which the nodes were counted."""
    plan, reservation, trees = world.plan, world.reservation, world.trees
    reservation.epoch[1] += 1
    attempt = reservation.epoch[1]
    search = plan.number[SEARCH]
    leaves = tree_of(world.nodes, world.cluster, world.classes, world.policy, trees, cls) * trees.size
    touched = np.int64(0)
    for node in range(len(plan.stamp)):
        met = plan.stamp[node] == search
        step = np.int64(plan.at[node]) if met else node
        holds = met and plan.count[node] > 0
        if counted and not holds and trees.key[leaves + node] == INFEASIBLE:
            continue
        if step == node and (holds or not counted) and (plan.after[node] < 0 or plan.time[plan.after[node]] >= end):
            continue  # as it is now
        reservation.both_stamp[node] = attempt
        reservation.touched[touched] = node
        touched += 1
        if holds or not counted:
            free_throughout(world, node, step, end)
        else:
            copy_free(world, world.nodes, node, reservation.both, node)
            reservation.both.free[node, CPU] = -1
    placed, touched = place_over(world, reservation.both, reservation.both_stamp, attempt, job, touched)
    return placed == world.jobs.gang[job, REPLICAS]  # type: ignore[no-any-return]
