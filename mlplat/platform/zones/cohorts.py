"""Cohorts: zones that lend to each other, in a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, UnknownNameError, printable
from ..component import call, call_of_anybody
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..references import PLATFORM
from .changing import AS_IT_IS, Changing
from .errors import ZoneError, ZoneOccupiedError
from .naming import check_zone_name

if TYPE_CHECKING:
    from ...infra.quotas import Cohort


class Cohorts(Changing):
    """Zones, as far as they lend to each other. For administrators."""

    @call(Right.ADMIN, resource=PLATFORM)
    def create_cohort(
        self,
        name: str,
        *,
        parent: str | None = None,
        guarantee: Mapping[str, Any] | None = None,
        limit: Mapping[str, Any] | None = None,
        lend: Mapping[str, Any] | None = None,
        actor: Actor,
    ) -> Cohort:
        """A group of zones that lend to each other before anybody else has what they do not use. Options: as of `mlplat.Cohort`.

        Event `cohort.created`. Raises OptionError for a name that is taken, UnknownNameError for a parent that is not there, SpecError.
        """
        from ...infra.quotas import Cohort

        if check_zone_name(name) in self._catalogue.cohorts or name in self._catalogue.zones:
            raise OptionError(f"{name} is there already")
        if self._port.is_taken(name):
            raise OptionError(f"{name} is the name of a quota that the cluster has, or of the zone of workloads; expected another one")
        self._check_cohort(parent)
        cohort = Cohort(name, parent, guarantee or {}, limit or {}, lend or {})
        self._put(cohort, None, self._record("cohort.created", actor, name=name, cohort=cohort.to_dict()))
        self._emit(f"cohort:{name}", "cohort.created", actor, cohort.to_dict())
        return cohort

    @call(Right.ADMIN, resource=PLATFORM)
    def modify_cohort(
        self,
        cohort: str,
        *,
        parent: str | None = AS_IT_IS,
        guarantee: Mapping[str, Any] = AS_IT_IS,
        limit: Mapping[str, Any] = AS_IT_IS,
        lend: Mapping[str, Any] = AS_IT_IS,
        actor: Actor,
    ) -> Cohort:
        """Put a cohort elsewhere in the tree, or give it other amounts. Event `cohort.modified`.

        Raises ZoneError where it would be below itself, and as `create_cohort` does.
        """
        before = self._cohort(cohort)
        given: dict[str, Any] = {"parent": parent, "guarantee": guarantee, "limit": limit, "lend": lend}
        after = replace(before, **{key: value for key, value in given.items() if value is not AS_IT_IS})
        self._check_cohort(after.parent)
        if not self._catalogue.goes_below(before.name, after.parent):
            raise ZoneError(before.name, f"cannot be part of {after.parent}, which is part of it")
        if after != before:
            self._put(after, before, self._record("cohort.modified", actor, name=before.name, cohort=after.to_dict()))
            self._emit(f"cohort:{before.name}", "cohort.modified", actor, after.to_dict())
        return after

    @call(Right.ADMIN, resource=PLATFORM)
    def delete_cohort(self, cohort: str, *, actor: Actor) -> None:
        """A cohort is no more. Event `cohort.deleted`. Raises ZoneOccupiedError while zones or cohorts are part of it."""
        found = self._cohort(cohort)
        members = self._catalogue.members(found.name)
        if members:
            raise ZoneOccupiedError(found.name, members, "expected a cohort without members")
        self._port.remove(found.name)
        try:
            self._keep(self._record("cohort.deleted", actor, name=found.name))
        except BaseException:
            self._port.put(found)
            raise
        self._emit(f"cohort:{found.name}", "cohort.deleted", actor)

    @call_of_anybody
    def cohorts(self, *, actor: Actor) -> tuple[Cohort, ...]:
        """The cohorts: all for who holds `admin` on the platform; for others those above the zones that they may read. In order of name."""
        known = self._catalogue.cohorts
        if self._authorization.may(actor, Right.ADMIN, PLATFORM):
            names = set(known)
        else:
            names = set()
            for entry in self._visible(actor):
                name = entry.quota.cohort
                while name is not None and name not in names:
                    names.add(name)
                    name = known[name].parent
        return tuple(known[name] for name in sorted(names))

    def _cohort(self, name: object) -> Cohort:
        found = self._catalogue.cohorts.get(name) if isinstance(name, str) else None
        if found is None:
            raise UnknownNameError("cohort", printable(str(name)[:80]), self._catalogue.cohorts)
        return found
