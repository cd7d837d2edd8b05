"""An instant, in the order of docs/platform/serving.md, and the compiled clock that goes from one to the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlplat.infra.kernels.compilation import entry_in, kernel
from mlplat.infra.kernels.heaps import pop

from .attempts import enqueue, give_up, take_back, version_of
from .losses import crash, dismiss, notice, silence
from .places import account, least_busy
from .replicas import come_up, compare, drain, ready_due
from .scaling import take_turn, turn_at, wake, want
from .slots import dispatch, end_due, expire
from .state import (
    ALWAYS,
    AT_WORK,
    BATCH,
    CHANGES,
    COMING,
    COMPARE,
    CRASH,
    DISMISS,
    DONE,
    DRAIN,
    FULL,
    HEAD,
    LAST_ROW,
    LEAVING,
    MANAGED,
    MORE,
    MOST,
    NEXT_ARRIVAL,
    NEXT_CHANGE,
    NOTICE,
    QUEUE,
    REJECTED,
    REPLICAS,
    REQUESTS,
    ROWS,
    SENT,
    SILENCE,
    T_DRAINING,
    T_READY,
    T_STARTING,
    T_VERSION,
    T_WANTED,
    TIMEOUT,
    TO_RETRY,
    TO_START,
    TOLD,
    UP,
    UP_NOW,
    UPPER,
    WAIT,
    WAITING,
    WANTED,
    WEIGHTS,
    Server,
    server_at,
)

entry = entry_in(Path(__file__).parent)


@kernel
def send(server: Server, request: int, now: float) -> None:
    """A request is sent: it starts, waits, or is rejected."""
    requests, number = server.requests, server.versions.number
    v = version_of(server, request)
    account(server, v, now)
    requests.version[request] = v
    requests.attempts[request] += 1
    requests.since[request] = now
    number[v, SENT] += 1
    before = enqueue(server, request, v)
    dispatch(server, v, now)
    if number[v, WAITING] > number[v, QUEUE]:
        take_back(server, v, before)
        give_up(server, request, v, REJECTED, now)


@kernel
def change(server: Server, kind: int, v: int, argument: int, now: float) -> None:
    """Something happens to the server from outside."""
    if kind == CRASH:
        crash(server, argument, now)
    elif kind == SILENCE:
        silence(server, argument, now)
    elif kind == NOTICE:
        notice(server, argument, now)
    elif kind == WEIGHTS:
        for u in range(len(server.versions.number)):
            server.versions.amount[u, UPPER] = server.changes.weights[argument, u]
    elif kind == REPLICAS:
        want(server, v, min(argument, server.versions.number[v, MOST]))
    elif kind == UP:
        come_up(server, argument, now)
    elif kind == DRAIN:
        drain(server, argument, now)
    elif kind == DISMISS:
        dismiss(server, v, now)


@kernel
def tell(server: Server, v: int, now: float) -> None:
    """A row of the timeline, if it differs from the last one of the version."""
    number, timeline, row = server.versions.number, server.timeline, server.count[ROWS]
    last = number[v, LAST_ROW]
    number[v, TOLD] = 1
    if (
        timeline.row[last, T_READY] == number[v, UP_NOW]
        and timeline.row[last, T_STARTING] == number[v, COMING]
        and timeline.row[last, T_DRAINING] == number[v, LEAVING]
        and timeline.row[last, T_WANTED] == number[v, WANTED]
    ):
        return
    timeline.time[row] = now
    timeline.row[row, T_VERSION] = v
    timeline.row[row, T_READY] = number[v, UP_NOW]
    timeline.row[row, T_STARTING] = number[v, COMING]
    timeline.row[row, T_DRAINING] = number[v, LEAVING]
    timeline.row[row, T_WANTED] = number[v, WANTED]
    number[v, LAST_ROW] = row
    server.count[ROWS] += 1


@kernel
def play_instant(server: Server, now: float) -> None:
    """Everything that happens now. The timeline has room for a row a version."""
    requests, number, changes, count = server.requests, server.versions.number, server.changes, server.count
    versions = len(number)
    server.clock[0] = now
    end_due(server, now)
    for v in range(versions):
        expire(server, v, now)
    ready_due(server, now)
    at = count[NEXT_CHANGE]
    while at < count[CHANGES] and changes.time[at] <= now:
        change(server, np.int64(changes.kind[at]), np.int64(changes.version[at]), np.int64(changes.argument[at]), now)
        at += 1
    count[NEXT_CHANGE] = at
    for v in range(versions):
        if number[v, WAITING] > 0:
            account(server, v, now)
            dispatch(server, v, now)
    while count[TO_RETRY] > 0 and server.retry_at[0] <= now:
        request = np.int64(server.retry[0])
        pop(server.retry_at, server.retry, count[TO_RETRY])
        count[TO_RETRY] -= 1
        send(server, request, now)
    arrival = count[NEXT_ARRIVAL]
    while arrival < count[REQUESTS] and requests.sent[arrival] <= now:
        send(server, arrival, now)
        arrival += 1
    count[NEXT_ARRIVAL] = arrival
    for v in range(versions):
        if turn_at(server, v) <= now:
            take_turn(server, v, now)
        wake(server, v)
        if number[v, COMPARE] == 1 and count[MANAGED] == 1:
            compare(server, v, now)
        if number[v, TOLD] == 0:
            tell(server, v, now)


@kernel
def next_time(server: Server) -> float:
    """When the next instant is (s); infinite if there is none. Turns of autoscalers alone are none, unless the run has a horizon."""
    number, amount, count = server.versions.number, server.versions.amount, server.count
    time = np.inf
    if count[NEXT_ARRIVAL] < count[REQUESTS]:
        time = server.requests.sent[count[NEXT_ARRIVAL]]
    if count[AT_WORK] > 0:
        time = min(time, server.slots.key[0])
    if count[TO_START] > 0:
        time = min(time, server.places.due[0])
    if count[TO_RETRY] > 0:
        time = min(time, server.retry_at[0])
    if count[NEXT_CHANGE] < count[CHANGES]:
        time = min(time, server.changes.time[count[NEXT_CHANGE]])
    for v in range(len(number)):
        if number[v, WAITING] > 0:
            since = server.requests.since[number[v, HEAD]]
            time = min(time, since + amount[v, TIMEOUT])
            if number[v, WAITING] < number[v, BATCH] and least_busy(server, v) >= 0:
                time = min(time, since + amount[v, WAIT])
    if time < np.inf or count[ALWAYS] == 1:
        for v in range(len(number)):
            time = min(time, turn_at(server, v))
    return time


@entry
def run(address: int, until: float, instants: int) -> int:
    """Play up to `instants` instants, none of them after `until`.

    Returns DONE, MORE, or FULL where the timeline has no room for another.
    """
    server = server_at(address)
    for _ in range(instants):
        now = next_time(server)
        if now == np.inf or now > until:
            return DONE
        if server.count[ROWS] + len(server.versions.number) > len(server.timeline.time):
            return FULL
        play_instant(server, now)
    return MORE


@entry
def play(address: int, now: float) -> float:
    """Play one instant, for which the timeline has room. Returns when the next one is, infinite for none."""
    server = server_at(address)
    play_instant(server, now)
    return next_time(server)


@entry
def upcoming(address: int) -> float:
    """When the next instant is, infinite for none."""
    return next_time(server_at(address))
