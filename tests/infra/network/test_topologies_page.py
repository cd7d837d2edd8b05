"""The examples of docs/network/topologies.md are true."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplat.hardware import ClusterSpec

PAGE = Path(__file__).parents[3] / "docs" / "network" / "topologies.md"


def test_examples_of_the_topologies_page_are_true() -> None:
    options = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=options)
    assert outcome.failed == 0 and outcome.attempted >= 12


def test_the_yaml_of_the_page_is_a_cluster() -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    spec = ClusterSpec.from_yaml(text)
    assert spec.network is not None and spec.network.topology == "rail-pods" and len(spec.nodes()) == 64
