"""`NetworkObjects`: the services, policies and ingresses of a cluster, as the endpoint declares, changes and withdraws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ...errors import OptionError, printable
from ..network.ingress import Ingress
from ..network.names import check_network_zone
from ..network.policies import NetworkPolicy
from ..network.services import Service
from .calls import SOURCE

if TYPE_CHECKING:
    from ...events import Event
    from ..cluster import Cluster
    from ..network.manager import NetworkManager

NetworkObject = Service | NetworkPolicy | Ingress
KINDS: Final[dict[type[NetworkObject], tuple[str, str]]] = {
    Service: ("NetworkService", "service"),
    NetworkPolicy: ("NetworkPolicy", "policy"),
    Ingress: ("Ingress", "ingress"),
}
"""Of each: its kind in a manifest, and in events."""


def label_of(thing: NetworkObject) -> str:
    """How a diff names it.

    >>> label_of(Service("web", "team-a", "app=web"))
    'NetworkService team-a/web'
    """
    return f"{KINDS[type(thing)][0]} {thing.zone}/{thing.name}"


def network_of(cluster: Cluster) -> NetworkManager:
    """The network of a cluster. Raises OptionError for a cluster without one."""
    if cluster.network is None:
        raise OptionError(f"cluster {printable(cluster.spec.name)!r} has no network; expected one whose description says `network:`")
    return cluster.network


class NetworkObjects:
    """What is declared of the network of a cluster. Raises OptionError for a cluster without one.

    Each change is an event: `network.added` {zone, cidr}, `service.added`, `policy.changed`, `ingress.removed` and so on {name, zone};
    those of a service cause what becomes of its endpoints.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._sim = cluster.sim
        self._network = network_of(cluster)

    def __iter__(self) -> Iterator[NetworkObject]:
        """All of them: services, then policies, then ingresses."""
        yield from self._network.services.list()
        yield from self._network.traffic.policies.list()
        yield from self._network.traffic.ingress.list()

    def add(self, thing: NetworkObject, actor: str) -> None:
        """Declare one. Raises OptionError for a name that its zone has, and for a host and path that another ingress has."""
        if isinstance(thing, Service):
            services = self._network.services
            services.check_free(thing)
            services.create(thing, cause=self._emit(thing, "added", actor))
            return
        if isinstance(thing, NetworkPolicy):
            self._network.traffic.policies.add(thing)
        else:
            self._network.traffic.ingress.add(thing)
        self._emit(thing, "added", actor)

    def change(self, things: Sequence[NetworkObject], actor: str) -> None:
        """Put each in the place of that of its name, which is there; two ingresses may exchange their paths. What an ingress would take
        from one that is not among them was checked before.
        """
        traffic = self._network.traffic
        for thing in things:
            if isinstance(thing, Ingress):
                traffic.ingress.remove(thing.name, thing.zone)
        traffic.ingress.add(*[thing for thing in things if isinstance(thing, Ingress)])
        for thing in things:
            if isinstance(thing, NetworkPolicy):
                traffic.policies.remove(thing.name, thing.zone)
                traffic.policies.add(thing)
            event = self._emit(thing, "changed", actor)
            if isinstance(thing, Service):
                self._network.services.change(thing, cause=event)

    def remove_service(self, name: str, zone: str, actor: str) -> Service:
        """Withdraw a service. Raises UnknownNameError, and OptionError for the own name of a workload."""
        service = self._network.services.get(name, zone)
        self._network.services.delete(name, zone, cause=self._emit(service, "removed", actor))
        return service

    def remove_policy(self, name: str, zone: str, actor: str) -> NetworkPolicy:
        """Put a policy out of force. Raises UnknownNameError, OptionError."""
        policy = self._network.traffic.policies.remove(name, zone)
        self._emit(policy, "removed", actor)
        return policy

    def remove_ingress(self, name: str, zone: str, actor: str) -> Ingress:
        """Withdraw an ingress. Raises UnknownNameError, OptionError."""
        ingress = self._network.traffic.ingress.remove(name, zone)
        self._emit(ingress, "removed", actor)
        return ingress

    def remove(self, thing: NetworkObject, actor: str) -> None:
        """Withdraw what is there."""
        if isinstance(thing, Service):
            self.remove_service(thing.name, thing.zone, actor)
        elif isinstance(thing, NetworkPolicy):
            self.remove_policy(thing.name, thing.zone, actor)
        else:
            self.remove_ingress(thing.name, thing.zone, actor)

    def set_network(self, zone: str, cidr: str | None, actor: str) -> str:
        """Give a zone a network of its own, which is the answer. Raises OptionError."""
        name = check_network_zone(zone)
        before = self._network.addresses.networks.get(name)
        after = self._network.set_zone(name, cidr)
        if after != before:
            self._emit_network(name, "added" if before is None else "changed", str(after), actor)
        return str(after)

    def remove_network(self, zone: str, actor: str) -> str:
        """Take the network of a zone, which is the answer, back. Raises UnknownNameError, OptionError."""
        name = check_network_zone(zone)
        network = str(self._network.remove_zone(name))
        self._emit_network(name, "removed", network, actor)
        return network

    def _emit_network(self, zone: str, what: str, cidr: str, actor: str) -> None:
        self._sim.emit(f"network:{zone}", f"network.{what}", source=SOURCE, actor=actor, data={"zone": zone, "cidr": cidr})

    def _emit(self, thing: NetworkObject, what: str, actor: str) -> Event:
        kind = KINDS[type(thing)][1]
        subject = thing.full_name if isinstance(thing, Service) else f"{thing.zone}/{thing.name}"
        data = {"name": thing.name, "zone": thing.zone}
        return self._sim.emit(f"{kind}:{subject}", f"{kind}.{what}", source=SOURCE, actor=actor, data=data)
