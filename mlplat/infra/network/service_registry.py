"""`ServiceRegistry`: which names lead where. Members come, get ready and go; callers see each change a propagation delay later."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Final

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration, seconds
from ..workload_spec import check_name
from .addresses import Address
from .balancing import RoundRobin, balancer
from .name_table import MOST_COMPARED, NameTable
from .names import UnknownServiceError, check_network_zone, closest_names
from .propagation import Propagation
from .service_index import READY, UNREADY, Member, Served, ZoneIndex, read_member
from .services import Connection, Endpoint, Service

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event

PROPAGATION_DELAY: Final = 1.0
"""Seconds, unless said otherwise."""


class ServiceRegistry:
    """The services of a cluster and the members behind them.

    A member is a replica that has an address. A declared service sends callers to the ready members of its zone that its selector
    chooses; a workload's own name, without any declaration, to those of the workload. A declared service of the same name goes before.

    A change is seen `propagation_delay` seconds later, at the very start of that instant: until then a caller may still be sent to a
    member that has gone, and is not sent to one that has come. Then the log has `endpoint.added` or `endpoint.removed` {service,
    address, node}, caused by what caused the change (`cause`, an event; None takes the one in force).

    Raises OptionError for a delay that is none.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> registry = ServiceRegistry(sim, propagation_delay="1s")
    >>> registry.add_member("web/0", "team-a", {"app": "web"}, "10.0.0.2", "node-0")
    >>> registry.set_ready("web/0", True)
    >>> registry.resolve("web", "team-a")
    ()
    >>> sim.run(until="1s")
    >>> registry.resolve("web", "team-a"), registry.pick("web.team-a", "team-b").member
    ((IPv4Address('10.0.0.2'),), 'web/0')
    """

    def __init__(self, sim: Simulation, propagation_delay: Duration = PROPAGATION_DELAY) -> None:
        self._sim = sim
        try:
            self.propagation_delay = seconds(propagation_delay)
        except OptionError as error:
            raise OptionError(f"propagation_delay: {error}") from None
        self._names = NameTable()
        self._members: dict[str, Member] = {}
        self._at: dict[Address, Member] = {}
        self._declared: dict[Served, None] = {}
        self._changes = Propagation(sim, self.propagation_delay, self._forget_if_over)

    # -- services

    def create(self, service: Service, *, cause: Event | int | None = None) -> None:
        """Declare a service. Its endpoints are seen after the delay; those that a workload of its name had, if it chooses them, stay.

        Raises OptionError if one of this name is there.
        """
        self.check_free(service)
        with self._because(cause):
            index = self._names.zone(service.zone)
            served = index.served.get(service.name) or self._names.serve(service.name, service.zone)
            index.add_service(served, service)
            self._declared[served] = None
            if service.balancing != RoundRobin.name:
                served.balance_by(balancer(service.balancing, lambda: self._sim.stream(f"network/balancing/{served.full_name}")))
            self._choose(index, served)

    def check_free(self, service: Service) -> None:
        """Raises OptionError for what is no service, and where one of its name is declared."""
        if not isinstance(service, Service):
            raise OptionError(f"a {type(service).__name__} was given; expected a Service")
        served = self._names.zone(service.zone).served.get(service.name)
        if served is not None and served.service is not None:
            raise OptionError(f"service {service.full_name!r} exists; expected another name, or that it is deleted first")

    def change(self, service: Service, *, cause: Event | int | None = None) -> None:
        """Put a service in place of the declared one of its name. Endpoints that both choose stay as they are; others come and go after
        the delay. Raises UnknownServiceError, and OptionError for the own name of a workload.
        """
        if not isinstance(service, Service):
            raise OptionError(f"a {type(service).__name__} was given; expected a Service")
        served, old = self._find_declared(service.name, service.zone)
        index = self._names.zone(served.zone)
        with self._because(cause):
            index.remove_service(served)
            index.add_service(served, service)
            if service.balancing != old.balancing:
                served.balance_by(balancer(service.balancing, lambda: self._sim.stream(f"network/balancing/{served.full_name}")))
            self._choose(index, served)

    def delete(self, name: str, zone: str = "", *, cause: Event | int | None = None) -> None:
        """Take a declared service back. Its name is unknown at once; if it is also that of a workload, it leads there from now on.

        Raises UnknownServiceError, OptionError.
        """
        served, service = self._find_declared(name, zone)
        index = self._names.zone(served.zone)
        with self._because(cause):
            index.remove_service(served)
            del self._declared[served]
            if served.kept or name in index.workloads:
                if service.balancing != RoundRobin.name:
                    served.balance_by(RoundRobin())
                self._choose(index, served)
            else:
                self._names.forget(served)
                for member in list(served.members):
                    served.leave(member)
                self._changes.withdraw(served)

    def get(self, name: str, zone: str = "") -> Service:
        """A declared service. Raises UnknownServiceError, and OptionError for the own name of a workload."""
        return self._find_declared(name, zone)[1]

    def list(self, zone: str | None = None) -> tuple[Service, ...]:
        """The declared services of a zone, or of all, in the order of their creation."""
        home = None if zone is None else check_network_zone(zone)
        declared = [served.service for served in self._declared if served.service is not None]
        return tuple([service for service in declared if home is None or service.zone == home])

    # -- workloads and members

    def add_workload(self, workload: str, zone: str = "") -> None:
        """Keep a workload's own name, with or without members, until `remove_workload`. Without that a name is known for as long as it has
        members or is seen to have some.

        Raises OptionError if that was said before.
        """
        check_name(workload)
        home = check_network_zone(zone)
        served = self._names.zone(home).served.get(workload) or self._names.serve(workload, home)
        if served.kept:
            raise OptionError(f"workload {served.full_name!r} has its name already")
        served.kept = True

    def remove_workload(self, workload: str, zone: str = "") -> None:
        """Keep a workload's own name no longer than it has members. Raises UnknownServiceError, and OptionError if it is not kept."""
        served = self._names.find(workload, zone)
        if not served.kept:
            raise OptionError(f"{served.full_name!r} is not kept; expected the name of a workload that was added")
        served.kept = False
        self._forget_if_over(served)

    def add_member(
        self,
        name: str,
        zone: str,
        labels: Mapping[str, str],
        address: Address | str,
        node: str,
        *,
        workload: str | None = None,
        replica: int | None = None,
        ready: bool = False,
        cause: Event | int | None = None,
    ) -> None:
        """A replica has an address. It is starting, and nobody is sent there, until it is `ready`.

        `name`: unique among members. `workload` and `replica`: whose, and which; by default as the name says, `web/3` is replica 3 of
        `web`, and `train` replica 0 of `train`. `labels`: those of the workload.

        Raises OptionError: for what cannot be read, a name that is there and an address that another member has.
        """
        home = check_network_zone(zone)
        member = read_member(name, labels, address, node, workload, replica, ready)
        if name in self._members:
            raise OptionError(f"member {name!r} exists at {self._members[name].address}; expected that it is removed first")
        if member.address in self._at:
            taken = self._at[member.address].name
            raise OptionError(f"member {name!r}: address {member.address} is that of {taken!r}; expected one of its own")
        with self._because(cause):
            index = self._names.zone(home)
            member.zone = home
            self._members[name] = self._at[member.address] = member
            index.add_member(member)
            own = index.served.get(member.workload) or self._names.serve(member.workload, home)
            if own.service is None:
                own.enter(member)
            for served in index.services_of(member):
                served.enter(member)
            if ready:
                self._changes.announce(list(member.served), member, True)

    def set_ready(self, name: str, ready: bool, *, cause: Event | int | None = None) -> None:
        """A member takes connections, or does not any more. Nothing happens if that is so already. Raises UnknownNameError."""
        member = self._member(name)
        if (member.state == READY) is bool(ready):
            return
        with self._because(cause):
            state = READY if ready else UNREADY
            for served in member.served:
                served.counts[member.state] -= 1
                served.counts[state] += 1
            member.state = state
            self._changes.announce(list(member.served), member, ready)

    def remove_member(self, name: str, *, cause: Event | int | None = None) -> None:
        """A replica has lost its address. Its name is free for another member. Raises UnknownNameError."""
        member = self._member(name)
        with self._because(cause):
            index = self._names.zone(member.zone)
            del self._members[name], self._at[member.address]
            index.remove_member(member)
            chosen = list(member.served)
            for served in chosen:
                served.leave(member)
            if member.state == READY:
                self._changes.announce(chosen, member, False)
            for served in chosen:
                self._forget_if_over(served)

    # -- callers

    def resolve(self, name: str, zone: str = "") -> tuple[Address, ...]:
        """The addresses to which a name leads a caller in `zone`, as seen now; empty if no endpoint is ready.

        `name`: in full or short (see `parse_name`). Raises UnknownServiceError, OptionError.
        """
        served, replica = self._names.lookup(name, zone)
        return served.resolve(replica)

    def pick(self, name: str, zone: str = "", client: str = "") -> Connection:
        """Connect a caller in `zone` to an endpoint of a service, chosen as the service balances, or to the replica that is named.

        `client`: who connects, for whoever reads the connection. Raises NoEndpointsError, UnknownServiceError, OptionError.
        """
        served, replica = self._names.lookup(name, zone)
        port = None if served.service is None else served.service.target_port
        if replica is not None:
            member = served.seen_replica(replica)
            if member is None:
                raise served.refusal(replica)
            return Connection(f"{replica}.{served.full_name}", member, port, client, None)
        if not served.seen:
            raise served.refusal(None)
        return Connection(served.full_name, served.balancer.pick(), port, client, served.balancer)

    def endpoints(self, name: str, zone: str = "") -> tuple[Endpoint, ...]:
        """The endpoints of a service, as seen now, in the order in which they came to be. Raises UnknownServiceError, OptionError."""
        return self._names.lookup(name, zone)[0].endpoints()

    def means_service(self, name: str, zones: Container[str] = ()) -> bool:
        """Whether a text can only mean a service, there or not: by its end, or by a zone that has names or is of `zones`."""
        return self._names.means_service(name, zones)

    def unknown(self, name: str, zone: str = "") -> UnknownServiceError:
        """The error that says that a name leads nowhere, with the closest ones that do."""
        return self._names.unknown(name, check_network_zone(zone))

    # -- within

    def _find_declared(self, name: str, zone: str) -> tuple[Served, Service]:
        served = self._names.find(name, zone)
        if served.service is None:
            raise OptionError(f"{served.full_name!r} is the own name of a workload; expected a declared service")
        return served, served.service

    def _member(self, name: str) -> Member:
        found = self._members.get(name) if isinstance(name, str) else None
        if found is None:
            said = printable(str(name)[:60])
            raise UnknownNameError("member", said, closest_names(said, list(islice(self._members, MOST_COMPARED))))
        return found

    def _forget_if_over(self, served: Served) -> None:
        if served.alive and served.is_over:
            self._names.forget(served)

    def _because(self, cause: Event | int | None) -> AbstractContextManager[object]:
        return nullcontext() if cause is None else self._sim.caused_by(cause)

    def _choose(self, index: ZoneIndex, served: Served) -> None:
        """Bring the members of a name to what it chooses now."""
        chosen = dict.fromkeys(index.members_of(served))
        for member in [member for member in served.members if member not in chosen]:
            served.leave(member)
            if member.state == READY:
                self._changes.announce([served], member, False)
        for member in chosen:
            if member not in served.members:
                served.enter(member)
                if member.state == READY:
                    self._changes.announce([served], member, True)
