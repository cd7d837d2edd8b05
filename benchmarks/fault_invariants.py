"""What must hold after every event of a run in which hardware fails, checked from the log of attempts with plain arrays.

Nothing here asks the kernels: what is free follows from who holds what, the health of nodes from the incidents so far, and the queue from
the states of the jobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fault_health import Health
from benchmarks.fault_limits import wrong_limits
from benchmarks.fault_presence import Presence
from benchmarks.fault_queues import wrong_queues, wrong_residents
from benchmarks.fault_room import Held, Room
from mlplat.infra.incidents import Incidents
from mlplat.infra.kernels.attempt_state import CLOSED as TAKES_NO_WORK
from mlplat.infra.kernels.attempt_state import CORDONED, CRASHED, CUT, GIVEN_UP, OFFLINE, SHUT, Outcome
from mlplat.infra.kernels.state import CLOSED, DEVICE, HELD, JOB, LAST, NEXT_ARRIVAL, NODE, RECORDS, REPLICAS, REQUEST, STARTED, JobState
from mlplat.infra.world import Run
from mlplat.resources import ResourceRequest

Array = np.ndarray[Any, Any]


def _among(*members: int) -> Array:
    """bool[16] by number: whether it is one of them."""
    table = np.zeros(16, dtype=np.bool_)
    table[[*members]] = True
    return table


OVER = _among(JobState.COMPLETED, JobState.REJECTED, JobState.LOST, JobState.FAILED, JobState.CANCELLED)
WITH_REASON = _among(JobState.REJECTED, JobState.LOST, JobState.FAILED)
BY_FAILURE = _among(Outcome.NODE, Outcome.DEVICE, Outcome.FENCED)
LOGGED = ("start", "stop", "end", "lost", "saved", "outcome", "first")
CLOSE = 1e-9
"""Relative error that sums of work may have."""


class Violation(NamedTuple):
    """An invariant that did not hold: which one, when (s), and what was seen."""

    rule: str
    time: float
    detail: str


class Seen(NamedTuple):
    """The log as of one instant: A attempts in order of start, R records."""

    now: float
    state: Array  # [n] of the jobs
    job: Array  # [A]
    log: dict[str, Array]  # [A] each of LOGGED
    holds: Array  # bool[A] whether it holds room
    record: Array  # [R, 4]
    attempt: Array  # [R]
    holding: Array  # places of the records that hold room
    held: Held  # those records


class Invariants:
    """Checks a run again and again. `requests`: of its classes. `found`: the incidents of its hardware, if known. `presence`: of nodes."""

    def __init__(
        self,
        run: Run,
        requests: Sequence[ResourceRequest],
        found: Incidents | None = None,
        *,
        presence: Presence | None = None,
        live: bool = False,
    ) -> None:
        nodes, world = run.nodes, run.world
        self.run_, self.live, self.presence = run, live, presence
        self.room = Room(nodes, requests, world.nodes.device.shape[1])
        self.row_of = np.array(world.cluster.row_of)
        self.number_of = np.argsort(self.row_of)
        self.nodes = Health(run, found, presence)
        self.health, self.down = self.nodes.health, self.nodes.down
        self.now = -np.inf
        self.state = np.zeros(0, dtype=np.int8)
        self.made = 0
        self.ended = np.zeros(0, dtype=np.int64)
        """Attempts that had ended at the last look, and all columns of them then."""
        self.logged: dict[str, Array] = {}

    def check(self, now: float) -> Violation | None:
        """The first thing that is wrong after the instant `now`."""
        with np.errstate(invalid="ignore"):  # infinite times
            for rule, wrong in self._rules(now):
                for detail in wrong:
                    return Violation(rule, now, detail)
        return None

    def _rules(self, now: float) -> Iterator[tuple[str, Iterator[str]]]:
        yield "time", self._time(now)
        yield "nodes", self.nodes.follow(now)
        yield "ledger", self._ledger()
        seen = self.look(now)
        yield "states", self._states(seen)
        yield "reasons", self._reasons(seen)
        yield "room", self._amounts(seen)
        yield "hardware", self._hardware(seen)
        yield "attempts", self._attempts(seen)
        yield "work", self._work(seen)
        yield "queue", wrong_queues(self.run_.world, seen.state, np.unique(seen.job[seen.holds]))
        yield "queue", wrong_residents(self.run_.world, seen.holding, seen.record[:, NODE])
        yield "limits", wrong_limits(self.run_.world, self.room, seen.state, np.unique(seen.job[seen.holds]))
        if self.presence is not None:
            yield "nodes", self._come_and_go(seen, self.presence)
        self._remember(seen)

    def _time(self, now: float) -> Iterator[str]:
        if now < self.now:
            yield f"the clock went back from {self.now}"
        self.now = now

    def _ledger(self) -> Iterator[str]:
        """Whether the log can be read at all: each attempt with records of its own for every replica, and nothing old changed."""
        world = self.run_.world
        made, count = int(world.count[STARTED]), int(world.count[RECORDS])
        if made < self.made:
            yield f"{self.made - made} attempts are gone"
        first, record, job = world.attempts.first[:made], world.log.records[:count], world.log.order[:made]
        if made and (first[0] != 0 or (np.diff(np.append(first, count)) <= 0).any()):
            yield "attempts share records, or have none"
            return
        if not made:
            if count:
                yield "there are records of no attempt"
            return
        if not np.array_equal(np.add.reduceat(record[:, HELD], first), world.jobs.gang[job, REPLICAS]):
            yield "an attempt has room for more or fewer replicas than its gang has"
        if not np.array_equal(record[:, JOB], np.repeat(job, np.diff(np.append(first, count)))):
            yield "a record is of another job than its attempt"
        for name, column in self.logged.items():
            if not np.array_equal(getattr(world.attempts, name)[self.ended], column, equal_nan=True):
                yield f"`{name}` of an attempt that had ended has changed"

    def look(self, now: float) -> Seen:
        """The log as it is."""
        world = self.run_.world
        made, count = int(world.count[STARTED]), int(world.count[RECORDS])
        log = {name: getattr(world.attempts, name)[:made] for name in LOGGED}
        job, record = world.log.order[:made], world.log.records[:count]
        ends = np.append(log["first"], count)[1:]
        attempt = np.repeat(np.arange(made), ends - log["first"])
        request = world.jobs.gang[record[:, JOB], REQUEST]
        request[ends - 1] = world.jobs.gang[job, LAST]
        holds = np.isnan(log["end"])
        holding = np.flatnonzero(holds[attempt])
        rows = record[holding]
        held = Held(self.row_of[rows[:, NODE]], rows[:, HELD].astype(np.int64), rows[:, DEVICE], rows[:, JOB], request[holding])
        return Seen(now, world.log.state, job, log, holds, record, attempt, holding, held)

    def _states(self, seen: Seen) -> Iterator[str]:
        """Each job is in one state, which fits what it holds; no job that is over comes back; none is run twice at a time."""
        world, state = self.run_.world, seen.state
        room = np.bincount(seen.job[seen.holds], minlength=len(state))
        if room.max(initial=0) > 1:
            yield f"job {room.argmax()} has {room.max()} attempts that hold room"
        running = state == JobState.RUNNING
        if (odd := running & (room != 1)).any():
            yield f"job {odd.argmax()} runs and holds no room"
        may = running | (state == JobState.COMPLETED) | (self.live & ((state == JobState.CANCELLED) | (state == JobState.FAILED)))
        leaving = (room > 0) & ~running
        if (odd := (room > 0) & ~may).any():
            yield f"job {odd.argmax()} is {JobState(int(state[odd.argmax()])).name} and holds room"
        if (odd := leaving & ~(np.isfinite(world.progress.due) & (world.progress.due >= seen.now))).any():
            yield f"job {odd.argmax()} is over and holds room for ever"
        done = np.bincount(seen.job[seen.log["outcome"] == Outcome.COMPLETED], minlength=len(state))
        if not np.array_equal(done, (state == JobState.COMPLETED).astype(np.int64)):
            yield f"job {(done != (state == JobState.COMPLETED)).argmax()} completed {done.max()} times, or not as its state says"
        known = len(self.state)
        was_over = OVER[self.state]
        if (odd := was_over & (state[:known] != self.state)).any():
            yield f"job {odd.argmax()} was over and is {JobState(int(state[odd.argmax()])).name}"
        if self.live:
            return
        arrived = int(world.count[NEXT_ARRIVAL])
        submit = world.jobs.submit
        if (submit[:arrived] > seen.now).any() or (submit[arrived:] <= seen.now).any():
            yield "a job has arrived too early or too late"
        if (state[:arrived] == JobState.PENDING).any() or (state[arrived:] != JobState.PENDING).any():
            yield "a job that has arrived is in no state, or one that has not is in one"

    def _reasons(self, seen: Seen) -> Iterator[str]:
        world = self.run_.world
        needs, reason = WITH_REASON[seen.state], world.log.reason
        if self.live:  # a program that failed by itself: the cluster has the reason
            needs &= ~((seen.state == JobState.FAILED) & (world.progress.cause == Outcome.ERROR))
        if (odd := needs & (reason == 0)).any():
            yield f"job {odd.argmax()} is {JobState(int(seen.state[odd.argmax()])).name} without a reason"
        if (odd := (reason != 0) & ~WITH_REASON[seen.state]).any():
            yield f"job {odd.argmax()} is {JobState(int(seen.state[odd.argmax()])).name} with the reason of a refusal"
        failures = np.bincount(seen.job[BY_FAILURE[seen.log["outcome"]]], minlength=len(seen.state))
        if not self.live and not np.array_equal(failures > world.options.max_restarts, seen.state == JobState.FAILED):
            yield "a job failed too early, or not though failures interrupted it too often"

    def _amounts(self, seen: Seen) -> Iterator[str]:
        """What is free, in every dimension, on every device and MIG position, is what nobody holds."""
        nodes = self.run_.world.nodes
        place, owner = self.number_of, nodes.owner[self.number_of]
        amounts, device, slices, wrong = self.room.free(seen.held, owner, self.down)
        yield from wrong
        amounts[:, 0] -= np.where(self.health & SHUT, OFFLINE, 0)
        expected = np.column_stack([amounts, device.sum(axis=1), (device == 1000).sum(axis=1)])
        for name, right, has in (
            ("amounts", expected, nodes.free[place, :5]),
            ("devices", device, nodes.device[place]),
            *((("MIG positions", slices, nodes.slices[place]),) if len(nodes.slices) else ()),
        ):
            if not np.array_equal(right, has):
                row = int((right != has).any(axis=1).argmax())
                yield f"free {name} of node {row}: {has[row].tolist()}; by who holds what {right[row].tolist()}"

    def _hardware(self, seen: Seen) -> Iterator[str]:
        """Health is what the incidents made it, and nothing runs where it may not."""
        hardware, log = self.run_.world.hardware, seen.log
        if not np.array_equal(hardware.health[self.number_of], self.health):
            yield f"the health of the nodes is {hardware.health[self.number_of].tolist()}; by the incidents {self.health.tolist()}"
        if not np.array_equal(hardware.down[self.number_of], self.down):
            yield "other devices are down than have failed"
        node, attempt = seen.held.node, seen.attempt[seen.holding]
        health = self.health[node]
        if (odd := health & GIVEN_UP != 0).any():
            yield f"job {seen.held.job[odd.argmax()]} holds room on node {node[odd.argmax()]}, which was given up"
        start, cordoned = log["start"][attempt], self.nodes.cordoned_at[node]
        # On a live cluster a node can be cordoned later in the same instant.
        if (odd := (health & CORDONED != 0) & ((start > cordoned) | ((start == cordoned) & (not self.live)))).any():
            yield f"job {seen.held.job[odd.argmax()]} started on node {node[odd.argmax()]}, which was cordoned"
        works = np.isnan(log["stop"][attempt])
        if (odd := (health & CRASHED != 0) & works).any():
            yield f"job {seen.held.job[odd.argmax()]} works on node {node[odd.argmax()]}, which has crashed"
        several = np.bincount(attempt, minlength=len(seen.job)) > 1
        for place in np.flatnonzero((health & CUT != 0) & works & several[attempt]).tolist():
            if len(np.unique(node[attempt == attempt[place]])) > 1:
                yield f"job {seen.held.job[place]} works on both sides of a partition of node {node[place]}"
        new = np.flatnonzero(seen.attempt >= self.made)
        rows, asked = self.row_of[seen.record[new, NODE]], self.run_.world.jobs.gang[seen.record[new, JOB]]
        alike = asked[:, REQUEST] == asked[:, LAST]
        if not (self.room.allowed[asked[:, REQUEST], rows] | ~alike).all() or not self.room.allowed[seen.held.request, node].all():
            yield "a replica is on a node of another kind than it accepts"
        if not self.live and (self.health[rows] & TAKES_NO_WORK != 0).any():
            yield "a job has just started on a node that takes no work"

    def _come_and_go(self, seen: Seen, presence: Presence) -> Iterator[str]:
        """What runs is on nodes that are there."""
        node = seen.held.node
        yield from presence.wrong(node, seen.log["start"][seen.attempt[seen.holding]])
        presence.held(seen.now, np.bincount(node, minlength=len(self.health)) > 0, bool((seen.state == JobState.WAITING).any()))

    def _attempts(self, seen: Seen) -> Iterator[str]:
        """Times are in order, and a job's attempts one after the other."""
        world, log = self.run_.world, seen.log
        start, stop, end, outcome = (log[name] for name in ("start", "stop", "end", "outcome"))
        if (stop < start).any() or (end < stop).any() or (end > seen.now).any() or (np.isnan(stop) & ~np.isnan(end)).any():
            yield f"the times of an attempt are out of order: {[*zip(start.tolist(), stop.tolist(), end.tolist(), strict=True)]}"
        if (start < world.jobs.submit[seen.job]).any():
            yield "a job started before it was submitted"
        if (start[self.made :] != seen.now).any():
            yield "an attempt is new and did not start now"
        if (~seen.holds & (outcome == Outcome.RUNNING)).any() or (np.isnan(stop) & (outcome != Outcome.RUNNING)).any():
            yield "an attempt has ended without an outcome, or has one while it works"
        order = np.argsort(seen.job, kind="stable")
        same = seen.job[order][1:] == seen.job[order][:-1]
        if (same & ~(start[order][1:] >= end[order][:-1])).any():
            yield "two attempts of a job overlap"
        closed = world.attempts.closed[: int(world.count[CLOSED])]
        if not np.array_equal(np.sort(closed), np.flatnonzero(~seen.holds)):
            yield "the list of ended attempts is not that of those that have ended"
        elif (np.diff(end[closed]) < 0).any():
            yield "attempts are listed as ended in another order than they did"

    def _work(self, seen: Seen) -> Iterator[str]:
        """No work is counted twice or forgotten."""
        world, log = self.run_.world, seen.log
        saved, lost, span = log["saved"], log["lost"], log["stop"] - log["start"]
        if (saved < 0).any() or (lost < 0).any():
            yield "saved or lost work is below zero"
        if (saved + lost > span * (1 + CLOSE) + 1e-9).any():
            yield f"an attempt did more work than it had time for: {saved.tolist()} saved, {lost.tolist()} lost in {span.tolist()}"
        if self.live:
            return
        total = np.bincount(seen.job, weights=saved, minlength=len(seen.state))
        duration = world.jobs.duration
        finite = np.isfinite(duration)
        off = np.abs(total[finite] + world.progress.left[finite] - duration[finite]) > CLOSE * (1 + duration[finite])
        if off.any():
            yield f"work saved and work left are not the work of job {np.flatnonzero(finite)[off.argmax()]}"

    def _remember(self, seen: Seen) -> None:
        self.state, self.made = seen.state.copy(), len(seen.job)
        self.ended = np.flatnonzero(~seen.holds)
        self.logged = {name: column[self.ended] for name, column in seen.log.items()}
