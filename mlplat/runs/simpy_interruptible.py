"""A trace in which jobs can be interrupted, on SimPy's clock: arrivals from the trace, incidents from their list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from ..infra.kernels.state import HELD_BACK, NEXT_ARRIVAL, NEXT_INCIDENT, RUNNING, STATUS, WAITING
from ..infra.settling import HAPPEN, Settling, put_at

if TYPE_CHECKING:
    from ..infra.world import Run


class TracePlayer:
    """Submits the jobs of a run's trace and lets its incidents happen, each at its instant."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.env: Any = simpy.Environment()
        self.settling = Settling(run, self.env)
        self._next_arrival(None)
        self._next_incident(None)

    def _next_arrival(self, event: Any) -> None:
        """Submit the jobs of this instant, and come back at the next one's."""
        submit, count = self.run.world.jobs.submit, self.run.world.count
        while count[NEXT_ARRIVAL] < len(submit) and event is not None and submit[count[NEXT_ARRIVAL]] == self.env.now:
            self.settling.arrive(int(count[NEXT_ARRIVAL]))
            count[NEXT_ARRIVAL] += 1
        if count[NEXT_ARRIVAL] < len(submit):
            put_at(self.env, float(submit[count[NEXT_ARRIVAL]]), HAPPEN, self._next_arrival)

    def _next_incident(self, event: Any) -> None:
        hardware, count = self.run.world.hardware, self.run.world.count
        while count[NEXT_INCIDENT] < len(hardware.time) and event is not None and hardware.time[count[NEXT_INCIDENT]] == self.env.now:
            i = count[NEXT_INCIDENT]
            self.settling.strike((int(hardware.code[i]), int(hardware.node[i]), int(hardware.device[i]), float(hardware.grace[i])))
            count[NEXT_INCIDENT] += 1
        if count[NEXT_INCIDENT] < len(hardware.time):
            put_at(self.env, float(hardware.time[count[NEXT_INCIDENT]]), HAPPEN, self._next_incident)

    def is_over(self) -> bool:
        """Whether every job has come to its end."""
        count = self.run.world.count
        arrived = count[NEXT_ARRIVAL] == len(self.run.world.jobs.submit) and not self.settling.pending
        return bool(arrived and count[WAITING] == 0 and count[RUNNING] == 0 and count[HELD_BACK] == 0)


def play(run: Run, until: float) -> None:
    """Let the run happen on SimPy, up to the horizon or until the probed job has started."""
    player = TracePlayer(run)
    while player.env.peek() <= until and player.env.peek() < np.inf and run.world.count[STATUS] == 0 and not player.is_over():
        player.env.step()
        if run.user.failure is not None:
            break
