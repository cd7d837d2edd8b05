"""How long an all-reduce takes follows from where the ranks are; so does how long a gang trains."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.collectives import DEVICE_LATENCY_S, Collectives
from mlplat.infra.network.description import describe_network, readable_network
from mlplat.infra.network.pacing import collectives_of
from mlplat.infra.network.routing import NoRouteError, Routing
from mlplat.infra.network.topology import Topology
from mlplat.infra.synchronization import Synchronization
from mlplat.units import MBIT_PER_MIB

from .naive_flows import fill

LEAVES = {"topology": "leaf-spine", "hosts_per_leaf": 4, "spines": 2, "bandwidth": "100Gbps", "uplink": "40Gbps"}


def pods(**network: Any) -> mp.ClusterSpec:
    group = {"name": "n", "count": 16, "cpus": 64, "memory": "512GiB", "gpus": 8, "gpu_model": "A100-80", "nics": 8, "nic_mbps": 200_000}
    return mp.ClusterSpec.model_validate({"groups": [group], "network": network or LEAVES})


# -- the formulas


def test_one_rank_has_nothing_to_send() -> None:
    found = collectives_of(pods()).all_reduce([3], 100.0)
    assert (found.seconds, found.rounds, found.slowest_mbps) == (0.0, 0, math.inf)


@pytest.mark.parametrize("ranks", [2, 3, 8])
def test_a_ring_within_a_node_moves_twice_the_size_less_a_part_over_its_devices_links(ranks: int) -> None:
    """2(p - 1) (alpha + n beta / p)."""
    found = collectives_of(pods()).all_reduce([0] * ranks, 1024.0, "ring")
    assert found.seconds == pytest.approx(2 * (ranks - 1) * (DEVICE_LATENCY_S + 1024 / ranks * MBIT_PER_MIB / 2_400_000))
    assert found.between_nodes == 0


def test_a_ring_over_two_nodes_of_a_leaf_is_as_fast_as_their_links() -> None:
    found = collectives_of(pods()).all_reduce([0] * 8 + [1] * 8, 1024.0, "ring")
    assert found.seconds == pytest.approx(30 * (DEVICE_LATENCY_S + 64 * MBIT_PER_MIB / 100_000))
    assert (found.slowest_mbps, found.between_nodes, found.rounds) == (100_000, 2, 30)


def test_messages_that_share_an_uplink_have_a_part_of_it_each() -> None:
    """Two leaves with one uplink each: of the four messages of a ring over nodes in both, two cross, one each way."""
    one = LEAVES | {"spines": 1}
    collectives = collectives_of(pods(**one))
    assert collectives.all_reduce([0, 4], 100.0, "ring").slowest_mbps == 40_000
    tree = collectives.all_reduce([0, 1, 4, 5], 100.0, "tree")
    each = 100 * MBIT_PER_MIB
    assert tree.seconds - tree.latency_s == pytest.approx(2 * (each / 100_000 + each / 40_000))


def test_a_tree_goes_up_and_down_in_rounds_of_the_whole() -> None:
    """2 ceil(log2 p) (alpha + n beta)."""
    found = collectives_of(pods()).all_reduce([0] * 5, 10.0, "tree")
    assert found.rounds == 6 and found.seconds == pytest.approx(6 * (DEVICE_LATENCY_S + 10 * MBIT_PER_MIB / 2_400_000))


def test_the_faster_is_taken_small_amounts_go_by_tree() -> None:
    collectives = collectives_of(pods())
    nodes = list(range(16))
    assert collectives.all_reduce(nodes, 0.0001).algorithm == "tree"
    assert collectives.all_reduce(nodes, 1000.0).algorithm == "ring"


def test_a_node_with_a_rail_for_each_device_sends_over_all_of_them() -> None:
    rails = collectives_of(pods(topology="rail-pods", pod_size=8, uplink="1Tbps"))
    assert rails.all_reduce([0] * 8 + [1] * 8, 1.0, "ring").slowest_mbps == 8 * 200_000


def test_the_order_of_the_ranks_does_not_matter_and_their_number_of_nodes_does() -> None:
    collectives = collectives_of(pods())
    assert collectives.all_reduce([5, 0, 5, 0], 64.0) == collectives.all_reduce([0, 0, 5, 5], 64.0)
    together, apart = collectives.all_reduce([0] * 8, 64.0), collectives.all_reduce(list(range(8)), 64.0)
    assert apart.seconds > 5 * together.seconds


def naive_round(topology: Topology, routing: Routing, device_mbps: list[float], pairs: list[tuple[int, int]]) -> tuple[float, float]:
    """The latency and the rate (Mbit/s) of the slowest of messages between nodes of one uplink each."""
    waits = [DEVICE_LATENCY_S for a, b in pairs if a == b]
    rates = [device_mbps[a] for a, b in pairs if a == b]
    paths = [routing.path(a, b, a * len(topology.hosts) + b) for a, b in pairs if a != b]
    waits += [sum(float(topology.latency[link // 2]) for link in path) for path in paths]
    rates += fill(topology.link_mbps.tolist(), paths)
    return max(waits), min(rates)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 15), min_size=2, max_size=12), st.floats(0, 5000), st.sampled_from(([2e6], [3e4, 5e4], [9e4, 2e4, 4e5])))
def test_each_round_lasts_as_long_as_its_slowest_message(nodes: list[int], mib: float, speeds: list[float]) -> None:
    """Node by node different links within, and ways that flows share by chance, other ones there than back."""
    topology = Topology.of(pods(**LEAVES, latency="3us", switch_latency="7us"))
    routing, device_mbps = Routing(topology), [speeds[node % len(speeds)] for node in range(16)]
    collectives = Collectives(topology, routing, device_mbps)
    p, ranks = len(nodes), sorted(nodes)
    wait, rate = naive_round(topology, routing, device_mbps, [(ranks[i - 1], ranks[i]) for i in range(p)])
    ring = collectives.all_reduce(nodes, mib, "ring")
    assert ring.seconds == pytest.approx(2 * (p - 1) * (wait + mib * MBIT_PER_MIB / p / rate))
    assert (ring.slowest_mbps, ring.latency_s) == (pytest.approx(rate), pytest.approx(2 * (p - 1) * wait))
    rounds, step = [], 1
    while step < p:
        up = [(ranks[i + step], ranks[i]) for i in range(0, p - step, 2 * step)]
        rounds += [naive_round(topology, routing, device_mbps, way) for way in (up, [(b, a) for a, b in up])]
        step *= 2
    tree = collectives.all_reduce(nodes, mib, "tree")
    assert tree.seconds == pytest.approx(sum(wait + mib * MBIT_PER_MIB / rate for wait, rate in rounds))
    assert (tree.slowest_mbps, tree.rounds) == (pytest.approx(min(rate for _, rate in rounds)), len(rounds))


def test_a_rail_whose_link_has_failed_carries_nothing() -> None:
    topology = Topology.of(pods(topology="rail-pods", pod_size=8, uplink="1Tbps"))
    routing = Routing(topology)
    collectives = Collectives(topology, routing, [2_400_000.0] * 16)
    assert collectives.all_reduce([0, 1], 1.0, "ring").slowest_mbps == 8 * 200_000
    routing.fail(topology.links_of(0)[3])
    assert collectives.all_reduce([0, 1], 1.0, "ring").slowest_mbps == pytest.approx(7 * 200_000)
    tree = collectives.all_reduce([0, 1], 1.0, "tree")  # there, then back: neither way over the eighth
    assert tree.seconds - tree.latency_s == pytest.approx(2 * MBIT_PER_MIB / (7 * 200_000))


def test_a_message_does_not_come_back_through_the_node_that_sends_it() -> None:
    """Node 0 stands between two switches: over the one to node 2 there is no other way to node 1 than back."""
    ends = (("n-0", "a"), ("a", "n-1"), ("n-0", "b"), ("b", "n-2"))
    links = [{"a": a, "b": b, "bandwidth": "10Gbps", "latency": "5us"} for a, b in ends]
    group = {"name": "n", "count": 3, "cpus": 64}
    spec = mp.ClusterSpec.model_validate({"groups": [group], "network": {"topology": "custom", "links": links, "hosts_forward": True}})
    topology = Topology.of(spec)
    found = Collectives(topology, Routing(topology), [math.inf] * 3).all_reduce([0, 1], 1.0, "ring")
    assert (found.slowest_mbps, found.latency_s) == (10_000, pytest.approx(2 * 10e-6))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 15), min_size=1, max_size=24), st.floats(0, 5000))
def test_no_algorithm_is_faster_than_what_each_node_must_send(nodes: list[int], mib: float) -> None:
    """Of p ranks each must take in (p - 1)/p of the size (Patarasuk & Yuan 2009), over no more than its node's link."""
    found = collectives_of(pods()).all_reduce(nodes, mib)
    p = len(nodes)
    fastest = 2_400_000.0 if len(set(nodes)) == 1 else 100_000.0
    bound = (p - 1) / p * mib * MBIT_PER_MIB / fastest if len(set(nodes)) in (1, p) else 0.0
    assert found.seconds >= bound * (1 - 1e-9)


