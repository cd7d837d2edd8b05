"""The page of a platform as text and as data: lineage, layers, events, tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.report.platform_page import events, lineage, platform_page
from mlplat.report.platform_page.graph_picture import graph_svg
from mlplat.report.platform_page.layers import layered

from .shop import NASTY, shop


def test_the_lineage_has_all_runs_and_models_and_what_they_are_made_of() -> None:
    drawn = lineage.lineage_of(shop())
    kinds = sorted(node.kind.word for node in drawn.nodes.values())
    assert kinds == ["commit", "model", "model", "run", "run"] and not drawn.left_out
    above = {(link.upstream.partition(":")[0], link.downstream.partition(":")[0]) for link in drawn.links}
    assert ("repo", "run") in above and ("run", "model") in above
    assert drawn.records["run:shop/r2"]["parameter note"] == NASTY


def test_a_large_lineage_keeps_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "MOST_NODES", 3)
    drawn = lineage.lineage_of(shop())
    assert drawn.left_out and len(drawn.nodes) <= 3


GRAPHS = st.tuples(st.integers(0, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))


@given(GRAPHS)
def test_every_link_leads_to_a_later_layer(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = drawn
    nodes = [f"n{i}" for i in range(count)]
    links = [(f"n{a}", f"n{b}") for a, b in pairs if a < b < count]
    layers = layered(nodes, links)
    assert sorted(name for layer in layers for name in layer) == sorted(nodes)
    place = {name: at for at, layer in enumerate(layers) for name in layer}
    assert all(place[one] < place[other] for one, other in links)
    assert layers == layered(nodes, links)


def test_the_picture_has_a_button_for_each_node_and_a_line_for_each_link() -> None:
    drawn = lineage.lineage_of(shop())
    picture = graph_svg(drawn)
    assert picture.count('role="button"') == len(drawn.nodes) and picture.count('class="edge"') == len(drawn.links)


def test_of_too_many_events_the_frequent_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = mp.Simulation()
    for _ in range(20):
        sim.emit("node:n", "node.seen", source="test")
    rare = sim.emit("node:n", "node.failed", source="test")
    monkeypatch.setattr(events, "MOST_EVENTS", 10)
    frame, left_out = events.events_frame(sim.log)
    assert frame["id"].to_list() == [rare.id] and left_out == ["node.seen"]


def test_making_the_page_changes_nothing_and_gives_the_same_page() -> None:
    before = shop().sim.log.digest()
    page = platform_page(shop())
    assert page == platform_page(shop()) and shop().sim.log.digest() == before
    assert NASTY not in page and "plotly" not in page.lower()
