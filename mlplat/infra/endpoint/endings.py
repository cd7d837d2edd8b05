"""Telling when a job has come to its end. Nothing is listened to until somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event
    from ..workload_records import WorkloadRecord

_LAST_WORDS: Final = ("workload.finished", "workload.rejected")


class Endings:
    """Calls back when a job is over."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._waiting: dict[str, list[tuple[WorkloadRecord, Callable[[], object]]]] | None = None

    def tell(self, record: WorkloadRecord, callback: Callable[[], object]) -> None:
        """Call `callback()` once the job is over; at once if it is."""
        if record.over:
            callback()
            return
        if self._waiting is None:
            self._waiting = {}
            for predicate in _LAST_WORDS:
                self._sim.log.subscribe(predicate, self._heard)
        self._waiting.setdefault(record.name, []).append((record, callback))

    def _heard(self, event: Event) -> None:
        waiting = self._waiting
        name = event.name
        if waiting is None or name not in waiting:
            return
        # Two jobs may have had the same name, one after the other.
        over = [callback for record, callback in waiting[name] if record.over]
        waiting[name] = [entry for entry in waiting[name] if not entry[0].over]
        if not waiting[name]:
            del waiting[name]
        for callback in over:
            callback()
