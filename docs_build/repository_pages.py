"""The Markdown files of the project as they are read in the repository: their headings and links, and which links lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|<!--.*?-->", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
TARGET = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#* *$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page, as repositories and the site make them of headings.

    >>> sorted(anchors("# What it costs\\n## `fifo`, `sjf`\\n## What it costs"))
    ['fifo-sjf', 'what-it-costs', 'what-it-costs-1']
    """
    found: dict[str, int] = {}
    names = set()
    for heading in HEADING.findall(CODE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if slug in found else slug)
        found[slug] = found.get(slug, 0) + 1
    return names | set(re.findall(r'\bid="([^"]+)"', text))


def links(text: str) -> list[str]:
    """The targets of a page's links that stay in the repository.

    >>> links("[a](b.md#c), `[not](this)`, [out](https://example.org)")
    ['b.md#c']
    """
    targets = TARGET.findall(INLINE_CODE.sub("", CODE.sub("", text)))
    return [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def broken_links(page: Path, made: frozenset[Path] = frozenset()) -> Iterator[str]:
    """The links of a page that lead to no file or no heading. `made`: files that are only there when the site is built."""
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        if target in made:
            continue
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target.read_text(encoding="utf-8"))):
            yield f"{link}: there is no such heading"
