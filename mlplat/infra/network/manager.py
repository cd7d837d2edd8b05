"""`NetworkManager`: the virtual network of a live cluster. Addresses, names and services; transfers and collectives; links that fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import UnknownNameError, printable
from ..workload_records import WorkloadRecord, WorkloadStatus
from .address_plan import AddressPlan
from .attachments import Attachments, check_workload
from .collectives import Collectives
from .flow_input import read_mib
from .image_pulls import NetworkLayerCache
from .names import check_network_zone, closest_names
from .routing import NoRouteError, Routing
from .service_registry import ServiceRegistry
from .topology import Topology
from .traffic import Traffic
from .transfers import Transfers

if TYPE_CHECKING:
    from ...hardware.network_spec import NetworkSpec
    from ..cluster import Cluster
    from ..synchronization import Synchronization
    from ..virtualization.environments import RuntimeEnvironment
    from ..virtualization.images import Layer
    from ..workload_spec import Workload
    from .addresses import Network
    from .attachments import Attachment
    from .peers import Decision
    from .transfers import Transfer


class NetworkManager:
    """The network of a cluster whose description has one.

    `addresses`: who has which. `services`: which names lead where. `traffic`: who may connect to whom, and does. `transfers`: what moves.
    `collectives`: how long an all-reduce takes. `topology`, `routing`: what joins the nodes. Places are named by text: an environment
    (`train/0`), a node, an external endpoint or a switch.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> spec = mp.ClusterSpec.uniform(nodes=4, cpus=8, network={"topology": "leaf-spine"})
    >>> cluster = mp.Cluster(sim, spec)
    >>> handle = cluster.endpoint.submit(mp.Workload("web", {"cpus": 1}, kind="service", replicas=2))
    >>> sim.run(until="5s")
    >>> [str(address) for address in cluster.network.services.resolve("web")]
    ['10.0.0.2', '10.0.0.3']
    """

    def __init__(self, cluster: Cluster, spec: NetworkSpec) -> None:
        self.cluster, self.sim, self.spec = cluster, cluster.sim, spec
        self.topology = Topology.of(cluster.spec)
        self.routing = Routing(self.topology, spec.routing)
        self.transfers = Transfers(cluster.sim, self.topology, self.routing)
        self.addresses = AddressPlan(spec.cidr, spec.zones, spec.quarantine)
        self.services = ServiceRegistry(cluster.sim, spec.propagation_delay)
        self.attachments = Attachments(self)
        self.traffic = Traffic(self)
        self.failed_links: set[int] = set()
        """Links that were made to fail, whatever becomes of the nodes at their ends."""
        self.unjoined: dict[int, WorkloadRecord] = {}
        """Gangs that are up and whose ranks cannot reach each other, by job."""
        self._kept: dict[tuple[str, str], int] = {}
        self._of_environment: dict[int, dict[Transfer, None]] = {}
        cluster.virtualization.observe(self.attachments)
        if self.registry is not None:
            cluster.virtualization.make_cache = self._layer_cache

    @cached_property
    def collectives(self) -> Collectives:
        """All-reduce among nodes."""
        return Collectives.among(self.topology, self.routing, self.cluster.nodes)

    @cached_property
    def registry(self) -> int | None:
        """The vertex from which images come; None where they come beside the network."""
        return self.topology.gateway if self.spec.registry is None else self.vertex_of(self.spec.registry)

    # -- names

    def check(self, workload: Workload) -> None:
        """Raises OptionError for a workload that can have no name in the network."""
        check_workload(workload)

    def keep_name(self, workload: Workload) -> None:
        """A workload has its name from now on, with or without environments, until `drop_name` was called as often."""
        key = workload.name.partition("/")[0], workload.zone
        if key not in self._kept:
            self.services.add_workload(*key)
        self._kept[key] = self._kept.get(key, 0) + 1

    def drop_name(self, workload: Workload) -> None:
        """A workload is over."""
        key = workload.name.partition("/")[0], workload.zone
        self._kept[key] -= 1
        if not self._kept[key]:
            del self._kept[key]
            self.services.remove_workload(*key)

    # -- networks of zones

    def set_zone(self, zone: str, cidr: str | Network | None = None) -> Network:
        """Give a zone a network of its own, or another one, from now on (`AddressPlan.set_zone`). Raises OptionError."""
        return self.addresses.set_zone(check_network_zone(zone), cidr, now=self.sim.now)

    def remove_zone(self, zone: str) -> Network:
        """Take the network of a zone back into the cluster's (`AddressPlan.remove_zone`). Raises UnknownNameError, OptionError."""
        return self.addresses.remove_zone(check_network_zone(zone), now=self.sim.now)

    # -- places

    def vertex_of(self, place: str) -> int:
        """The vertex of an environment (that of its node), a node, an external endpoint or a switch. Raises UnknownNameError."""
        attachment = self.attachments.find(place)
        if attachment is not None:
            return attachment.environment.node
        vertex = self.topology.vertices.get(place) if isinstance(place, str) else None
        if vertex is None:
            raise UnknownNameError("place in the network", printable(str(place)[:80]), closest_names(str(place), self.topology.vertices))
        return vertex

    def link_between(self, a: str, b: str) -> int:
        """The number of the link that joins two vertices. Raises UnknownNameError."""
        ends = {self.vertex_of(a), self.vertex_of(b)}
        for edge in self.topology.links_of(self.vertex_of(a)):
            if set(self.topology.ends[edge].tolist()) == ends:
                return edge
        beside = [self.topology.names[v] for edge in self.topology.links_of(self.vertex_of(a)) for v in self.topology.ends[edge].tolist()]
        raise UnknownNameError(f"link of {printable(a)} to", printable(b), sorted(set(beside) - {a}))

    # -- connections

    def can_reach(self, source: str, target: str, port: int = 80) -> Decision:
        """Whether one end may connect to another, and the rule that says so (`Traffic.can_reach`)."""
        return self.traffic.can_reach(source, target, port)

    # -- transfers

    def transfer(
        self,
        source: str,
        target: str,
        mib: float,
        *,
        port: int = 80,
        on_done: Callable[[Transfer], object] | None = None,
        cause: Any = None,
    ) -> Transfer:
        """`source` connects to `target` and sends it `mib` MiB, beginning now. What an environment sends or receives ends with it.

        Ends are environments and external endpoints, whose connections are checked, or nodes. Raises ConnectionDeniedError,
        UnknownNameError, OptionError.
        """
        read_mib(mib)
        self._check(source, target, port, cause)
        return self.carry(source, target, mib, on_done=on_done, cause=cause)

    def fetch(
        self,
        target: str,
        source: str,
        mib: float,
        *,
        port: int = 80,
        on_done: Callable[[Transfer], object] | None = None,
        cause: Any = None,
    ) -> Transfer:
        """`target` connects to `source` and gets `mib` MiB from there, such as a dataset. Raises like `transfer`."""
        read_mib(mib)
        self._check(target, source, port, cause)
        return self.carry(source, target, mib, on_done=on_done, cause=cause)

    def _check(self, asking: str, asked: str, port: int, cause: Any) -> None:
        self.vertex_of(asking), self.vertex_of(asked)
        ends = [name in self.traffic.external or self.attachments.find(name) is not None for name in (asking, asked)]
        if all(ends):
            traffic = self.traffic
            traffic.connections.require(traffic.peer(asking), traffic.peer(asked), port, cause=cause)

    def carry(
        self,
        source: str,
        target: str,
        mib: float,
        *,
        limits: Sequence[int] = (),
        subject: str = "",
        on_done: Callable[[Transfer], object] | None = None,
        cause: Any = None,
    ) -> Transfer:
        """Move `mib` MiB from place to place without asking who may, for what was asked already and for components of the infrastructure.

        Raises UnknownNameError, OptionError.
        """
        ends = self.vertex_of(source), self.vertex_of(target)
        transfer = self.transfers.send(*ends, mib, limits=limits, subject=subject, on_done=on_done, cause=cause)
        for place in (source, target):
            attachment = self.attachments.find(place)
            if attachment is not None:
                serial = attachment.environment.serial
                mine = self._of_environment.setdefault(serial, {})
                mine[transfer] = None
                if len(mine) > 64:  # most of them are over
                    self._of_environment[serial] = {each: None for each in mine if not each.over}
        return transfer

    def end_transfers_of(self, attachment: Attachment) -> None:
        """An environment is no more: nothing is sent to it or by it."""
        for transfer in self._of_environment.pop(attachment.environment.serial, {}):
            transfer.cancel()

    # -- links that fail

    def fail_link(self, a: str, b: str, *, cause: Any = None) -> None:
        """The link between two vertices carries nothing until `repair_link`. Event `link.failed` {a, b}. Raises UnknownNameError."""
        edge = self.link_between(a, b)
        if edge not in self.failed_links:
            self.failed_links.add(edge)
            event = self.sim.emit(f"link:{a}--{b}", "link.failed", source="hardware", cause=cause, data={"a": a, "b": b})
            self.transfers.fail_edge(edge, cause=event)

    def repair_link(self, a: str, b: str, *, cause: Any = None) -> None:
        """The link works again. Event `link.recovered` {a, b}. Raises UnknownNameError."""
        edge = self.link_between(a, b)
        if edge in self.failed_links:
            self.failed_links.discard(edge)
            event = self.sim.emit(f"link:{a}--{b}", "link.recovered", source="hardware", cause=cause, data={"a": a, "b": b})
            if not any(self.attachments.is_away(vertex) for vertex in self.topology.ends[edge].tolist()):
                self.repair_edge(edge, cause=event)

    # -- gangs

    def pace_of(self, environments: Sequence[RuntimeEnvironment], sync: Synchronization) -> float | None:
        """Seconds of work a second of a gang in these environments, a rank on each device; None while two of them are not joined."""
        ranks = [env.node for env in environments for _ in range(max(1, env.request.gpus))]
        if len(ranks) < 2:
            return 1.0
        try:
            return sync.pace(self.collectives.all_reduce(ranks, sync.size_mib, sync.algorithm).seconds)
        except NoRouteError:
            return None

    def repair_edge(self, edge: int, *, cause: Any = None) -> None:
        """An edge works again: what stood still goes on, and gangs whose ranks could not reach each other look again."""
        self.transfers.repair_edge(edge, cause=cause)
        waiting, self.unjoined = list(self.unjoined.values()), {}
        for record in waiting:
            if record.status is WorkloadStatus.STARTING and record.unready == 0:
                self.cluster.set_to_work(record)

    # -- images

    def _layer_cache(self, node: int) -> NetworkLayerCache:
        virtualization = self.cluster.virtualization
        registry = self.registry
        assert registry is not None

        def send(layer: Layer, on_done: Callable[[Transfer], object]) -> Transfer:
            subject = f"layer:{layer.digest[7:19]}"
            return self.transfers.send(registry, node, layer.size_mib, subject=subject, on_done=on_done)

        return NetworkLayerCache(send, lambda: virtualization.layers_arrived(node), virtualization._cache_mib)

    def __repr__(self) -> str:
        return f"NetworkManager({self.topology!r}: {len(self.attachments):,} addresses in use, {len(self.transfers.active):,} transfers)"
