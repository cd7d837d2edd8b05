"""Which nodes of a cluster are there, and whether they came and went as docs/autoscaling.md promises."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

import numpy as np

from mlplat.hardware import ClusterSpec

Array = np.ndarray[Any, Any]
CLOSE_S = 1e-9


class Presence:
    """The nodes (rows) of a cluster whose groups are scanned every `scan` seconds. `absent`: rows that are not there at `start`.

    Told of everything in order: `go_on` before what an instant brings, then `join`, `warn` and `leave`, then `held` with the state that it
    has left. Each yields what is wrong.
    """

    def __init__(self, spec: ClusterSpec, absent: Array, scan: float, start: float = 0.0) -> None:
        self.spec, self.scan, self.start = spec, scan, start
        self.group = spec.nodes().group.astype(np.int64)
        self.scaling = [spec.groups[g].scaling for g in self.group]
        count = len(self.group)
        self.there = np.ones(count, dtype=np.bool_)
        self.there[absent] = False
        self.joined = np.where(self.there, start, np.inf)
        self.ends = np.full(count, np.inf)
        """When a machine that has had its notice is taken back."""
        self.warned = np.zeros(count, dtype=np.bool_)
        self.last_busy = np.full(count, -np.inf)
        """The last scan at which a job had room there."""
        self.busy = np.zeros(count, dtype=np.bool_)
        self.since = start
        self.stays = [[row, start, start, math.inf] for row in np.flatnonzero(self.there).tolist()]
        """Row, when it was asked for, joined and left."""
        self._times: list[float] = []
        self._waited: list[bool] = []

    def is_spot(self, row: int) -> bool:
        """Whether the machine can be taken back."""
        scaling = self.scaling[row]
        return scaling is not None and scaling.spot is not None

    def _is_scan(self, time: float) -> bool:
        turn = round(time / self.scan)
        return abs(turn * self.scan - time) <= CLOSE_S * max(1.0, abs(time))

    def go_on(self, now: float) -> None:
        """Time passes to an instant: the scans before it saw what the last one has left."""
        turn = math.ceil(now / self.scan) + 1
        while turn * self.scan >= now:
            turn -= 1
        if turn * self.scan >= self.since:
            self.last_busy[self.busy] = turn * self.scan

    def held(self, now: float, busy: Array, waits: bool) -> None:
        """After an instant: on which nodes (bool[N]) jobs have room, and whether any job waits."""
        self.since, self.busy = now, busy
        if self._times and self._times[-1] == now:
            self._waited[-1] = waits or self._waited[-1]  # a scan may have been between two cycles of an instant
        else:
            self._times.append(now)
            self._waited.append(waits)

    def join(self, row: int, now: float) -> Iterator[str]:
        """A node is there."""
        scaling = self.scaling[row]
        if scaling is None or self.there[row]:
            yield f"node {row} joined, and was there or is not of a scaled group"
            return
        asked = now - scaling.boot
        if asked < self.start - CLOSE_S or not self._is_scan(asked):
            yield f"node {row} joined at {now}, {scaling.boot} s after no scan"
        # The scan saw what the last instant before it has left, or the first of its own; a node that boots at once adds another.
        before, after = max(0, bisect_left(self._times, asked - CLOSE_S) - 1), bisect_right(self._times, asked + CLOSE_S)
        if not any(self._waited[before:after]):
            yield f"node {row} joined at {now}, and at {asked} nothing waited for it"
        self.there[row], self.joined[row] = True, now
        self.stays.append([row, asked, now, math.inf])

    def warn(self, row: int, now: float, end: float) -> Iterator[str]:
        """A machine is told when it is taken back."""
        scaling = self.scaling[row]
        if scaling is None or scaling.spot is None or end - now > scaling.spot.notice + CLOSE_S:
            yield f"node {row} had more notice than its group has, or it has none"
        self.warned[row], self.ends[row] = True, end

    def leave(self, row: int, now: float, *, spot: bool | None = None) -> Iterator[str]:
        """A node is there no more: since its life is over, where it was warned or `spot` says so, or since it held nothing for so long."""
        scaling = self.scaling[row]
        if scaling is None or not self.there[row]:
            yield f"node {row} left, and was not there or is not of a scaled group"
            return
        self.there[row] = False
        next(stay for stay in reversed(self.stays) if stay[0] == row)[3] = now
        if self.warned[row] if spot is None else spot:
            if not self.is_spot(row) or (spot is None and abs(now - self.ends[row]) > CLOSE_S):
                yield f"node {row} left at {now}, and its end was to be {self.ends[row]}"
            self.warned[row], self.ends[row] = False, np.inf
            return
        held = max(self.last_busy[row], self.joined[row])
        if not self._is_scan(now) or self.busy[row] or now < held + scaling.idle - CLOSE_S:
            yield f"node {row} left at {now}; it held something, or had joined, at {held}, and may after {scaling.idle} s"
        of_group = self.there & ~self.warned & (self.group == self.group[row])
        if of_group.sum() < scaling.min:
            yield f"node {row} left, and {of_group.sum()} nodes stay where {scaling.min} must"

    def wrong(self, rows: Array, start: Array) -> Iterator[str]:
        """What holds room on `rows` since `start` must be there, since it joined."""
        if (odd := ~self.there[rows]).any():
            yield f"a job holds room on node {rows[odd.argmax()]}, which is not there"
        if (odd := start < self.joined[rows]).any():
            yield f"a job has had room on node {rows[odd.argmax()]} since before it joined"
        for g, group in enumerate(self.spec.groups):
            if (count := int(self.there[self.group == g].sum())) > group.count:
                yield f"{count} nodes of {group.name} are there, and {group.count} may be"

    def wrong_cost(self, hours: list[float], first: float, end: float, planned: list[tuple[float, bool, int]]) -> Iterator[str]:
        """Node hours of each group must be those of the stays, within the run, which lasts from `first` to `end`.

        A stay is paid for from asking for the node until it left. `planned`: when nodes are yet to join (True) or leave.
        """
        stays = {row: [list(stay) for stay in self.stays if stay[0] == row] for row in range(len(self.group))}
        for time, joins, row in planned:
            scaling = self.scaling[row]
            if joins and scaling is not None:
                stays[row].append([row, time - scaling.boot, time, math.inf])
            else:
                stays[row][-1][3] = time
        paid = np.zeros(len(hours))
        for row, asked, _, left in (stay for of_row in stays.values() for stay in of_row):
            paid[self.group[int(row)]] += max(0.0, min(left, end) - max(asked, first))
        if min(hours, default=0.0) < 0 or not np.allclose(np.array(hours) * 3600, paid, rtol=1e-9, atol=1e-6):
            yield f"{[hour * 3600 for hour in hours]} node seconds are paid for; by the stays {paid.tolist()}"
