"""Deleting zones: an empty one at once, an occupied one once its work has stopped."""

from __future__ import annotations

from typing import Any

from ...units import Duration, seconds
from ..component import call
from ..identity.authorization import Actor
from ..identity.rights import Right
from ..references import PLATFORM
from .calls import ZoneCalls
from .catalogue import Entry
from .errors import ZoneOccupiedError
from .handles import Zone


class Removing(ZoneCalls):
    """Zones, as far as they are given up. For administrators."""

    @call(Right.ADMIN, resource=PLATFORM)
    def delete(self, name: Zone | str, *, drain: bool = False, grace: Duration | None = None, actor: Actor) -> None:
        """A zone is no more, and no grant on it or in it. Event `zone.deleted`.

        Raises ZoneOccupiedError while workloads are there that are not over. With `drain` these are stopped, and have `grace` (default:
        each its own) to write a checkpoint; nothing starts there any more, and the zone goes when it is empty. Raises OptionError.
        """
        entry = self._entry(name, actor)
        grace_s = None if grace is None else seconds(grace)
        workloads = self._port.workloads(entry.name)
        if workloads and not drain:
            raise ZoneOccupiedError(entry.name, [each.name for each in workloads], "expected an empty zone, or drain=True")
        going = self._record("zone.deleted", actor, name=entry.name)
        if not drain:
            self._remove(entry, actor, going)
            return
        leaving = [] if entry.leaving else [self._record("zone.leaving", actor, name=entry.name)]
        if not workloads:
            self._remove(entry, actor, *leaving, going)
            return
        if leaving:
            self._keep(*leaving)
            self._emit(entry.resource, "zone.draining", actor, {"workloads": [each.name for each in workloads]})
        self._live.drain(entry.name, workloads, grace_s, actor)

    # -- inside

    def _remove(self, entry: Entry, actor: Any, *records: Any, cause: Any = None) -> None:
        """An empty zone goes, with the grants on it."""
        self._port.remove(entry.name)
        try:
            self._settle(*records, grants=self._ended_grants(entry, actor))
        except BaseException:
            self._port.put(entry.quota)
            raise
        self._port.forget(entry.name)
        self._port.close_network(entry.name)
        self._emit(entry.resource, "zone.deleted", actor, cause=cause)
        self._live.zone_gone(entry.name)

    def _emptied(self, name: str) -> None:
        """The last workload of a zone that is leaving is over: it goes, in the name of who asked for that."""
        entry = self._catalogue.zones.get(name)
        if entry is not None and entry.leaving and not self._port.workloads(name):
            self._remove(entry, entry.leaving, self._record("zone.deleted", entry.leaving, name=name))
