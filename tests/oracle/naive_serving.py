"""A model server as docs/platform/serving.md says it, with objects and loops over everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlplat.platform.serving import Concurrency, Crash, Replicas, Requests, Silence, Version, Weights

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def unit(value: int) -> float:
    """SplitMix64's finaliser, as a number in [0, 1)."""
    z = value & MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    z ^= z >> 31
    return (z >> 11) * 2.0**-53


def ceiling(value: float) -> int:
    """Up to the next whole number; one within 1e-9 is that number."""
    return round(value) if abs(value - round(value)) <= 1e-9 * max(1.0, round(value)) else math.ceil(value)


@dataclass(eq=False)
class Request:
    """One request, with its latest attempt."""

    index: int
    sent: float
    key: int
    service: float
    since: float = math.nan
    start: float = math.nan
    end: float = math.nan
    version: int = -1
    place: int = -1
    attempts: int = 0
    outcome: str = "unfinished"


@dataclass(eq=False)
class Batch:
    """Requests in one slot: as many as there were, and those that have not timed out."""

    end: float
    size: int
    live: list[Request]


@dataclass(eq=False)
class Place:
    """A place for a replica, with its number among all places."""

    number: int
    status: str = "absent"
    silent: bool = False
    due: float = math.inf
    batches: list[Batch] = field(default_factory=list)


class NaiveVersion:
    """A version: its places, its queue, its counts, its integrals over time and its autoscaler."""

    def __init__(self, index: int, spec: Version, first: int) -> None:
        self.index, self.spec = index, spec
        self.places = [Place(first + i) for i in range(spec.places)]
        for place in self.places[: spec.replicas]:
            place.status = "ready"
        self.queue: list[Request] = []
        self.timeout = math.inf if spec.timeout is None else float(spec.timeout)  # type: ignore[arg-type]
        self.most = spec.places if spec.scale is None or spec.scale.most is None else min(spec.scale.most, spec.places)
        self.wanted = spec.replicas
        self.seen: tuple[int, int, int, int] = (spec.replicas, 0, 0, spec.replicas)
        self.counts = dict.fromkeys(("sent", "answered", "errors", "timed_out", "rejected", "failed"), 0)
        self.load = self.busy_time = self.slot_time = self.latest = 0.0
        self.turns = 0
        self.loads = [0.0]
        self.busy_before = self.slots_before = 0.0
        self.panic_since: float | None = None
        self.panic_most = 0
        hold = 1 if spec.scale is None else max(1, math.ceil(spec.scale.hold / spec.scale.period - 1e-9))  # type: ignore[operator]
        self.wishes = [spec.replicas] * hold

    def number(self, status: str) -> int:
        """Replicas of a status."""
        return sum(place.status == status for place in self.places)

    def account(self, now: float) -> None:
        """Integrals up to now."""
        passed = now - self.latest
        if passed > 0:
            batches = [batch for place in self.places for batch in place.batches]
            self.load += passed * (len(self.queue) + sum(batch.size for batch in batches))
            self.busy_time += passed * len(batches)
            self.slot_time += passed * (self.number("ready") * self.spec.slots)
            self.latest = now

    def free(self) -> Place | None:
        """The ready place with the fewest busy slots, the lowest of equals, if it has one free."""
        ready = [place for place in self.places if place.status == "ready" and len(place.batches) < self.spec.slots]
        return min(ready, key=lambda place: (len(place.batches), place.number), default=None)

    def dispatch(self, now: float) -> None:
        """Free slots take what is due."""
        self.account(now)
        spec = self.spec
        while self.queue and (place := self.free()) is not None:
            if len(self.queue) < spec.batch and now < self.queue[0].since + spec.batch_wait:  # type: ignore[operator]
                return
            taken, self.queue = self.queue[: spec.batch], self.queue[spec.batch :]
            for request in taken:
                request.start, request.place = now, place.number
            lasts = (spec.base + spec.each * len(taken) + max(request.service for request in taken)) * spec.pace  # type: ignore[operator]
            place.batches.append(Batch(math.inf if place.silent else now + lasts, len(taken), taken))

    def next_turn(self) -> float:
        """When the autoscaler has its next turn."""
        if self.spec.scale is None:
            return math.inf
        period = float(self.spec.scale.period)  # type: ignore[arg-type]
        return period + self.turns * period


