"""A state that differs from the current one on a few nodes: what would be if some jobs gave back their room.

Only the rows that differ are held (`Reservation.shadow`, `.both`), stamped with the epoch in which they were copied, and listed in
`Reservation.touched`. Trees are reused: the differing nodes' leaves are set to their other score and put back after.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .devices import choose_device, give, take
from .gangs import records_end
from .room import times
from .scores import score
from .state import DEVICE, HELD, LAST, NO_NODE, NODE, REPLICAS, REQUEST, TYPE, WHOLE, Nodes, Placement, World
from .topology import node_beside, plan_gang
from .tree import best_node, set_leaf, tree_of

TOPOLOGY, CUSTOM = int(Placement.TOPOLOGY), int(Placement.CUSTOM)


@kernel
def copy_row(world: World, state: Nodes, stamp, epoch: int, node: int, touched: int) -> int:  # type: ignore[no-untyped-def]
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
def place_over(world: World, state: Nodes, stamp, epoch: int, job: int, touched: int):  # type: ignore[no-untyped-def]
    """Place a gang on `state`, which differs from the current state on the touched nodes. Returns (replicas that fit, touched nodes).

    If these are not all, `state` is left as it was. Where the replicas went stands in `placed_node`, `placed_device`.
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
    together = policy.code == TOPOLOGY
    possible, planned = replicas, np.int64(0)
    if together:
        equal = replicas if last == cls or replicas == 1 else replicas - 1
        planned = plan_gang(trees, policy, last_slot if replicas == 1 else slot, equal)
        if planned < equal:
            possible = 0
    for replica in range(possible):
        final = replica == replicas - 1
        wanted = last if final else cls
        if not together:
            node = best_node(trees, policy, last_slot if final else slot, job, replica)
        elif final and last != cls and replicas > 1:
            node = node_beside(trees, policy, last_slot, replica)
        else:
            node = np.int64(policy.plan[replica])
        if node == NO_NODE:
            break
        touched = copy_row(world, state, stamp, epoch, node, touched)
        where = choose_device(state, cluster, classes, policy, wanted, node, job, replica)
        where = take(state, cluster, classes, policy, wanted, node, where, job, state, np.bool_(False))
        reservation.placed_node[replica], reservation.placed_device[replica] = node, where
        placed += 1
        set_leaf(trees, policy, slot, node, score(state, cluster, classes, policy, cls, node))
        if last != cls:
            set_leaf(trees, policy, last_slot, node, score(state, cluster, classes, policy, last, node))
    if placed < replicas:
        undo_placing(world, state, job, np.int64(placed))
    for i in range(touched):
        node = np.int64(reservation.touched[i])
        set_leaf(trees, policy, slot, node, score(world.nodes, cluster, classes, policy, cls, node))
        if last != cls:
            set_leaf(trees, policy, last_slot, node, score(world.nodes, cluster, classes, policy, last, node))
    return placed if possible > 0 else planned, touched


@kernel
def undo_placing(world: World, state: Nodes, job: int, placed: int) -> None:
    """Take back the first `placed` replicas of a job, which are where `placed_node` and `placed_device` say."""
    reservation, gang = world.reservation, world.jobs.gang
    for replica in range(placed):
        cls = np.int64(gang[job, LAST]) if replica == gang[job, REPLICAS] - 1 else np.int64(gang[job, REQUEST])
        node, where = np.int64(reservation.placed_node[replica]), np.int64(reservation.placed_device[replica])
        give(state, world.cluster, world.classes, world.policy, cls, node, where, job, np.int64(1))


@kernel
def gang_fits(world: World, job: int, have: int, touched: int):  # type: ignore[no-untyped-def]
    """Whether a job's gang fits on `shadow`, of which `have` replicas of its request do. Returns (fits, touched nodes)."""
    reservation, gang = world.reservation, world.jobs.gang
    replicas = np.int64(gang[job, REPLICAS])
    if gang[job, LAST] == gang[job, REQUEST] and world.policy.code != CUSTOM:
        return have >= replicas, touched
    if have < replicas - 1:
        return False, touched
    placed, touched = place_over(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], job, touched)
    if placed == replicas:
        undo_placing(world, reservation.shadow, job, replicas)
    return placed == replicas, touched


@kernel
def give_back_on(world: World, job: int, cls: int, touched: int, have: int):  # type: ignore[no-untyped-def]
    """Give a running job's room back on `shadow`. Returns (touched nodes, `have` and the replicas of `cls` that now fit besides)."""
    reservation, jobs, log = world.reservation, world.jobs, world.log
    left = np.int64(jobs.gang[job, REPLICAS])
    for record in range(log.first[job], records_end(world, job)):
        node, count = np.int64(log.records[record, NODE]), np.int64(log.records[record, HELD])
        left -= count
        held = np.int64(jobs.gang[job, LAST]) if left == 0 else np.int64(jobs.gang[job, REQUEST])
        touched = copy_row(world, reservation.shadow, reservation.shadow_stamp, reservation.epoch[0], node, touched)
        where = np.int64(log.records[record, DEVICE])
        have -= times(reservation.shadow, world.cluster, world.classes, cls, node)
        give(reservation.shadow, world.cluster, world.classes, world.policy, held, node, where, job, count)
        have += times(reservation.shadow, world.cluster, world.classes, cls, node)
    return touched, have


@kernel
def take_again_on(world: World, job: int, cls: int, have: int) -> int:
    """Undo `give_back_on`: the job has its room on `shadow` again, the very devices. Returns `have` less what no longer fits."""
    reservation, jobs, log = world.reservation, world.jobs, world.log
    left = np.int64(jobs.gang[job, REPLICAS])
    for record in range(log.first[job], records_end(world, job)):
        node, count = np.int64(log.records[record, NODE]), np.int64(log.records[record, HELD])
        left -= count
        held = np.int64(jobs.gang[job, LAST]) if left == 0 else np.int64(jobs.gang[job, REQUEST])
        where = np.int64(log.records[record, DEVICE])
        have -= times(reservation.shadow, world.cluster, world.classes, cls, node)
        for _ in range(count):
            take(reservation.shadow, world.cluster, world.classes, world.policy, held, node, where, job, world.nodes, np.bool_(True))
        have += times(reservation.shadow, world.cluster, world.classes, cls, node)
    return have  # type: ignore[no-any-return]
