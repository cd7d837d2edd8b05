"""The pages on statistics and comparison: every function is there, and the table of columns is the declared one."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.planning.comparison import COLUMNS
from mlplat.planning.statistics import __all__ as names

DOCS = Path(__file__).resolve().parents[2] / "docs" / "planning"


def column_table() -> str:
    """The part of comparison.md between its marks. Run this file to write it."""
    rows = "\n".join(f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |" for c in COLUMNS)
    return f"| column of `frame` | type | unit | meaning |\n|---|---|---|---|\n{rows}\n"


def test_the_table_of_columns_is_the_declared_one() -> None:
    between = re.search(r"<!-- columns -->\n(.*)<!-- end -->", (DOCS / "comparison.md").read_text(encoding="utf-8"), re.DOTALL)
    assert between is not None and between[1] == column_table()


def test_every_function_is_on_the_page() -> None:
    text = (DOCS / "statistics.md").read_text(encoding="utf-8")
    for name in names:
        assert name[0].isupper() or f"`{name}(" in text or f"{name}(" in text


if __name__ == "__main__":
    path = DOCS / "comparison.md"
    old = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(<!-- columns -->\n).*(<!-- end -->)", lambda m: m[1] + column_table() + m[2], old, flags=re.DOTALL), "utf-8")
