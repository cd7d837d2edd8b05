"""The places of a version: accounts over time, and the least busy of the ready replicas."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel

from .state import (
    BUSY,
    BUSY_TIME,
    DRAINING,
    FIRST,
    LATEST,
    LEAVES,
    LOAD,
    NO_PLACE,
    READY,
    SERVED,
    SLOT_TIME,
    SLOTS,
    STATUS,
    TAKEN,
    TREE,
    UP_NOW,
    VERSION,
    WAITING,
    Server,
)


@kernel
def account(server: Server, v: int, now: float) -> None:
    """Bring the integrals of a version up to now: before anything that they integrate changes."""
    number, amount = server.versions.number, server.versions.amount
    passed = now - amount[v, LATEST]
    if passed > 0.0:
        amount[v, LOAD] += passed * (number[v, WAITING] + number[v, SERVED])
        amount[v, BUSY_TIME] += passed * number[v, BUSY]
        amount[v, SLOT_TIME] += passed * (number[v, UP_NOW] * number[v, SLOTS])
        amount[v, LATEST] = now


@kernel
def enter(server: Server, place: int) -> None:
    """The standing of a place in the tree of its version, after its status or its busy slots changed. O(log places)."""
    number, row, tree = server.versions.number, server.places.row, server.versions.tree
    v = row[place, VERSION]
    taken = row[place, TAKEN]
    standing = NO_PLACE
    if row[place, STATUS] == READY and taken < number[v, SLOTS]:
        standing = (taken << 32) | place
    base = number[v, TREE]
    i = number[v, LEAVES] + place - number[v, FIRST]
    tree[base + i] = standing
    while i > 1:
        other = tree[base + (i ^ 1)]
        if other < standing:
            standing = other
        i >>= 1
        if tree[base + i] == standing:
            break
        tree[base + i] = standing


@kernel
def least_busy(server: Server, v: int) -> int:
    """The ready place with the fewest busy slots and one free, the lowest of equals; -1 for none."""
    best = server.versions.tree[server.versions.number[v, TREE] + 1]
    return best & np.int64(0xFFFFFFFF) if best < NO_PLACE else np.int64(-1)


@kernel
def is_empty_and_leaving(server: Server, place: int) -> bool:
    """Whether a place drains and has nothing left to do."""
    row = server.places.row
    return row[place, STATUS] == DRAINING and row[place, TAKEN] == 0
