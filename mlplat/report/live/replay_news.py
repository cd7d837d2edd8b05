"""News from a replay, which has no event log: read from what its scheduler writes down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...infra.kernels.attempt_state import Incident, Outcome
from ...infra.kernels.state import CLOSED, NEXT_INCIDENT, STARTED, JobState
from .view import Happened, named

if TYPE_CHECKING:
    from ...infra.world import Run

KEPT = 40
INTERRUPTIONS = (Outcome.NODE, Outcome.DEVICE, Outcome.FENCED, Outcome.ERROR)
INCIDENTS = {
    Incident.NODE_UP: "is up again",
    Incident.DEVICE_UP: "has a device back",
    Incident.UNCORDON: "takes work again",
    Incident.CRASH: "dies",
    Incident.PARTITION: "is cut off",
    Incident.LOST: "is given up",
    Incident.DEVICE_DOWN: "loses a device",
    Incident.CORDON: "takes no more work",
    Incident.DRAIN: "is drained",
    Incident.JOIN: "joins",
    Incident.LEAVE: "leaves",
    Incident.EXPEL: "is taken away",
}
FAILURES = (Incident.CRASH, Incident.PARTITION, Incident.DEVICE_DOWN, Incident.EXPEL)
WORDS = {
    JobState.COMPLETED: "completed",
    JobState.REJECTED: "rejected",
    JobState.LOST: "lost",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}


class ReplayNews:
    """Reads on in what a run has written down. `name_of`: of a job by its number. `failures`: how many there were."""

    def __init__(self, run: Run, name_of: Callable[[int], str]) -> None:
        self._run, self._name_of = run, name_of
        self._started = self._closed = self._incidents = 0
        self._ended = np.zeros(len(run.trace), dtype=np.bool_)
        self.latest: deque[Happened] = deque(maxlen=KEPT)
        self.failures = 0

    def read(self) -> tuple[Happened, ...]:
        """The latest events, those since the last call among them. At most `KEPT` of each kind are looked at."""
        found = [*self._starts(), *self._interruptions(), *self._ends(), *self._hardware()]
        found.sort(key=lambda each: each.time)
        self.latest.extend(found[-KEPT:])
        return tuple(self.latest)

    def _starts(self) -> list[Happened]:
        world = self._run.world
        first, self._started = self._started, int(world.count[STARTED])
        found = []
        for attempt in range(max(first, self._started - KEPT), self._started):
            job = int(world.log.order[attempt])
            time = world.attempts.start[attempt] if world.interruptible else world.log.start[job]
            found.append(Happened(float(time), f"{self._name(job)} started", False))
        return found

    def _interruptions(self) -> list[Happened]:
        world = self._run.world
        if not world.interruptible:
            return []
        first, self._closed = self._closed, int(world.count[CLOSED])
        found = []
        for attempt in world.attempts.closed[first : self._closed].tolist():
            outcome = Outcome(int(world.attempts.outcome[attempt]))
            if outcome is not Outcome.COMPLETED:
                failure = outcome in INTERRUPTIONS
                self.failures += failure
                text = f"{self._name(int(world.log.order[attempt]))} stopped: {outcome.name.lower()}"
                found.append(Happened(float(world.attempts.end[attempt]), text, failure))
        return found[-KEPT:]

    def _ends(self) -> list[Happened]:
        run, world = self._run, self._run.world
        state = world.log.state
        over = np.isin(state, list(WORDS))
        fresh = np.flatnonzero(over & ~self._ended)
        self._ended |= over
        failed = (state[fresh] == JobState.FAILED) | (state[fresh] == JobState.LOST)
        self.failures += int(failed.sum())
        end = world.progress.end[fresh] if world.interruptible else world.log.start[fresh] + run.trace.duration[fresh]
        end = np.where(np.isnan(end), run.trace.submit[fresh], end)
        latest = np.lexsort((fresh, end))[-KEPT:]
        return [
            Happened(float(end[i]), f"{self._name(int(fresh[i]))} {WORDS[JobState(int(state[fresh[i]]))]}", bool(failed[i]))
            for i in latest.tolist()
        ]

    def _hardware(self) -> list[Happened]:
        run, hardware = self._run, self._run.world.hardware
        first, self._incidents = self._incidents, int(run.world.count[NEXT_INCIDENT])
        found = []
        for i in range(first, self._incidents):
            incident = Incident(int(hardware.code[i]))
            failure = incident in FAILURES
            self.failures += failure
            name = named(run.nodes.names[int(run.world.cluster.row_of[hardware.node[i]])])
            found.append(Happened(float(hardware.time[i]), f"node {name} {INCIDENTS[incident]}", failure))
        return found[-KEPT:]

    def _name(self, job: int) -> str:
        return named(self._name_of(job)) or f"job {job}"
