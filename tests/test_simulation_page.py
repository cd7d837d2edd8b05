"""The table of fields in docs/simulation.md is that of the event."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.events import Event

PAGE = Path(__file__).resolve().parents[1] / "docs" / "simulation.md"


def test_the_fields_of_an_event_are_listed_in_their_order() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## The event log")[1]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == Event._fields
