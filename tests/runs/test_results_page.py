"""The pages on results and replaying: their tables are what the code declares."""

from __future__ import annotations

import re
from pathlib import Path

from mlplat.infra.placement import PLACEMENTS
from mlplat.infra.queueing import QUEUES
from mlplat.runs.columns import FRAMES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def frame_tables() -> str:
    """The part of docs/results.md between its marks, made from `FRAMES`. Run this file to write it."""
    parts = []
    for frame, columns in FRAMES.items():
        rows = "\n".join(f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning.replace('|', chr(92) + '|')} |" for c in columns)
        parts.append(f"### `{frame}`\n\n| column | type | unit | meaning |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def test_the_tables_of_frames_are_made_from_the_declared_columns() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    between = re.search(r"<!-- frames -->\n(.*)<!-- end -->", text, re.DOTALL)
    assert between is not None
    assert between[1] == frame_tables()


def test_every_policy_is_listed_with_its_summary() -> None:
    text = (DOCS / "replaying.md").read_text(encoding="utf-8")
    for name, summary in [*((q.name, q.summary) for q in QUEUES.values()), *((p.name, p.summary) for p in PLACEMENTS.values())]:
        assert f"| `{name}` | {summary} |" in text


if __name__ == "__main__":
    page = DOCS / "results.md"
    old = page.read_text(encoding="utf-8")
    new = re.sub(r"(<!-- frames -->\n).*(<!-- end -->)", lambda m: m[1] + frame_tables() + m[2], old, flags=re.DOTALL)
    page.write_text(new, encoding="utf-8")
