"""The live clock of the scheduler: SimPy's event queue says when, the compiled transitions say what.

What happens at an instant is collected first and done when the instant is over, in the order that both clocks keep: jobs that are due in
job order, incidents in their order, arrivals in order of submission, one scheduling cycle.
"""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .kernels.live import let_happen, meet_due_job, run_every_cycle, submit_job
from .kernels.state import CHANGED, FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import Run

HAPPEN, SETTLE = 1, 2
"""Priorities in SimPy's queue: an instant is settled after everything else in it."""


def put_at(env: Any, time: float, priority: int, then: Callable[[Any], None], value: Any = None) -> None:
    """Call `then(event)` at an absolute time. SimPy's own delay would be added to the time now, which can differ in the last bit."""
    event = env.event()
    event._ok, event._value = True, value
    event.callbacks.append(then)
    heapq.heappush(env._queue, (time, priority, next(env._eid), event))


class Settling:
    """Plays a run that can be interrupted on a SimPy environment.

    `arrive(job)`: a job is submitted now. `strike(incident)`: (code, node, device, grace), by the kernels' number of the node, happens now.
    """

    def __init__(self, run: Run, env: Any) -> None:
        self.run, self.env = run, env
        self.due: list[int] = []
        self.incidents: list[tuple[int, int, int, float]] = []
        self.arrivals: list[int] = []
        self.pending = False
        self.settled: Callable[[float], None] | None = None
        """Called after each instant, with the time."""

    def arrive(self, job: int) -> None:
        """A job is submitted at this instant."""
        self.arrivals.append(job)
        self.later()

    def strike(self, incident: tuple[int, int, int, float]) -> None:
        """Something happens to hardware at this instant."""
        self.incidents.append(incident)
        self.later()

    def _fall_due(self, event: Any) -> None:
        self.due.append(event.value)
        self.later()

    def later(self) -> None:
        """Settle this instant once everything in it has happened."""
        if not self.pending:
            self.pending = True
            put_at(self.env, self.env.now, SETTLE, self._settle)

    def _settle(self, _: Any) -> None:
        run, now = self.run, self.env.now
        self.pending = False
        address = run.address
        for job in sorted(self.due):
            meet_due_job(address, job, now)
        self.due.clear()
        for code, node, device, grace in sorted(self.incidents, key=itemgetter(0)):
            let_happen(address, code, node, device, grace, now)
        self.incidents.clear()
        for job in self.arrivals:
            submit_job(address, job)
        self.arrivals.clear()
        while run_every_cycle(run.address, now) == FULL:
            run.grow()
        self._follow_changes()
        if self.settled is not None:
            self.settled(now)

    def _follow_changes(self) -> None:
        world = self.run.world
        progress, count = world.progress, world.count
        changed = progress.changed[: count[CHANGED]]
        if not len(changed):
            return
        count[CHANGED] = 0
        progress.listed[changed] = False
        for job, time in zip(changed.tolist(), progress.due[changed].tolist(), strict=True):
            if time < float("inf"):
                put_at(self.env, time, HAPPEN, self._fall_due, job)
