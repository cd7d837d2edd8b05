"""Which endpoint of a service takes the next connection: round robin, least connections, seeded random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ...errors import UnknownNameError, printable

if TYPE_CHECKING:
    import numpy as np

E = TypeVar("E", bound=Hashable)
STALE: Final = 64
"""Entries of a heap that may be out of date, beside one for each endpoint, before it is built anew."""


class Balancer(ABC, Generic[E]):
    """Chooses among the endpoints that were added and not removed. An endpoint is any hashable value."""

    name: str
    """As in `Service(balancing=…)`."""

    @abstractmethod
    def add(self, endpoint: E) -> None:
        """An endpoint that was not there may be chosen from now on."""

    @abstractmethod
    def remove(self, endpoint: E) -> None:
        """An endpoint that was there is not chosen any more. What is connected to it stays so."""

    @abstractmethod
    def pick(self) -> E:
        """The endpoint of a new connection. There must be one."""

    def closed(self, endpoint: E) -> None:
        """A connection to an endpoint, which may have been removed since, has ended."""


class RoundRobin(Balancer[E]):
    """One after the other. O(1).

    Who waits longest is next. An endpoint that is added comes after all that are there, so that it does not push itself in; when one is
    removed, the others keep their turns. Between two turns of an endpoint each other one that was there all the time has one turn.

    >>> balancer = RoundRobin()
    >>> balancer.add("a"), balancer.add("b"), balancer.pick(), balancer.add("c")
    (None, None, 'a', None)
    >>> [balancer.pick() for _ in range(4)]
    ['b', 'a', 'c', 'b']
    """

    name = "round-robin"

    def __init__(self) -> None:
        self._waiting: OrderedDict[E, None] = OrderedDict()

    def add(self, endpoint: E) -> None:
        self._waiting[endpoint] = None

    def remove(self, endpoint: E) -> None:
        del self._waiting[endpoint]

    def pick(self) -> E:
        endpoint = next(iter(self._waiting))
        self._waiting.move_to_end(endpoint)
        return endpoint


class LeastConnections(Balancer[E]):
    """The one with the fewest open connections; of equals the one that was added first. O(log n), amortised.

    An endpoint that is added, with no connection yet, takes all new ones until it has caught up. One that is removed and added again comes
    last among equals, and the connections that stayed open to it count.

    >>> balancer = LeastConnections()
    >>> balancer.add("a"), balancer.add("b"), balancer.pick(), balancer.pick(), balancer.closed("b"), balancer.pick()
    (None, None, 'a', 'b', None, 'b')
    """

    name = "least-connections"

    def __init__(self) -> None:
        self._open: dict[E, int] = {}
        """Open connections of each endpoint that is there or still has some."""
        self._order: dict[E, int] = {}
        self._at: dict[int, E] = {}
        """The endpoints that are there, to and from the number of their addition."""
        self._added = 0
        self._heap: list[tuple[int, int]] = []
        """(open connections, number of the addition); some out of date: what is true stands there for each endpoint at least once."""

    def add(self, endpoint: E) -> None:
        number = self._order[endpoint] = self._added
        self._at[number] = endpoint
        self._added += 1
        self._push(self._open.setdefault(endpoint, 0), number)

    def remove(self, endpoint: E) -> None:
        del self._at[self._order.pop(endpoint)]
        if not self._open[endpoint]:
            del self._open[endpoint]
        if not self._at:
            self._heap.clear()

    def pick(self) -> E:
        heap = self._heap
        while True:
            count, number = heappop(heap)
            if number in self._at and self._open[endpoint := self._at[number]] == count:
                self._open[endpoint] = count + 1
                heappush(heap, (count + 1, number))
                return endpoint

    def closed(self, endpoint: E) -> None:
        count = self._open[endpoint] = self._open[endpoint] - 1
        if endpoint in self._order:
            self._push(count, self._order[endpoint])
        elif not count:
            del self._open[endpoint]

    def _push(self, count: int, number: int) -> None:
        if len(self._heap) > 2 * len(self._at) + STALE:
            self._heap[:] = [(self._open[endpoint], at) for at, endpoint in self._at.items()]
            heapify(self._heap)
        else:
            heappush(self._heap, (count, number))


class SeededRandom(Balancer[E]):
    """Any one, each with the same probability, whatever came before. O(1).

    `stream` gives the random stream, asked for at the first choice; each choice takes one draw from it. A change of endpoints does not
    alter the draws, but what they stand for: the last endpoint takes the place of one that is removed.
    """

    name = "random"

    def __init__(self, stream: Callable[[], np.random.Generator]) -> None:
        self._stream = stream
        self._drawn: np.random.Generator | None = None
        self._endpoints: list[E] = []
        self._place: dict[E, int] = {}

    def add(self, endpoint: E) -> None:
        self._place[endpoint] = len(self._endpoints)
        self._endpoints.append(endpoint)

    def remove(self, endpoint: E) -> None:
        place, last = self._place.pop(endpoint), self._endpoints.pop()
        if last != endpoint:
            self._endpoints[place] = last
            self._place[last] = place

    def pick(self) -> E:
        if self._drawn is None:
            self._drawn = self._stream()
        return self._endpoints[int(self._drawn.random() * len(self._endpoints))]


BALANCINGS: Final = MappingProxyType({kind.name: kind for kind in (RoundRobin, LeastConnections, SeededRandom)})


def check_balancing(name: object) -> str:
    """The name of a way of balancing. Raises UnknownNameError."""
    if not isinstance(name, str) or name not in BALANCINGS:
        raise UnknownNameError("balancing", printable(str(name)[:60]), BALANCINGS)
    return name


def balancer(name: str, stream: Callable[[], np.random.Generator]) -> Balancer[E]:
    """A balancer by name, without endpoints. `stream`: where a random one draws from."""
    return SeededRandom(stream) if name == SeededRandom.name else RoundRobin() if name == RoundRobin.name else LeastConnections()
