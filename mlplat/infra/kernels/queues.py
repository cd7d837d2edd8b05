"""Waiting jobs in lists in order of submission, by shape (equal request, last request and replicas) or, for `drf`, by group.

Unless the last replica asks for more than the others, jobs of one shape fit or do not fit together, so a shape that was refused is left
alone until something is released, and a cycle looks at shapes and not at every waiting job.
"""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .state import INFEASIBLE, LAST, RELEASES, REPLICAS, REQUEST, World
from .tree import best_score, tree_of


@inlined
def begin_list(world: World, which: int) -> None:
    """A list has a waiting job now."""
    waiting = world.waiting
    waiting.slot[which] = waiting.listed[0]
    waiting.lists[waiting.listed[0]] = which
    waiting.listed[0] += 1


@inlined
def end_list(world: World, which: int) -> None:
    """A list has no waiting job any more."""
    waiting = world.waiting
    waiting.listed[0] -= 1
    moved = np.int64(waiting.lists[waiting.listed[0]])
    waiting.lists[waiting.slot[which]] = moved
    waiting.slot[moved] = waiting.slot[which]


@kernel
def append(world: World, which: int, job: int) -> None:
    """Put a job into a list: at the end, or, where it waits again, in front of all that were submitted later."""
    waiting = world.waiting
    if waiting.first[which] < 0:
        waiting.next[job] = -1
        waiting.first[which] = waiting.last[which] = job
        waiting.shortest[which] = world.jobs.estimate[job]
        begin_list(world, which)
        return
    if waiting.last[which] < job:
        waiting.next[job] = -1
        waiting.next[waiting.last[which]] = job
        waiting.last[which] = job
    else:
        before, after = np.int64(-1), np.int64(waiting.first[which])
        while after < job:
            before, after = after, np.int64(waiting.next[after])
        waiting.next[job] = after
        if before < 0:
            waiting.first[which] = job
        else:
            waiting.next[before] = job
    waiting.shortest[which] = min(waiting.shortest[which], world.jobs.estimate[job])


@kernel
def remove(world: World, which: int, job: int, before: int) -> None:
    """Take a job out of its list; `before` is the job in front of it or -1."""
    waiting = world.waiting
    after = np.int64(waiting.next[job])
    if before < 0:
        waiting.first[which] = after
    else:
        waiting.next[before] = after
    if after < 0:
        waiting.last[which] = before
    if waiting.first[which] < 0:
        end_list(world, which)


@kernel
def is_blocked(world: World, shape: int) -> bool:
    """Whether the shape was refused since the last release."""
    return world.waiting.blocked[shape] == world.count[RELEASES]  # type: ignore[no-any-return]


@kernel
def block(world: World, shape: int) -> None:
    """Remember that the shape does not fit until something is released, where that is so."""
    if world.jobs.monotone[shape]:
        world.waiting.blocked[shape] = world.count[RELEASES]


@kernel
def might_fit(world: World, shape: int, job: int) -> bool:
    """Whether one replica of a job of the shape fits on some node; if not, the shape is blocked."""
    gang = world.jobs.gang
    cls = np.int64(gang[job, LAST]) if gang[job, REPLICAS] == 1 else np.int64(gang[job, REQUEST])
    slot = tree_of(world.nodes, world.cluster, world.classes, world.policy, world.trees, cls)
    if best_score(world.trees, slot) == INFEASIBLE:
        block(world, shape)
        return False
    return True


@kernel
def push_shape(world: World, size: int, shape: int) -> None:
    """Add a shape to the heap of shapes by the job at their cursor."""
    active, cursor = world.waiting.active, world.waiting.cursor
    i = size
    while i > 0 and cursor[shape] < cursor[active[(i - 1) >> 1]]:
        active[i] = active[(i - 1) >> 1]
        i = (i - 1) >> 1
    active[i] = shape


@kernel
def pop_shape(world: World, size: int) -> int:
    """Take the shape whose cursor job was submitted first from a heap of `size`."""
    active, cursor = world.waiting.active, world.waiting.cursor
    top = np.int64(active[0])
    shape = np.int64(active[size - 1])
    i = 0
    while 2 * i + 1 < size - 1:
        child = 2 * i + 1
        if child + 1 < size - 1 and cursor[active[child + 1]] < cursor[active[child]]:
            child += 1
        if cursor[shape] <= cursor[active[child]]:
            break
        active[i] = active[child]
        i = child
    active[i] = shape
    return top  # type: ignore[no-any-return]


@kernel
def candidates(world: World) -> int:
    """Fill the heap with the shapes of which a replica fits now, at their first job; returns their number."""
    waiting = world.waiting
    size = np.int64(0)
    for i in range(waiting.listed[0]):
        shape = np.int64(waiting.lists[i])
        job = np.int64(waiting.first[shape])
        if is_blocked(world, shape) or not might_fit(world, shape, job):
            continue
        waiting.cursor[shape], waiting.before[shape] = job, -1
        push_shape(world, size, shape)
        size += 1
    return size  # type: ignore[no-any-return]
