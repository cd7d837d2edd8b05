"""What a service registry remembers of a zone: its members and services, found by labels without looking at all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ...errors import OptionError
from ..workload_spec import check_labels, check_name
from .addresses import Address, read_address
from .names import SUFFIX
from .services import Endpoint, NoEndpointsError, Service

if TYPE_CHECKING:
    from .balancing import Balancer

STARTING, UNREADY, READY = range(3)
"""Of a member: never ready yet, not ready any more, ready."""
Label = tuple[str, str | None] | None
"""A key with a value; with None, whatever the value. None alone stands for no label in particular."""
_REPLICA = re.compile(r"[^/]*/([0-9]{1,7})(?![0-9])", re.ASCII)


class Member:
    """A replica with an address, from its coming to its going. Equal to nothing but itself: one that is relocated is another."""

    __slots__ = ("address", "labels", "name", "node", "replica", "served", "state", "workload", "zone")

    def __init__(
        self, name: str, workload: str, replica: int | None, labels: Mapping[str, str], address: Address, node: str, state: int
    ) -> None:
        self.name, self.workload, self.replica, self.labels = name, workload, replica, labels
        self.address, self.node, self.state, self.zone = address, node, state, ""
        self.served: dict[Served, None] = {}
        """The services that choose it, in the order in which they came to."""


def read_member(name: object, labels: object, address: object, node: object, workload: object, replica: object, ready: bool) -> Member:
    """A member as it was told of; see `ServiceRegistry.add_member`. Raises OptionError."""
    if not isinstance(name, str) or not name or len(name) > 250 or not name.isprintable():
        raise OptionError(f"member={ascii(name)[:60]}: expected a printable name")
    if not isinstance(node, str) or not node or not node.isprintable():
        raise OptionError(f"node={ascii(node)[:60]}: expected the name of a node")
    owner = check_name(name.partition("/")[0] if workload is None else workload)
    if replica is None:
        found = _REPLICA.match(name)
        replica = 0 if "/" not in name else None if found is None else int(found[1])
    elif isinstance(replica, bool) or not isinstance(replica, int) or replica < 0:
        raise OptionError(f"replica={ascii(replica)[:40]}: expected the number of a replica, from 0")
    return Member(name, owner, replica, check_labels(labels), read_address(address), node, READY if ready else STARTING)


class Served:
    """A name that can be resolved: a declared service, or a workload under its own name (`service` is None).

    `kept`: whether the name stays while there is no member. `members`: those it chooses. `seen`: those that callers are sent to.
    `pending`: changes that are not seen yet.
    """

    __slots__ = (
        "addresses", "alive", "balancer", "counts", "full_name", "kept", "label", "members", "name", "pending", "replicas", "seen",
        "service", "zone",
    )  # fmt: skip

    def __init__(self, name: str, zone: str, balancer: Balancer[Member]) -> None:
        self.name, self.zone, self.full_name = name, zone, f"{name}.{zone}{SUFFIX}"
        self.service: Service | None = None
        self.balancer = balancer
        self.kept, self.alive, self.pending = False, True, 0
        self.label: Label = None
        """Under which the index has it."""
        self.members: dict[Member, None] = {}
        self.counts = [0, 0, 0]
        """Of the members, by state."""
        self.seen: dict[Member, None] = {}
        self.replicas: dict[int, dict[Member, None]] = {}
        """Those seen of the workload of this name, by the number of the replica."""
        self.addresses: tuple[Address, ...] | None = None
        """Of those seen; None if that has changed since they were asked for."""

    def chooses(self, member: Member) -> bool:
        """Whether a member of the zone is behind it."""
        return member.workload == self.name if self.service is None else self.service.chooses(member.labels)

    def enter(self, member: Member) -> None:
        """Count a member that it chooses."""
        self.members[member] = member.served[self] = None
        self.counts[member.state] += 1

    def leave(self, member: Member) -> None:
        """Count a member no more."""
        del self.members[member], member.served[self]
        self.counts[member.state] -= 1

    def see(self, member: Member) -> None:
        """Send callers to a member from now on."""
        self.seen[member], self.addresses = None, None
        self.balancer.add(member)
        if member.workload == self.name and member.replica is not None:
            self.replicas.setdefault(member.replica, {})[member] = None

    def lose(self, member: Member) -> None:
        """Send callers to a member no more."""
        del self.seen[member]
        self.addresses = None
        self.balancer.remove(member)
        if member.workload == self.name and member.replica is not None:
            del self.replicas[member.replica][member]
            if not self.replicas[member.replica]:
                del self.replicas[member.replica]

    def balance_by(self, balancer: Balancer[Member]) -> None:
        """Let another balancer choose among those seen."""
        self.balancer = balancer
        for member in self.seen:
            balancer.add(member)

    def resolve(self, replica: int | None) -> tuple[Address, ...]:
        """The addresses seen, in the order in which they came to be; of a replica the newest."""
        if replica is not None:
            found = self.seen_replica(replica)
            return () if found is None else (found.address,)
        if self.addresses is None:
            self.addresses = tuple([member.address for member in self.seen])
        return self.addresses

    def seen_replica(self, replica: int) -> Member | None:
        """The replica of the workload of this name, if it is seen."""
        among = self.replicas.get(replica)
        return next(reversed(among)) if among else None

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Those seen."""
        return tuple([Endpoint(member.name, member.address, member.node) for member in self.seen])

    def refusal(self, replica: int | None) -> NoEndpointsError:
        """Why there is nobody to connect to."""
        if replica is None:
            counts, name = self.counts, self.full_name
        else:
            counts, name = [0, 0, 0], f"{replica}.{self.full_name}"
            for member in self.members:
                counts[member.state] += member.workload == self.name and member.replica == replica
        return NoEndpointsError(name, starting=counts[STARTING], unready=counts[UNREADY], unseen=counts[READY])

    @property
    def is_over(self) -> bool:
        """Whether nothing is left that the name could lead to. Of what is seen without being a member, the going is pending."""
        return self.service is None and not (self.kept or self.members or self.pending)


