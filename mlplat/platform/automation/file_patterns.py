"""Patterns of paths in a commit: `*` for any part of a name, `?` for one character of it, `**` for any folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ...errors import OptionError
from ..artifacts.scm.errors import PathError
from ..artifacts.scm.paths import check_path


def check_pattern(pattern: str) -> str:
    """A pattern as it is. Raises OptionError."""
    try:
        return check_path(pattern.removesuffix("/") if pattern != "/" else pattern) + ("/" if pattern.endswith("/") else "")
    except PathError as error:
        raise OptionError(str(error)) from None


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that a pattern means; that of a folder means all that is in it.

    >>> matching("src/**/*.py", ["src/a.py", "src/b/c.py", "src/b.txt", "d.py"])
    ['src/a.py', 'src/b/c.py']
    >>> matching("src", ["src/a.py", "srcs.py"])
    ['src/a.py']
    """
    compiled = _compiled(pattern)
    return [path for path in paths if compiled.fullmatch(path)]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    text = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removesuffix("/")):
        text += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)
