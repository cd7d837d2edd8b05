"""The tables of docs/traces.md are true."""

from __future__ import annotations

from pathlib import Path

from mlplat.traces import FORMATS
from mlplat.traces.mlplat_files import COLUMNS

PAGE = Path(__file__).parents[2] / "docs" / "traces.md"


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    text = PAGE.read_text()
    for name, unit, meaning in COLUMNS:
        assert f"| `{name}` | {unit} | {meaning} |" in text
    for name in FORMATS:
        assert f"`{name}`" in text
