"""Replicas: started, up, drained and gone. What becomes of their requests is in `losses`."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel
from mlplat.infra.kernels.heaps import pop, push, remove_item

from .places import account, enter
from .state import (
    ABSENT,
    COMING,
    COMPARE,
    DEAD,
    DRAINING,
    FIRST,
    LEAVING,
    PLACES,
    READY,
    START,
    STARTING,
    STATUS,
    TAKEN,
    TO_START,
    TOLD,
    UP_NOW,
    VERSION,
    WANTED,
    Server,
)


@kernel
def vacate(server: Server, place: int) -> None:
    """Nothing is at a place any more; no slot of it is busy. The integrals are up to now."""
    row, number = server.places.row, server.versions.number
    v, status = row[place, VERSION], row[place, STATUS]
    if status == READY:
        number[v, UP_NOW] -= 1
    elif status == DRAINING:
        number[v, LEAVING] -= 1
    elif status == STARTING:
        number[v, COMING] -= 1
        if row[place, DEAD] == 0:
            remove_item(server.places.due, server.places.item, server.count[TO_START], place)
            server.count[TO_START] -= 1
    row[place, STATUS], row[place, DEAD] = ABSENT, 0
    number[v, COMPARE], number[v, TOLD] = 1, 0
    enter(server, place)


@kernel
def start(server: Server, v: int, place: int, now: float) -> None:
    """A replica begins its cold start at an absent place."""
    row, number = server.places.row, server.versions.number
    row[place, STATUS] = STARTING
    number[v, COMING] += 1
    number[v, TOLD] = 0
    push(server.places.due, server.places.item, server.count[TO_START], now + server.versions.amount[v, START], place)
    server.count[TO_START] += 1


@kernel
def come_up(server: Server, place: int, now: float) -> None:
    """The replica of a place, absent or starting and out of the heap, is ready."""
    row, number = server.places.row, server.versions.number
    v = row[place, VERSION]
    account(server, v, now)
    if row[place, STATUS] == STARTING:
        number[v, COMING] -= 1
    row[place, STATUS], row[place, DEAD] = READY, 0
    number[v, UP_NOW] += 1
    number[v, TOLD] = 0
    enter(server, place)


@kernel
def ready_due(server: Server, now: float) -> None:
    """Replicas that are up by now."""
    places, count = server.places, server.count
    while count[TO_START] > 0 and places.due[0] <= now:
        place = np.int64(places.item[0])
        pop(places.due, places.item, count[TO_START])
        count[TO_START] -= 1
        come_up(server, place, now)


@kernel
def drain(server: Server, place: int, now: float) -> None:
    """A ready replica takes no more requests, and goes when it has none; one that starts goes at once."""
    row, number = server.places.row, server.versions.number
    v = row[place, VERSION]
    account(server, v, now)
    if row[place, STATUS] == READY:
        row[place, STATUS] = DRAINING
        number[v, UP_NOW] -= 1
        number[v, LEAVING] += 1
        number[v, TOLD] = 0
        enter(server, place)
    if row[place, STATUS] == STARTING or (row[place, STATUS] == DRAINING and row[place, TAKEN] == 0):
        vacate(server, place)


@kernel
def compare(server: Server, v: int, now: float) -> None:
    """Start and drain replicas until there are as many as wanted, or no place is left."""
    row, number = server.places.row, server.versions.number
    first, end = number[v, FIRST], number[v, FIRST] + number[v, PLACES]
    place = first
    while number[v, UP_NOW] + number[v, COMING] < number[v, WANTED] and place < end:
        if row[place, STATUS] == ABSENT:
            start(server, v, place, now)
        place += 1
    for status in (STARTING, READY):
        place = end - 1
        while number[v, UP_NOW] + number[v, COMING] > number[v, WANTED] and place >= first:
            if row[place, STATUS] == status:
                drain(server, place, now)
            place -= 1
    number[v, COMPARE] = 0
