"""How the environments of a cluster are in its network: the address of each, and whether it can be reached there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ...errors import OptionError
from .addresses import AddressesExhaustedError
from .names import check_network_zone

if TYPE_CHECKING:
    from ..virtualization.environments import RuntimeEnvironment
    from ..workload_spec import Workload
    from .addresses import Address
    from .manager import NetworkManager
    from .peers import Peer

SOURCE = "network"


class Attachment(NamedTuple):
    """One environment in the network: the name it goes by there, its address, its zone, and whose replica it is."""

    environment: RuntimeEnvironment
    name: str
    address: Address
    zone: str
    workload: str


class Attachments:
    """Hears of environments and nodes (`lifecycle.Observer`), and gives each environment its address from its start to its end.

    An environment is behind the name of its workload while its program is up and its node can be reached. Events:
    `address.assigned` {address, node, zone} and `address.released` {address}, of the environment, `address.exhausted` {zone} where there is
    none to give.
    """

    def __init__(self, network: NetworkManager) -> None:
        self.network = network
        self._by_serial: dict[int, Attachment] = {}
        self._by_name: dict[str, Attachment] = {}
        self.peers: dict[int, Peer] = {}
        """By the serial of an environment: it as one end of a connection, where that was asked for."""
        self._away: set[int] = set()
        """Nodes that nothing reaches."""

    def find(self, name: str) -> Attachment | None:
        """The environment of that name in the network, or None."""
        return self._by_name.get(name) if isinstance(name, str) else None

    def of(self, environment: RuntimeEnvironment) -> Attachment | None:
        """Where an environment is in the network; None once it has ended."""
        return self._by_serial.get(environment.serial)

    def __len__(self) -> int:
        return len(self._by_serial)

    def __iter__(self) -> Iterator[Attachment]:
        return iter(self._by_serial.values())

    # -- what it hears

    def begins(self, env: RuntimeEnvironment) -> bool:
        """See `lifecycle.Observer`. An environment of no workload has no address."""
        if env.owner is None:
            return True
        sim, workload = self.network.sim, env.owner.workload
        zone = check_network_zone(workload.zone)
        name = env.name if env.name not in self._by_name else f"{env.name}#{env.serial}"  # the one before may run behind a partition
        try:
            address = self.network.addresses.allocate(zone, name, sim.env._now)
        except AddressesExhaustedError:
            sim.emit(f"runtime:{env.name}", "address.exhausted", source=SOURCE, cause=env.last_event, data={"zone": zone})
            return False
        owner, _, number = workload.name.partition("/")
        replica = int(number.partition(".")[0]) if number else int(env.name.rpartition("/")[2])
        data = {"address": str(address), "node": env.node_name, "zone": zone}
        event = sim.emit(f"runtime:{env.name}", "address.assigned", source=SOURCE, cause=env.last_event, data=data)
        env.last_event = event.id if event.id >= 0 else event.cause
        attachment = Attachment(env, name, address, zone, owner)
        self._by_serial[env.serial] = self._by_name[name] = attachment
        self.network.services.add_member(
            name, zone, workload.labels, address, env.node_name, workload=owner, replica=replica, cause=env.last_event
        )
        return True

    def ready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        if env.node not in self._away:
            self._tell(env, ready=True)

    def unready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        self._tell(env, ready=False)

    def ended(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        attachment = self._by_serial.pop(env.serial, None)
        if attachment is None:
            return
        sim, network = self.network.sim, self.network
        del self._by_name[attachment.name]
        self.peers.pop(env.serial, None)
        network.services.remove_member(attachment.name, cause=env.last_event)
        network.addresses.release(attachment.address, sim.env._now)
        network.end_transfers_of(attachment)
        data = {"address": str(attachment.address)}
        sim.emit(f"runtime:{env.name}", "address.released", source=SOURCE, cause=env.last_event, data=data)

    def cut_off(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        if node in self._away:
            return
        self._away.add(node)
        for env in self.network.cluster.virtualization.running_on(node):
            self._tell(env, ready=False)
        for edge in self.network.topology.links_of(node):
            self.network.transfers.fail_edge(edge)

    def restored(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        if node not in self._away:
            return
        self._away.discard(node)
        for edge in self.network.topology.links_of(node):
            if edge not in self.network.failed_links:
                self.network.repair_edge(edge)
        for env in self.network.cluster.virtualization.running_on(node):
            if env.ready and not env.fenced:
                self._tell(env, ready=True)

    def is_away(self, node: int) -> bool:
        """Whether nothing reaches a node (its row)."""
        return node in self._away

    def _tell(self, env: RuntimeEnvironment, *, ready: bool) -> None:
        attachment = self._by_serial.get(env.serial)
        if attachment is not None:
            self.network.services.set_ready(attachment.name, ready, cause=env.last_event)


def check_workload(workload: Workload) -> None:
    """Raises OptionError for a workload that can have no name in the network."""
    try:
        check_network_zone(workload.zone)
    except OptionError as error:
        raise OptionError(f"workload {workload.name!r}: on a cluster with a network, {error}") from None
