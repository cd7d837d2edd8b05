"""`Topology`: the vertices and links of a network as arrays. Nodes first, then switches, then what is outside."""

from __future__ import annotations

import html
import importlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ...errors import OptionError, SpecError, UnknownNameError
from ...plotting import Plots
from .topologies.fabric import Fabric, Layer, Links

if TYPE_CHECKING:
    import networkx as nx

    from ...hardware.cluster_spec import ClusterSpec
    from ...hardware.network_spec import NetworkSpec

_BUILDERS: Final = {kind: kind.replace("-", "_") for kind in ("leaf-spine", "fat-tree", "rail-pods", "dragonfly", "custom")}
ROLES: Final = ("host", "leaf", "rail", "router", "switch", "aggregation", "spine", "core", "border", "external")
"""What a vertex can be, from the nodes upwards. A `border` is the switch that holds the gateway, the gateway itself is `external`."""
GATEWAY: Final = "gateway"
BORDER: Final = "border"


@dataclass(frozen=True, eq=False, repr=False)
class Topology:
    """A network of V vertices and E links, each full duplex. The arrays are read-only.

    `names`, `roles`: of each vertex. `ends`: int32[E, 2], the vertices of each link. `mbps`: float64[E], Mbit/s in each direction.
    `latency`: float64[E] in seconds. `hosts`: int32[N], the vertex of each node row (0…N-1). `forwards`: bool[V], whether packets
    between others may pass through a vertex: nodes and endpoints outside take only what is for them, border and gateway carry what goes
    out or comes in. Directed link 2e leads from `ends[e, 0]` to `ends[e, 1]`, and 2e + 1 back.

    >>> from mlplat.hardware import ClusterSpec
    >>> topology = Topology.of(ClusterSpec.uniform(nodes=64, network={"hosts_per_leaf": 16, "spines": 4, "uplink": "100Gbps"}))
    >>> topology
    Topology(leaf-spine: 64 hosts, 8 switches, 80 links)
    >>> topology.oversubscription, topology.bisection_mbps()
    (1.0, 800000.0)
    """

    kind: str
    names: tuple[str, ...]
    roles: tuple[str, ...]
    ends: npt.NDArray[np.int32]
    mbps: npt.NDArray[np.float64]
    latency: npt.NDArray[np.float64]
    hosts: npt.NDArray[np.int32]
    forwards: npt.NDArray[np.bool_]
    _bisection: float

    @classmethod
    def of(cls, spec: ClusterSpec) -> Topology:
        """The network of a cluster: the one described, else leaf-spine with its defaults. Raises SpecError."""
        network = spec.network
        if network is None:
            from ...hardware.network_spec import NetworkSpec

            network = NetworkSpec()
            network.check(spec)
        builder = importlib.import_module(f".topologies.{_BUILDERS[network.topology]}", __package__)
        return _assemble(spec, network, builder.build(spec, network))

    def __len__(self) -> int:
        """Vertices."""
        return len(self.names)

    @cached_property
    def vertices(self) -> dict[str, int]:
        """Name -> vertex."""
        return {name: vertex for vertex, name in enumerate(self.names)}

    @cached_property
    def gateway(self) -> int | None:
        """The vertex of the gateway, which stands right after the border; None where there is no way out."""
        return self.roles.index("border") + 1 if "border" in self.roles else None

    @cached_property
    def link_mbps(self) -> npt.NDArray[np.float64]:
        """float64[2E]: Mbit/s of each directed link."""
        return np.repeat(self.mbps, 2)

    @cached_property
    def link_latency(self) -> npt.NDArray[np.float64]:
        """float64[2E]: seconds of each directed link."""
        return np.repeat(self.latency, 2)

    def vertex(self, name: str) -> int:
        """The vertex of that name. Raises UnknownNameError."""
        found = self.vertices.get(name)
        if found is None:
            raise UnknownNameError("vertex of the network", name, self.names if len(self) <= 100 else self.names[len(self.hosts) :][:100])
        return found

    @cached_property
    def outside(self) -> dict[int, int]:
        """Of the gateway and each vertex behind it: the directed link that leads inwards, in the end to the border."""
        inwards: dict[int, int] = {}
        if BORDER not in self.roles:
            return inwards
        reached = {self.roles.index(BORDER)}
        for link in np.flatnonzero(self.ends[:, 1] > min(reached)).tolist():  # that of the gateway, then of what is joined to it
            a, b = self.ends[link].tolist()
            if a in reached:
                inwards[b] = 2 * link + 1
                reached.add(b)
        return inwards

    @cached_property
    def leaving(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The directed links that leave each vertex, by link number: `links[first[v] : first[v + 1]]` of int64[V + 1], int64[2E]."""
        start = self.ends.ravel()
        links = np.argsort(start, kind="stable")
        first = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(np.bincount(start, minlength=len(self)), out=first[1:])
        return first, links

    def links_of(self, vertex: int) -> tuple[int, ...]:
        """The links (not directed) of a vertex, in order of their number."""
        first, links = self.leaving
        return tuple((links[first[vertex] : first[vertex + 1]] // 2).tolist())

    def bisection_mbps(self) -> float:
        """Mbit/s in each direction between two halves of the nodes, by the formula of the kind (docs/network/topologies.md).

        Raises OptionError for a custom topology, for which there is no formula.
        """
        if math.isnan(self._bisection):
            raise OptionError(f"bisection_mbps: there is no formula for a {self.kind} topology")
        return self._bisection

    @cached_property
    def oversubscription(self) -> float:
        """The largest ratio, over switches that hold nodes, of their nodes' bandwidth to that of their links to other switches.

        Infinite if a switch has no others but there are some, 0 without a switch, and for a single switch 1: nothing has to leave it.
        """
        is_host = np.zeros(len(self), dtype=np.bool_)
        is_host[self.hosts] = True
        inner = np.array([role not in ("host", "external", "border") for role in self.roles], dtype=np.bool_)
        down, up = np.zeros(len(self)), np.zeros(len(self))
        for here, there in ((0, 1), (1, 0)):
            here_, there_ = self.ends[:, here], self.ends[:, there]
            held = inner[here_] & is_host[there_]
            np.add.at(down, here_[held], self.mbps[held])
            between = inner[here_] & inner[there_]
            np.add.at(up, here_[between], self.mbps[between])
        holding = down > 0
        if not holding.any():
            return 0.0
        if inner.sum() == 1:
            return 1.0
        with np.errstate(divide="ignore"):
            return float((down[holding] / up[holding]).max())

    def graph(self) -> nx.Graph:
        """A networkx graph: vertices by name with `role`, edges with `bandwidth` (Mbit/s), `latency` (s) and `link`, their number."""
        import networkx as nx

        graph = nx.Graph(kind=self.kind)
        graph.add_nodes_from((name, {"role": role}) for name, role in zip(self.names, self.roles, strict=True))
        columns = zip(self.ends.tolist(), self.mbps.tolist(), self.latency.tolist(), strict=True)
        graph.add_edges_from(
            (self.names[a], self.names[b], {"bandwidth": mbps, "latency": latency, "link": link})
            for link, ((a, b), mbps, latency) in enumerate(columns)
        )
        return graph

    def svg(self, utilization: npt.ArrayLike | None = None) -> str:
        """A drawing in layers, as SVG text; large layers in bundles. `utilization`: [0, 1] for each link, by which links are coloured.

        Raises OptionError for an array of another length or with other numbers.
        """
        from .drawing import draw

        return draw(self, utilization)

    @property
    def plot(self) -> Plots:
        """The network as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "network")

    def _repr_html_(self) -> str:
        return f"<div><p>{html.escape(repr(self))}</p>{self.svg()}</div>"

    def _described(self) -> str:
        outside = sum(role in ("border", "external") for role in self.roles)
        switches = len(self) - len(self.hosts) - outside
        parts = [(len(self.hosts), "host"), (switches, "switch"), (len(self.mbps), "link")] + ([(outside, "outside")] if outside else [])
        plural = {"host": "hosts", "switch": "switches", "link": "links", "outside": "outside"}
        return f"{self.kind}: " + ", ".join(f"{number:,} {noun if number == 1 else plural[noun]}" for number, noun in parts)

    def __repr__(self) -> str:
        return f"Topology({self._described()})"


