"""What the arrays mean: requests, versions, replicas and slots of one server, and the integer codes used in them."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from mlplat.infra.kernels.structs import Array, reader


class Outcome(IntEnum):
    """What became of a request, or of an attempt."""

    UNFINISHED = 0
    ANSWERED = 1
    ERROR = 2
    TIMED_OUT = 3
    REJECTED = 4
    FAILED = 5


UNFINISHED, ANSWERED, ERROR, TIMED_OUT, REJECTED, FAILED = (np.int64(code) for code in range(6))


class Change(IntEnum):
    """What can happen to a server from outside. The argument is a place, a row of weights, or a number of replicas."""

    CRASH = 0
    SILENCE = 1
    NOTICE = 2
    WEIGHTS = 3
    REPLICAS = 4
    UP = 5
    DRAIN = 6
    DISMISS = 7


CRASH, SILENCE, NOTICE, WEIGHTS, REPLICAS, UP, DRAIN, DISMISS = range(8)
ABSENT, STARTING, READY, DRAINING = range(4)  # of a place
NO_SCALER, CONCURRENCY, UTILIZATION = range(3)

# Columns of `Versions.number`. Given: slots a replica, most that wait, most in a batch, first place, places, leaves of its tree, where
# that begins;
SLOTS, QUEUE, BATCH, FIRST, PLACES, LEAVES, TREE = range(7)
# which autoscaler, fewest and most replicas, turns in the long window, in the short one, and in which the largest wish counts
SCALER, LEAST, MOST, STABLE, PANIC, HOLD = range(7, 13)
# State: the queue, requests in slots, busy slots, replicas by status, wanted, whether those must be compared, 0 where the timeline may
# need a row,
HEAD, TAIL, WAITING, SERVED, BUSY, UP_NOW, COMING, LEAVING, WANTED, COMPARE, TOLD = range(13, 24)
# turns of the autoscaler that have been, whether it panics, most it wanted since; attempts by what became of them
TURNS, PANICS, PANIC_MOST = range(24, 27)
SENT, ANSWERS, ERRORS, TIMEOUTS, REJECTIONS, FAILURES = range(27, 33)
LAST_ROW = 33  # of the timeline
NUMBERS = 34

# Columns of `Versions.amount`. Given: s from sending to deadline, s that a batch waits, its model, error rate, cold start (s), upper end
# in [0, 1)
TIMEOUT, WAIT, BASE, EACH, ERROR_RATE, START, UPPER = range(7)
# of an autoscaler: period and first turn (s), target, panic threshold, rates, tolerance
PERIOD, ORIGIN, TARGET, PANIC_AT, UP_RATE, DOWN_RATE, TOLERANCE = range(7, 14)
# State: integrals over time of requests there, of busy slots and of ready slots, up to LATEST (s); those of slots at the last turn;
# panics since (s)
LOAD, BUSY_TIME, SLOT_TIME, LATEST, BUSY_BEFORE, SLOTS_BEFORE, PANIC_SINCE = range(14, 21)
AMOUNTS = 22

# Columns of `Places.row`
STATUS, DEAD, TAKEN, FREE, VERSION = range(5)
PLACE_COLUMNS = 8

# Places in `Server.count`
NEXT_ARRIVAL, NEXT_CHANGE, AT_WORK, TO_START, TO_RETRY, ROWS, RETRIES, MANAGED, ALWAYS = range(9)
# requests and changes that there are, of those for which there is room; requests that came before the first of these, for errors drawn
REQUESTS, CHANGES, DROPPED = range(9, 12)
COUNTS = 12
# Columns of `Timeline.row`
T_VERSION, T_READY, T_STARTING, T_DRAINING, T_WANTED = range(5)

NOTHING = np.int64(-1)
NO_PLACE = np.int64(2**62)
DONE, MORE, FULL = range(3)
"""What `loop.run` says: nothing left up to the horizon; as many instants as asked for; no room for the timeline."""
CLOSE = 1e-9


class Requests(NamedTuple):
    """Room for N requests, in order of their first sending."""

    sent: Array["float64", 1]  # first sending (s)
    key: Array["uint64", 1]
    service: Array["float64", 1]  # own service time (s)
    since: Array["float64", 1]  # sending of the latest attempt (s)
    start: Array["float64", 1]  # of its batch (s), nan if none has begun
    end: Array["float64", 1]  # when its fate was known (s), nan before
    version: Array["int32", 1]  # of the latest attempt, -1 before
    place: Array["int32", 1]  # where it is or was worked on, -1 nowhere
    after: Array["int32", 1]  # the next one in the same queue or batch
    attempts: Array["int32", 1]
    outcome: Array["int8", 1]


class Versions(NamedTuple):
    """V versions."""

    number: Array["int64", 2, 34]
    amount: Array["float64", 2, 22]
    past: Array["float64", 2]  # [V, long window + 1] LOAD at the latest turns, a ring
    wish: Array["int64", 2]  # [V, HOLD] at the latest turns, a ring
    tree: Array["int64", 1]  # tournament trees over the places of each version: the least busy ready place


class Places(NamedTuple):
    """P places for replicas, those of a version side by side."""

    row: Array["int64", 2, 8]
    pace: Array["float64", 1]  # a batch takes so many times its duration
    due: Array["float64", 1]  # a heap of the replicas that start, by when they are up
    item: Array["int32", 1]


class Slots(NamedTuple):
    """S slots; those of place p begin at p · S / P."""

    first: Array["int32", 1]  # the first request of the batch that has not timed out, -1 without
    total: Array["int32", 1]  # requests in the batch as it began, 0 for a free slot
    end: Array["float64", 1]  # when the batch is done (s)
    after: Array["int32", 1]  # the next free slot of the place
    key: Array["float64", 1]  # a heap of the busy slots, by the end of the batch or the deadline of its first request
    item: Array["int32", 1]
    spot: Array["int32", 1]


class Changes(NamedTuple):
    """Room for C changes, in order of time."""

    time: Array["float64", 1]
    kind: Array["int32", 1]
    version: Array["int32", 1]
    argument: Array["int32", 1]
    weights: Array["float64", 2]  # rows of upper ends, one a version


class Timeline(NamedTuple):
    """Replicas of a version after the instants at which they changed."""

    time: Array["float64", 1]
    row: Array["int64", 2, 5]


class Server(NamedTuple):
    """All of it."""

    requests: Requests
    versions: Versions
    places: Places
    slots: Slots
    changes: Changes
    timeline: Timeline
    retry_at: Array["float64", 1]  # a heap of the requests that will be sent again
    retry: Array["int32", 1]
    count: Array["int64", 1]
    clock: Array["float64", 1]  # [1] the latest instant (s)
    stride: int  # slots from one place to the next
    backoff: float  # s
    split_salt: np.uint64
    error_salt: np.uint64


server_at = reader(Server)
"""Kernels: the server behind the address that `structs.pack` gave."""
