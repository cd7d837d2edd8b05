"""EASY backfill, exact (Lifka 1995; Mu'alem and Feitelson 2001): later jobs may start early where the head's reservation is not disturbed.

The reservation is made on a copy of the state that only holds the nodes that differ (`Reservation.shadow`): running jobs are given back
in order of estimated end until the head fits, and the head is placed there. A later job that outlasts the shadow time must fit what is
free both now and beside the head (`Reservation.both`), node by node and device by device. Trees are reused: the differing nodes' leaves
are set to their other score and put back after.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .devices import choose_device, give, take
from .fragmentation import fragment
from .gangs import occupy, place, records_end
from .queues import block, candidates, pop_shape, push_shape, remove
from .room import times
from .running import children, next_end
from .scores import score
from .starting import mark_started
from .state import (
    DEVICE,
    DISK,
    FRAGMENT,
    GPU,
    HAVE,
    HEAD,
    HELD,
    LAST,
    NO_NODE,
    NODE,
    RECORDS,
    REPLICAS,
    REQUEST,
    RUNNING,
    SHAPE,
    STATUS,
    TYPE,
    WHOLE,
    Nodes,
    World,
)
from .tree import best_node, set_leaf, tree_of


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
            remove(world, job, before)
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
    reservation, jobs, log = world.reservation, world.jobs, world.log
    head = world.count[HEAD]
    cls, replicas = np.int64(jobs.gang[head, REQUEST]), np.int64(jobs.gang[head, REPLICAS])
    needed = replicas if jobs.gang[head, LAST] == cls else replicas - 1
    reservation.epoch[0] += 1
    reservation.epoch[2] = 0
    epoch = reservation.epoch[0]
    have = world.count[HAVE]
    touched = np.int64(0)
    limit = np.inf
    size = 1 if world.count[RUNNING] > 0 else 0
    reservation.frontier[0] = 0
    while size > 0 and limit == np.inf:
        end = reservation.end[reservation.frontier[0]]
        if end == np.inf:
            break
        while size > 0 and reservation.end[reservation.frontier[0]] == end:
            position = next_end(world, size)
            size += children(world, position) - 1
            job = np.int64(reservation.job[position])
            left = np.int64(jobs.gang[job, REPLICAS])
            for record in range(log.first[job], records_end(world, job)):
                node, count = np.int64(log.records[record, NODE]), np.int64(log.records[record, HELD])
                left -= count
                held = np.int64(jobs.gang[job, LAST]) if left == 0 else np.int64(jobs.gang[job, REQUEST])
                touched = _copy(world, reservation.shadow, reservation.shadow_stamp, epoch, node, touched)
                have -= times(reservation.shadow, world.cluster, world.classes, cls, node)
                give(
                    reservation.shadow,
                    world.cluster,
                    world.classes,
                    world.policy,
                    held,
                    node,
                    np.int64(log.records[record, DEVICE]),
                    job,
                    count,
                )
                have += times(reservation.shadow, world.cluster, world.classes, cls, node)
        if have >= needed:
            placed, touched = _place_over(world, reservation.shadow, reservation.shadow_stamp, epoch, head, touched)
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
def _copy(world: World, state: Nodes, stamp, epoch: int, node: int, touched: int) -> int:  # type: ignore[no-untyped-def]
    """Bring a node's row of the current state into `state`, once an epoch. Returns the number of touched nodes."""
    if stamp[node] == epoch:
        return touched
    stamp[node] = epoch
    nodes = world.nodes
    for column in range(TYPE + 1):
        state.free[node, column] = nodes.free[node, column]
    for device in range(world.cluster.capacity[world.nodes.free[node, TYPE], WHOLE]):
        state.device[node, device] = nodes.device[node, device]
        state.owner[node, device] = nodes.owner[node, device]
        if len(nodes.slices) > 0:
            state.slices[node, device] = nodes.slices[node, device]
    world.reservation.touched[touched] = node
    return touched + 1


@kernel
def _place_over(world: World, state: Nodes, stamp, epoch: int, job: int, touched: int):  # type: ignore[no-untyped-def]
    """Place a gang on `state`, which differs from the current state on the touched nodes. Returns (replicas placed, touched nodes).

    If not all fit, `state` is left as it was. Where the replicas went stands in `placed_node`, `placed_device`.
    """
    jobs, reservation = world.jobs, world.reservation
    cluster, classes, policy, trees = world.cluster, world.classes, world.policy, world.trees
    replicas, cls, last = np.int64(jobs.gang[job, REPLICAS]), np.int64(jobs.gang[job, REQUEST]), np.int64(jobs.gang[job, LAST])
    slot = tree_of(world.nodes, cluster, classes, policy, trees, cls)
    last_slot = slot if last == cls else tree_of(world.nodes, cluster, classes, policy, trees, last)
    for i in range(touched):
        node = np.int64(reservation.touched[i])
        set_leaf(trees, policy, slot, node, score(state, cluster, classes, policy, cls, node))
        if last != cls:
            set_leaf(trees, policy, last_slot, node, score(state, cluster, classes, policy, last, node))
    placed = 0
    for replica in range(replicas):
        final = replica == replicas - 1
        wanted = last if final else cls
        node = best_node(trees, policy, last_slot if final else slot, job, replica)
        if node == NO_NODE:
            break
        touched = _copy(world, state, stamp, epoch, node, touched)
        where = choose_device(state, cluster, classes, policy, wanted, node, job, replica)
        where = take(state, cluster, classes, policy, wanted, node, where, job, state, np.bool_(False))
        reservation.placed_node[replica], reservation.placed_device[replica] = node, where
        placed += 1
        set_leaf(trees, policy, slot, node, score(state, cluster, classes, policy, cls, node))
        if last != cls:
            set_leaf(trees, policy, last_slot, node, score(state, cluster, classes, policy, last, node))
    if placed < replicas:
        for replica in range(placed):
            node = np.int64(reservation.placed_node[replica])
            give(state, cluster, classes, policy, cls, node, np.int64(reservation.placed_device[replica]), job, np.int64(1))
    for i in range(touched):
        node = np.int64(reservation.touched[i])
        set_leaf(trees, policy, slot, node, score(world.nodes, cluster, classes, policy, cls, node))
        if last != cls:
            set_leaf(trees, policy, last_slot, node, score(world.nodes, cluster, classes, policy, last, node))
    return placed, touched


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
        touched = _copy(world, reservation.both, reservation.both_stamp, attempt, node, touched)
        _lower(world, node)
    placed, touched = _place_over(world, reservation.both, reservation.both_stamp, attempt, job, touched)
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
