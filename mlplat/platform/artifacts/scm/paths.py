"""Names and paths in a tree. None is trusted, wherever it comes from."""

from __future__ import annotations

import re

from .errors import PathError

_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters that the file system of a Mac leaves out of names."""
_DOT_GIT = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
LONGEST = 4096
"""Bytes of a path."""
DEEPEST = 200
"""Names in a path."""


def is_name(name: str) -> bool:
    """Whether this can be the name of an entry of a tree: not empty, `.`, `..` or `.git` in any disguise, without `/`, `\\` and NUL."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        return False
    if name.isascii():
        return name[0] not in ".gG" or _DOT_GIT.fullmatch(name) is None
    return _DOT_GIT.fullmatch(_IGNORED.sub("", name)) is None


def check_path(path: object) -> str:
    """A path relative to the top of a tree, with `/` between its names. Raises PathError.

    >>> check_path("src/train.py")
    'src/train.py'
    """
    if not isinstance(path, str) or not path:
        raise PathError(path, "text such as 'src/train.py'")
    if path[0] == "/":
        raise PathError(path, "a path relative to the top of the tree")
    names = path.split("/")
    if len(names) > DEEPEST:
        raise PathError(path, f"at most {DEEPEST} names in it")
    for name in names:
        if not is_name(name):
            raise PathError(path, r"no name in it that is empty, '.', '..' or '.git', and no '\' or NUL")
    try:
        if len(path.encode()) > LONGEST:
            raise PathError(path, f"at most {LONGEST} bytes")
    except UnicodeEncodeError:
        raise PathError(ascii(path), "Unicode text") from None
    return path