def test_a_link_that_fails_is_gone_around_and_a_node_without_one_is_named() -> None:
    spec = pods()
    topology = Topology.of(spec)
    routing = Routing(topology)
    collectives = Collectives(topology, routing, [2_400_000.0] * 16)
    before = collectives.all_reduce([0, 15], 100.0)
    spine = next(v for v, name in enumerate(topology.names) if name == "spine-0")
    for edge in [edge for edge, ends in enumerate(topology.ends.tolist()) if spine in ends]:
        routing.fail(edge)
    assert collectives.all_reduce([0, 15], 100.0) == before  # by the other spine
    routing.fail(next(edge for edge, ends in enumerate(topology.ends.tolist()) if 15 in ends))
    with pytest.raises(NoRouteError, match=r"n-15"):
        collectives.all_reduce([0, 15], 100.0)


# -- a gang's time


def gangs(count: int, replicas: int) -> mp.JobTrace:
    request = mp.ResourceRequest(cpus=8, gpus=8)
    return mp.JobTrace.build(
        submit=[float(i) for i in range(count)],
        duration=[1000.0] * count,
        request=[0] * count,
        requests=[request],
        replicas=[replicas] * count,
    )


def test_a_gang_takes_its_work_and_its_all_reduces() -> None:
    spec, sync = pods(), Synchronization("100ms", "1GiB")
    each = collectives_of(spec).all_reduce([0] * 8 + [1] * 8, 1024).seconds
    result = mp.replay(spec, gangs(1, 2), placement="first-fit", sync=sync)
    assert result.jobs["end_s"].to_list() == pytest.approx([1000 * (0.1 + each) / 0.1])
    assert mp.replay(spec, gangs(1, 2), placement="first-fit").jobs["end_s"].to_list() == [1000.0]