class ZoneIndex:
    """The members and services of a zone.

    A service stands under one label that its selector asks for: of several the one with the fewest services so far. A service that asks
    for no label, but only for the absence of some, is looked at for each member.
    """

    def __init__(self) -> None:
        self.served: dict[str, Served] = {}
        self.workloads: dict[str, dict[Member, None]] = {}
        self._members: dict[Label, dict[Member, None]] = {}
        self._services: dict[Label, dict[Served, None]] = {}

    def add_member(self, member: Member) -> None:
        """Remember a member."""
        self.workloads.setdefault(member.workload, {})[member] = None
        for label in _labels(member):
            self._members.setdefault(label, {})[member] = None

    def remove_member(self, member: Member) -> None:
        """Forget a member."""
        _take(self.workloads, member.workload, member)
        for label in _labels(member):
            _take(self._members, label, member)

    def add_service(self, served: Served, service: Service) -> None:
        """Let a name be that of a declared service."""
        served.service = service
        served.label = min(_wanted(service), key=lambda label: len(self._services.get(label, NOTHING)))
        self._services.setdefault(served.label, {})[served] = None

    def remove_service(self, served: Served) -> None:
        """Let a name be no declared service's any more."""
        _take(self._services, served.label, served)
        served.service = None

    def services_of(self, member: Member) -> list[Served]:
        """The declared services that choose a member, in the order of its labels and of their creation."""
        return [served for label in _labels(member) for served in self._services.get(label, NOTHING) if served.chooses(member)]

    def members_of(self, served: Served) -> list[Member]:
        """The members that a name chooses, in the order in which they came."""
        if served.service is None:
            return list(self.workloads.get(served.name, NOTHING))
        fewest = min((self._members.get(label, NOTHING) for label in _wanted(served.service)), key=len)
        return [member for member in fewest if served.chooses(member)]


NOTHING: Final[dict[Any, None]] = {}


def _labels(member: Member) -> Iterator[Label]:
    yield None
    for key, value in member.labels.items():
        yield key, value
        yield key, None


def _wanted(service: Service) -> list[Label]:
    return [(rule.key, rule.value) for rule in service.rules if rule.wanted] or [None]


def _take(index: dict[Any, dict[Any, None]], key: object, item: object) -> None:
    """Take an item out of an index, which keeps nothing of a key without items."""
    del index[key][item]
    if not index[key]:
        del index[key]
