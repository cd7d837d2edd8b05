"""Paths are valid and shortest (against networkx), spread evenly, and avoid links that have failed."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError, UnknownNameError
from mlplat.infra.network.routing import NoRouteError, Routing, spread
from mlplat.infra.network.topology import Topology

from .naive_routing import shortest_paths
from .topologies import custom_topologies, topology

REGULAR = [
    topology("leaf-spine", 10, hosts_per_leaf=4, spines=3),
    topology("fat-tree", 16),
    topology("rail-pods", 6, nics=2, pod_size=3, spines=2),
    topology("dragonfly", 24, routers_per_group=3, hosts_per_router=2),
]


def visited(made: Topology, source: int, path: tuple[int, ...]) -> list[int]:
    """The vertices of a path, each link starting where the one before it ends."""
    vertices = [source]
    for link in path:
        start, end = made.ends[link // 2][:: -1 if link % 2 else 1].tolist()
        assert start == vertices[-1]
        vertices.append(end)
    return vertices


@given(custom_topologies(), st.sampled_from(["ecmp", "single-path"]), st.data())
def test_every_path_is_one_of_the_shortest_whatever_has_failed(made: Topology, kind: str, data: st.DataObject) -> None:
    routing = Routing(made, kind)  # type: ignore[arg-type]
    failed: set[int] = set()
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            edge = data.draw(st.integers(0, len(made.mbps) - 1))
            assert (routing.repair if edge in failed else routing.fail)(edge)
            failed ^= {edge}
        assert routing.failed == tuple(sorted(failed))
        source, target = data.draw(st.integers(0, len(made) - 1)), data.draw(st.integers(0, len(made) - 1))
        expected = shortest_paths(made, source, target, failed)
        if not expected:
            with pytest.raises(NoRouteError, match=f"{re.escape(repr(made.names[source]))} to {re.escape(repr(made.names[target]))}"):
                routing.path(source, target)
            continue
        for key in range(8):
            assert routing.path(source, target, key) in expected


@pytest.mark.parametrize("made", REGULAR, ids=lambda made: made.kind)
def test_every_pair_of_hosts_of_a_regular_topology_is_joined_by_all_shortest_paths(made: Topology) -> None:
    routing = Routing(made)
    for source in made.hosts.tolist():
        for target in made.hosts.tolist()[::3]:
            found = {routing.path(source, target, key) for key in range(40)}
            expected = shortest_paths(made, source, target)
            assert found <= expected and (len(found) > 1 or len(expected) == 1)


@given(custom_topologies(), st.data())
def test_single_path_takes_the_lowest_link_at_each_vertex(made: Topology, data: st.DataObject) -> None:
    source, target = data.draw(st.integers(0, len(made) - 1)), data.draw(st.integers(0, len(made) - 1))
    expected = shortest_paths(made, source, target)
    if expected:
        assert Routing(made, "single-path").path(source, target, data.draw(st.integers())) == min(expected)


@given(custom_topologies(), st.integers(), st.data())
def test_ecmp_chooses_at_each_vertex_by_the_documented_number(made: Topology, key: int, data: st.DataObject) -> None:
    source, target = data.draw(st.integers(0, len(made) - 1)), data.draw(st.integers(0, len(made) - 1))
    left = shortest_paths(made, source, target)
    taken: tuple[int, ...] = ()
    while left and left != {taken}:
        equal = sorted({path[len(taken)] for path in left})
        vertex = visited(made, source, taken)[-1]
        taken += (equal[math.floor(len(equal) * spread(key, vertex) / 2**64)],)
        left = {path for path in left if path[: len(taken)] == taken}
    if left:
        assert Routing(made).path(source, target, key) == taken


def test_the_same_flow_always_takes_the_same_path() -> None:
    one, other = Routing(REGULAR[1]), Routing(REGULAR[1])
    for key in (0, -1, 2**70, 12345):
        other.path(3, 9, 77)
        assert one.path(0, 15, key) == other.path(0, 15, key) == one.path(0, 15, key)
    assert one.path(0, 15, -1) == one.path(0, 15, 2**64 - 1)


def test_choices_are_those_of_splitmix64() -> None:
    # The first outputs for the seed 1234567, as published with the generator.
    assert [spread(1234567, v) for v in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("made", REGULAR[:2], ids=lambda made: made.kind)
def test_ecmp_spreads_flows_evenly_over_equal_paths(made: Topology) -> None:
    routing, flows = Routing(made), 20_000
    source, target = 0, int(made.hosts[-1])
    expected = sorted(shortest_paths(made, source, target))
    for keys in (range(flows), range(0, flows * 4096, 4096)):
        count = dict.fromkeys(expected, 0)
        for key in keys:
            count[routing.path(source, target, key)] += 1
        mean = flows / len(expected)
        chi_square = sum((found - mean) ** 2 / mean for found in count.values())
        assert chi_square < 25  # of 2 or 3 degrees of freedom: P < 2e-5


def test_choices_at_different_vertices_do_not_go_together() -> None:
    choices = np.array([[spread(key, vertex) * 2 >> 64 for vertex in range(8)] for key in range(4096)])
    correlation = np.corrcoef(choices.T) - np.eye(8)
    assert abs(correlation).max() < 0.07


def test_a_failed_link_is_avoided_and_used_again_after_its_repair() -> None:
    made = REGULAR[0]
    routing = Routing(made, "single-path")
    before = routing.path(0, 9)
    assert routing.fail(before[1] // 2) and not routing.fail(before[1] // 2)
    during = routing.path(0, 9)
    assert before[1] // 2 not in {link // 2 for link in during} and len(during) == len(before)
    assert routing.repair(before[1] // 2) and not routing.repair(before[1] // 2)
    assert routing.path(0, 9) == before


def test_a_host_without_its_link_has_no_route_either_way() -> None:
    routing = Routing(REGULAR[0])
    routing.path(0, 1)
    routing.fail(0)
    for source, target in ((0, 5), (5, 0), (0, 1), (1, 0)):
        with pytest.raises(NoRouteError, match="1 link has failed") as caught:
            routing.path(source, target)
        assert (caught.value.source, caught.value.target) == (f"node-{source}", f"node-{target}")
    assert routing.path(0, 0) == () and len(routing.path(1, 5)) == 4


def test_outside_traffic_shares_the_link_of_the_gateway_and_inner_traffic_never_passes_the_border() -> None:
    made = topology("dragonfly", 40, routers_per_group=2, hosts_per_router=2, external=[{"name": "d"}, {"name": "u"}])
    routing, border = Routing(made), made.vertex("border")
    gateway = next(edge for edge, ends in enumerate(made.ends.tolist()) if ends == [border, made.vertex("gateway")])
    outward = 2 * gateway
    for host in range(0, 40, 7):
        out, back = routing.path(host, made.vertex("d"), host), routing.path(made.vertex("d"), host, host)
        assert outward in out and outward + 1 in back and visited(made, host, out)[-1] == made.vertex("d")
        assert visited(made, made.vertex("d"), back)[-1] == host
        assert all(border not in visited(made, host, routing.path(host, other, 1)) for other in range(40))
    assert outward not in routing.path(made.vertex("d"), made.vertex("u"))
    routing.fail(gateway)
    with pytest.raises(NoRouteError):
        routing.path(0, made.vertex("d"))
    assert routing.path(made.vertex("d"), made.vertex("u")) and routing.path(0, 39)


def test_vertices_links_and_kinds_that_are_not_there_are_refused() -> None:
    routing = Routing(REGULAR[0])
    for source, target in ((-1, 0), (0, 10**6)):
        with pytest.raises(OptionError, match="vertices 0 to"):
            routing.path(source, target)
    for edge in (-1, 10**6):
        with pytest.raises(OptionError, match="links 0 to"):
            routing.fail(edge)
    with pytest.raises(UnknownNameError, match="did you mean 'ecmp'"):
        Routing(REGULAR[0], "ecnp")  # type: ignore[arg-type]


def test_few_destinations_kept_give_the_same_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    made = topology("leaf-spine", 64, hosts_per_leaf=2, spines=3)
    ample = Routing(made)
    expected = [ample.path(s, t, s * t) for s in range(64) for t in range(64)]
    monkeypatch.setattr("mlplat.infra.network.routing._MOST_DISTANCES", 1)
    monkeypatch.setattr("mlplat.infra.network.routing._MOST_WAYS", 5)
    scant = Routing(made)
    assert [scant.path(s, t, s * t) for s in range(64) for t in range(64)] == expected
    assert len(scant._destinations) <= 8
    kept = sum(len(ways) for each in scant._destinations.values() for ways in each.next_links.values())
    assert scant._ways_kept == kept <= 5
