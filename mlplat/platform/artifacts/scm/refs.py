"""Names of branches and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ....errors import OptionError, printable
from ...references import is_version

_BAD = re.compile(r"[:]|@\{|(^|/)\.|\.lock(/|$)|/$|\.$|^@$|^HEAD$|^[0-9a-f]{40}$")


def is_ref(name: object) -> bool:
    """Whether this can name a branch or tag, here and in a reference `project/name@branch`."""
    return isinstance(name, str) and is_version(name) and _BAD.search(name) is None


def check_ref(name: object, what: str = "branch") -> str:
    """The name of a branch or tag. Raises OptionError.

    >>> check_ref("feature/fast-loader")
    'feature/fast-loader'
    """
    if not is_ref(name):
        expected = "letters, digits and '-', '.', '_', '+', '/' as git takes them, not the id of a commit"
        raise OptionError(f"{what} {printable(str(name)[:80])!r}: expected {expected}")
    return str(name)


def check_free(name: str, taken: Iterable[str], what: str) -> None:
    """That a name is free, and neither a folder of another nor below one, as git keeps refs in files. Raises OptionError."""
    for other in taken:
        if other == name or other.startswith(name + "/") or name.startswith(other + "/"):
            raise OptionError(f"{what} {name!r}: there is {other!r} already")
