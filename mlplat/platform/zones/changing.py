"""Changing zones: their amounts, whether anything starts, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ..component import call
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..references import PLATFORM, check_project, told
from .catalogue import Entry
from .creating import OWNED, Creating, check_idle, check_over_limit, lending
from .errors import ZoneError
from .handles import Zone
from .journal import DEVELOPMENT

if TYPE_CHECKING:
    from ...infra.quotas import Quota

AS_IT_IS: Any = object()
"""For an option that is not given where None means something."""


class Changing(Creating):
    """Zones, as far as they are changed. For administrators."""

    @call(Right.ADMIN, resource=PLATFORM)
    def resize(
        self,
        name: Zone | str,
        *,
        guarantee: Mapping[str, Any] | None = None,
        limit: Mapping[str, Any] | None = None,
        lend: Any = None,
        actor: Actor,
    ) -> Zone:
        """Give a zone other amounts, each as a whole; None leaves it as it is, `{}` means none. What runs above a lower limit runs on, and
        nothing starts until it is met.

        Event `zone.modified`. Raises as `create_deployment` does; ZoneError for a guarantee of a development zone.
        """
        entry = self._staying(name, actor)
        if guarantee and entry.kind == DEVELOPMENT:
            raise ZoneError(entry.name, "is a development zone, which has a limit and no guarantee")
        given = {"guarantee": guarantee, "limit": limit, "lend": lending(lend, entry.quota.guarantee if guarantee is None else guarantee)}
        return self._modify(entry, actor, {key: value for key, value in given.items() if value is not None})

    @call(Right.ADMIN, resource=PLATFORM)
    def configure(
        self,
        name: Zone | str,
        *,
        idle: Any = AS_IT_IS,
        over_limit: Any = AS_IT_IS,
        cohort: Any = AS_IT_IS,
        priority: Any = AS_IT_IS,
        weight: Any = AS_IT_IS,
        reclaim_within: Any = AS_IT_IS,
        actor: Actor,
    ) -> Zone:
        """Change what else was said of a zone when it was made; what is not given stays. Event `zone.modified`. Raises likewise."""
        entry = self._staying(name, actor)
        given = {"cohort": cohort, "priority": priority, "weight": weight, "reclaim_within": reclaim_within}
        changes = {key: value for key, value in given.items() if value is not AS_IT_IS}
        if "cohort" in changes:
            self._check_cohort(cohort)
        idle_s = entry.idle_s if idle is AS_IT_IS else check_idle(idle)
        over = entry.over_limit if over_limit is AS_IT_IS else check_over_limit(over_limit)
        if entry.kind != DEVELOPMENT and (idle_s is not None or over != "wait"):
            raise ZoneError(entry.name, "is a deployment zone; idle and over_limit are of development zones")
        return self._modify(replace(entry, idle_s=idle_s, over_limit=over), actor, changes)

    @call(Right.ADMIN, resource=PLATFORM)
    def suspend(self, name: Zone | str, *, actor: Actor) -> Zone:
        """Nothing starts in a zone from now on; what runs there runs on, and what comes waits. Event `zone.modified`."""
        return self._modify(self._staying(name, actor), actor, {"suspended": True})

    @call(Right.ADMIN, resource=PLATFORM)
    def resume(self, name: Zone | str, *, actor: Actor) -> Zone:
        """Work starts in a zone again. Event `zone.modified`."""
        return self._modify(self._staying(name, actor), actor, {"suspended": False})

    @call(Right.ADMIN, resource=PLATFORM)
    def transfer(self, name: Zone | str, to: Principal | str, *, actor: Actor) -> Zone:
        """Bind a zone to another developer, or another project. All grants on it, on what runs there, and in it end; work runs on.

        Event `zone.modified` {bound_to, before}. Raises UnknownNameError, OptionError.
        """
        entry = self._staying(name, actor)
        grants: list[Any] = []
        if entry.kind == DEVELOPMENT:
            bound_to = self._developer(to).id
            grants = [self._identity._grant_record(actor, bound_to, OWNED, entry.resource, on_behalf_of=entry.resource)]
        elif isinstance(to, str):
            bound_to = check_project(to)
            self._check_project(bound_to, actor)
        else:
            raise OptionError(f"to={told(to)}: expected the name of a project")
        if bound_to == entry.bound_to:
            return self._answer(entry.name)
        record = self._record("zone.transferred", actor, name=entry.name, bound_to=bound_to)
        self._settle(record, grants=[*self._ended_grants(entry, actor), *grants])
        self._emit(self._resource(entry.name), "zone.modified", actor, {"bound_to": bound_to, "before": entry.bound_to})
        return self._answer(entry.name)

    # -- inside

    def _modify(self, entry: Entry, actor: Actor, changes: Mapping[str, Any]) -> Zone:
        """A zone with other options of its quota, and the other ones of `entry`. Nothing happens where nothing changes."""
        before = self._catalogue.zones[entry.name]
        quota: Quota = replace(before.quota, **changes)
        if quota != before.quota or entry != before:
            said = {"quota": quota.to_dict(), "idle_s": entry.idle_s, "over_limit": entry.over_limit}
            self._put(quota, before.quota, self._record("zone.modified", actor, name=entry.name, **said))
            self._emit(entry.resource, "zone.modified", actor, _differences(before, self._catalogue.zones[entry.name]))
            if entry.idle_s != before.idle_s:
                self._live.idle_changed(entry.name)
        return self._answer(entry.name)

    def _answer(self, name: str) -> Zone:
        made: Zone = self._handle(name)
        return made


def _differences(before: Entry, after: Entry) -> dict[str, Any]:
    """Of each part that has changed what it was and is, for an event."""
    old, new = ({**each.quota.to_dict(), "idle_s": each.idle_s, "over_limit": each.over_limit} for each in (before, after))
    return {key: {"before": old.get(key), "after": new.get(key)} for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)}
