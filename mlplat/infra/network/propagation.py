"""How a change of a service's members gets to its callers: a propagation delay later, each in the order in which they were made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...context import Simulation
    from .service_index import Member, Served

SOURCE: Final = "network"
CHANGE: Final = ("service", "address", "node")


class Propagation:
    """Changes on their way. `on_seen(served)` is called when a name has seen one.

    With a delay of 0 a change is seen within the call that makes it; with any other as the first thing of its instant.
    """

    def __init__(self, sim: Simulation, delay: float, on_seen: Callable[[Served], None]) -> None:
        self._sim, self._delay, self._on_seen = sim, delay, on_seen
        self._due: deque[tuple[Served, Member, bool, int | None]] = deque()
        """Changes to be seen now, with their cause: what a subscriber of an event changes in turn comes after what is under way."""
        self._showing = False

    def announce(self, served: Iterable[Served], member: Member, present: bool) -> None:
        """Names will see that a member is ready, or is not any more."""
        names = tuple(served)
        for name in names:
            name.pending += 1
        if self._delay:
            self._sim.at(self._sim.now + self._delay, self._see, names, member, present, turn="urgent")
        else:
            self._see(names, member, present)

    def withdraw(self, served: Served) -> None:
        """A name that is gone loses what it sees, at once."""
        cause = self._sim.env.cause
        served.pending += len(served.seen)
        self._due.extend([(served, member, False, cause) for member in served.seen])
        self._show()

    def _see(self, names: tuple[Served, ...], member: Member, present: bool) -> None:
        cause = self._sim.env.cause
        self._due.extend([(name, member, present, cause) for name in names])
        self._show()

    def _show(self) -> None:
        if self._showing:
            return
        self._showing = True
        due, record = self._due, self._sim.log.record
        try:
            while due:
                served, member, present, cause = due.popleft()
                served.pending -= 1
                if present and served.alive:
                    served.see(member)
                elif not present and member in served.seen:
                    served.lose(member)
                else:  # the name was deleted on the way
                    continue
                self._on_seen(served)
                predicate = "endpoint.added" if present else "endpoint.removed"
                values = (served.full_name, str(member.address), member.node)
                record("service:" + served.full_name, predicate, SOURCE, "system", cause, CHANGE, values)
        finally:
            self._showing = False
