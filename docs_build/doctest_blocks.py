"""Docstrings as the pages of the reference show them: examples become blocks of code, which Markdown would take for quotations."""

from __future__ import annotations

from typing import Any

from griffe import Docstring, Extension, Object


def fenced(text: str) -> str:
    """`text` with a fence around each example: from a line that starts with `>>>` to the next blank line.

    >>> print(fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nNever fails."))
    Adds.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    <BLANKLINE>
    Never fails.
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


class DoctestBlocks(Extension):
    """The extension of griffe that MkDocs is told to use (`mkdocs.yml`)."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        if isinstance(obj.docstring, Docstring):
            obj.docstring.value = fenced(obj.docstring.value)
