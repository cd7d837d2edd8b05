"""From versions, requests and changes to the arrays of the kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...units import Duration, seconds
from .changes import Row, upper_ends
from .kernels import state as s
from .requests import Requests
from .versions import Concurrency, Utilization, Version

ROOM = 256
"""Rows of the timeline for which there is room at first; then twice as many, and so on."""
UNLIMITED = 2**62


def build_server(
    versions: Sequence[Version],
    requests: Requests,
    rows: Sequence[Row],
    weights: Sequence[Sequence[float]],
    *,
    retries: int,
    backoff: float,
    salts: tuple[int, int],
    managed: bool = True,
    always: bool = False,
    stride: int = 0,
) -> s.Server:
    """The server at second 0, its first replicas ready."""
    count = np.zeros(s.COUNTS, dtype=np.int64)
    count[s.RETRIES], count[s.MANAGED], count[s.ALWAYS], count[s.ROWS] = retries, managed, always, len(versions)
    count[s.REQUESTS], count[s.CHANGES] = len(requests), len(rows)
    stride = stride or max(version.slots for version in versions)
    places = _places(versions, stride)
    room = len(requests) if retries else 0
    return s.Server(
        requests=request_arrays(requests),
        versions=_versions(versions),
        places=places,
        slots=_slots(versions, stride),
        changes=s.Changes(
            time=np.array([row[0] for row in rows], dtype=np.float64),
            kind=np.array([row[1] for row in rows], dtype=np.int32),
            version=np.array([row[2] for row in rows], dtype=np.int32),
            argument=np.array([row[3] for row in rows], dtype=np.int32),
            weights=np.array(weights, dtype=np.float64).reshape(len(weights), len(versions)),
        ),
        timeline=_timeline(versions),
        retry_at=np.zeros(room),
        retry=np.zeros(room, dtype=np.int32),
        count=count,
        clock=np.zeros(1),
        stride=stride,
        backoff=backoff,
        split_salt=np.uint64(salts[0]),
        error_salt=np.uint64(salts[1]),
    )


def more_room(server: s.Server) -> s.Server:
    """The same server with room for twice as long a timeline."""
    timeline = server.timeline
    longer = s.Timeline(
        np.concatenate((timeline.time, np.zeros_like(timeline.time))), np.concatenate((timeline.row, np.zeros_like(timeline.row)))
    )
    return server._replace(timeline=longer)


def _timeline(versions: Sequence[Version]) -> s.Timeline:
    """A row a version for the start."""
    timeline = s.Timeline(np.zeros(ROOM + len(versions)), np.zeros((ROOM + len(versions), 5), dtype=np.int64))
    for v, version in enumerate(versions):
        timeline.row[v, [s.T_VERSION, s.T_READY, s.T_WANTED]] = v, version.replicas, version.replicas
    return timeline


def request_arrays(requests: Requests) -> s.Requests:
    """Requests that were not sent yet."""
    n = len(requests)
    return s.Requests(
        sent=requests.sent,
        key=requests.key,
        service=requests.service,
        since=np.full(n, np.nan),
        start=np.full(n, np.nan),
        end=np.full(n, np.nan),
        version=np.full(n, -1, dtype=np.int32),
        place=np.full(n, -1, dtype=np.int32),
        after=np.full(n, -1, dtype=np.int32),
        attempts=np.zeros(n, dtype=np.int32),
        outcome=np.zeros(n, dtype=np.int8),
    )


def _versions(versions: Sequence[Version]) -> s.Versions:
    number = np.zeros((len(versions), s.NUMBERS), dtype=np.int64)
    amount = np.zeros((len(versions), s.AMOUNTS))
    amount[:, s.PERIOD] = np.inf
    amount[:, s.UPPER] = upper_ends([version.weight for version in versions])
    number[:, [s.HEAD, s.TAIL]] = -1
    number[:, [s.HOLD, s.TOLD]] = 1
    number[:, s.LAST_ROW] = np.arange(len(versions))
    first = tree = 0
    for v, version in enumerate(versions):
        leaves = 1 << max(0, version.places - 1).bit_length()
        given = number[v]
        given[s.SLOTS], given[s.BATCH] = version.slots, version.batch
        given[s.QUEUE] = UNLIMITED if version.queue is None else version.queue
        given[s.FIRST], given[s.PLACES], given[s.LEAVES], given[s.TREE] = first, version.places, leaves, tree
        given[s.LEAST], given[s.MOST] = 0, version.places
        given[s.WANTED] = given[s.UP_NOW] = version.replicas
        amount[v, s.TIMEOUT] = math.inf if version.timeout is None else seconds(version.timeout)
        amount[v, [s.WAIT, s.BASE, s.EACH, s.ERROR_RATE, s.START]] = (
            seconds(version.batch_wait),
            seconds(version.base),
            seconds(version.each),
            version.error_rate,
            seconds(version.start),
        )
        if version.scale is not None:
            _scaler(given, amount[v], version.scale, version.places)
        first, tree = first + version.places, tree + 2 * leaves
    wish = np.repeat(number[:, s.WANTED : s.WANTED + 1], number[:, s.HOLD].max(), axis=1)
    standing = np.full(tree, s.NO_PLACE, dtype=np.int64)
    for given, version in zip(number, versions, strict=True):
        base, leaves = given[s.TREE], given[s.LEAVES]
        standing[base + leaves : base + leaves + version.replicas] = given[s.FIRST] + np.arange(version.replicas)
        for i in range(leaves - 1, 0, -1):
            standing[base + i] = min(standing[base + 2 * i], standing[base + 2 * i + 1])
    past = np.zeros((len(versions), number[:, s.STABLE].max() + 1))
    return s.Versions(number, amount, past, np.ascontiguousarray(wish), standing)


def _scaler(given: npt.NDArray[np.int64], amount: npt.NDArray[np.float64], scale: Concurrency | Utilization, places: int) -> None:
    def turns(length: Duration) -> int:
        return max(1, math.ceil(seconds(length) / period - s.CLOSE))

    period = seconds(scale.period)
    given[s.LEAST], given[s.MOST] = scale.least, places if scale.most is None else min(scale.most, places)
    given[s.HOLD] = turns(scale.hold)
    amount[s.PERIOD], amount[s.ORIGIN], amount[s.TARGET] = period, period, scale.target
    if isinstance(scale, Concurrency):
        given[s.SCALER], given[s.STABLE], given[s.PANIC] = s.CONCURRENCY, turns(scale.stable), turns(scale.panic)
        amount[[s.PANIC_AT, s.UP_RATE, s.DOWN_RATE]] = scale.panic_at, scale.up_rate, scale.down_rate
    else:
        given[s.SCALER], amount[s.TOLERANCE] = s.UTILIZATION, scale.tolerance


def _places(versions: Sequence[Version], stride: int) -> s.Places:
    total = sum(version.places for version in versions)
    row = np.zeros((total, s.PLACE_COLUMNS), dtype=np.int64)
    pace = np.ones(total)
    row[:, s.FREE] = np.arange(total) * stride
    first = 0
    for v, version in enumerate(versions):
        row[first : first + version.places, s.VERSION] = v
        row[first : first + version.replicas, s.STATUS] = s.READY
        pace[first : first + version.places] = version.pace
        first += version.places
    return s.Places(row, pace, np.zeros(total), np.zeros(total, dtype=np.int32))


def _slots(versions: Sequence[Version], stride: int) -> s.Slots:
    total = sum(version.places for version in versions) * stride
    return s.Slots(
        first=np.full(total, -1, dtype=np.int32),
        total=np.zeros(total, dtype=np.int32),
        end=np.full(total, np.inf),
        after=np.arange(1, total + 1, dtype=np.int32),
        key=np.zeros(total),
        item=np.zeros(total, dtype=np.int32),
        spot=np.full(total, -1, dtype=np.int32),
    )
