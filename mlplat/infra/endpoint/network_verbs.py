"""The calls of the endpoint about the network: zones, services, policies, ingresses, and who reaches whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from ...errors import OptionError
from .access import ADMINISTRATOR, check_principal
from .calls import Calls, verb
from .handles import TransferHandle

if TYPE_CHECKING:
    from ..network.addresses import Address
    from ..network.ingress import Ingress
    from ..network.manager import NetworkManager
    from ..network.peers import Decision
    from ..network.policies import NetworkPolicy
    from ..network.services import Service
    from .network_objects import NetworkObjects

PORT = 80
T = TypeVar("T")


class NetworkVerbs(Calls):
    """The part of `ManagementEndpoint` that is about the network. Every call raises OptionError where the cluster has none.

    Anybody may expose a service within its zone; what opens a zone to others, or to the outside, is for administrators.
    """

    # -- services, policies, ingresses

    @verb
    def expose(self, service: Service, *, actor: str = ADMINISTRATOR) -> Service:
        """Declare a network service: a name for the workloads of its zone that its selector chooses. Callers see its endpoints after the
        propagation delay. Event `service.added`. Raises OptionError for a name that its zone has.
        """
        check_principal(actor)
        self._objects().add(_typed("Service", service), actor)
        return service

    @verb
    def unexpose(self, name: str, zone: str = "", *, actor: str = ADMINISTRATOR) -> Service:
        """Withdraw a network service, which is the answer; its workloads run on. Event `service.removed`. Raises UnknownNameError, and
        OptionError for the own name of a workload.
        """
        check_principal(actor)
        return self._objects().remove_service(name, zone, actor)

    @verb
    def allow(self, policy: NetworkPolicy, *, actor: str = ADMINISTRATOR) -> NetworkPolicy:
        """Put a policy in force, from the next connection on. Event `policy.added`. Raises OptionError for a name that its zone has."""
        self._administrator(actor, "allow", policy)
        self._objects().add(_typed("NetworkPolicy", policy), actor)
        return policy

    @verb
    def disallow(self, name: str, zone: str = "", *, actor: str = ADMINISTRATOR) -> NetworkPolicy:
        """Put a policy, which is the answer, out of force. Event `policy.removed`. Raises UnknownNameError, OptionError."""
        self._administrator(actor, "disallow", f"policy {_zone(zone)}/{name}")
        return self._objects().remove_policy(name, zone, actor)

    @verb
    def publish(self, ingress: Ingress, *, actor: str = ADMINISTRATOR) -> Ingress:
        """Lead a host and paths from outside to services. Event `ingress.added`. Raises OptionError for a name that its zone has, and for
        a host and path of another ingress.
        """
        self._administrator(actor, "publish", ingress)
        self._objects().add(_typed("Ingress", ingress), actor)
        return ingress

    @verb
    def unpublish(self, name: str, zone: str = "", *, actor: str = ADMINISTRATOR) -> Ingress:
        """Withdraw an ingress, which is the answer. Event `ingress.removed`. Raises UnknownNameError, OptionError."""
        self._administrator(actor, "unpublish", f"ingress {_zone(zone)}/{name}")
        return self._objects().remove_ingress(name, zone, actor)

    @verb
    def services(self, zone: str | None = None) -> tuple[Service, ...]:
        """The network services of a zone, or of all, in the order of their creation. Raises OptionError."""
        return self._network().services.list(zone)

    @verb
    def policies(self, zone: str | None = None) -> tuple[NetworkPolicy, ...]:
        """The policies in force, of a zone or of all, in order of zone and name. Raises OptionError."""
        return self._network().traffic.policies.list(zone)

    @verb
    def ingresses(self, zone: str | None = None) -> tuple[Ingress, ...]:
        """The ingresses of a zone, or of all, in order of zone and name. Raises OptionError."""
        return self._network().traffic.ingress.list(zone)

    # -- networks of zones

    @verb
    def set_network(self, zone: str, cidr: str | None = None, *, actor: str = ADMINISTRATOR) -> str:
        """Give a zone a network of its own within the cluster's, or another one. The answer is the network.

        `cidr`: the network, or only its size, such as `"/20"`; None for the one that it has, else for a 1,024th of the cluster's. New
        environments get their address there; those that run keep theirs. Event `network.added` or `.changed` {zone, cidr}. Raises
        NetworkOverlapError, AddressesInUseError, NoNetworkLeftError, OptionError.
        """
        self._administrator(actor, "set_network", f"zone {_zone(zone)}")
        return self._objects().set_network(zone, cidr, actor)

    @verb
    def remove_network(self, zone: str, *, actor: str = ADMINISTRATOR) -> str:
        """Take the network of a zone, which is the answer, back into the cluster's. Event `network.removed` {zone, cidr}.

        Raises AddressesInUseError while an environment has an address of it, UnknownNameError, OptionError.
        """
        self._administrator(actor, "remove_network", f"zone {_zone(zone)}")
        return self._objects().remove_network(zone, actor)

    @verb
    def networks(self) -> Mapping[str, str]:
        """The networks of the zones that have one of their own, by zone. Raises OptionError."""
        found = self._network().addresses.networks
        return MappingProxyType({zone: str(found[zone]) for zone in sorted(found)})

    # -- questions

    @verb
    def resolve(self, name: str, zone: str = "") -> tuple[Address, ...]:
        """The addresses to which a name, in full or short, leads a caller in a zone, as callers see it now. Empty while nobody behind it
        is ready. Raises UnknownNameError, OptionError.
        """
        return self._network().services.resolve(name, zone)

    @verb
    def can_reach(self, source: str, target: str, port: int = PORT) -> Decision:
        """Whether one end may connect to another, and the rule that says so; nothing connects.

        `source`: an environment (`train/0`; `web/0/0` of a service) or an external endpoint. `target`: one of these, a service or
        workload as the source would write it, or a host outside. Raises UnknownNameError, NoEndpointsError, OptionError.
        """
        network = self._network()
        for role, end in (("source", source), ("target", target)):
            if not isinstance(end, str):
                raise OptionError(f"{role}={ascii(end)[:60]}: expected the name of an end of a connection")
        return network.can_reach(source, target, port)

    # -- bytes

    @verb
    def fetch(
        self,
        target: str,
        source: str,
        mib: float,
        *,
        port: int = PORT,
        on_done: Callable[[], object] | None = None,
        actor: str = ADMINISTRATOR,
    ) -> TransferHandle:
        """Let `target` connect to `source` and get `mib` MiB from there, beginning now. `on_done` is called when the last byte is there,
        because of the event `transfer.finished`.

        Ends are environments (`train/0`) and external endpoints, whose connection is checked, or nodes. It ends with the environment.
        Raises ConnectionDeniedError, UnknownNameError, OptionError.
        """
        check_principal(actor)
        network = self._network()
        for role, end in (("target", target), ("source", source)):
            if not isinstance(end, str):
                raise OptionError(f"{role}={ascii(end)[:60]}: expected the name of a place in the network")
        called = None if on_done is None else lambda _: on_done()
        return TransferHandle(network.fetch(target, source, mib, port=port, on_done=called))

    # -- inside

    def _network(self) -> NetworkManager:
        from .network_objects import network_of

        return network_of(self._cluster)

    def _objects(self) -> NetworkObjects:
        from .network_objects import NetworkObjects

        return NetworkObjects(self._cluster)


def _zone(given: object) -> object:
    return "default" if isinstance(given, str) and not given else given


def _typed(kind: str, given: T) -> T:
    from .network_objects import KINDS

    if type(given) not in KINDS or type(given).__name__ != kind:
        raise OptionError(f"a {type(given).__name__} was given; expected a {kind} of the network")
    return given
