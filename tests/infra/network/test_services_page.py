"""The table of ways of balancing in docs/network/services.md is complete."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.infra.network.balancing import BALANCINGS

PAGE = Path(__file__).parents[3] / "docs" / "network" / "services.md"


def test_the_ways_of_balancing_are_all_there() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Balancing")[1]
    assert re.findall(r"^\| `([a-z-]+)` \| ", section, re.MULTILINE)[1:] == list(BALANCINGS)
