"""The live clock of the scheduler: SimPy's event queue says when, the compiled transitions say what.

What happens at an instant is collected first and done when the instant is over, in the order that both clocks keep: jobs that are due in
job order, incidents in their order, arrivals in order of submission, one scheduling cycle.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from ..clock import SETTLE, Call
from .kernels.live import ARRIVALS, DUES, let_happen, report_changes, settle
from .kernels.state import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Environment
    from .world import Run

FOREVER = float("inf")


class Settling:
    """Plays a run that can be interrupted on a SimPy environment.

    `arrive(job)`: a job is submitted now; jobs arrive in the order of their numbers. `strike(incident)`: (code, node, device, grace),
    by the kernels' number of the node, happens now. `settled`: called after each instant with the number of ended and of started
    attempts so far. `stopping`: called with a job whose work has stopped and that keeps its room for a while.
    """

    def __init__(self, run: Run, env: Environment) -> None:
        self.run, self.env = run, env
        self.due: list[int] = []
        self.incidents: list[tuple[int, int, int, float]] = []
        self.arrived = self.submitted = 0
        """Jobs with numbers below have arrived; have been submitted to the scheduler."""
        self.pending = False
        self.settlements = 0
        self._turn = Call(env, self._settle, ())
        self.settled: Callable[[int, int], None] | None = None
        self.stopping: Callable[[int], None] | None = None

    def arrive(self, job: int) -> None:
        """A job is submitted at this instant."""
        self.arrived = job + 1
        if not self.pending:
            self.later()

    def strike(self, incident: tuple[int, int, int, float]) -> None:
        """Something happens to hardware at this instant."""
        self.incidents.append(incident)
        self.later()

    def _fall_due(self, job: int) -> None:
        if self.run.world.progress.due.item(job) != self.env._now:
            return  # it is due at another time by now, and this instant is none
        self.due.append(job)
        if not self.pending:
            if self.env.peek() == self.env._now:
                self.later()
            else:  # nothing else is to happen at this instant
                self._settle()

    def later(self) -> None:
        """Settle this instant once everything in it has happened."""
        if not self.pending:
            self.pending = True
            self.env.call_again(self._turn, SETTLE)

    def _settle(self) -> None:
        run, now = self.run, self.env._now
        self.pending = False
        self.settlements += 1
        due, first, self.submitted = self.due, self.submitted, self.arrived
        dues = len(due)
        if dues:
            inbox = run.world.progress.inbox
            if dues == 1:
                inbox[0] = due[0]
            else:
                jobs = sorted(set(due))  # a job may have been due at this instant before its end was moved away and back
                dues = len(jobs)
                inbox[:dues] = jobs
            due.clear()
        if self.incidents:
            settle(run.address, DUES, dues, 0, 0, now)
            for code, node, device, grace in sorted(self.incidents, key=itemgetter(0)):
                let_happen(run.address, code, node, device, grace, now)
            self.incidents.clear()
            status = settle(run.address, ARRIVALS, 0, first, self.arrived, now)
        else:
            status = settle(run.address, DUES | ARRIVALS, dues, first, self.arrived, now)
        while status == FULL:
            run.grow()
            status = settle(run.address, ARRIVALS, 0, self.arrived, self.arrived, now)
        self._follow()

    def follow_changes(self) -> None:
        """Come back when the jobs are due whose next event was changed from outside a cycle."""
        report_changes(self.run.address)
        self._follow()

    def _follow(self) -> None:
        world = self.run.world
        changed, closed, started = world.report.tolist()
        if changed:
            progress, call_at = world.progress, self.env.call_at
            job_of, time_of, stop_of = progress.changed.item, progress.when.item, progress.stop.item
            if changed == 1:
                found = [(job_of(0), time_of(0))]
            else:
                found = list(zip(progress.changed[:changed].tolist(), progress.when[:changed].tolist(), strict=True))
            for job, time in found:  # a copy: what is told below may change others
                if time < FOREVER:
                    call_at(time, self._fall_due, job)
                    if self.stopping is not None and stop_of(job) == stop_of(job):
                        self.stopping(job)
        if self.settled is not None:
            self.settled(closed, started)
