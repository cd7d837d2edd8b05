"""Replicas that are lost, noticed or not, and what becomes of their requests."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel
from mlplat.infra.kernels.heaps import remove_item
from mlplat.infra.kernels.indexed_heap import put

from .attempts import give_up, leave
from .places import account
from .replicas import vacate
from .slots import next_event, release
from .state import ABSENT, AT_WORK, DEAD, FAILED, SLOTS, STARTING, STATUS, TO_START, VERSION, WAITING, Server


@kernel
def crash(server: Server, place: int, now: float) -> None:
    """A replica is gone, and its connections close: what it worked on fails."""
    row, slots = server.places.row, server.slots
    if row[place, STATUS] == ABSENT:
        return
    v = row[place, VERSION]
    account(server, v, now)
    for slot in range(place * server.stride, place * server.stride + server.versions.number[v, SLOTS]):
        if slots.total[slot] > 0:
            request = np.int64(slots.first[slot])
            while request >= 0:
                following = np.int64(server.requests.after[request])
                give_up(server, request, v, FAILED, now)
                request = following
            release(server, slot, v)
    if row[place, STATUS] != ABSENT:
        vacate(server, place)


@kernel
def silence(server: Server, place: int, now: float) -> None:
    """A replica is gone and nobody has noticed: its batches are never done."""
    row, slots, count = server.places.row, server.slots, server.count
    if row[place, STATUS] == ABSENT or row[place, DEAD] == 1:
        return
    v = row[place, VERSION]
    row[place, DEAD] = 1
    if row[place, STATUS] == STARTING:
        remove_item(server.places.due, server.places.item, count[TO_START], place)
        count[TO_START] -= 1
        return
    account(server, v, now)
    for slot in range(place * server.stride, place * server.stride + server.versions.number[v, SLOTS]):
        if slots.total[slot] > 0:
            if slots.first[slot] < 0:  # only the server did not know that its clients had gone
                release(server, slot, v)
            else:
                slots.end[slot] = np.inf
                count[AT_WORK] = put(slots.key, slots.item, slots.spot, count[AT_WORK], next_event(server, slot, v), slot)


@kernel
def notice(server: Server, place: int, now: float) -> None:
    """A replica that is gone is found to be."""
    if server.places.row[place, DEAD] == 1:
        crash(server, place, now)


@kernel
def dismiss(server: Server, v: int, now: float) -> None:
    """Nobody will serve those who wait for a version: their connections close."""
    account(server, v, now)
    while server.versions.number[v, WAITING] > 0:
        give_up(server, leave(server, v), v, FAILED, now)
