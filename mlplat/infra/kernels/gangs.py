"""Placing all replicas of a job or none, and the record of where they went."""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .devices import choose_device, give, tag_resident, take
from .room import times
from .state import (
    DEVICE,
    HAVE,
    HELD,
    JOB,
    LAST,
    NO_NODE,
    NODE,
    PROFILE,
    RECORDS,
    REPLICAS,
    REQUEST,
    SHARE,
    WATCHED,
    Nodes,
    Placement,
    World,
)
from .topology import node_beside, plan_gang
from .tree import best_node, note_change, tree_of

TOPOLOGY = int(Placement.TOPOLOGY)


@inlined
def watch_before(world: World, node: int) -> None:
    """With `watch_after`: keep count of the replicas of the blocked head that would fit, across a change of `node`."""
    if world.count[WATCHED] >= 0:
        world.count[HAVE] -= times(world.nodes, world.cluster, world.classes, world.count[WATCHED], node)


@inlined
def watch_after(world: World, node: int) -> None:
    """See `watch_before`."""
    if world.count[WATCHED] >= 0:
        world.count[HAVE] += times(world.nodes, world.cluster, world.classes, world.count[WATCHED], node)


@kernel
def occupy(world: World, cls: int, node: int, where: int, job: int, first: int, pattern: Nodes, follow: bool) -> None:
    """Take one replica on the current state and write it down; `first` is the job's first record. `pattern`, `follow`: see `take`."""
    log = world.log
    watch_before(world, node)
    device = take(world.nodes, world.cluster, world.classes, world.policy, cls, node, where, job, pattern, follow)
    watch_after(world, node)
    tag_resident(world.classes, world.policy, cls, node, np.int64(1))
    note_change(world.nodes, world.trees, node)
    record = world.count[RECORDS]
    same = record > first and log.records[record - 1, NODE] == node and cls == world.jobs.gang[job, REQUEST]
    if same and world.classes.ask[cls, SHARE] == 0 and world.classes.ask[cls, PROFILE] < 0:
        log.records[record - 1, HELD] += 1
        return
    log.records[record, NODE] = node
    log.records[record, HELD] = 1
    log.records[record, DEVICE] = device
    log.records[record, JOB] = job
    world.count[RECORDS] = record + 1


@kernel
def release(world: World, job: int, first: int, end: int) -> None:
    """Give back the records first..end of a job on the current state."""
    log, jobs = world.log, world.jobs
    left = np.int64(jobs.gang[job, REPLICAS])
    for record in range(first, end):
        node, replicas = np.int64(log.records[record, NODE]), np.int64(log.records[record, HELD])
        left -= replicas
        cls = np.int64(jobs.gang[job, LAST]) if left == 0 else np.int64(jobs.gang[job, REQUEST])
        watch_before(world, node)
        give(world.nodes, world.cluster, world.classes, world.policy, cls, node, np.int64(log.records[record, DEVICE]), job, replicas)
        watch_after(world, node)
        tag_resident(world.classes, world.policy, cls, node, -replicas)
        note_change(world.nodes, world.trees, node)


@inlined
def records_end(world: World, job: int) -> int:
    """One past the last record of a placed job: as far as its replicas reach."""
    left = np.int64(world.jobs.gang[job, REPLICAS])
    record = world.log.first[job]
    while left > 0:
        left -= world.log.records[record, HELD]
        record += 1
    return record  # type: ignore[no-any-return]


@kernel
def place(world: World, job: int) -> int:
    """Place every replica of `job` on the current state. Returns how many fitted; if not all, nothing is changed."""
    jobs = world.jobs
    replicas = np.int64(jobs.gang[job, REPLICAS])
    first = world.count[RECORDS]
    together = world.policy.code == TOPOLOGY
    if together:
        planned = _plan_together(world, job, replicas)
        if planned < replicas:
            return planned
    for replica in range(replicas):
        cls = np.int64(jobs.gang[job, LAST]) if replica == replicas - 1 else np.int64(jobs.gang[job, REQUEST])
        slot = tree_of(world.nodes, world.cluster, world.classes, world.policy, world.trees, cls)
        if together:
            alone = replica == replicas - 1 and replicas > 1 and cls != jobs.gang[job, REQUEST]
            node = node_beside(world.trees, world.policy, slot, replica) if alone else np.int64(world.policy.plan[replica])
        else:
            node = best_node(world.trees, world.policy, slot, job, replica)
        if node == NO_NODE:
            withdraw(world, job, first)
            return replica
        where = choose_device(world.nodes, world.cluster, world.classes, world.policy, cls, node, job, replica)
        occupy(world, cls, node, where, job, first, world.nodes, np.bool_(False))
    world.log.first[job] = first
    return replicas  # type: ignore[no-any-return]


@kernel
def _plan_together(world: World, job: int, replicas: int) -> int:
    """Choose the nodes of all replicas that ask for the same. Returns how many fit, `replicas` if all."""
    gang = world.jobs.gang
    cls = np.int64(gang[job, LAST]) if replicas == 1 else np.int64(gang[job, REQUEST])
    equal = replicas if gang[job, LAST] == cls else replicas - 1
    slot = tree_of(world.nodes, world.cluster, world.classes, world.policy, world.trees, cls)
    planned = plan_gang(world.trees, world.policy, slot, equal)
    return replicas if planned == equal else planned  # type: ignore[no-any-return]


@kernel
def withdraw(world: World, job: int, first: int) -> None:
    """Take back the replicas of a job placed so far, from its first record on: the last one is not among them."""
    release(world, job, first, world.count[RECORDS])
    world.count[RECORDS] = first
