"""The live clock for a trace: SimPy's event queue calls the same transitions as the compiled loop, one call an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from ..infra.kernels.live import complete_job, run_cycle, submit_job
from ..infra.kernels.state import NEXT_ARRIVAL, SCHEDULED, STARTED, STATUS

if TYPE_CHECKING:
    from ..infra.world import Run

ARRIVE_OR_COMPLETE, SETTLE = 1, 2
"""Priorities in SimPy's queue: an instant is settled after every arrival and completion of that instant."""


class TraceClock:
    """Plays a run's trace on a SimPy environment. What happens at an instant is collected, then done in the order that both clocks keep."""

    def __init__(self, run: Run) -> None:
        self.world, self.address = run.world, run.address
        self.env: Any = simpy.Environment()
        self.ended: list[int] = []
        self.arrived = 0
        self.settling = False
        for job, submit in enumerate(run.trace.submit.tolist()):
            self._at(submit, self._arrive, job)

    def _at(self, delay: float, then: Callable[[Any], None], job: int) -> None:
        event = self.env.event()
        event._ok, event._value = True, job
        event.callbacks.append(then)
        self.env.schedule(event, priority=ARRIVE_OR_COMPLETE, delay=delay)

    def _arrive(self, event: Any) -> None:
        self.arrived = event.value + 1
        self._settle_later()

    def _complete(self, event: Any) -> None:
        self.ended.append(event.value)
        self._settle_later()

    def _settle_later(self) -> None:
        if not self.settling:
            self.settling = True
            event = self.env.event()
            event._ok, event._value = True, None
            event.callbacks.append(self._settle)
            self.env.schedule(event, priority=SETTLE)

    def _settle(self, _: Any) -> None:
        """Completions in job order, arrivals in order of submission, one scheduling cycle; then the completions of what has started."""
        world, count = self.world, self.world.count
        self.settling = False
        for job in sorted(self.ended):
            complete_job(self.address, job)
        self.ended.clear()
        for job in range(int(count[NEXT_ARRIVAL]), self.arrived):
            submit_job(self.address, job)
        count[NEXT_ARRIVAL] = self.arrived
        run_cycle(self.address, self.env.now)
        for job in world.log.order[count[SCHEDULED] : count[STARTED]].tolist():
            if np.isfinite(world.jobs.duration[job]):
                self._at(float(world.jobs.duration[job]), self._complete, job)
        count[SCHEDULED] = count[STARTED]


def drive_simpy(run: Run, until: float) -> None:
    """Let the run happen on SimPy, up to the horizon or until the probed job has started."""
    clock = TraceClock(run)
    while clock.env.peek() <= until and clock.env.peek() < np.inf and run.world.count[STATUS] == 0:
        clock.env.step()
        if run.user.failure is not None:
            break
