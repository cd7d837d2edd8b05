"""The instants at which hardware changes: what is due at one of them is done together, and what it comes to is told once."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..clock import Call
    from ..context import Simulation


class Due:
    """Something to do at a time; `HardwareTurns.cancel` takes it back."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.function: Callable[..., object] | None = function
        self.arguments = arguments


class HardwareTurns:
    """An agenda with one entry on the simulation's clock at a time, however many nodes there are.

    A turn comes after whatever else was scheduled for its instant before it came, so that work that is done at the instant of a failure
    is done. `finish()` is called at its end.
    """

    def __init__(self, sim: Simulation, finish: Callable[[], None]) -> None:
        self.sim, self.finish = sim, finish
        self._agenda: list[tuple[float, int, Due]] = []
        self._number = count()
        self._call: Call | None = None
        self._called_for = inf
        self._in_turn = False
        self._turn_is_due = False

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
        if not self._turn_is_due and not self._in_turn:
            self._turn_is_due = True
            with self.sim.caused_by(None):
                self.sim.env.call_at(self.sim.env.now, self._turn)

    def _wake(self) -> None:
        """Be called when the first thing on the agenda is due."""
        if self._in_turn:
            return  # at its end
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
        self._call = None
        self.soon()

    def _turn(self) -> None:
        self._turn_is_due, self._in_turn = False, True
        now, agenda = self.sim.env.now, self._agenda
        try:
            while agenda and agenda[0][0] <= now:
                due = heappop(agenda)[2]
                if due.function is not None:
                    due.function(*due.arguments)
            self.finish()
        finally:
            self._in_turn = False
            if self._call is None:
                self._called_for = inf
            self._wake()
