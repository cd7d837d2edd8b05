"""Attempts: sent to a version, and ended in one of the ways that there are."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel
from mlplat.infra.kernels.heaps import push

from .mixing import draw, place_of_key
from .state import (
    ANSWERED,
    ANSWERS,
    DROPPED,
    ERROR,
    ERROR_RATE,
    ERRORS,
    FAILURES,
    HEAD,
    NOTHING,
    REJECTED,
    REJECTIONS,
    RETRIES,
    TAIL,
    TIMED_OUT,
    TIMEOUTS,
    TO_RETRY,
    UPPER,
    WAITING,
    Server,
)


@kernel
def version_of(server: Server, request: int) -> int:
    """The version that a request goes to, by the weights of now."""
    amount, last = server.versions.amount, len(server.versions.number) - 1
    v = np.int64(0)
    if last > 0:
        at = place_of_key(server.split_salt, server.requests.key[request])
        while v < last and at >= amount[v, UPPER]:
            v += 1
    return v


@kernel
def answer(server: Server, request: int, v: int, now: float) -> None:
    """A request is answered, perhaps with an error."""
    requests, number = server.requests, server.versions.number
    number[v, ANSWERS] += 1
    rate = server.versions.amount[v, ERROR_RATE]
    outcome = ANSWERED
    if rate > 0.0 and draw(server.error_salt, server.count[DROPPED] + request, np.int64(requests.attempts[request])) < rate:
        outcome = ERROR
        number[v, ERRORS] += 1
    requests.outcome[request] = outcome
    requests.end[request] = now


@kernel
def give_up(server: Server, request: int, v: int, outcome: int, now: float) -> None:
    """An attempt ends without an answer, and the client tries again or gives up."""
    requests, number, count = server.requests, server.versions.number, server.count
    if outcome == TIMED_OUT:
        number[v, TIMEOUTS] += 1
    elif outcome == REJECTED:
        number[v, REJECTIONS] += 1
    else:
        number[v, FAILURES] += 1
    tried = np.int64(requests.attempts[request])
    if tried <= count[RETRIES]:
        wait = server.backoff
        for _ in range(1, tried):
            wait += wait
        requests.start[request] = np.nan
        requests.place[request] = -1
        push(server.retry_at, server.retry, count[TO_RETRY], now + wait, request)
        count[TO_RETRY] += 1
    else:
        requests.outcome[request] = outcome
        requests.end[request] = now


@kernel
def enqueue(server: Server, request: int, v: int) -> int:
    """Last in the queue of a version. Returns who was last before, -1 for nobody."""
    number, after = server.versions.number, server.requests.after
    before = number[v, TAIL]
    after[request] = NOTHING
    if before >= 0:
        after[before] = request
    else:
        number[v, HEAD] = request
    number[v, TAIL] = request
    number[v, WAITING] += 1
    return before


@kernel
def take_back(server: Server, v: int, before: int) -> None:
    """The last in a queue leaves it; `before` was last before it."""
    number, after = server.versions.number, server.requests.after
    number[v, WAITING] -= 1
    if number[v, WAITING] == 0:
        number[v, HEAD], number[v, TAIL] = NOTHING, NOTHING
    else:
        after[before] = NOTHING
        number[v, TAIL] = before


@kernel
def leave(server: Server, v: int) -> int:
    """The first in a queue leaves it. Returns which."""
    number = server.versions.number
    request = number[v, HEAD]
    number[v, WAITING] -= 1
    following = np.int64(server.requests.after[request])
    number[v, HEAD] = following
    if following < 0:
        number[v, TAIL] = NOTHING
    return request
