"""Which jobs are on a node: a linked list of records for each node."""

from __future__ import annotations

from .compilation import kernel
from .gangs import records_end
from .state import NODE, World


@kernel
def settle_on_nodes(world: World, job: int) -> int:
    """Enter a job's records into the lists of its nodes. Returns the health bits that any of them has."""
    hardware, log = world.hardware, world.log
    health = 0
    for record in range(log.first[job], records_end(world, job)):
        node = log.records[record, NODE]
        after = hardware.resident[node]
        hardware.next[record], hardware.previous[record] = after, -1
        if after >= 0:
            hardware.previous[after] = record
        hardware.resident[node] = record
        health |= hardware.health[node]
    return health


@kernel
def vacate_nodes(world: World, job: int) -> None:
    """Take a job's records out of the lists."""
    hardware, log = world.hardware, world.log
    for record in range(log.first[job], records_end(world, job)):
        after, before = hardware.next[record], hardware.previous[record]
        if before >= 0:
            hardware.next[before] = after
        else:
            hardware.resident[log.records[record, NODE]] = after
        if after >= 0:
            hardware.previous[after] = before


@kernel
def is_on_one_node(world: World, job: int) -> bool:
    """Whether all replicas of a running job are on the same node."""
    log = world.log
    first = log.first[job]
    for record in range(first + 1, records_end(world, job)):
        if log.records[record, NODE] != log.records[first, NODE]:
            return False
    return True
