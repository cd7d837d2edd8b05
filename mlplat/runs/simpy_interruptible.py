"""A trace in which jobs can be interrupted, on SimPy's clock: arrivals from the trace, incidents from their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..clock import Environment
from ..infra.kernels.live import ready_job
from ..infra.kernels.state import NEXT_ARRIVAL, NEXT_INCIDENT, PACED, STATUS
from ..infra.settling import Settling

if TYPE_CHECKING:
    from ..infra.world import Run


class TracePlayer:
    """Submits the jobs of a run's trace and lets its incidents happen, each at its instant."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.env = Environment()
        self.settling = Settling(run, self.env)
        if run.pace_of is not None:
            self.settling.settled = self._tell_paces
        self.told = 0
        """Incidents in the list when it was last looked at to its end."""
        self._next_arrival(False)

    def _tell_paces(self, closed: int, started: int) -> None:
        run, now = self.run, self.env.now
        if run.world.count[PACED] < started:
            run.tell_paces(lambda job, pace: ready_job(run.address, job, pace, np.inf, now))
            self.settling.follow_changes()

    def _next_arrival(self, now: bool) -> None:
        """Submit the jobs of this instant, and come back at the next one's."""
        submit, count = self.run.world.jobs.submit, self.run.world.count
        while count[NEXT_ARRIVAL] < len(submit) and now and submit[count[NEXT_ARRIVAL]] == self.env.now:
            self.settling.arrive(int(count[NEXT_ARRIVAL]))
            count[NEXT_ARRIVAL] += 1
        if count[NEXT_ARRIVAL] < len(submit):
            self.env.call_at(float(submit[count[NEXT_ARRIVAL]]), self._next_arrival, True)

    def _next_incident(self, now: bool) -> None:
        hardware, count = self.run.world.hardware, self.run.world.count
        while count[NEXT_INCIDENT] < len(hardware.time) and now and hardware.time[count[NEXT_INCIDENT]] == self.env.now:
            i = count[NEXT_INCIDENT]
            self.settling.strike((int(hardware.code[i]), int(hardware.node[i]), int(hardware.device[i]), float(hardware.grace[i])))
            count[NEXT_INCIDENT] += 1
        if count[NEXT_INCIDENT] < len(hardware.time):
            self.told = -1
            self.env.call_at(float(hardware.time[count[NEXT_INCIDENT]]), self._next_incident, True)
        else:
            self.told = int(count[NEXT_INCIDENT])

    def play(self, until: float) -> None:
        """Let the run happen, up to the horizon, or until all is over or the probed job has started."""
        run, env, count = self.run, self.env, self.run.world.count
        if count[NEXT_INCIDENT] == self.told:
            self._next_incident(False)  # there are more of them than the last time
        while env.peek() <= until and env.peek() < np.inf and count[STATUS] == 0:
            if not self.settling.pending and run.is_over():
                break
            env.step()
            if run.user.failure is not None:
                break
