"""The drawing is well-formed, names what it shows, and stays small."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given

from mlplat.errors import OptionError
from mlplat.hardware import ClusterSpec, NodeGroup
from mlplat.infra.network.topology import Topology

from .topologies import custom_topologies, topology

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@given(custom_topologies())
def test_every_vertex_and_link_of_a_small_topology_is_drawn(made: Topology) -> None:
    svg = made.svg()
    assert set(made.names) <= set(texts(svg)) and svg.count("<path") == len(made.mbps)


@pytest.mark.parametrize(
    ("kind", "nodes", "nics"), [("leaf-spine", 20_000, 1), ("fat-tree", 16_000, 1), ("rail-pods", 2048, 8), ("dragonfly", 5000, 1)]
)
def test_a_large_topology_is_drawn_in_bundles(kind: str, nodes: int, nics: int) -> None:
    made = topology(kind, nodes, nics=nics, external=[{"name": f"e{i}"} for i in range(100)])
    svg = made.svg(np.linspace(0, 1, len(made.mbps)))
    assert len(svg) < 150_000
    counted = sum(int(text[1:].replace(",", "")) for text in texts(svg) if text.startswith("×"))
    assert counted >= nodes and f"{nodes:,}" in texts(svg)


def test_names_are_escaped_and_shortened() -> None:
    evil = "<script>alert('x')</script>&\n\x00"
    printable = evil[:-2]
    group = NodeGroup(name="g", node_names=(printable,))
    made = Topology.of(ClusterSpec.model_validate({"groups": [group], "network": {"external": [{"name": "x"}]}}))
    page = made._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert max(map(len, texts(made.svg()))) <= 20


def test_links_are_coloured_by_utilization_and_a_bundle_by_the_mean() -> None:
    made = topology("leaf-spine", 2, hosts_per_leaf=1, spines=1)
    colours = re.findall(r'<path [^>]*stroke="(#\w+)"', made.svg([0, 1, 0.5, 0.5]))
    assert set(colours) == {"#9eaaba", "#c81e1e", "#e69f00"} and "100% used" in made.svg([0, 1, 0, 0])
    assert set(re.findall(r'<path [^>]*stroke="(#\w+)"', made.svg())) == {"#9eaaba"}


@pytest.mark.parametrize("wrong", [[0.5], [0, 1, 2, 0], [0, 0, -0.1, 0], [float("nan")] * 4, "busy", [["a"]]])
def test_a_wrong_utilization_is_refused(wrong: object) -> None:
    with pytest.raises(OptionError, match="utilization: expected numbers from 0 to 1"):
        topology("leaf-spine", 2, hosts_per_leaf=1, spines=1).svg(wrong)  # type: ignore[arg-type]


def test_one_node_alone_is_drawn() -> None:
    made = topology("custom", 1)
    assert "node-0" in texts(made.svg()) and len(made) == 1 and made.oversubscription == 0.0
    assert repr(made) == "Topology(custom: 1 host, 0 switches, 0 links)"
