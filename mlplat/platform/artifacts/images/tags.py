"""Tags of images: how they are written, and which of them do not move."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from ....errors import OptionError, printable
from ..wording import check_several

_TAG = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]{0,126}[-_A-Za-z0-9])?", re.ASCII)
_PATTERN = re.compile(r"[-._A-Za-z0-9*?]{1,128}", re.ASCII)


def check_tag(tag: object) -> str:
    """The name of a tag. Raises OptionError."""
    if not isinstance(tag, str) or _TAG.fullmatch(tag) is None or ".." in tag:
        raise OptionError(f"tag {printable(str(tag)[:80])!r}: expected letters, digits, '-', '.' and '_', at most 128, such as 'v1.2'")
    return tag


def check_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns of tags, sorted. Raises OptionError."""
    found = check_several(patterns, "patterns", "['v*']")
    for pattern in found:
        if not isinstance(pattern, str) or _PATTERN.fullmatch(pattern) is None:
            raise OptionError(f"pattern {printable(str(pattern)[:80])!r}: expected characters of tags, '*' and '?'")
    return tuple(sorted(set(found)))


def is_fixed(tag: str, patterns: Iterable[str]) -> bool:
    """Whether a tag matches one of the patterns.

    >>> is_fixed("v1", ["v*"]), is_fixed("latest", ["v*"])
    (True, False)
    """
    return any(fnmatchcase(tag, pattern) for pattern in patterns)
