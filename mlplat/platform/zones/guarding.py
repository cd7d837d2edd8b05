"""Zones at the Management Endpoint: what is not allowed in a zone is not allowed by the cluster's own calls either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AccessDenied
from ..identity.decisions import SENTENCES, DecisionReason
from ..identity.rights import Right
from .journal import DEVELOPMENT

if TYPE_CHECKING:
    from ..identity.authorization import Authorization
    from .catalogue import Catalogue


class GuardedZones:
    """The `ZoneGuard` of clusters. Whoever calls is a principal by its id, or by its name where only one has it."""

    def __init__(self, authorization: Authorization, catalogue: Catalogue) -> None:
        self._authorization, self._catalogue = authorization, catalogue

    def check(self, zone: str, workload: str, principal: str, action: str) -> None:
        """Raises AccessDenied. A new workload needs `deploy` on the zone, which in a development zone its owner alone can use; one that is
        there needs it on that alone.
        """
        entry = self._catalogue.zones.get(zone)
        if entry is None:
            return
        resource = entry.resource if action == "submit" else f"{entry.resource}@{workload}"
        who = self._authorization.called(principal)
        decision = self._authorization.decide(who, Right.DEPLOY, resource, entry.name)
        if decision.allowed and action == "submit" and entry.kind == DEVELOPMENT and (who is None or who.id != entry.bound_to):
            decision = decision._replace(allowed=False, reason=DecisionReason.NOT_OWNER)
        if not decision.allowed:
            self._authorization.audit.add(self._authorization.sim.now, f"endpoint.{action}", decision)
            raise AccessDenied(principal, action, resource, SENTENCES[decision.reason])
