"""Rights, and the roles that bundle them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ...errors import OptionError, UnknownNameError, printable


class Right(StrEnum):
    """What can be granted on a resource. None implies another."""

    READ = "read"
    WRITE = "write"
    SHARE = "share"
    """Grant to others what one holds oneself."""
    ADMIN = "admin"
    """Configure, protect, retain and delete; members of a project."""
    DEPLOY = "deploy"
    """Bring into a deployment zone."""
    APPROVE = "approve"
    """Open the gate before a deployment."""
    FORCE = "force"
    """Move a branch without fast-forward."""


ROLES: Final = MappingProxyType(
    {
        "viewer": frozenset({Right.READ}),
        "contributor": frozenset({Right.READ, Right.WRITE}),
        "deployer": frozenset({Right.READ, Right.DEPLOY}),
        "maintainer": frozenset({Right.READ, Right.WRITE, Right.SHARE, Right.DEPLOY, Right.APPROVE}),
        "owner": frozenset(Right),
    }
)
"""Rights of each role that every platform has."""


def rights_of(given: str | Right | Iterable[str | Right], roles: Mapping[str, frozenset[Right]] = ROLES) -> frozenset[Right]:
    """Rights by the name of a role, by a right's, or by several of these. Raises UnknownNameError, OptionError for none at all.

    >>> sorted(rights_of("contributor")), sorted(rights_of(["read", "deploy"]))
    ([<Right.READ: 'read'>, <Right.WRITE: 'write'>], [<Right.DEPLOY: 'deploy'>, <Right.READ: 'read'>])
    """
    if isinstance(given, str):
        if given in roles:
            return roles[given]
        try:
            return frozenset({Right(given)})
        except ValueError:
            raise UnknownNameError("right or role", printable(given[:60]), [*(right.value for right in Right), *roles]) from None
    if not isinstance(given, Iterable):
        raise OptionError(f"rights={printable(str(given)[:60])}: expected names of rights or roles")
    rights = frozenset[Right]().union(*(rights_of(each, roles) for each in given))
    if not rights:
        raise OptionError("no right at all; expected names of rights or roles")
    return rights
