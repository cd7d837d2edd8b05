"""EASY backfill, exact (Lifka 1995; Mu'alem and Feitelson 2001): later jobs may start early where the head's reservation is not disturbed.

The reservation is made on a copy of the state that only holds the nodes that differ (`Reservation.shadow`): running jobs are given back
in order of estimated end until the head fits, and the head is placed there. A later job that outlasts the shadow time must fit what is
free both now and beside the head (`Reservation.both`), node by node and device by device. Trees are reused: the differing nodes' leaves
are set to their other score and put back after.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .devices import take
from .fragmentation import fragment
from .gangs import occupy, place
from .queues import block, candidates, pop_shape, push_shape, remove
from .running import children, next_end
from .shadow import copy_row, give_back_on, place_over
from .starting import mark_started
from .state import (
    DISK,
    FRAGMENT,
    GPU,
    HAVE,
    HEAD,
    LAST,
    RANKED,
    RECORDS,
    REPLICAS,
    REQUEST,
    SHAPE,
    STATUS,
    TYPE,
    WHOLE,
    World,
)


@kernel
def backfill(world: World, now: float) -> None:
    """With the head blocked, start the later jobs that may start now, in order of submission."""
    jobs, waiting = world.jobs, world.waiting
    block(world, np.int64(jobs.gang[world.count[HEAD], SHAPE]))
    size = candidates(world)
    if size == 0:
        return
    limit = _reserve(world)
    epoch = world.reservation.epoch[0]
    while size > 0:
        shape = pop_shape(world, size)
        size -= 1
        job, before = np.int64(waiting.cursor[shape]), np.int64(waiting.before[shape])
        after = np.int64(waiting.next[job])
        starts = False
        if now + jobs.estimate[job] <= limit:
            starts = place(world, job) == jobs.gang[job, REPLICAS]
            if not starts and jobs.monotone[shape]:
                block(world, shape)
                continue
        if not starts and waiting.held[shape] != epoch:
            starts = _place_beside_head(world, job)
            if not starts and jobs.monotone[shape]:
                waiting.held[shape] = epoch
        if starts:
            remove(world, shape, job, before)
            mark_started(world, job, now)
            if world.count[STATUS] != 0:
                return
        else:
            before = job
        job = after
        if waiting.held[shape] == epoch:
            if now + waiting.shortest[shape] > limit:
                continue
            while job >= 0 and now + jobs.estimate[job] > limit:
                before, job = job, np.int64(waiting.next[job])
        if job >= 0:
            waiting.cursor[shape], waiting.before[shape] = job, before
            push_shape(world, size, shape)
            size += 1


@kernel
def _reserve(world: World) -> float:
    """Make the head's reservation: the shadow time, with the head placed on `shadow` and its nodes in `reserved`."""
    reservation, jobs = world.reservation, world.jobs
    head = world.count[HEAD]
    cls, replicas = np.int64(jobs.gang[head, REQUEST]), np.int64(jobs.gang[head, REPLICAS])
    needed = replicas if jobs.gang[head, LAST] == cls else replicas - 1
    reservation.epoch[0] += 1
    reservation.epoch[2] = 0
    epoch = reservation.epoch[0]
    have = world.count[HAVE]
    touched = np.int64(0)
    limit = np.inf
    size = 1 if world.count[RANKED] > 0 else 0
    reservation.frontier[0] = 0
    while size > 0 and limit == np.inf:
        end = reservation.end[reservation.frontier[0]]
        if end == np.inf:
            break
        while size > 0 and reservation.end[reservation.frontier[0]] == end:
            position = next_end(world, size)
            size += children(world, position) - 1
            job = np.int64(reservation.job[position])
            touched, have = give_back_on(world, job, cls, touched, have)
        if have >= needed:
            placed, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, epoch, head, touched)
            if placed == replicas:
                limit = end
    for replica in range(replicas if limit < np.inf else 0):
        node = np.int64(reservation.placed_node[replica])
        if reservation.reserved_stamp[node] != epoch:
            reservation.reserved_stamp[node] = epoch
            reservation.reserved[reservation.epoch[2]] = node
            reservation.epoch[2] += 1
    if np.isnan(reservation.first_promise[head]):
        reservation.first_promise[head] = limit
    return limit


@kernel
def _place_beside_head(world: World, job: int) -> bool:
    """Place a job that outlasts the shadow time: on what is free now and stays free beside the head. Takes it from both states."""
    reservation, jobs = world.reservation, world.jobs
    epoch = reservation.epoch[0]
    reservation.epoch[1] += 1
    attempt = reservation.epoch[1]
    touched = np.int64(0)
    for i in range(reservation.epoch[2]):
        node = np.int64(reservation.reserved[i])
        touched = copy_row(world, reservation.both, reservation.both_stamp, attempt, node, touched)
        _lower(world, node)
    placed, touched = place_over(world, reservation.both, reservation.both_stamp, attempt, job, touched)
    replicas = np.int64(jobs.gang[job, REPLICAS])
    if placed < replicas:
        return False
    first = world.count[RECORDS]
    for replica in range(replicas):
        cls = np.int64(jobs.gang[job, LAST]) if replica == replicas - 1 else np.int64(jobs.gang[job, REQUEST])
        node, where = np.int64(reservation.placed_node[replica]), np.int64(reservation.placed_device[replica])
        occupy(world, cls, node, where, job, first, reservation.both, np.bool_(True))
        if reservation.reserved_stamp[node] == epoch:
            take(reservation.shadow, world.cluster, world.classes, world.policy, cls, node, where, job, reservation.both, np.bool_(True))
    world.log.first[job] = first
    return True


@kernel
def _lower(world: World, node: int) -> None:
    """Make the row of `both` the element-wise minimum of the current state, which it holds, and of `shadow`."""
    both, shadow = world.reservation.both, world.reservation.shadow
    for d in range(DISK + 1):
        both.free[node, d] = min(both.free[node, d], shadow.free[node, d])
    milli = 0
    whole = 0
    for device in range(world.cluster.capacity[world.nodes.free[node, TYPE], WHOLE]):
        both.device[node, device] = min(both.device[node, device], shadow.device[node, device])
        if len(both.slices) > 0:
            both.slices[node, device] |= shadow.slices[node, device]
        milli += both.device[node, device]
        whole += both.device[node, device] == 1000
    both.free[node, GPU], both.free[node, WHOLE] = milli, whole
    if len(world.policy.typical) > 0:
        both.free[node, FRAGMENT] = fragment(both, world.cluster, world.policy, node)
