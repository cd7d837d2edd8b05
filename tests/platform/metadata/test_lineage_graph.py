"""The graph in arrays against networkx: reachability, and no cycle ever."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.artifacts.metadata import LineageCycleError, LineageGraph, lineage_graph
from mlplat.platform.artifacts.metadata.adjacency import Adjacency

NODES = 9
ENDS = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))
STEPS = st.lists(st.one_of(st.tuples(st.just("add"), ENDS), st.tuples(st.just("remove"), st.integers(0, 50))), max_size=60)


def name(number: int) -> str:
    return f"dataset:shop/d{number}@1"


def grown(steps: list[tuple[str, object]]) -> tuple[LineageGraph, nx.MultiDiGraph]:
    """The graph, and networkx's, which is asked for cycles by a walk of everything."""
    graph, naive = LineageGraph(), nx.MultiDiGraph()
    for number in range(NODES):
        graph.add_node(name(number))
        naive.add_node(name(number))
    edges: list[tuple[int, str, str]] = []
    for what, given_ in steps:
        if what == "add":
            upstream, downstream = (name(number) for number in given_)  # type: ignore[attr-defined]
            closes = upstream == downstream or nx.has_path(naive, downstream, upstream)
            if closes:
                with pytest.raises(LineageCycleError):
                    graph.check_acyclic([upstream], downstream, [])
                with pytest.raises(LineageCycleError):
                    graph.add_edge(upstream, downstream, "role")
            else:
                graph.check_acyclic([upstream], downstream, [])
                edge = graph.add_edge(upstream, downstream, "role")
                naive.add_edge(upstream, downstream, edge)
                edges.append((edge, upstream, downstream))
        elif edges:
            edge, upstream, downstream = edges.pop(int(given_) % len(edges))  # type: ignore[call-overload]
            graph.remove_edge(edge)
            naive.remove_edge(upstream, downstream, edge)
        assert sorted(map(graph.place, range(NODES))) == list(range(NODES))
        assert all(graph.place(graph.find(upstream)) < graph.place(graph.find(downstream)) for upstream, downstream in naive.edges())
    return graph, naive


@given(STEPS, st.booleans())
def test_s58_upstream_and_downstream_are_those_of_a_walk_and_no_edge_closes_a_cycle(
    steps: list[tuple[str, object]], compiled: bool
) -> None:
    graph, naive = grown(steps)
    assert graph.edges == naive.number_of_edges()
    before, lineage_graph.COMPILED_FROM = lineage_graph.COMPILED_FROM, 1 if compiled else 10**9
    try:
        for node in naive:
            above, below = graph.upstream(node), graph.downstream(node)
            assert len(above) == len(set(above)) and set(above) == nx.ancestors(naive, node)
            assert len(below) == len(set(below)) and set(below) == nx.descendants(naive, node)
            nearness = nx.single_source_shortest_path_length(naive, node)
            assert [nearness[each] for each in below] == sorted(nearness[each] for each in below)
            assert sorted(graph.names[other] for other, _ in graph.edges_into(graph.find(node))) == sorted(
                u for u, _ in naive.in_edges(node)
            )
    finally:
        lineage_graph.COMPILED_FROM = before


@given(STEPS, st.sets(st.integers(0, NODES), max_size=3), st.integers(0, NODES), st.sets(st.integers(0, NODES), max_size=3))
def test_several_edges_are_checked_together(steps: list[tuple[str, object]], above: set[int], middle: int, below: set[int]) -> None:
    graph, naive = grown(steps)
    wanted = [(name(each), name(middle)) for each in above] + [(name(middle), name(each)) for each in below]
    after = naive.copy()
    after.add_edges_from(wanted)
    try:
        graph.check_acyclic(map(name, sorted(above)), name(middle), map(name, sorted(below)))
    except LineageCycleError:
        assert not nx.is_directed_acyclic_graph(after)
    else:
        assert nx.is_directed_acyclic_graph(after)
        for upstream, downstream in wanted:
            graph.add_edge(upstream, downstream, "role")
        assert set(graph.upstream(name(middle))) == nx.ancestors(after, name(middle))


def test_a_node_with_many_edges_moves_and_its_old_room_is_used_again() -> None:
    graph = LineageGraph()
    for hub in range(3):
        for leaf in range(1000):
            graph.add_edge(f"dataset:shop/hub{hub}@1", f"run:shop/r{hub}-{leaf}", "data")
    assert len(graph.downstream("dataset:shop/hub2@1")) == 1000
    assert len(graph._down.pool) <= 3 * 1024 + 2 * 1024


def test_what_moves_in_the_order_keeps_its_own() -> None:
    graph = LineageGraph()
    for number in range(4):
        graph.add_node(name(number))
    for upstream, downstream in ((0, 2), (0, 1), (1, 2), (3, 0)):  # the last moves 0, 1 and 2, met as 0, 2, 1
        graph.add_edge(name(upstream), name(downstream), "role")
    assert sorted(range(4), key=graph.place) == [3, 0, 1, 2]


def test_edges_that_stay_keep_their_order_when_one_goes() -> None:
    edges = Adjacency()
    edges.add_node()
    for edge in range(6):
        edges.add(0, edge)
    edges.remove(0, 1)
    edges.remove(0, 4)
    edges.add(0, 9)
    assert list(edges.of(0)) == [0, 2, 3, 5, 9]


def test_memory_is_counted() -> None:
    graph = LineageGraph()
    for number in range(1000):
        graph.add_edge("dataset:shop/hub@1", f"run:shop/r{number}", "data")
    assert graph.memory_bytes()["arrays"] < 120 * len(graph)


def test_a_digest_is_kept_and_the_first_stays() -> None:
    graph = LineageGraph()
    first, second = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    node = graph.add_node("dataset:shop/d@1")
    assert graph.digest(node) == ""
    graph.add_node("dataset:shop/d@1", first)
    graph.add_node("dataset:shop/d@1", second)
    assert graph.digest(node) == first and graph.find("dataset:shop/e@1") == -1
    assert graph.upstream("dataset:shop/e@1") == []
