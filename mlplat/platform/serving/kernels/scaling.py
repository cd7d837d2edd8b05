"""How many replicas an autoscaler wants: Knative's KPA on concurrency, Kubernetes' HPA on utilisation (docs/platform/serving.md)."""

from __future__ import annotations

import numpy as np

from mlplat.infra.kernels.compilation import kernel

from .places import account
from .state import (
    BUSY_BEFORE,
    BUSY_TIME,
    CLOSE,
    COMING,
    COMPARE,
    CONCURRENCY,
    DOWN_RATE,
    HOLD,
    LEAST,
    LOAD,
    MOST,
    NO_SCALER,
    ORIGIN,
    PANIC,
    PANIC_AT,
    PANIC_MOST,
    PANIC_SINCE,
    PANICS,
    PERIOD,
    SCALER,
    SLOT_TIME,
    SLOTS_BEFORE,
    STABLE,
    TARGET,
    TOLD,
    TOLERANCE,
    TURNS,
    UP_NOW,
    UP_RATE,
    WAITING,
    WANTED,
    Server,
)


@kernel
def ceiling(value: float) -> float:
    """⌈value⌉, where a value close to a whole number is that number."""
    nearest = np.floor(value + 0.5)
    return nearest if abs(value - nearest) <= CLOSE * max(1.0, nearest) else np.ceil(value)


@kernel
def turn_at(server: Server, v: int) -> float:
    """When the autoscaler of a version has its next turn (s); infinite without."""
    number, amount = server.versions.number, server.versions.amount
    if number[v, SCALER] == NO_SCALER:
        return np.inf
    return amount[v, ORIGIN] + number[v, TURNS] * amount[v, PERIOD]


@kernel
def average_load(server: Server, v: int, window: int) -> float:
    """Requests there on average over the last turns, as many as there have been. The integral of this turn is written down."""
    past, turn = server.versions.past, server.versions.number[v, TURNS]
    length = len_of_ring(server, v)
    window = min(window, turn)
    before = past[v, (turn - window) % length]
    return (past[v, turn % length] - before) / (window * server.versions.amount[v, PERIOD])


@kernel
def len_of_ring(server: Server, v: int) -> int:
    """Turns that the ring of a version holds: those of its long window, and the one before."""
    return server.versions.number[v, STABLE] + 1


@kernel
def wish_by_concurrency(server: Server, v: int, now: float) -> int:
    """Steps 1 to 3 of `Concurrency`."""
    number, amount = server.versions.number, server.versions.amount
    server.versions.past[v, number[v, TURNS] % len_of_ring(server, v)] = amount[v, LOAD]
    ready = max(1, number[v, UP_NOW])
    most = np.ceil(amount[v, UP_RATE] * ready)
    least = np.floor(ready / amount[v, DOWN_RATE])
    for_stable = ceiling(average_load(server, v, number[v, STABLE]) / amount[v, TARGET])
    for_panic = ceiling(average_load(server, v, number[v, PANIC]) / amount[v, TARGET])
    wanted = np.int64(min(max(for_stable, least), most))
    if for_panic / ready >= amount[v, PANIC_AT]:
        number[v, PANICS] = 1
        amount[v, PANIC_SINCE] = now
    elif number[v, PANICS] == 1 and now - amount[v, PANIC_SINCE] > number[v, STABLE] * amount[v, PERIOD]:
        number[v, PANICS] = 0
        number[v, PANIC_MOST] = 0
    if number[v, PANICS] == 1:
        wanted = max(wanted, np.int64(min(max(for_panic, least), most)))
        wanted = max(wanted, number[v, PANIC_MOST])
        number[v, PANIC_MOST] = wanted
    return wanted


@kernel
def wish_by_utilization(server: Server, v: int) -> int:
    """Steps 1 to 3 of `Utilization`."""
    number, amount = server.versions.number, server.versions.amount
    busy = amount[v, BUSY_TIME] - amount[v, BUSY_BEFORE]
    there = amount[v, SLOT_TIME] - amount[v, SLOTS_BEFORE]
    amount[v, BUSY_BEFORE], amount[v, SLOTS_BEFORE] = amount[v, BUSY_TIME], amount[v, SLOT_TIME]
    wanted, ready = number[v, WANTED], number[v, UP_NOW]
    if there <= 0.0 or ready == 0:
        return wanted
    ratio = busy / there / amount[v, TARGET]
    if abs(ratio - 1.0) <= amount[v, TOLERANCE]:
        return wanted
    if ratio > 1.0 and number[v, COMING] > 0:
        counted = ready + number[v, COMING]
        ratio = ratio * ready / counted
        if ratio < 1.0 or abs(ratio - 1.0) <= amount[v, TOLERANCE]:
            return wanted
        ready = counted
    return min(np.int64(ceiling(ratio * ready)), max(2 * wanted, wanted + 4))


@kernel
def take_turn(server: Server, v: int, now: float) -> None:
    """The autoscaler of a version says how many replicas it wants."""
    number = server.versions.number
    account(server, v, now)
    number[v, TURNS] += 1
    if number[v, SCALER] == CONCURRENCY:
        wanted = wish_by_concurrency(server, v, now)
    else:
        wanted = wish_by_utilization(server, v)
    wish, hold = server.versions.wish, number[v, HOLD]
    wish[v, number[v, TURNS] % hold] = wanted
    for i in range(hold):
        wanted = max(wanted, wish[v, i])
    want(server, v, min(max(wanted, number[v, LEAST]), number[v, MOST]))


@kernel
def want(server: Server, v: int, wanted: int) -> None:
    """So many replicas of a version are wanted from now on."""
    number = server.versions.number
    if wanted != number[v, WANTED]:
        number[v, WANTED] = wanted
        number[v, COMPARE], number[v, TOLD] = 1, 0


@kernel
def wake(server: Server, v: int) -> None:
    """A version that nothing serves, and for which requests wait, wants a replica at once."""
    number = server.versions.number
    if number[v, SCALER] != NO_SCALER and number[v, WANTED] == 0 and number[v, WAITING] > 0 and number[v, MOST] > 0:
        want(server, v, np.int64(1))
