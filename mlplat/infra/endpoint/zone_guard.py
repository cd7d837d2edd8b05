"""Who may let something run in a zone: the endpoint asks whoever has the zones in his keeping."""

from __future__ import annotations

from typing import Protocol

from ...errors import OptionError
from .access import ADMINISTRATOR
from .calls import Calls, verb

SYSTEM = "system"
"""Who acts where a component acts by itself, such as upon idle environments."""


class ZoneGuard(Protocol):
    """Has zones in its keeping."""

    def check(self, zone: str, workload: str, principal: str, action: str) -> None:
        """Raises AccessDenied where `principal` may not submit a workload to a zone, scale it there or delete it (`action`). A zone that it
        does not have in its keeping is open to all.
        """


class GuardVerbs(Calls):
    """The part of `ManagementEndpoint` that lets zones be guarded."""

    _zone_guard: ZoneGuard | None = None

    @verb
    def guard_zones(self, guard: ZoneGuard, *, actor: str = ADMINISTRATOR) -> None:
        """Ask `guard` from now on before a workload of a zone is submitted, applied, scaled or deleted by anybody but an administrator,
        or a component that acts by itself.

        Raises OptionError.
        """
        if not callable(getattr(guard, "check", None)):
            raise OptionError(f"guard: a {type(guard).__name__}; expected one that can check")
        self._administrator(actor, "guard_zones", "the cluster")
        self._zone_guard = guard

    def _may(self, actor: str, action: str, zone: str, workload: str) -> None:
        """Raises AccessDenied."""
        if self._zone_guard is not None and zone and actor != SYSTEM and actor not in self._cluster.administrators:
            self._zone_guard.check(zone, workload, actor, action)