def _assemble(spec: ClusterSpec, network: NetworkSpec, fabric: Fabric) -> Topology:
    nodes = spec.nodes().names
    taken = {*nodes, *(each.name for each in network.external)}
    names, roles = list(nodes), ["host"] * len(nodes)
    for layer in fabric.layers:
        names += _switch_names(layer, taken, given=network.topology == "custom")
        roles += [layer.role] * layer.size
    links = list(fabric.links)
    forwards = [network.hosts_forward] * len(nodes) + [True] * (len(names) - len(nodes))
    if network.has_gateway or network.external:
        links.append(_outside(network, fabric, names, roles, forwards))
    ends = np.stack([np.concatenate([each.a for each in links]), np.concatenate([each.b for each in links])], axis=1)
    topology = Topology(
        kind=network.topology,
        names=tuple(names),
        roles=tuple(roles),
        ends=ends.astype(np.int32),
        mbps=np.concatenate([each.mbps for each in links]),
        latency=np.concatenate([each.latency for each in links]),
        hosts=np.arange(len(nodes), dtype=np.int32),
        forwards=np.array(forwards, dtype=np.bool_),
        _bisection=fabric.bisection_mbps,
    )
    for array in (topology.ends, topology.mbps, topology.latency, topology.hosts, topology.forwards):
        array.setflags(write=False)
    return topology


