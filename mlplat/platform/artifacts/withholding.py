"""What a caller sees of the names that one artifact has of others: of what they may not read, that it is withheld."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    resource = resource_named(name, kind)
    if resource is None or authorization.may(actor, Right.READ, resource):
        return name
    version = resource.partition("@")[2]
    return f"{WITHHELD}sha1:{version}" if _COMMIT.fullmatch(version) else WITHHELD


def referrers_shown(authorization: Authorization, actor: Actor, names: Iterable[str], own: str = "") -> tuple[str, ...]:
    """Who names an artifact, as the caller may see them; sorted, each once. `own`: the artifact, `project/name`, whose snapshots and
    aliases who may delete it sees.
    """
    mine = (f"snapshot:{own}@", f"alias:{own}@")
    return tuple(sorted({name if own and name.startswith(mine) else shown(authorization, actor, name) for name in names}))


def resource_named(name: str, kind: str = "") -> str | None:
    """The resource that a name means; None where it means none.

    >>> resource_named("shop/r1", "run"), resource_named("run:shop/r1"), resource_named("run 17 of the old cluster", "run")
    ('run:shop/r1', 'run:shop/r1', None)
    """
    found = _RESOURCE.fullmatch(name) if isinstance(name, str) else None
    of, path = (found[1], found[2]) if found else (kind, name)
    try:
        reference = Reference.parse(path)
    except OptionError:
        return None
    return f"{of}:{reference}" if of else None
