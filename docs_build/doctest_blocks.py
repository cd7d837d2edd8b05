"""Docstrings as the pages of the reference show them: examples become blocks of code, names of pages become links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from griffe import Docstring, Extension, Object

DOCS = Path(__file__).resolve().parents[1] / "docs"


def fenced(text: str) -> str:
    """`text` with a fence around each example: from a line that starts with `>>>` to the next blank line.

    >>> fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nNever fails.").split("\\n")
    ['Adds.', '', '```pycon', '>>> 1 + 1', '2', '```', '', 'Never fails.']
    """
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.lstrip().startswith(">>>"):
            if lines and lines[-1].strip():
                lines.append("")
            lines.append("```pycon")
            inside = True
        elif inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line.strip() if inside and line.lstrip().startswith(">>>") else line)
    return "\n".join([*lines, "```"] if inside else lines)


def linked(text: str) -> str:
    """`text` with links to the pages that it names. All pages of the reference are in one folder.

    >>> linked("Columns: docs/results.md.")
    'Columns: [results](../results.md).'
    """

    def link(found: re.Match[str]) -> str:
        return f"[{found[1]}](../{found[1]}.md)" if (DOCS / f"{found[1]}.md").is_file() else found[0]

    return re.sub(r"\bdocs/([\w/-]+)\.md", link, text)


class DoctestBlocks(Extension):
    """The extension of griffe that MkDocs is told to use (`mkdocs.yml`)."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        if isinstance(obj.docstring, Docstring):
            obj.docstring.value = fenced(linked(obj.docstring.value))
