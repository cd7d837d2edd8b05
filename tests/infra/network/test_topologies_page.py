"""The YAML of docs/network/topologies.md is a cluster."""

from __future__ import annotations

from pathlib import Path

from mlplat.hardware import ClusterSpec

PAGE = Path(__file__).parents[3] / "docs" / "network" / "topologies.md"


def test_the_yaml_of_the_page_is_a_cluster() -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    spec = ClusterSpec.from_yaml(text)
    assert spec.network is not None and spec.network.topology == "rail-pods" and len(spec.nodes()) == 64
