"""Transfers on the simulation's clock: they share links, go around failures, stand still and arrive."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.network.routing import Routing
from mlplat.infra.network.topology import Topology
from mlplat.infra.network.transfers import Transfers
from mlplat.units import MBIT_PER_MIB

LEAVES = {
    "topology": "leaf-spine",
    "hosts_per_leaf": 2,
    "spines": 2,
    "bandwidth": "1Gbps",
    "uplink": "1Gbps",
    "latency": 0,
    "switch_latency": 0,
}
SECONDS = 1000 * MBIT_PER_MIB / 1000
"""For 1000 MiB over a link of 1 Gbit/s."""


def transfers(nodes: int = 4, **network: Any) -> Transfers:
    spec = mp.ClusterSpec.uniform(nodes=nodes, cpus=1, network=LEAVES | network)
    topology = Topology.of(spec)
    return Transfers(mp.Simulation(), topology, Routing(topology))


def edge_between(network: Transfers, a: str, b: str) -> int:
    names = network.topology.names
    wanted = {names.index(a), names.index(b)}
    return next(edge for edge, ends in enumerate(network.topology.ends.tolist()) if set(ends) == wanted)


def test_a_transfer_takes_its_size_over_the_slowest_link_and_then_the_latency() -> None:
    network = transfers(latency="1ms", switch_latency="2ms")
    near, far = network.send(0, 1, 1000), network.send(2, 1, 0)
    network.sim.run()
    assert near.ended_s == pytest.approx(SECONDS + 0.002)
    assert far.ended_s == pytest.approx(0.001 + 0.002 + 0.002 + 0.001)
    assert network.moved_mib == 1000 and not network.active


def test_latency_is_that_of_each_link_of_the_last_path() -> None:
    """Node 0 reaches node 1 by one switch, or by another one that is further away: 1 + 2 ms, or 4 + 8 ms."""
    waits = {("node-0", "a"): "1ms", ("a", "node-1"): "2ms", ("node-0", "b"): "4ms", ("b", "node-1"): "8ms"}
    links = [{"a": a, "b": b, "bandwidth": "1Gbps", "latency": wait} for (a, b), wait in waits.items()]
    spec = mp.ClusterSpec.uniform(nodes=2, cpus=1, network={"topology": "custom", "links": links})
    made = Topology.of(spec)
    network = Transfers(mp.Simulation(), made, Routing(made, "single-path"))
    there, back = network.send(0, 1, 1000), network.send(1, 0, 500)
    network.sim.at(0.6 * SECONDS, network.fail_edge, 0)
    network.sim.run()
    assert there.ended_s == pytest.approx(SECONDS + 0.012, rel=1e-12)
    assert back.ended_s == pytest.approx(SECONDS / 2 + 0.003, rel=1e-12)


def test_what_has_left_arrives_whatever_fails_behind_it() -> None:
    network = transfers(latency="1s")
    transfer = network.send(0, 1, 1000)
    network.sim.at(SECONDS + 0.5, network.fail_edge, 0)
    network.sim.run()
    assert transfer.ended_s == pytest.approx(SECONDS + 2)
    assert [event.predicate for event in network.sim.log] == ["transfer.started", "transfer.finished"]


def test_s11_two_transfers_to_one_node_share_its_link_and_bytes_sent_are_bytes_received() -> None:
    network = transfers()
    first, second = network.send(0, 1, 1000), network.send(2, 1, 500)
    network.sim.run(until=1.0)
    assert first.rate_mbps == second.rate_mbps == 500
    assert first.left_mib == pytest.approx(1000 - 500 / MBIT_PER_MIB)
    network.sim.run()
    assert second.ended_s == pytest.approx(SECONDS) and first.ended_s == pytest.approx(1.5 * SECONDS)
    assert network.moved_mib == 1500


def test_a_process_can_wait_for_a_transfer_and_is_told_of_it() -> None:
    network, told = transfers(), []
    transfer = network.send(0, 3, 1000, on_done=told.append)

    def waits() -> Any:
        arrived = yield transfer.done
        told.append((network.sim.now, arrived))

    network.sim.process(waits())
    network.sim.run()
    assert told == [transfer, (transfer.ended_s, transfer)] and transfer.over


def test_a_transfer_within_a_node_takes_no_time() -> None:
    network = transfers()
    transfer = network.send(2, 2, 1e6)
    network.sim.run()
    assert transfer.ended_s == 0.0


def test_transfers_share_a_limit_that_is_no_link() -> None:
    network = transfers()
    disk = network.add_limit(100)
    reads = [network.send(0, target, 100, limits=(disk,)) for target in (1, 2)]
    alone = network.send(3, 2, 100)
    network.sim.run()
    assert [read.ended_s for read in reads] == pytest.approx([2 * 100 * MBIT_PER_MIB / 100] * 2)
    assert alone.ended_s < reads[0].ended_s


def test_a_transfer_goes_around_a_link_that_fails_and_loses_nothing() -> None:
    network = transfers()
    transfer = network.send(0, 2, 1000)
    network.sim.run(until=1.0)
    (through,) = {network.topology.names[v] for link in transfer._links for v in network.topology.ends[link >> 1]} & {"spine-0", "spine-1"}
    network.fail_edge(edge_between(network, "leaf-0", through))
    network.sim.run()
    assert transfer.ended_s == pytest.approx(SECONDS)
    assert [event.predicate for event in network.sim.log] == ["transfer.started", "transfer.rerouted", "transfer.finished"]


def test_a_transfer_without_a_way_stands_still_until_there_is_one() -> None:
    network = transfers()
    transfer = network.send(0, 2, 1000)
    edge = edge_between(network, "node-2", "leaf-1")
    network.sim.at(2.0, network.fail_edge, edge)
    network.sim.at(10.0, network.repair_edge, edge)
    network.sim.run(until=5.0)
    assert transfer.stalled and transfer.rate_mbps == 0 and transfer.left_mib == pytest.approx(1000 - 2000 / MBIT_PER_MIB)
    network.sim.run()
    assert transfer.ended_s == pytest.approx(SECONDS + 8.0) and not transfer.stalled
    assert [event.predicate for event in network.sim.log][1:3] == ["transfer.stalled", "transfer.rerouted"]


def test_what_is_cancelled_leaves_its_links_to_others() -> None:
    network = transfers()
    first, second = network.send(0, 1, 1000), network.send(2, 1, 1000)
    network.sim.at(2.0, first.cancel)
    network.sim.run()
    assert second.ended_s == pytest.approx(2.0 + (SECONDS - 1.0)) and first.ended_s == 2.0
    first.cancel()
    assert network.sim.log.select(predicate="transfer.cancelled")[0].data["left_mib"] == pytest.approx(1000 - 1000 / MBIT_PER_MIB)


def test_a_stream_has_no_end_of_its_own() -> None:
    network = transfers()
    stream, transfer = network.send(0, 1, math.inf), network.send(2, 1, 1000)
    network.sim.run(until=1e6)
    assert transfer.ended_s == pytest.approx(2 * SECONDS) and stream.rate_mbps == 1000
    stream.cancel()
    assert not network.active


def test_events_lead_back_to_what_the_transfer_was_for() -> None:
    network = transfers()
    asked = network.sim.emit("user:ann", "user.asked", source="test")
    network.send(0, 1, 10, cause=asked, subject="image:base")
    network.sim.run()
    finished = network.sim.log.select(predicate="transfer.finished")[0]
    assert finished.subject == "image:base" and network.sim.log.causes(finished)[-1] == asked
    assert network.sim.log.check() == []


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5), st.integers(0, 5), st.integers(1, 500)), max_size=12), st.data())
def test_whatever_fails_everything_arrives_once_all_is_whole(sent: list[tuple[int, int, int, int]], data: Any) -> None:
    network = transfers(6)
    sim = network.sim
    made: list[Any] = []
    for time, source, target, mib in sent:
        sim.at(float(time), lambda *given: made.append(network.send(*given)), source, target, mib)
    broken: set[int] = set()
    for time in range(12):
        edge = data.draw(st.integers(0, len(network.topology.mbps) - 1))
        sim.at(time + 0.5, network.repair_edge if edge in broken else network.fail_edge, edge)
        broken ^= {edge}
    for edge in sorted(broken):
        sim.at(20.0, network.repair_edge, edge)
    sim.run()
    assert all(transfer.over and not transfer.stalled for transfer in made) and len(made) == len(sent)
    assert network.moved_mib == sum(mib for *_, mib in sent)
    assert network.flows.underway == 0 and not network._by_flow and sim.log.check() == []


@pytest.mark.parametrize("mib", [-1, math.nan, True, "5"])
def test_what_is_no_size_is_refused(mib: Any) -> None:
    network = transfers()
    with pytest.raises(OptionError, match="expected"):
        network.send(0, 1, mib)
    assert not network.active and not len(network.sim.log)
