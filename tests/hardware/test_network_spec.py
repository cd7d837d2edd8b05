"""The description of a network: what is read, what is refused and where, and that files give it back."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, SpecError
from mlplat.hardware import ClusterSpec
from mlplat.hardware.bandwidths import spelled_bandwidth
from mlplat.hardware.network_spec import NetworkSpec
from mlplat.infra.network.topology import Topology
from mlplat.units import megabits_per_second, seconds


def cluster(network: Any, nodes: int = 4, **more: Any) -> ClusterSpec:
    return ClusterSpec.uniform(nodes=nodes, network=network, **more)


def custom(*links: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"topology": "custom", "links": [{"a": a, "b": b} for a, b in links]} | more


STAR = custom(*((f"node-{i}", "tor") for i in range(4)))


@pytest.mark.parametrize(
    ("network", "where", "says"),
    [
        ({"topology": "ring"}, "network.topology", "leaf-spine"),
        ({"spine": 3}, "network.spine", "did you mean 'spines'"),
        ({"spines": 0}, "network.spines", "greater"),
        ({"spines": "4"}, "network.spines", "whole number"),
        ({"k": 4}, "network.k", "belongs to topology fat-tree"),
        ({"links": [{"a": "x", "b": "y"}]}, "network.links", "belongs to topology custom"),
        ({"topology": "fat-tree", "k": 3}, "network.k", "even"),
        ({"topology": "fat-tree", "k": 2}, "network.k", "holds 2 nodes, and there are 4"),
        ({"bandwidth": 0}, "network.bandwidth", "not a bandwidth"),
        ({"bandwidth": -5}, "network.bandwidth", "not a bandwidth"),
        ({"uplink": "fast"}, "network.uplink", "'100Gbps'"),
        ({"latency": "-1s"}, "network.latency", "not a duration"),
        ({"routing": "random"}, "network.routing", "ecmp"),
        ({"cidr": "10.0.0.1/8"}, "network.cidr", "host bits"),
        ({"cidr": "ten"}, "network.cidr", "expected a CIDR"),
        ({"zones": {"a": "11.0.0.0/16"}}, "network.zones.a", "outside"),
        ({"zones": {"a": "fd00::/16"}}, "network.zones.a", "outside"),
        ({"zones": {"a": "10.1.0.0/16", "b": "10.1.128.0/17"}}, "network.zones.b", "overlaps 10.1.0.0/16 of zone 'a'"),
        ({"zones": {"a": "10.1.0.0/16", "b": "10.1.0.0/16"}}, "network.zones.b", "overlaps"),
        ({"external": [{"name": "d"}, {"name": "d"}]}, "network.external[1].name", "second"),
        ({"external": [{"name": "node-1"}]}, "network.external[0].name", "a node is called"),
        ({"external": [{"name": "d", "bandwidth": 0}]}, "network.external[0].bandwidth", "not a bandwidth"),
        ({"zones": {"Team A": "10.1.0.0/16"}}, "network.zones", "'Team A': expected a DNS label"),
        ({"external": [{"name": "d", "hosts": ["a.org", "a b"]}]}, "network.external[0].hosts[1]", "'a b': expected a host name"),
        (
            {"external": [{"name": "d", "hosts": ["a.org"]}, {"name": "e", "hosts": ["A.org"]}]},
            "network.external[1].hosts[0]",
            "'d' answers",
        ),
        ({"gateway": {"allow": ["10.0.0.0/33"]}}, "network.gateway.allow[0]", "CIDR"),
        ({"gateway": {"allow": ["*.example.org", "a b.org"]}}, "network.gateway.allow[1]", "'a b.org': expected a host name"),
        ({"registry": "nod-1"}, "network.registry", "unknown external endpoint or node 'nod-1'; did you mean"),
        ({"registry": "leaf-0"}, "network.registry", "unknown external endpoint or node"),
        ({"public_address": "fe80::1%eth0"}, "network.public_address", "expected an address"),
        ({"gateway": {"allow": ["a.*.org"]}}, "network.gateway.allow[0]", "expected '*' as the whole first label"),
        ({"gateway": {"allow": ["datset"]}, "external": [{"name": "dataset"}]}, "network.gateway.allow[0]", "did you mean 'dataset'?"),
        ({"gateway": {"at": []}}, "network.gateway.at", "at least one"),
        ({"topology": "custom"}, "network.links", "no link leads to node 'node-0', nor to 3 more"),
        (custom(("node-0", "tor"), ("node-1", "tor")), "network.links", "no link leads to node 'node-2', nor to 1 more"),
        (custom(("tor", "tor")), "network.links[0].b", "to itself"),
        (custom(("node-0", "t"), ("t", "node-0")), "network.links[1]", "as links[0] does"),
        (custom(("node-0", "node-1")), "network.links[0]", "hosts_forward"),
        (custom(("node-0", "s"), ("node-1", "s"), ("node-2", "t"), ("node-3", "t")), "network.links", "2 pieces"),
        (custom(*((f"node-{i}", "s") for i in range(4)), ("x", "y")), "network.links", "2 pieces"),
        (
            custom(("node-0", "s"), ("node-1", "s"), ("node-1", "t"), ("node-2", "t"), ("node-3", "t")),
            "network.links",
            "through nodes, which forward nothing",
        ),
        (custom(("node-0", "s"), ("node-1", "s"), ("s", "t"), ("t", "u"), ("u", "s"), tree=True), "network.links[4]", "closes a cycle"),
        (STAR | {"gateway": {}}, "network.gateway.at", "required"),
        (STAR | {"external": [{"name": "d"}]}, "network.gateway.at", "required"),
        (STAR | {"gateway": {"at": ["node-0"]}}, "network.gateway.at[0]", "no switch"),
        (STAR | {"external": [{"name": "d", "at": "top"}]}, "network.external[0].at", "no switch"),
        (STAR | {"external": [{"name": "tor", "at": "tor"}]}, "network.external[0].name", "a switch is called"),
        ({"topology": "dragonfly", "routers_per_group": 10**5}, "network", "links between switches"),
    ],
)
def test_a_bad_network_is_refused_at_its_place(network: dict[str, Any], where: str, says: str) -> None:
    with pytest.raises(SpecError) as caught:
        cluster(network)
    assert caught.value.where == where
    assert says in caught.value.problem


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"topology": "fat-tree", "k": 4, "bandwidth": "2500Mbps", "latency": "2us", "routing": "single-path"},
        {"topology": "rail-pods", "pod_size": 2, "spines": 2, "uplink": "400Gbps"},
        {"cidr": "fd00::/32", "zones": {"a": "fd00:0:1::/48"}, "quarantine": "2m", "propagation_delay": 0.5},
        {"gateway": {"bandwidth": "40Gbps", "allow": ["*.example.org", "192.0.2.0/24"]}, "external": [{"name": "d", "latency": "40ms"}]},
        STAR | {"tree": True, "external": [{"name": "d", "at": "tor"}]},
        custom(("node-0", "node-1"), ("node-1", "node-2"), ("node-2", "node-3"), hosts_forward=True),
    ],
)
def test_files_give_an_equal_network_back(network: dict[str, Any]) -> None:
    spec = cluster(network)
    assert spec.network is not None
    assert ClusterSpec.from_yaml(spec.to_yaml()) == spec == ClusterSpec.from_json(spec.to_json())


def test_a_cluster_without_network_is_written_as_before() -> None:
    spec = ClusterSpec.uniform(nodes=2)
    assert spec.network is None and "network" not in spec.to_yaml() and "network" not in spec.to_json()


def test_the_error_in_a_file_names_the_file_and_the_place(tmp_path: Any) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("groups: [{name: a, count: 2}]\nnetwork: {uplink: -3}\n")
    with pytest.raises(SpecError, match=r"c\.yaml: network\.uplink: not a bandwidth"):
        ClusterSpec.open(path)


def test_a_graph_becomes_a_custom_network() -> None:
    graph = nx.star_graph(["tor", "node-0", "node-1"])
    nx.set_edge_attributes(graph, "10Gbps", "bandwidth")
    nx.set_edge_attributes(graph, 2e-6, "latency")
    network = NetworkSpec.from_graph(graph, routing="single-path")
    assert [(link.a, link.b, link.bandwidth, link.latency) for link in network.links] == [
        ("tor", "node-0", 10_000, 2e-6),
        ("tor", "node-1", 10_000, 2e-6),
    ]
    assert cluster(network, nodes=2).network == network
    with pytest.raises(SpecError, match="undirected"):
        NetworkSpec.from_graph(nx.DiGraph([("a", "b")]))
    with pytest.raises(SpecError, match=r"links\[0\]\.a"):
        NetworkSpec.from_graph(nx.Graph([(1, 2)]))


def test_the_schema_describes_the_network() -> None:
    schema = ClusterSpec.json_schema()["$defs"]["NetworkSpec"]
    assert {"topology", "links", "cidr", "zones", "gateway"} <= set(schema["properties"])


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        "",
        "100",
        "100 GB/s",
        "1e3Gbps",
        "0.5Mbps",
        "-1Gbps",
        "nan",
        float("nan"),
        float("inf"),
        0,
        1.5,
        10**13,
        "9" * 99 + "Gbps",
        [3],
    ],
)
def test_what_is_no_bandwidth_is_refused(value: object) -> None:
    with pytest.raises(OptionError, match="not a bandwidth"):
        megabits_per_second(value)


@given(st.integers(1, 10**12))
def test_a_written_bandwidth_is_read_back(value: int) -> None:
    assert megabits_per_second(spelled_bandwidth(value)) == value == megabits_per_second(value)


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 2**12 - 1), st.integers(20, 30)), max_size=6))
def test_zones_are_refused_exactly_if_two_overlap(zones: dict[str, tuple[int, int]]) -> None:
    spans, texts = [], {}
    for zone, (number, bits) in zones.items():
        start = (number << 8) >> (32 - bits) << (32 - bits)
        spans.append(range(start, start + 2 ** (32 - bits)))
        texts[zone] = f"10.{start >> 16}.{start >> 8 & 255}.{start & 255}/{bits}"
    apart = all(a.stop <= b.start or b.stop <= a.start for i, a in enumerate(spans) for b in spans[:i])
    if apart:
        assert dict(NetworkSpec(zones=texts).zones) == texts
    else:
        with pytest.raises(SpecError, match="overlaps"):
            NetworkSpec(zones=texts)


def test_microseconds_are_understood() -> None:
    assert seconds("1us") == 1e-6 and seconds("1ms500us") == 1.5e-3


_JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["node-0", "tor", "10.0.0.0/8"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name", "at", "bandwidth", "allow"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(sorted(NetworkSpec.model_fields)), _JUNK, max_size=4),
    st.sampled_from(["leaf-spine", "custom", "dragonfly"]),
)
def test_junk_is_refused_as_a_bad_description_or_makes_a_network_that_can_be_built(network: dict[str, Any], kind: str) -> None:
    try:
        spec = cluster({"topology": kind} | network)
        made = Topology.of(spec)
    except SpecError as error:
        assert error.where.startswith("network") and str(error).isprintable()
    else:
        assert len(made.names) == len(set(made.names)) and ClusterSpec.from_yaml(spec.to_yaml()) == spec
