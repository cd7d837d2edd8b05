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

from ...infra.kernels.structs import Packed, pack
from .arrays import build_server, more_room
from .changes import upper_ends
from .growing import begin_at, grown, reset_version
from .kernels import state as s
from .kernels.loop import run, upcoming
from .requests import Requests
from .versions import STRIDE, Version

NO_PLACE = -1
INSTANTS = 1_000_000
COMPACT = 4096
"""Finished requests at the beginning of the window that are kept before they are let go."""
ROOM = 1024
"""Requests and changes for which there is room at first; then twice as many, and so on."""
NEW: dict[str, Any] = {
    "since": np.nan,
    "start": np.nan,
    "end": np.nan,
    "version": -1,
    "place": -1,
    "after": -1,
    "attempts": 0,
    "outcome": 0,
}
"""A request that was not sent yet, beside when it will be, key and service."""


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
        self._streams: dict[int, _Stream] = {}
        self.streams = 0
        """How many streams were attached."""
        self._changes: list[tuple[float, int, int, int]] = []
        self._weights: list[list[float]] = []
        self._tags = np.zeros((ROOM, 2), dtype=np.int64)  # stream and row of each request in the window
        self._known_fates = np.zeros(ROOM, dtype=bool)  # those that were told
        self._packed: Packed | None = None
        self._rows_told = 0
        self.now = 0.0
        self.timeline: list[tuple[float, int, int, int, int, int]] = []
        """Time, version, ready, starting, draining and wanted replicas after each instant at which they changed."""

    # -- versions and replicas

    def add_version(self, version: Version, now: float, most: int | None = None) -> int:
        """A version without replicas and traffic.

        Returns its row. `most`: replicas that may be wanted, where that is less than its places.
        """
        assert version.replicas == 0 and version.slots <= STRIDE
        self.play(now)
        v = 0
        if self._server is None:
            options = self._options | {"managed": False, "always": True, "stride": STRIDE}
            self._put(_with_room(build_server([version], Requests.build([]), [], [], **options), ROOM))
            begin_at(self._known(), now)
        else:
            made, v = grown(self._server, version, now)
            self._put(made)
        if most is not None:
            number = self._known().versions.number
            number[v, s.MOST] = min(most, number[v, s.MOST])
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
        """One more replica is ready. Returns its place, `NO_PLACE` where all are taken, and then it is not used."""
        self.play(now)
        server = self._known()
        first, count = int(server.versions.number[v, s.FIRST]), int(server.versions.number[v, s.PLACES])
        taken = {argument for _, kind, _, argument in self._changes if kind == s.UP}
        for place in range(first, first + count):
            if server.places.row[place, s.STATUS] == s.ABSENT and place not in taken:
                self._change(now, s.UP, v, place)
                return place
        return NO_PLACE

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

    def dismiss(self, v: int, now: float) -> None:
        """Nobody will serve those who wait for a version: they fail."""
        self._change(now, s.DISMISS, v, 0)

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
        self._streams[self.streams] = _Stream(requests)
        self.streams += 1
        return self.streams - 1

    def stop(self, stream: int) -> None:
        """No more comes of a stream."""
        self._streams.pop(stream, None)

    # -- time

    def advance(self, now: float) -> Finished:
        """Play everything up to and with `now`. Returns the requests whose fate has become known."""
        self.play(now)
        if self._server is None:
            return self._finished(np.zeros(0, dtype=np.int64))
        loaded = int(self._server.count[s.REQUESTS])
        rows = np.flatnonzero((self._server.requests.outcome[:loaded] != s.UNFINISHED) & ~self._known_fates[:loaded])
        found = self._finished(rows)
        self._known_fates[rows] = True
        self._compact()
        return found

    def play(self, now: float) -> None:
        """Play everything up to and with `now`; what becomes of requests is told by the next `advance`."""
        self.now = max(self.now, now)
        if self._server is None:
            return
        self._load(now)
        self._take_changes()
        while (said := run(self._address(), now, INSTANTS)) != s.DONE:
            if said == s.FULL:
                self._put(more_room(self._known()))
        self._read_timeline()

    def next_event(self) -> float:
        """When something happens that is known by now (s), beside turns of autoscalers; infinite for nothing."""
        times = [self.next_arrival()] + [time for time, *_ in self._changes]
        if self._server is not None:
            count = self._server.count
            count[s.ALWAYS] = 0
            times.append(float(upcoming(self._address())))
            count[s.ALWAYS] = 1
        return min(times)

    def next_arrival(self) -> float:
        """When the next request is sent for the first time (s), infinite for never."""
        times = (stream.requests.sent[stream.next] for stream in self._streams.values() if stream.next < len(stream.requests))
        return float(min(times, default=math.inf))

    def next_turn(self, v: int) -> float:
        """When the autoscaler of a version has its next turn (s); infinite without."""
        versions = self._known().versions
        if versions.number[v, s.SCALER] == s.NO_SCALER:
            return math.inf
        return float(versions.amount[v, s.ORIGIN] + versions.number[v, s.TURNS] * versions.amount[v, s.PERIOD])

    # -- looking

    def number(self, v: int, column: int) -> int:
        """A count of a version, as of the last `advance`."""
        return int(self._known().versions.number[v, column])

    def status(self, place: int) -> int:
        """What is at a place, as of the last `advance`."""
        return int(self._known().places.row[place, s.STATUS])

    def places(self, v: int) -> range:
        """The places of a version."""
        first, count = self.number(v, s.FIRST), self.number(v, s.PLACES)
        return range(first, first + count)

    @property
    def unfinished(self) -> int:
        """Requests that were sent and whose fate is not known."""
        loaded = 0 if self._server is None else int(self._server.count[s.REQUESTS])
        return loaded - int(self._known_fates[:loaded].sum())

    def unfinished_of(self, v: int) -> int:
        """Attempts that wait for a slot of a version, or are in one."""
        server = self._known()
        loaded = server.count[s.REQUESTS]
        there = (server.requests.version[:loaded] == v) & (server.requests.outcome[:loaded] == s.UNFINISHED)
        there[server.retry[: server.count[s.TO_RETRY]]] = False
        return int(there.sum())

    # -- inside

    def _known(self) -> s.Server:
        assert self._server is not None
        return self._server

    def _change(self, now: float, kind: int, v: int, argument: int) -> None:
        self._changes.append((now, kind, v, argument))

    def _put(self, server: s.Server) -> None:
        """Other arrays in the place of those that were compiled code's."""
        self._server, self._packed = server, None

    def _address(self) -> int:
        if self._packed is None:
            self._packed = pack(self._known())
        return self._packed.address

    def _take_changes(self) -> None:
        rows, server = self._changes, self._known()
        server.count[s.NEXT_CHANGE], server.count[s.CHANGES] = 0, len(rows)
        if not rows:
            return
        if self._weights or len(rows) > len(server.changes.time):
            width, room = len(server.versions.number), max(len(rows), len(server.changes.time))
            ends = np.array([[*weights, *[1.0] * (width - len(weights))] for weights in self._weights], dtype=np.float64)
            kinds, versions, arguments = (np.zeros(room, dtype=np.int32) for _ in range(3))
            made = s.Changes(np.zeros(room), kinds, versions, arguments, ends.reshape(len(ends), width))
            self._put(server._replace(changes=made))
        for column, values in zip(self._known().changes[:4], zip(*rows, strict=True), strict=True):
            column[: len(rows)] = values
        self._changes, self._weights = [], []

    def _load(self, until: float) -> None:
        """Put what is sent up to a time into the window, in order of time, of equal times in order of streams."""
        parts = []
        for number, stream in list(self._streams.items()):
            sent = stream.requests.sent
            end = int(np.searchsorted(sent, until, side="right")) if stream.next < len(sent) and sent[stream.next] <= until else stream.next
            if end > stream.next:
                parts.append((number, stream.next, end, stream.requests))
                stream.next = end
            if end == len(sent):
                del self._streams[number]
        if not parts:
            return
        n = sum(end - first for _, first, end, _ in parts)
        loaded = int(self._known().count[s.REQUESTS])
        if loaded + n > len(self._known_fates):
            self._grow(max(2 * loaded, loaded + n))
        window, at = self._known().requests, loaded
        for number, first, end, requests in parts:
            there = slice(at, at + end - first)
            window.sent[there], window.key[there], window.service[there] = (column[first:end] for column in requests.columns)
            self._tags[there, 0], self._tags[there, 1] = number, np.arange(first, end)
            at = there.stop
        new = slice(loaded, at)
        if len(parts) > 1:
            order = np.argsort(window.sent[new], kind="stable")
            for column in (window.sent, window.key, window.service, self._tags):
                column[new] = column[new][order]
        for name, value in NEW.items():
            getattr(window, name)[new] = value
        self._known_fates[new] = False
        self._known().count[s.REQUESTS] = at

    def _grow(self, room: int) -> None:
        self._put(_with_room(self._known(), room))
        self._tags = np.concatenate((self._tags, np.zeros((room - len(self._tags), 2), dtype=np.int64)))
        self._known_fates = _longer(self._known_fates, room)

    def _compact(self) -> None:
        """Let go of requests at the beginning of the window whose fate is known; the others get lower numbers there."""
        server = self._known()
        loaded = int(server.count[s.REQUESTS])
        fates = self._known_fates[:loaded]
        gone = loaded if fates.all() else int(np.argmin(fates))
        if gone < COMPACT or 2 * gone < loaded:
            return
        left = loaded - gone
        for column in (*server.requests, self._tags, self._known_fates):
            column[:left] = column[gone:loaded].copy()
        for numbers in (server.requests.after[:left], server.slots.first, server.retry[: server.count[s.TO_RETRY]]):
            numbers[numbers >= 0] -= gone
        for which in (s.HEAD, s.TAIL):
            numbers = server.versions.number[:, which]
            numbers[numbers >= 0] -= gone
        server.count[s.NEXT_ARRIVAL] -= gone
        server.count[s.REQUESTS] = left
        server.count[s.DROPPED] += gone

    def _finished(self, rows: npt.NDArray[np.int64]) -> Finished:
        if self._server is None:
            times, small = np.zeros(0), rows.astype(np.int32)
            return Finished(rows, small, rows, rows.astype(np.uint64), times, times, times, small, small, rows.astype(np.int8), small)
        r = self._server.requests
        stream, row = self._tags[rows, 0].astype(np.int32), self._tags[rows, 1]
        columns = (r.key, r.sent, r.start, r.end, r.version, r.place, r.outcome, r.attempts)
        return Finished(rows + self._server.count[s.DROPPED], stream, row, *(column[rows] for column in columns))

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


def _with_room(server: s.Server, room: int) -> s.Server:
    """The server with room for so many requests."""
    window = s.Requests(*(_longer(column, room) for column in server.requests))
    retries = room if server.count[s.RETRIES] else 0
    return server._replace(requests=window, retry_at=_longer(server.retry_at, retries), retry=_longer(server.retry, retries))


def _longer(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    return array if len(array) >= room else np.concatenate((array, np.zeros(room - len(array), dtype=array.dtype)))
