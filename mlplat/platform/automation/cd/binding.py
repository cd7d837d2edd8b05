"""`Binding`: carries the deployment of a pipeline out: it is bound in place of the old one, run once, and bound away where that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import MlplatError, printable
from .ports import Bound
from .rollouts.advancing import SOON_S, TRIES
from .rollouts.states import Reason, RolledBack, Signal, Started

if TYPE_CHECKING:
    from ....clock import Call
    from ....context import Simulation
    from ....events import Event
    from .ports import PipelineTarget

SMOKE_RUNS = 3
"""So often the smoke run is made while its infrastructure fails."""


class TookOver(NamedTuple):
    """The smoke run of a pipeline has succeeded."""


class Binding:
    """A pipeline on its way into a zone. `new`, `old`: what is bound, before and after; None for nothing. `cause`: what was told of it
    last. See `Drive` for the rest."""

    def __init__(
        self,
        sim: Simulation,
        target: PipelineTarget,
        new: Bound,
        old: Bound | None,
        tell: Callable[[Signal | TookOver], None],
        *,
        hindered: Callable[[], Reason | None] = lambda: None,
        done: Callable[[], None] = lambda: None,
        cause: Callable[[], Event | int | None] = lambda: None,
    ) -> None:
        self._sim, self._target, self._tell, self._hindered, self._done = sim, target, tell, hindered, done
        self._cause = cause
        self.new, self.old = new, old
        self.trouble = ""
        self.reason: Reason | None = None
        self.shifted = self.over = False
        self._failures = self._runs = 0
        self._smoking: Any = None
        self._call: Call | None = None

    def start(self) -> None:
        """Begin in this instant, after what calls for it."""
        self._again(0.0)

    def stop(self, reason: Reason) -> None:
        """Bind the old one again; nothing where it is over."""
        self.reason = self.reason or reason
        self._smoking = None
        self._again(0.0)

    def leave(self) -> None:
        """Do nothing any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _again(self, delay_s: float) -> None:
        self.leave()
        if not self.over:
            self._call = self._sim.at(self._sim.now + delay_s, self._tick, turn="settle")

    def _tick(self) -> None:
        self._call = None
        delay: float | None = SOON_S
        try:
            self.reason = self.reason or (None if self._smoking is not None else self._hindered())
            if self.reason is not None:
                self._back()
            elif self._smoking is None:
                self._forward()
                delay = None if self._smoking is not None else SOON_S
        finally:
            if self.over:
                done, self._done = self._done, lambda: None
                done()
            elif delay is not None:
                self._again(delay)

    def _forward(self) -> None:
        try:
            if self._target.current != self.new:
                self._target.bind(self.new.pipeline, self.new.triggers)
            if self._target.current != self.new:
                raise MlplatError("it is not bound")
        except Exception as error:
            self._failed(error)
            return
        if not self.shifted:
            self.shifted = True
            self._tell(Started())
        try:
            self._runs += 1
            with self._sim.caused_by(self._cause()):
                smoking = self._target.smoke()
        except Exception as error:
            self._failed(error)
            return
        self._smoking = smoking
        if smoking.callbacks is None:
            self._sim.at(self._sim.now, self._smoked, smoking, turn="settle")
        else:
            smoking.callbacks.append(self._smoked)

    def _smoked(self, smoking: Any) -> None:
        if smoking is not self._smoking or self.over:
            return
        self._smoking = None
        outcome = smoking.value if smoking.ok else "error"
        if not smoking.ok:
            smoking.defused = True
        if outcome == "success":
            self.over = True
            try:
                self._tell(TookOver())
            finally:
                self._again(0.0)
                self._done_now()
        elif outcome in ("error", "cancelled") and self._runs < SMOKE_RUNS:
            self._again(SOON_S)
        else:
            self.reason = Reason.SMOKE_FAILED if outcome == "failure" else Reason.TARGET_ERROR
            self.trouble = f"the smoke run ended with {printable(str(outcome)[:40])}"
            self._again(0.0)

    def _back(self) -> None:
        try:
            if self._target.current != self.old and (self._target.current == self.new or self.shifted):
                self._target.bind(*((None, ()) if self.old is None else self.old))
        except Exception as error:
            self._failures += 1
            self.trouble = printable(str(error))[:300]
            return
        assert self.reason is not None
        self.over = True
        self._tell(RolledBack(self.reason))

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = printable(str(error))[:300] if isinstance(error, MlplatError) else type(error).__name__
        if self._failures >= TRIES:
            self.reason = Reason.TARGET_ERROR

    def _done_now(self) -> None:
        done, self._done = self._done, lambda: None
        done()
