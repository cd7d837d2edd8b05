"""The page on the whole platform: its tables name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import mlplat as mp

PAGE = Path(__file__).resolve().parents[2] / "docs" / "platform" / "index.md"


def test_the_table_has_every_component_and_every_page() -> None:
    rows = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for _, name in rows} == {*mp.Platform().components, "store", "tasks", "trainings", "capabilities"}
    assert {page for page, _ in rows} == {page.name for page in PAGE.parent.glob("*.md")} - {PAGE.name}
