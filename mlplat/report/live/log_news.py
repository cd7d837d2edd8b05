"""News from the event log of a simulation."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ...canonical import encode
from ..exports.perfetto_log import FAILURE
from .view import Happened, named

if TYPE_CHECKING:
    from ...events import Event, EventLog

KEPT = 40
LONGEST_DATA = 100


class LogNews:
    """Reads on in a log; nothing of the log changes by it. `latest`: the last events. `failures`: how many there were."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._read = len(log)
        self.latest: deque[Happened] = deque((_told(event) for event in log[-KEPT:]), KEPT)
        self.failures = sum(FAILURE.search(event.predicate) is not None for event in log)

    def read(self) -> tuple[Happened, ...]:
        """The latest events, those since the last call among them."""
        for event in self._log[self._read :]:
            happened = _told(event)
            self.failures += happened.failure
            self.latest.append(happened)
        self._read = len(self._log)
        return tuple(self.latest)


def _told(event: Event) -> Happened:
    data = encode(event.data) if event.data else ""
    more = f" {named(data if len(data) <= LONGEST_DATA else data[: LONGEST_DATA - 1] + '…')}" if data else ""
    return Happened(event.time, f"{event.predicate} {named(event.subject)}{more}", FAILURE.search(event.predicate) is not None)
