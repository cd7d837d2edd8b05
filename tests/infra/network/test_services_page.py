"""The examples of docs/network/services.md are true, and its table of ways of balancing is complete."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from mlplat.infra.network.balancing import BALANCINGS

PAGE = Path(__file__).parents[3] / "docs" / "network" / "services.md"


def test_examples_of_the_services_page_are_true() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert tried >= 20


def test_the_ways_of_balancing_are_all_there() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Balancing")[1]
    assert re.findall(r"^\| `([a-z-]+)` \| ", section, re.MULTILINE)[1:] == list(BALANCINGS)
