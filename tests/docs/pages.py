"""The pages that users read, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OTHERS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]
"""Pages whose commands are about the project itself: read for their links alone."""

FENCE = re.compile(r"^((?:<!--[^\n]*-->\n)?)```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: the comment on the line before it (what `<!-- … -->` says, or nothing), its language, its text, its first line."""

    mark: str
    language: str
    text: str
    line: int


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        mark = found[1].strip().removeprefix("<!--").removesuffix("-->").strip()
        yield Block(mark, found[2], found[3], text.count("\n", 0, found.start(3)) + 1)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