def _switch_names(layer: Layer, taken: set[str], *, given: bool) -> list[str]:
    """The names of a layer; where a node or an endpoint has one of them, all of the layer begin with `switch/`."""
    made = list(layer.names) if layer.names is not None else [f"{layer.role}-{i}" for i in range(layer.size)]
    while not given and not taken.isdisjoint(made):
        made = ["switch/" + name for name in made]
    taken.update(made)
    return made


def _outside(network: NetworkSpec, fabric: Fabric, names: list[str], roles: list[str], forwards: list[bool]) -> Links:
    """A border switch and the gateway behind it, if there is one, and the external endpoints. Appends their vertices."""
    switches = {name: vertex for vertex, name in enumerate(names) if roles[vertex] != "host"}
    rows: list[tuple[int, int, float, float]] = []
    taken = {*names, *(each.name for each in network.external)}

    def add(name: str, role: str, forwarding: bool, *, given: bool = False) -> int:
        names.append(name if given else _switch_names(Layer(role, 1, (name,)), taken, given=False)[0])
        roles.append(role)
        forwards.append(forwarding)
        return len(names) - 1

    def switch(name: str, where: str) -> int:
        if name not in switches:
            some = ", ".join(sorted(switches)[:20]) + (", …" if len(switches) > 20 else "")
            raise SpecError(f"no switch is called {name!r}. Known: {some}", where=f"network.{where}")
        return switches[name]

    gateway = -1
    if network.has_gateway:
        from ...hardware.network_spec import GatewaySpec

        way = network.gateway or GatewaySpec()
        top = fabric.top.tolist() if way.at is None else [switch(name, f"gateway.at[{i}]") for i, name in enumerate(way.at)]
        border, gateway = add(BORDER, "border", False), add(GATEWAY, "external", False)
        fastest = max(float(each.mbps.max()) for each in fabric.links if len(each.mbps)) if any(len(x.mbps) for x in fabric.links) else 0.0
        rows += [(vertex, border, max(fastest, float(way.bandwidth)), network.switch_latency) for vertex in top]
        rows.append((border, gateway, float(way.bandwidth), way.latency))
    for i, each in enumerate(network.external):
        at = gateway if each.at is None else switch(each.at, f"external[{i}].at")
        rows.append((at, add(each.name, "external", False, given=True), float(each.bandwidth), each.latency))
    columns = list(zip(*rows, strict=True))
    ends = [np.array(column, dtype=np.int64) for column in columns[:2]]
    return Links(ends[0], ends[1], np.array(columns[2], dtype=np.float64), np.array(columns[3], dtype=np.float64))
