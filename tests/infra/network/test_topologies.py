"""Topologies against their definitions: counts, path lengths, path numbers, bisection."""

from __future__ import annotations

import collections
import itertools
import math
import time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, SpecError, UnknownNameError
from mlplat.hardware import ClusterSpec, NodeGroup
from mlplat.infra.network.topology import ROLES, Topology

from .naive_routing import shortest_paths
from .topologies import custom_topologies, topology


def roles(made: Topology) -> dict[str, int]:
    return {role: made.roles.count(role) for role in ROLES if role in made.roles}


def degree(made: Topology, role: str) -> set[int]:
    return {len(made.links_of(vertex)) for vertex in range(len(made)) if made.roles[vertex] == role}


@pytest.mark.parametrize("k", [2, 4, 6, 8])
def test_a_full_fat_tree_has_the_switches_and_ports_of_its_definition(k: int) -> None:
    made = topology("fat-tree", k**3 // 4)
    assert roles(made) == {"host": k**3 // 4, "leaf": k * k // 2, "aggregation": k * k // 2, "core": k * k // 4}
    assert sum(role != "host" for role in made.roles) == 5 * k * k // 4
    assert degree(made, "host") == {1} and degree(made, "leaf") == degree(made, "aggregation") == degree(made, "core") == {k}
    assert made.bisection_mbps() == k**3 // 4 * 25_000 / 2 and made.oversubscription == 1.0
    assert len(shortest_paths(made, 0, k**3 // 4 - 1)) == (k // 2) ** 2
    assert {len(path) for path in shortest_paths(made, 0, k**3 // 4 - 1)} == {6}
    if k > 2:
        assert len(shortest_paths(made, 0, k // 2)) == k // 2 and len(shortest_paths(made, 0, 1)) == 1


def test_full_bisection_of_a_fat_tree_is_its_maximum_flow() -> None:
    made = topology("fat-tree", 16, bandwidth=1000)
    graph = made.graph()
    graph.add_edges_from(("left", f"node-{i}") for i in range(8))
    graph.add_edges_from((f"node-{i}", "right") for i in range(8, 16))
    assert nx.maximum_flow_value(graph, "left", "right", capacity="bandwidth") == made.bisection_mbps() == 8000


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 5), st.integers(1, 60_000))
def test_leaf_spine_by_definition(nodes: int, per_leaf: int, spines: int, uplink: int) -> None:
    made = topology("leaf-spine", nodes, hosts_per_leaf=per_leaf, spines=spines, uplink=uplink, bandwidth=1000)
    leaves = -(-nodes // per_leaf)
    assert roles(made) == {"host": nodes, "leaf": leaves, "spine": spines}
    assert len(made.mbps) == nodes + leaves * spines
    if leaves > 1:
        assert len(shortest_paths(made, 0, nodes - 1)) == spines
        sizes = [min(per_leaf, nodes - i * per_leaf) for i in range(leaves)]
        assert made.bisection_mbps() == sum(min(size * 1000, spines * uplink) for size in sizes) / 2
    assert made.oversubscription == pytest.approx(min(per_leaf, nodes) * 1000 / (spines * uplink))


def test_leaves_are_the_racks_where_racks_are_described() -> None:
    groups = [NodeGroup(name="a", count=5, racks=2), NodeGroup(name="b", count=2, racks=("x",), nics=2)]
    made = Topology.of(ClusterSpec(groups=groups))
    assert roles(made) == {"host": 7, "leaf": 3, "spine": 4}
    assert [made.names[b] for _, b in made.ends[:7].tolist()] == ["leaf-0"] * 3 + ["leaf-1"] * 2 + ["leaf-2"] * 2
    assert made.mbps[:7].tolist() == [25_000.0] * 5 + [50_000.0] * 2
    assert roles(topology("leaf-spine", 33)) == {"host": 33, "leaf": 3, "spine": 4}


def test_nodes_of_a_pod_are_two_hops_apart_on_every_rail_they_share() -> None:
    groups = [{"name": "a", "count": 8, "nics": 4, "nic_mbps": 100_000}, {"name": "b", "count": 1, "nics": 2}]
    made = Topology.of(ClusterSpec.model_validate({"groups": groups, "network": {"topology": "rail-pods", "pod_size": 6, "spines": 3}}))
    assert roles(made) == {"host": 9, "rail": 8, "spine": 3}
    assert len(made.mbps) == 8 * 4 + 2 + 8 * 3
    for a, b in itertools.combinations(range(6), 2):
        paths = shortest_paths(made, a, b)
        assert len(paths) == 4 and {len(path) for path in paths} == {2}
    assert len(shortest_paths(made, 6, 8)) == 2
    assert {len(path) for path in shortest_paths(made, 0, 7)} == {4} and len(shortest_paths(made, 0, 7)) == 4 * 3 * 4
    for link in made.links_of(made.vertex("rail-1-2")):
        ends = {made.names[vertex] for vertex in made.ends[link].tolist()}
        assert ends & {"node-6", "node-7", "a-6", "a-7", "spine-0", "spine-1", "spine-2"}


def test_default_rails_have_as_much_upwards_as_downwards() -> None:
    made = topology("rail-pods", 64, nics=8, nic_mbps=400_000)
    assert made.oversubscription == 1.0 and made.bisection_mbps() == 64 * 8 * 400_000 / 2


@given(st.integers(1, 120), st.integers(1, 5), st.integers(1, 4))
def test_routers_of_a_dragonfly_are_at_most_three_links_apart(nodes: int, routers: int, hosts: int) -> None:
    made = topology("dragonfly", nodes, routers_per_group=routers, hosts_per_router=hosts)
    groups = -(-nodes // (routers * hosts))
    assert roles(made) == {"host": nodes, "router": groups * routers}
    assert len(made.mbps) == nodes + groups * routers * (routers - 1) // 2 + groups * (groups - 1) // 2
    graph = made.graph().subgraph([name for name, role in zip(made.names, made.roles, strict=True) if role == "router"])
    assert graph.number_of_nodes() == 1 or nx.diameter(graph) <= 3
    routers_joined = (made.ends - nodes)[made.ends.min(axis=1) >= nodes] // routers
    between = collections.Counter((a, b) for a, b in routers_joined.tolist() if a != b)
    assert between == dict.fromkeys(itertools.combinations(range(groups), 2), 1)


def test_global_links_are_spread_over_the_routers_of_a_group() -> None:
    made = topology("dragonfly", 9 * 8, routers_per_group=4, hosts_per_router=2)
    assert degree(made, "router") == {2 + 3 + 2}
    balanced = topology("dragonfly", 72)
    assert roles(balanced) == {"host": 72, "router": 36} and degree(balanced, "router") == {7}


@pytest.mark.parametrize(
    ("nodes", "uplink", "bisection"),
    [(72, 1000, 4 * 5 * 1000), (72, 10**6, 72 * 25_000 / 2), (8, 1000, 2 * 2 * 1000), (2, 1000, 2 * 25_000 / 2)],
    ids=["nine groups", "as much as the nodes can send", "one group", "one router"],
)
def test_bisection_of_a_dragonfly_is_that_of_its_groups(nodes: int, uplink: int, bisection: float) -> None:
    made = topology("dragonfly", nodes, routers_per_group=1 if nodes == 2 else 4, hosts_per_router=2, uplink=uplink)
    assert made.bisection_mbps() == bisection


@given(custom_topologies())
def test_a_custom_topology_is_the_graph_that_was_described(made: Topology) -> None:
    graph = made.graph()
    assert graph.number_of_edges() == len(made.mbps) and set(graph) == set(made.names) and nx.is_connected(graph)
    for a, b, data in graph.edges(data=True):
        ends = {made.names[vertex] for vertex in made.ends[data["link"]].tolist()}
        assert ends == {a, b}
        host = any(name.startswith("node-") for name in ends)
        assert data["bandwidth"] == (25_000 if host else 100_000) and data["latency"] == 1e-6
    with pytest.raises(OptionError, match="no formula"):
        made.bisection_mbps()


def test_a_custom_link_has_the_speed_and_latency_that_it_states() -> None:
    links = [{"a": "node-0", "b": "s", "bandwidth": "1Gbps", "latency": "5us"}, {"a": "s", "b": "node-1"}]
    made = topology("custom", 2, links=links, latency="2us", bandwidth="10Gbps")
    assert made.mbps.tolist() == [1000.0, 10_000.0] and made.latency.tolist() == [5e-6, 2e-6]
    assert made.oversubscription == 1.0 and math.isfinite(made.oversubscription)


@pytest.mark.parametrize("kind", ["leaf-spine", "fat-tree", "rail-pods", "dragonfly"])
@pytest.mark.parametrize("bandwidth", [None, 3000])
def test_links_of_nodes_and_of_switches_have_the_speed_and_latency_that_is_described(kind: str, bandwidth: int | None) -> None:
    made = topology(kind, 20, nics=2, nic_mbps=1000, bandwidth=bandwidth, uplink=7000, latency="3us", switch_latency="5us")
    of_node = bandwidth or (1000 if kind == "rail-pods" else 2000)
    for a, b, data in made.graph().edges(data=True):
        expected = (of_node, 3e-6) if any(name.startswith("node-") for name in (a, b)) else (7000, 5e-6)
        assert (data["bandwidth"], data["latency"]) == expected


@pytest.mark.parametrize(("kind", "top"), [("leaf-spine", "spine"), ("fat-tree", "core"), ("rail-pods", "spine"), ("dragonfly", "router")])
def test_the_gateway_is_joined_to_the_top_and_its_link_is_the_only_way_out(kind: str, top: str) -> None:
    made = topology(kind, 20, gateway={"bandwidth": "3Gbps", "latency": "1ms"}, external=[{"name": "data", "latency": "40ms"}])
    border, gateway, data = (made.vertex(name) for name in ("border", "gateway", "data"))
    assert [made.roles[vertex] for vertex in (border, gateway, data)] == ["border", "external", "external"]
    (way_out,) = set(made.links_of(border)) & set(made.links_of(gateway))
    assert made.mbps[way_out] == 3000 and made.latency[way_out] == 1e-3
    others = {made.roles[vertex] for link in made.links_of(border) if link != way_out for vertex in made.ends[link].tolist()}
    assert others == {"border", top}
    joints = [link for link in made.links_of(border) if link != way_out]
    assert made.mbps[joints].min() == made.mbps[: joints[0]].max()  # the border is no narrower than what it is joined to
    assert made.links_of(data) == (len(made.mbps) - 1,) and made.latency[-1] == 0.04


def test_the_gateway_and_endpoints_can_be_joined_elsewhere() -> None:
    made = topology("leaf-spine", 40, gateway={"at": ["leaf-0", "leaf-2"]}, external=[{"name": "d", "at": "leaf-1"}])
    joined = {made.names[vertex] for link in made.links_of(made.vertex("border")) for vertex in made.ends[link].tolist()}
    assert joined == {"border", "gateway", "leaf-0", "leaf-2"}
    for network, where in (({"gateway": {"at": ["leaf-9"]}}, "network.gateway.at[0]"), ({"external": [{"name": "d", "at": "x"}]}, "at")):
        with pytest.raises(SpecError, match="no switch") as caught:
            topology("leaf-spine", 40, **network)  # type: ignore[arg-type]
        assert caught.value.where.endswith(where)


def test_switches_never_have_the_name_of_a_node_or_endpoint() -> None:
    groups = [NodeGroup(name="leaf", count=3), NodeGroup(name="gateway", node_names=("gateway",))]
    made = Topology.of(ClusterSpec.model_validate({"groups": groups, "network": {"external": [{"name": "spine-1"}]}}))
    assert len(set(made.names)) == len(made)
    assert {"leaf-0", "switch/leaf-0", "switch/spine-0", "switch/gateway", "border", "spine-1"} <= set(made.names)


def test_an_unknown_vertex_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'spine-0'"):
        topology("leaf-spine", 4).vertex("spin-0")


def test_arrays_are_read_only_and_of_the_stated_types() -> None:
    made = topology("leaf-spine", 4, external=[{"name": "d"}])
    assert [array.dtype for array in (made.ends, made.mbps, made.latency, made.hosts, made.forwards)] == [
        np.int32,
        np.float64,
        np.float64,
        np.int32,
        np.bool_,
    ]
    with pytest.raises(ValueError, match="read-only"):
        made.mbps[0] = 1.0
    assert made.hosts.tolist() == [0, 1, 2, 3] and not made.forwards[:4].any()


@pytest.mark.parametrize(("kind", "nodes", "network"), [("leaf-spine", 100_000, {}), ("fat-tree", 27_648, {"k": 48})])
def test_large_topologies_are_built_and_routed_in_seconds(kind: str, nodes: int, network: dict[str, int]) -> None:
    from mlplat.infra.network.routing import Routing

    spec = ClusterSpec.uniform(nodes=nodes, network={"topology": kind} | network)
    start = time.perf_counter()
    made = Topology.of(spec)
    routing = Routing(made)
    for key in range(1000):
        routing.path(key, nodes - 1 - key * 7, key)
    assert time.perf_counter() - start < 5
