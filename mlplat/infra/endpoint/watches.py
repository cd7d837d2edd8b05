"""Watching workloads: a subscription to the event log that knows which workloads are meant."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simpy

    from ...context import Simulation
    from ...events import Event


class Watch:
    """Events of chosen workloads from now on, until `stop`.

    With a callback each event goes there. Without one they are kept until they are taken: by iteration, which yields what there is and
    ends, or in a process by `event = yield watch.next()`.
    """

    def __init__(self, sim: Simulation, predicate: str, chooses: Callable[[str], bool], callback: Callable[[Event], object] | None) -> None:
        self._sim, self._chooses, self._callback = sim, chooses, callback
        self._events: deque[Event] = deque()
        self._askers: deque[simpy.Event] = deque()
        self._stop = sim.log.subscribe(predicate, self._heard)
        self.active = True
        """Whether it still listens."""

    def stop(self) -> None:
        """Listen no more; what was heard can still be taken."""
        self._stop()
        self.active = False

    def next(self) -> simpy.Event:
        """An event of SimPy that happens with the next event of the log as its value."""
        asked = self._sim.event()
        if self._events:
            asked.succeed(self._events.popleft())
        else:
            self._askers.append(asked)
        return asked

    def __iter__(self) -> Iterator[Event]:
        while self._events:
            yield self._events.popleft()

    def _heard(self, event: Event) -> None:
        if event.kind != "workload" or not self._chooses(event.name.partition("/")[0]):
            return
        if self._callback is not None:
            self._callback(event)
        elif self._askers:
            self._askers.popleft().succeed(event)
        else:
            self._events.append(event)
