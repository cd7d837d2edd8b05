"""The tables of docs/planning/plans.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlplat.frame_columns import Column
from mlplat.planning.search import proof, sensitivity

PAGE = Path(__file__).resolve().parents[3] / "docs" / "planning" / "plans.md"


def table(columns: tuple[Column, ...]) -> str:
    rows = "".join(f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |\n" for c in columns)
    return f"| column | type | unit | meaning |\n|---|---|---|---|\n{rows}"


@pytest.mark.parametrize(("mark", "columns"), [("tried", proof.TRIED), ("left_out", proof.LEFT_OUT), ("sensitivity", sensitivity.COLUMNS)])
def test_tables_are_made_from_the_declarations(mark: str, columns: tuple[Column, ...]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.search(rf"<!-- {mark} -->\n(.*?)<!-- end -->", text, re.DOTALL)[1] == table(columns)  # type: ignore[index]
