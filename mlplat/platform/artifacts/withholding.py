"""What a caller sees of the names that one artifact has of others: of what they may not read, that it is withheld."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import OptionError
from ..identity.rights import Right
from ..references import Reference

if TYPE_CHECKING:
    from ..identity.authorization import Actor, Authorization

WITHHELD = "withheld:"
"""Stands for a name, before its digest where that is known."""
_RESOURCE = re.compile(r"([a-z]+):(.+)", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


def shown(authorization: Authorization, actor: Actor, name: str, kind: str = "") -> str:
    """A name as the caller may see it. `kind`: of what it names where it does not say, such as `repo` of `shop/churn@4c80e3…`.

    What names nothing of a platform, such as `run 17 of the old cluster`, is a statement like any other, and shown.
    """
    found = _RESOURCE.fullmatch(name)
    of, path = (found[1], found[2]) if found else (kind, name)
    try:
        reference = Reference.parse(path)
    except OptionError:
        return name
    if not of or authorization.may(actor, Right.READ, f"{of}:{reference}"):
        return name
    return f"{WITHHELD}sha1:{reference.version}" if _COMMIT.fullmatch(reference.version) else WITHHELD
