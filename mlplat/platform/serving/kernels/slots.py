"""Slots: batches that begin, are done, and lose requests to their deadlines."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel
from mlplat.infra.kernels.indexed_heap import put, take

from .attempts import answer, give_up, leave
from .places import account, enter, is_empty_and_leaving, least_busy
from .replicas import vacate
from .state import (
    AT_WORK,
    BASE,
    BATCH,
    BUSY,
    DEAD,
    EACH,
    FREE,
    HEAD,
    NOTHING,
    SERVED,
    TAKEN,
    TIMED_OUT,
    TIMEOUT,
    VERSION,
    WAIT,
    WAITING,
    Server,
)


@kernel
def dispatch(server: Server, v: int, now: float) -> None:
    """Free slots take from the queue of a version what is due. The integrals are up to now."""
    number, amount = server.versions.number, server.versions.amount
    batch = number[v, BATCH]
    while number[v, WAITING] > 0:
        place = least_busy(server, v)
        if place < 0:
            return
        size = number[v, WAITING]
        if size >= batch:
            size = batch
        elif now < server.requests.since[number[v, HEAD]] + amount[v, WAIT]:
            return
        begin(server, v, place, size, now)


@kernel
def begin(server: Server, v: int, place: int, size: int, now: float) -> None:
    """A batch of the first `size` requests of the queue begins in a free slot of a place."""
    requests, slots, places, count = server.requests, server.slots, server.places, server.count
    number, amount = server.versions.number, server.versions.amount
    slot = places.row[place, FREE]
    places.row[place, FREE] = np.int64(slots.after[slot])
    first = number[v, HEAD]
    last = first
    longest = 0.0
    for _ in range(size):
        last = leave(server, v)
        requests.start[last] = now
        requests.place[last] = place
        longest = max(longest, requests.service[last])
    requests.after[last] = NOTHING
    slots.first[slot] = first
    slots.total[slot] = size
    number[v, SERVED] += size
    number[v, BUSY] += 1
    places.row[place, TAKEN] += 1
    enter(server, place)
    end = now + (amount[v, BASE] + amount[v, EACH] * size + longest) * places.pace[place]
    slots.end[slot] = end if places.row[place, DEAD] == 0 else np.inf
    count[AT_WORK] = put(slots.key, slots.item, slots.spot, count[AT_WORK], next_event(server, slot, v), slot)


@kernel
def next_event(server: Server, slot: int, v: int) -> float:
    """When a batch is done, or the first of its requests times out before that."""
    end, first = server.slots.end[slot], np.int64(server.slots.first[slot])
    if first >= 0:
        return min(end, server.requests.since[first] + server.versions.amount[v, TIMEOUT])
    return end


@kernel
def release(server: Server, slot: int, v: int) -> None:
    """A slot is free; nobody is in it any more. The integrals are up to now."""
    slots, places, number = server.slots, server.places, server.versions.number
    place = slot // server.stride
    number[v, SERVED] -= np.int64(slots.total[slot])
    number[v, BUSY] -= 1
    slots.first[slot], slots.total[slot] = NOTHING, 0
    slots.after[slot] = places.row[place, FREE]
    places.row[place, FREE] = slot
    places.row[place, TAKEN] -= 1
    server.count[AT_WORK] = take(slots.key, slots.item, slots.spot, server.count[AT_WORK], slot)
    if is_empty_and_leaving(server, place):
        vacate(server, place)
    enter(server, place)


@kernel
def end_due(server: Server, now: float) -> None:
    """Batches that are done by now, and requests in service whose deadline has come."""
    requests, slots, count = server.requests, server.slots, server.count
    while count[AT_WORK] > 0 and slots.key[0] <= now:
        slot = np.int64(slots.item[0])
        place = slot // server.stride
        v = server.places.row[place, VERSION]
        request = np.int64(slots.first[slot])
        account(server, v, now)
        if slots.end[slot] <= now:
            while request >= 0:
                answer(server, request, v, now)
                request = np.int64(requests.after[request])
            release(server, slot, v)
            continue
        while request >= 0 and requests.since[request] + server.versions.amount[v, TIMEOUT] <= now:
            following = np.int64(requests.after[request])
            give_up(server, request, v, TIMED_OUT, now)
            request = following
        slots.first[slot] = request
        if request < 0 and server.places.row[place, DEAD] == 1:
            release(server, slot, v)
        else:
            count[AT_WORK] = put(slots.key, slots.item, slots.spot, count[AT_WORK], next_event(server, slot, v), slot)


@kernel
def expire(server: Server, v: int, now: float) -> None:
    """Requests that wait for a version and whose deadline has come."""
    number = server.versions.number
    while number[v, WAITING] > 0 and server.requests.since[number[v, HEAD]] + server.versions.amount[v, TIMEOUT] <= now:
        account(server, v, now)
        give_up(server, leave(server, v), v, TIMED_OUT, now)
