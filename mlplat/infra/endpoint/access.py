"""Who may change nodes and policies through the endpoint: its administrators."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import AccessDenied, OptionError

ADMINISTRATOR = "admin"


class Administrators:
    """The principals that may act on nodes and configure the cluster.

    >>> Administrators({"admin", "ops"}).may("ops")
    True
    """

    def __init__(self, names: Iterable[str] = (ADMINISTRATOR,)) -> None:
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise OptionError(f"administrators={names!r:.60}: expected names of principals")
        self.names = frozenset(check_principal(name) for name in names)

    def may(self, principal: str) -> bool:
        """Whether a principal is an administrator."""
        return principal in self.names

    def require(self, principal: str, action: str, resource: str) -> None:
        """Raises AccessDenied for everybody else."""
        if principal not in self.names:
            raise AccessDenied(principal, action, resource, "that takes an administrator")


def check_principal(name: object) -> str:
    """The name of a principal. Raises OptionError for what is none."""
    if not isinstance(name, str) or not name or len(name) > 250 or not name.isprintable():
        raise OptionError(f"actor={ascii(name)[:60]}: expected the name of a principal")
    return name
