"""The instants at which hardware changes: what is due at one of them is done together, and what it comes to is told once."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from ..clock import NORMAL, SETTLE

if TYPE_CHECKING:
    from ..clock import Call
    from ..context import Simulation


class Due:
    """Something to do at a time; `HardwareTurns.cancel` takes it back."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.function: Callable[..., object] | None = function
        self.arguments = arguments


class Step(NamedTuple):
    """An incident of this instant, and who lets it happen. They are ordered by code, node and device, as on both clocks."""

    code: int
    node: int
    device: int
    grace: float
    do: Callable[[Step], None]


class HardwareTurns:
    """An agenda with one entry on the simulation's clock at a time, however many nodes there are.

    A turn comes after whatever else was scheduled for its instant before it came, so that work that is done at the instant of a failure
    is done. It does what is due, asks `compare()` what that comes to, and lets those incidents happen. What they lead to at the same
    instant has another turn, after the scheduler has settled the first: the incidents of one turn are taken in order of their codes, and
    a recovery must not overtake the failure before it. `settled()`: how often the scheduler has settled an instant so far.
    """

    def __init__(self, sim: Simulation, compare: Callable[[], list[Step]], settled: Callable[[], int]) -> None:
        self.sim, self.compare, self.settled = sim, compare, settled
        self._agenda: list[tuple[float, int, Due]] = []
        self._number = count()
        self._call: Call | None = None
        self._called_for = inf
        self._collecting = False
        self._turn_is_due = False
        self._last_turn = (-inf, 0)
        """When it was, and what `settled()` said."""

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> Due:
        """Do something at a time that is not past, before the end of its turn."""
        due = Due(function, arguments)
        heappush(self._agenda, (time, next(self._number), due))
        self._wake()
        return due

    def cancel(self, due: Due) -> None:
        """Do not do it. Nothing happens if it was done already."""
        due.function = None
        self._wake()

    def soon(self) -> None:
        """Have a turn at this instant."""
        if self._turn_is_due or self._collecting:
            return
        self._turn_is_due = True
        env = self.sim.env
        with self.sim.caused_by(None):
            env.call_at(env.now, self._turn, priority=SETTLE if self._last_turn == (env.now, self.settled()) else NORMAL)

    def _wake(self) -> None:
        """Be called when the first thing on the agenda is due."""
        if self._turn_is_due or self._collecting:
            return  # at the end of the turn
        agenda = self._agenda
        while agenda and agenda[0][2].function is None:
            heappop(agenda)
        first = agenda[0][0] if agenda else inf
        if first == self._called_for:
            return
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._called_for = first
        if first < inf:
            with self.sim.caused_by(None):
                self._call = self.sim.env.call_at(first, self._arrive)

    def _arrive(self) -> None:
        self._call, self._called_for = None, inf
        self.soon()

    def _turn(self) -> None:
        now, agenda = self.sim.env.now, self._agenda
        self._turn_is_due, self._last_turn, self._collecting = False, (now, self.settled()), True
        try:
            while agenda and agenda[0][0] <= now:
                due = heappop(agenda)[2]
                if due.function is not None:
                    due.function(*due.arguments)
            steps = self.compare()
        finally:
            self._collecting = False
            self._wake()
        for step in sorted(steps, key=_in_order):
            step.do(step)


def _in_order(step: Step) -> tuple[int, int, int]:
    return step.code, step.node, step.device