@pytest.mark.parametrize("queue", ["fifo", "easy", "las"])
def test_both_clocks_agree_over_a_network(queue: str) -> None:
    sync = {"step": "200ms", "size": "3GiB"}
    runs = [mp.replay(pods(), gangs(30, 3), queue=queue, placement="topology", sync=sync, clock=clock) for clock in ("replay", "simpy")]
    assert runs[0].fingerprint == runs[1].fingerprint and runs[0].jobs.equals(runs[1].jobs)


def test_topology_placement_shortens_training_visibly() -> None:
    """Half of each leaf is taken: what fits best is spread over leaves, `topology` looks for one leaf with room for the gang."""
    requests = [mp.ResourceRequest(cpus=8, gpus=8), mp.ResourceRequest(cpus=8, gpus=4)]
    racks = {"name": "n", "count": 16, "cpus": 64, "memory": "512GiB", "gpus": 8, "gpu_model": "A100-80", "racks": 4, "nic_mbps": 100_000}
    spec = mp.ClusterSpec.model_validate({"groups": [racks], "network": LEAVES})
    trace = mp.JobTrace.build(
        submit=[0.0, 0.0, 1.0], duration=[500.0, 1e6, 1000.0], request=[0, 1, 0], requests=requests, replicas=[2, 1, 4]
    )
    sync = Synchronization("300ms", "2GiB")
    ends = {
        placement: mp.replay(spec, trace, placement=placement, sync=sync, until=1e5).jobs["end_s"].to_list()[2]
        for placement in ("first-fit", "topology")
    }
    assert ends["topology"] < 0.9 * ends["first-fit"]


# -- bad input


def test_bad_input_is_refused() -> None:
    collectives = collectives_of(pods())
    for nodes, mib in (([], 1.0), ([16], 1.0), ([-1], 1.0), ([0], -1.0), ([0], math.inf)):
        with pytest.raises(OptionError, match="expected"):
            collectives.all_reduce(nodes, mib)
    with pytest.raises(UnknownNameError, match="ring"):
        collectives.all_reduce([0], 1.0, "rings")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="network"):
        mp.replay(mp.ClusterSpec.parse("2x8xV100"), gangs(1, 1), sync={"step": 1, "size": "1GiB"})


def test_a_described_network_says_how_long_clusters_of_thousands_of_nodes_take() -> None:
    spec = mp.ClusterSpec.uniform(nodes=2050, nic_mbps=100_000, network={"topology": "leaf-spine"})
    described = describe_network(spec)
    assert [row["nodes"] for row in described["all_reduce"]] == [2, 8, 32, 128, 512, 2048]
    assert [name for name, _ in readable_network(described)][-1] == "all-reduce of 1 GiB, 2,048 nodes"
    assert described["all_reduce"][-1]["seconds"] > described["all_reduce"][-2]["seconds"]