class NaiveServer:
    """All versions, the requests, the clients and the changes."""

    def __init__(
        self,
        specs: Sequence[Version],
        requests: Requests,
        changes: Sequence[Any],
        *,
        retries: int,
        backoff: float,
        salts: tuple[int, int],
        always: bool,
    ) -> None:
        self.versions: list[NaiveVersion] = []
        for index, spec in enumerate(specs):
            self.versions.append(NaiveVersion(index, spec, sum(v.spec.places for v in self.versions)))
        rows = zip(requests.sent.tolist(), requests.key.tolist(), requests.service.tolist(), strict=True)
        self.requests = [Request(i, *row) for i, row in enumerate(rows)]
        self.to_come = list(self.requests)
        self.again: list[tuple[float, int]] = []
        self.weights = {spec.name: spec.weight for spec in specs}
        self.retries, self.backoff, self.salts, self.always = retries, backoff, salts, always
        self.timeline: list[tuple[float, int, int, int, int, int]] = [(0.0, v.index, *v.seen) for v in self.versions]
        due: list[tuple[float, str, Any]] = []
        for change in changes:
            due.append((change.at, type(change).__name__, change))
            if isinstance(change, Silence):
                due.append((change.at + change.noticed_after, "Notice", change))  # type: ignore[operator]
        self.changes = sorted(due, key=lambda row: row[0])

    # what becomes of attempts

    def answer(self, request: Request, now: float) -> None:
        version = self.versions[request.version]
        version.counts["answered"] += 1
        request.outcome, request.end = "answered", now
        rate = version.spec.error_rate
        if rate > 0 and unit(self.salts[1] + GOLDEN * (request.index * 2**16 + request.attempts)) < rate:
            version.counts["errors"] += 1
            request.outcome = "error"

    def give_up(self, request: Request, outcome: str, now: float) -> None:
        self.versions[request.version].counts[outcome] += 1
        if request.attempts <= self.retries:
            request.start, request.place = math.nan, -1
            self.again.append((now + self.backoff * 2 ** (request.attempts - 1), request.index))
        else:
            request.outcome, request.end = outcome, now

    def send(self, request: Request, now: float) -> None:
        ends, total = 0.0, sum(self.weights[v.spec.name] for v in self.versions)
        at = unit(self.salts[0] + GOLDEN * request.key) if len(self.versions) > 1 else 0.0
        for version in self.versions:
            ends += self.weights[version.spec.name]
            if at < ends / total:
                break
        version.account(now)
        request.version, request.since = version.index, now
        request.attempts += 1
        version.counts["sent"] += 1
        version.queue.append(request)
        version.dispatch(now)
        if version.spec.queue is not None and len(version.queue) > version.spec.queue:
            assert version.queue.pop() is request
            self.give_up(request, "rejected", now)

    # replicas

    def lose(self, version: NaiveVersion, place: Place, now: float) -> None:
        version.account(now)
        for batch in place.batches:
            for request in batch.live:
                self.give_up(request, "failed", now)
        self.vacate(version, place)

    def vacate(self, version: NaiveVersion, place: Place) -> None:
        place.status, place.silent, place.due, place.batches = "absent", False, math.inf, []

    def change(self, kind: str, change: Any, now: float) -> None:
        if isinstance(change, Weights):
            self.weights = {v.spec.name: change.weights.get(v.spec.name, 0.0) for v in self.versions}
            return
        version = next(v for v in self.versions if v.spec.name == change.version)
        if isinstance(change, Replicas):
            self.want(version, min(change.replicas, version.most))
            return
        place = version.places[change.replica]
        if place.status == "absent":
            return
        if isinstance(change, Crash) or (kind == "Notice" and place.silent):
            self.lose(version, place, now)
        elif kind == "Silence" and not place.silent:
            version.account(now)
            place.silent, place.due = True, math.inf
            place.batches = [batch for batch in place.batches if batch.live]
            for batch in place.batches:
                batch.end = math.inf
            if place.status == "draining" and not place.batches:
                self.vacate(version, place)

    def drain(self, version: NaiveVersion, place: Place, now: float) -> None:
        version.account(now)
        if place.status == "starting" or not place.batches:
            self.vacate(version, place)
        else:
            place.status = "draining"

    def want(self, version: NaiveVersion, wanted: int) -> None:
        version.wanted = wanted

    def compare(self, version: NaiveVersion, now: float) -> None:
        for place in version.places:
            if place.status == "absent" and version.number("ready") + version.number("starting") < version.wanted:
                place.status, place.due = "starting", now + float(version.spec.start)  # type: ignore[arg-type]
        for status in ("starting", "ready"):
            for place in reversed(version.places):
                if place.status == status and version.number("ready") + version.number("starting") > version.wanted:
                    self.drain(version, place, now)

    # autoscaling

    def take_turn(self, version: NaiveVersion, now: float) -> None:
        scale = version.spec.scale
        assert scale is not None
        version.account(now)
        version.turns += 1
        wish = self.by_concurrency(version, scale, now) if isinstance(scale, Concurrency) else self.by_utilization(version)
        version.wishes = [*version.wishes[1:], wish]
        self.want(version, min(max(scale.least, *version.wishes, 0), version.most))

    def by_concurrency(self, version: NaiveVersion, scale: Concurrency, now: float) -> int:
        period = float(scale.period)  # type: ignore[arg-type]
        version.loads.append(version.load)

        def average(length: Any) -> float:
            turns = min(version.turns, max(1, math.ceil(length / period - 1e-9)))
            return (version.load - version.loads[-1 - turns]) / (turns * period)

        ready = max(1, version.number("ready"))
        stable, panic = ceiling(average(scale.stable) / scale.target), ceiling(average(scale.panic) / scale.target)
        most, least = math.ceil(scale.up_rate * ready), math.floor(ready / scale.down_rate)
        wish = min(max(stable, least), most)
        if panic / ready >= scale.panic_at:
            version.panic_since = now
        elif version.panic_since is not None and now - version.panic_since > max(1, math.ceil(scale.stable / period - 1e-9)) * period:  # type: ignore[operator]
            version.panic_since, version.panic_most = None, 0
        if version.panic_since is not None:
            wish = version.panic_most = max(wish, min(max(panic, least), most), version.panic_most)
        return wish

    def by_utilization(self, version: NaiveVersion) -> int:
        scale: Any = version.spec.scale
        busy, slots = version.busy_time - version.busy_before, version.slot_time - version.slots_before
        version.busy_before, version.slots_before = version.busy_time, version.slot_time
        ready, starting = version.number("ready"), version.number("starting")
        if slots == 0 or ready == 0:
            return version.wanted
        ratio = busy / slots / scale.target
        if abs(ratio - 1) <= scale.tolerance:
            return version.wanted
        if ratio > 1 and starting:
            ratio, ready = ratio * ready / (ready + starting), ready + starting
            if ratio < 1 or abs(ratio - 1) <= scale.tolerance:
                return version.wanted
        return min(ceiling(ratio * ready), max(2 * version.wanted, version.wanted + 4))

    # time

    def places(self) -> list[tuple[NaiveVersion, Place]]:
        return [(version, place) for version in self.versions for place in version.places]

    def next_time(self) -> float:
        times = [request.sent for request in self.to_come[:1]] + [time for time, _ in self.again] + [row[0] for row in self.changes]
        for version, place in self.places():
            times.append(place.due)
            for batch in place.batches:
                times += [batch.end] + [request.since + version.timeout for request in batch.live]
        for version in self.versions:
            times += [request.since + version.timeout for request in version.queue]
            if version.queue and version.free() is not None:
                times.append(version.queue[0].since + version.spec.batch_wait)  # type: ignore[operator]
        if min(times, default=math.inf) < math.inf or self.always:
            times += [version.next_turn() for version in self.versions]
        return min(times, default=math.inf)

    def instant(self, now: float) -> None:
        for version, place in self.places():
            for batch in list(place.batches):
                version.account(now)
                if batch.end <= now:
                    for request in batch.live:
                        self.answer(request, now)
                    place.batches.remove(batch)
                else:
                    late = [request for request in batch.live if request.since + version.timeout <= now]
                    batch.live = [request for request in batch.live if request not in late]
                    for request in late:
                        self.give_up(request, "timed_out", now)
                    if late and not batch.live and place.silent:
                        place.batches.remove(batch)
            if place.status == "draining" and not place.batches:
                self.vacate(version, place)
        for version in self.versions:
            version.account(now)
            while version.queue and version.queue[0].since + version.timeout <= now:
                self.give_up(version.queue.pop(0), "timed_out", now)
        for version, place in self.places():
            if place.due <= now:
                version.account(now)
                place.status, place.due = "ready", math.inf
        while self.changes and self.changes[0][0] <= now:
            _, kind, change = self.changes.pop(0)
            self.change(kind, change, now)
        for version in self.versions:
            version.dispatch(now)
        while self.again and min(self.again)[0] <= now:
            self.again.remove(first := min(self.again))
            self.send(self.requests[first[1]], now)
        while self.to_come and self.to_come[0].sent <= now:
            self.send(self.to_come.pop(0), now)
        for version in self.versions:
            if version.next_turn() <= now:
                self.take_turn(version, now)
            if version.spec.scale is not None and version.wanted == 0 and version.queue and version.most > 0:
                self.want(version, 1)
            self.compare(version, now)
            state = (version.number("ready"), version.number("starting"), version.number("draining"), version.wanted)
            if state != version.seen:
                self.timeline.append((now, version.index, *state))
                version.seen = state

    def run(self, until: float) -> None:
        """All that happens up to a time."""
        while (now := self.next_time()) <= until and now < math.inf:
            self.instant(now)
