"""`LiveServer`: a model server to which versions, replicas and requests come as time passes; the same functions as of `serve` play it.

Time is caught up in strides: nothing is played until somebody looks, and then everything up to that instant at once, in compiled code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...infra.kernels.structs import pack
from .arrays import build_server, more_room
from .changes import upper_ends
from .growing import grown, reset_version
from .kernels import state as s
from .kernels.loop import run, upcoming
from .requests import Requests
from .versions import Version

STRIDE = 64
"""Most slots of a replica."""
INSTANTS = 1_000_000
COMPACT = 4096
"""Finished requests at the beginning of the window that are kept before they are let go."""
WINDOW = ("sent", "key", "service", "since", "start", "end", "version", "place", "after", "attempts", "outcome")


class Finished(NamedTuple):
    """Requests whose fate is known: `number` (from 0, in order of sending), of which `stream` and which `row` there, times (s), `version`
    (row), `place`, `outcome` (`kernels.state.Outcome`), sendings.
    """

    number: npt.NDArray[np.int64]
    stream: npt.NDArray[np.int32]
    row: npt.NDArray[np.int64]
    key: npt.NDArray[np.uint64]
    sent: npt.NDArray[np.float64]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    version: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]
    outcome: npt.NDArray[np.int8]
    attempts: npt.NDArray[np.int32]


@dataclass(slots=True, eq=False)
class _Stream:
    """Requests to come, from `next` on."""

    requests: Requests
    next: int = 0


class LiveServer:
    """Versions, replicas and requests of one server. Calls say that something happens `now`, which never goes back.

    `salts`: of the split and of the errors. `retries`, `backoff` (s): of the clients.

    >>> server = LiveServer((1, 2))
    >>> v = server.add_version(Version("v1", replicas=0, limit=2), now=0.0)
    >>> place = server.up(v, now=1.0)
    >>> server.attach(Requests.build([0.5, 0.6], 1.0))
    0
    >>> server.advance(10.0).end.tolist()
    [2.0, 3.0]
    """

    def __init__(self, salts: tuple[int, int], *, retries: int = 0, backoff: float = 1.0) -> None:
        self._options: dict[str, Any] = {"retries": retries, "backoff": backoff, "salts": salts}
        self._server: s.Server | None = None
        self._streams: list[_Stream] = []
        self._changes: list[tuple[float, int, int, int]] = []
        self._weights: list[list[float]] = []
        self._tags = np.zeros((0, 2), dtype=np.int64)  # stream and row of each request in the window
        self._told = np.zeros(0, dtype=bool)
        self._rows_told = 0
        self.now = 0.0
        self.timeline: list[tuple[float, int, int, int, int, int]] = []
        """Time, version, ready, starting, draining and wanted replicas after each instant at which they changed."""

    # -- versions and replicas

    def add_version(self, version: Version, now: float) -> int:
        """A version without replicas and traffic. Returns its row."""
        assert version.replicas == 0 and version.slots <= STRIDE
        self.play(now)
        if self._server is None:
            options = self._options | {"managed": False, "always": True, "stride": STRIDE}
            self._server = build_server([version], Requests.build([]), [], [], **options)
            self._server.versions.amount[0, [s.ORIGIN, s.LATEST]] = now
            return 0
        self._server, v = grown(self._server, version, now)
        return v

    def retire_version(self, v: int, now: float) -> None:
        """Nothing of a version is there any more, and its row is free for another: requests that wait fail."""
        self.play(now)
        reset_version(self._known(), v)

    def set_weights(self, weights: Sequence[float], now: float) -> None:
        """Split traffic from now on, by version row."""
        self._change(now, s.WEIGHTS, 0, len(self._weights))
        self._weights.append(upper_ends(weights))

    def up(self, v: int, now: float) -> int:
        """One more replica is ready. Returns its place."""
        self.play(now)
        server = self._known()
        first, count = int(server.versions.number[v, s.FIRST]), int(server.versions.number[v, s.PLACES])
        taken = {argument for _, kind, _, argument in self._changes if kind == s.UP}
        place = next(p for p in range(first, first + count) if server.places.row[p, s.STATUS] == s.ABSENT and p not in taken)
        self._change(now, s.UP, v, place)
        return place

    def crash(self, place: int, now: float) -> None:
        """The replica of a place is gone, and its connections close."""
        self._change(now, s.CRASH, 0, place)

    def silence(self, place: int, now: float) -> None:
        """The replica of a place is gone, and nobody has noticed."""
        self._change(now, s.SILENCE, 0, place)

    def notice(self, place: int, now: float) -> None:
        """The replica of a place, which is gone, is found to be."""
        self._change(now, s.NOTICE, 0, place)

    def drain(self, place: int, now: float) -> None:
        """The replica of a place takes no more requests."""
        self._change(now, s.DRAIN, 0, place)

    def want(self, v: int, replicas: int, now: float) -> None:
        """So many replicas of a version are wanted, until an autoscaler says otherwise."""
        self._change(now, s.REPLICAS, v, replicas)

    def expect(self, v: int, starting: int) -> None:
        """So many replicas of a version are being started."""
        number = self._known().versions.number
        if number[v, s.COMING] != starting:
            number[v, s.COMING], number[v, s.TOLD] = starting, 0

    # -- requests

    def attach(self, requests: Requests) -> int:
        """A stream of requests, none sent before now. Returns its number."""
        self._streams.append(_Stream(requests))
        return len(self._streams) - 1

    def stop(self, stream: int) -> None:
        """No more comes of a stream."""
        self._streams[stream].next = len(self._streams[stream].requests)

    # -- time

    def advance(self, now: float) -> Finished:
        """Play everything up to and with `now`. Returns the requests whose fate has become known."""
        self.play(now)
        if self._server is None:
            return self._finished(np.zeros(0, dtype=np.int64))
        requests = self._server.requests
        rows = np.flatnonzero((requests.outcome != s.UNFINISHED) & ~self._told)
        found = self._finished(rows)
        self._told[rows] = True
        self._compact()
        return found

    def play(self, now: float) -> None:
        """Play everything up to and with `now`; what becomes of requests is told by the next `advance`."""
        self.now = max(self.now, now)
        if self._server is None:
            return
        self._load(now)
        self._take_changes()
        packed = pack(self._server)
        while (said := run(packed.address, now, INSTANTS)) != s.DONE:
            if said == s.FULL:
                self._server = more_room(self._server)
                packed = pack(self._server)
        self._read_timeline()

    def next_event(self) -> float:
        """When something happens that is known by now (s), beside turns of autoscalers; infinite for nothing."""
        times = [self.next_arrival()] + [time for time, *_ in self._changes]
        if self._server is not None:
            count = self._server.count
            count[s.ALWAYS] = 0
            times.append(float(upcoming(pack(self._server).address)))
            count[s.ALWAYS] = 1
        return min(times)

    def next_arrival(self) -> float:
        """When the next request is sent for the first time (s), infinite for never."""
        times = (stream.requests.sent[stream.next] for stream in self._streams if stream.next < len(stream.requests))
        return float(min(times, default=math.inf))

    def next_turn(self, v: int) -> float:
        """When the autoscaler of a version has its next turn (s); infinite without."""
        versions = self._known().versions
        return float(versions.amount[v, s.ORIGIN] + (versions.number[v, s.TURNS] + 1) * versions.amount[v, s.PERIOD])

    # -- looking

    def number(self, v: int, column: int) -> int:
        """A count of a version, as of the last `advance`."""
        return int(self._known().versions.number[v, column])

    def status(self, place: int) -> int:
        """What is at a place, as of the last `advance`."""
        return int(self._known().places.row[place, s.STATUS])

    @property
    def unfinished(self) -> int:
        """Requests that were sent and whose fate is not known."""
        return len(self._told) - int(self._told.sum())

    def unfinished_of(self, v: int) -> int:
        """Attempts that wait for a slot of a version, or are in one."""
        server = self._known()
        there = (server.requests.version == v) & (server.requests.outcome == s.UNFINISHED)
        there[server.retry[: server.count[s.TO_RETRY]]] = False
        return int(there.sum())

    # -- inside

    def _known(self) -> s.Server:
        assert self._server is not None
        return self._server

    def _change(self, now: float, kind: int, v: int, argument: int) -> None:
        self._changes.append((now, kind, v, argument))

    def _take_changes(self) -> None:
        rows, server = self._changes, self._known()
        width = len(server.versions.number)
        ends = [[*weights, *[1.0] * (width - len(weights))] for weights in self._weights]
        made = s.Changes(
            np.array([row[0] for row in rows], dtype=np.float64),
            *(np.array([row[column] for row in rows], dtype=np.int32) for column in (1, 2, 3)),
            np.array(ends, dtype=np.float64).reshape(len(ends), width),
        )
        server.count[s.NEXT_CHANGE] = 0
        self._server = server._replace(changes=made)
        self._changes, self._weights = [], []

    def _load(self, until: float) -> None:
        """Put what is sent up to a time into the window, in order of time, of equal times in order of streams."""
        parts = []
        for number, stream in enumerate(self._streams):
            end = int(np.searchsorted(stream.requests.sent, until, side="right"))
            if end > stream.next:
                rows = np.arange(stream.next, end)
                parts.append((np.full(len(rows), number), rows, stream.requests))
                stream.next = end
        if not parts:
            return
        tags = np.concatenate([np.stack((numbers, rows), axis=1) for numbers, rows, _ in parts])
        columns = [np.concatenate([getattr(requests, name)[rows] for _, rows, requests in parts]) for name in ("sent", "key", "service")]
        order = np.argsort(columns[0], kind="stable")
        fresh = build_requests(*(column[order] for column in columns))
        server, n = self._known(), len(order)
        window = s.Requests(*(np.concatenate((old, new)) for old, new in zip(server.requests, fresh, strict=True)))
        self._tags = np.concatenate((self._tags, tags[order]))
        self._told = np.concatenate((self._told, np.zeros(n, dtype=bool)))
        room = len(window.sent) if server.count[s.RETRIES] else 0
        self._server = server._replace(requests=window, retry_at=_longer(server.retry_at, room), retry=_longer(server.retry, room))

    def _compact(self) -> None:
        """Let go of requests at the beginning of the window whose fate is known; the others get lower numbers there."""
        server = self._known()
        unknown = np.flatnonzero(~self._told)
        gone = int(unknown[0]) if len(unknown) else len(self._told)
        if gone < COMPACT or 2 * gone < len(self._told):
            return
        window = s.Requests(*(np.ascontiguousarray(column[gone:]) for column in server.requests))
        for numbers in (window.after, server.slots.first, server.retry[: server.count[s.TO_RETRY]]):
            numbers[numbers >= 0] -= gone
        for column in (s.HEAD, s.TAIL):
            numbers = server.versions.number[:, column]
            numbers[numbers >= 0] -= gone
        server.count[s.NEXT_ARRIVAL] -= gone
        self._server = server._replace(requests=window, dropped=server.dropped + gone)
        self._tags, self._told = self._tags[gone:], self._told[gone:]

    def _finished(self, rows: npt.NDArray[np.int64]) -> Finished:
        if self._server is None:
            empty = Requests.build([])
            return Finished(
                rows,
                rows.astype(np.int32),
                rows,
                empty.key,
                *[empty.sent] * 3,
                *[rows.astype(np.int32)] * 2,
                rows.astype(np.int8),
                rows.astype(np.int32),
            )
        r = self._server.requests
        stream, row = self._tags[rows, 0].astype(np.int32), self._tags[rows, 1]
        columns = (r.key, r.sent, r.start, r.end, r.version, r.place, r.outcome, r.attempts)
        return Finished(rows + self._server.dropped, stream, row, *(column[rows] for column in columns))

    def _read_timeline(self) -> None:
        server = self._known()
        rows, count = server.timeline, int(server.count[s.ROWS])
        kept = len(server.versions.number)
        for row in range(self._rows_told, count):
            self.timeline.append((float(rows.time[row]), *rows.row[row].tolist()))
        for v in range(kept):  # the latest row of each version is kept, for comparison with the next
            last = server.versions.number[v, s.LAST_ROW]
            server.timeline.row[v], server.timeline.time[v] = rows.row[last].copy(), rows.time[last]
        server.versions.number[:, s.LAST_ROW] = np.arange(kept)
        server.count[s.ROWS] = self._rows_told = kept


def build_requests(sent: npt.NDArray[np.float64], key: npt.NDArray[np.uint64], service: npt.NDArray[np.float64]) -> s.Requests:
    """Requests that were not sent yet."""
    from .arrays import _requests

    return _requests(Requests(sent, key, service))


def _longer(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    return array if len(array) >= room else np.concatenate((array, np.zeros(room - len(array), dtype=array.dtype)))
