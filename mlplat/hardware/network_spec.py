"""`NetworkSpec`: what joins the nodes of a cluster to each other and to the outside, checked once when it is made."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ..errors import OptionError, SpecError, UnknownNameError, printable
from .bandwidths import Bandwidth
from .durations import Duration
from .hosts import host_name, is_address, read_allowed
from .spec_model import Name, PlacedError, SpecModel

if TYPE_CHECKING:
    import networkx as nx

    from .cluster_spec import ClusterSpec

MOST_SWITCHES = 1_000_000
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "hosts_per_leaf": ("leaf-spine",),
    "spines": ("leaf-spine", "rail-pods"),
    "k": ("fat-tree",),
    "pod_size": ("rail-pods",),
    "routers_per_group": ("dragonfly",),
    "hosts_per_router": ("dragonfly",),
    "links": ("custom",),
    "tree": ("custom",),
    "hosts_forward": ("custom",),
    "uplink": ("leaf-spine", "fat-tree", "rail-pods", "dragonfly"),
}


def _whole(value: object) -> object:
    if value is not None and isinstance(value, (bool, str, bytes)):
        raise ValueError(f"expected a whole number (found {value!r:.60})")
    return value


Number = Annotated[Annotated[int, Field(ge=1, le=MOST_SWITCHES)] | None, BeforeValidator(_whole)]
Flag = Annotated[bool, Field(strict=True)]


class LinkSpec(SpecModel):
    """A link of a custom topology, full duplex: `a` and `b` are names of nodes, or of switches, which need no other mention.
    `bandwidth` in Mbit/s, or text such as `25Gbps`; `latency` in seconds.

    >>> LinkSpec(a="node-0", b="tor", bandwidth="25Gbps").bandwidth
    25000
    """

    a: Name
    b: Name
    bandwidth: Bandwidth | None = None
    latency: Duration | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.a == self.b:
            raise PlacedError(f"joins {self.a!r} to itself", "b")
        return self


class ExternalSpec(SpecModel):
    """Something outside that workloads talk to (a public dataset, a user's browser), by a link of its own to the gateway.

    `hosts`: host names it answers to. `network`: its address or network. `at`: the switch it is joined to instead of the gateway.

    >>> ExternalSpec(name="dataset", bandwidth="1Gbps", latency="40ms").latency
    0.04
    """

    name: Name
    bandwidth: Bandwidth = 1000
    latency: Duration = 0.02
    hosts: tuple[Name, ...] = ()
    network: str | None = None
    at: Name | None = None

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if _LABEL.fullmatch(value) is None:
            raise ValueError(f"expected a DNS label: at most 63 lower-case letters, digits and hyphens (found {value!r:.60})")
        return value

    @field_validator("network")
    @classmethod
    def _check_network(cls, value: str | None) -> str | None:
        if value is not None:
            read_network(value)
        return value

    @model_validator(mode="after")
    def _check_hosts(self) -> Self:
        for i, host in enumerate(self.hosts):
            try:
                host_name(host)
            except OptionError as error:
                raise PlacedError(str(error), f"hosts[{i}]") from None
        return self


class GatewaySpec(SpecModel):
    """The way out of the cluster: one link of this `bandwidth` (Mbit/s, or text such as `40Gbps`) and `latency` (s), which all
    traffic to and from the outside shares.

    `allow`: what may be reached from inside: host patterns such as `*.example.org`, networks, names of external endpoints. `at`: the
    switches it is joined to; None for the top of the topology (a custom one has none, and must say).

    >>> GatewaySpec(bandwidth="40Gbps", allow=["*.example.org"]).bandwidth
    40000
    """

    bandwidth: Bandwidth = 10_000
    latency: Duration = 1e-6
    allow: tuple[Name, ...] = ()
    at: tuple[Name, ...] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for i, entry in enumerate(self.allow):
            try:
                read_allowed(entry)
            except OptionError as error:
                raise PlacedError(str(error), f"allow[{i}]") from None
        if self.at is not None and (not self.at or len(set(self.at)) < len(self.at)):
            raise PlacedError("expected at least one switch, each named once", "at")
        return self


class NetworkSpec(SpecModel):
    """How the nodes are joined (`topology` and its numbers), how packets find their way (`routing`), and which addresses there are.

    Each number belongs to a kind of topology, and has a default (docs/network/topologies.md): `hosts_per_leaf`, `spines` (leaf-spine),
    `k` (fat-tree), `pod_size`, `spines` (rail-pods), `routers_per_group`, `hosts_per_router` (dragonfly), `links`, `tree`,
    `hosts_forward` (custom). Bandwidths are Mbit/s (or text such as `"100Gbps"`) in each direction: `bandwidth` of a node's link, None
    for that of its NICs; `uplink` of a link between switches. `latency`, `switch_latency`: seconds (or `"2us"`) of those links.
    `cidr`, `zones`: the network of the cluster and of zones within. `quarantine`: how long a released address is not given again, at
    least the propagation delay.
    `propagation_delay`: until a change of a service is seen everywhere. `registry`: the external endpoint or node from which images come;
    None for the gateway or, where there is none, for images that come beside the network. `public_address`: of what is exposed to the
    outside. Raises SpecError.

    >>> NetworkSpec(topology="fat-tree", k=8, zones={"team-a": "10.1.0.0/16"}).quarantine
    30.0
    """

    topology: Literal["leaf-spine", "fat-tree", "rail-pods", "dragonfly", "custom"] = "leaf-spine"
    hosts_per_leaf: Number = None
    spines: Number = None
    k: Number = None
    pod_size: Number = None
    routers_per_group: Number = None
    hosts_per_router: Number = None
    links: tuple[LinkSpec, ...] = ()
    tree: Flag = False
    hosts_forward: Flag = False
    bandwidth: Bandwidth | None = None
    uplink: Bandwidth | None = None
    latency: Duration = 1e-6
    switch_latency: Duration = 1e-6
    routing: Literal["ecmp", "single-path"] = "ecmp"
    cidr: str = "10.0.0.0/8"
    zones: Mapping[Name, str] = {}
    quarantine: Duration = 30.0
    propagation_delay: Duration = 1.0
    external: tuple[ExternalSpec, ...] = ()
    gateway: GatewaySpec | None = None
    registry: Name | None = None
    public_address: str = "203.0.113.1"

    @field_validator("public_address")
    @classmethod
    def _check_public_address(cls, value: str) -> str:
        if not is_address(value):
            raise ValueError(f"expected an address such as '203.0.113.1' (found {value!r:.60})")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field, kinds in _FIELDS_OF.items():
            if self.topology not in kinds and getattr(self, field) != type(self).model_fields[field].default:
                raise PlacedError(f"belongs to topology {' or '.join(kinds)}, and this one is {self.topology}", field)
        if self.k is not None and self.k % 2:
            raise PlacedError(f"the ports of a switch of a fat-tree are even in number (found {self.k})", "k")
        if self.quarantine < self.propagation_delay:
            least = f"{self.propagation_delay:g} s, for so long callers may still be sent to an address (propagation_delay)"
            raise PlacedError(f"expected at least {least}", "quarantine")
        self._check_networks()
        self._check_outside()
        return self

    def _check_outside(self) -> None:
        names: set[str] = set()
        hosts: dict[str, str] = {}
        for i, each in enumerate(self.external):
            if each.name in names:
                raise PlacedError(f"a second one is called {each.name!r}", f"external[{i}].name")
            names.add(each.name)
            for j, host in enumerate(each.hosts):
                other = hosts.setdefault(host_name(host), each.name)
                if other != each.name:
                    raise PlacedError(f"{other!r} answers to {host!r} too", f"external[{i}].hosts[{j}]")
        for i, entry in enumerate(self.gateway.allow if self.gateway is not None else ()):
            meant = read_allowed(entry)
            if isinstance(meant, str) and "." not in meant and entry not in names:
                raise PlacedError(str(UnknownNameError("external endpoint", printable(entry[:60]), names)), f"gateway.allow[{i}]")

    def _check_networks(self) -> None:
        whole = _network_at("cidr", self.cidr)
        low, high = int(whole.network_address), int(whole.broadcast_address)
        parts = []
        for zone, text in self.zones.items():
            if _LABEL.fullmatch(zone) is None:
                raise PlacedError(f"zone {zone!a:.60}: expected a DNS label, as in names of services, such as 'team-a'", "zones")
            part = _network_at(f"zones.{zone}", text)
            start, end = int(part.network_address), int(part.broadcast_address)
            if part.version != whole.version or not low <= start <= end <= high:
                raise PlacedError(f"{part} lies outside the cluster's network, {whole}", f"zones.{zone}")
            parts.append((start, -end, zone, part))
        parts.sort(key=lambda each: each[:2])
        for (_, end, before, wider), (start, _, zone, part) in itertools.pairwise(parts):
            if -end >= start:
                raise PlacedError(f"{part} overlaps {wider} of zone {before!r}", f"zones.{zone}")

    @classmethod
    def from_graph(cls, graph: nx.Graph, **more: Any) -> Self:
        """A custom topology from an undirected networkx graph with text as vertices and `bandwidth`, `latency` on its edges.

        `more`: further fields. Raises SpecError.

        >>> import networkx as nx
        >>> graph = nx.Graph()
        >>> graph.add_edge("node-0", "tor", bandwidth="10Gbps")
        >>> NetworkSpec.from_graph(graph).links[0].bandwidth
        10000
        """
        if graph.is_directed():
            raise SpecError("expected an undirected graph: each link goes both ways", where="links")
        rows = []
        for a, b, data in graph.edges(data=True):
            rows.append({"a": a, "b": b} | {key: data[key] for key in ("bandwidth", "latency") if key in data})
        return cls.model_validate({"topology": "custom", "links": rows} | more)

    @property
    def has_gateway(self) -> bool:
        """Whether there is a way out: one is described, or something external does not say where else it is joined."""
        return self.gateway is not None or any(each.at is None for each in self.external)

    def check(self, spec: ClusterSpec, *, where: str = "network") -> None:
        """Raises SpecError where this network does not go with the nodes of the cluster."""
        from .network_fit import check_fit

        check_fit(self, spec, where)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_network(text: str) -> Network:
    """The network of a CIDR. Raises ValueError saying what was expected.

    >>> read_network("10.0.0.0/8").num_addresses
    16777216
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not a network: {str(error)[:120]}; expected a CIDR such as '10.0.0.0/8'") from None


def _network_at(key: str, text: str) -> Network:
    try:
        return read_network(text)
    except ValueError as error:
        raise PlacedError(str(error), key) from None
