"""Looking at zones: what there is, what is used, and why work waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import printable
from ..component import call, call_of_anybody
from ..identity.authorization import Actor
from ..identity.rights import Right
from .answers import ResourceLine, ZoneExplanation, ZoneList, ZoneStatus
from .calls import ZoneCalls
from .catalogue import Entry
from .handles import Zone
from .port import Place, asks, spoken, units

if TYPE_CHECKING:
    from ...infra.endpoint import WorkloadList, WorkloadSummary

SENTENCES: Mapping[str, str] = {
    "": "nothing waits",
    "CLAIMS": "room is being taken back from those who have borrowed it, and kept for it",
    "SUSPENDED": "the zone is suspended: nothing starts in it",
    "ZONE_LIMIT": "the limit of the zone leaves no room",
    "BEHIND": "another workload of the zone comes first",
    "NO_CAPACITY": "it is beyond the guarantee, and waits for what others do not need",
    "FRAGMENTED": "it is within the guarantee, and no nodes have room for it as they are cut, even if all borrowers left",
    "NO_ROOM": "no nodes have room for it",
    "NEXT_CYCLE": "it takes part in the scheduling cycle at the end of this instant",
}
"""Why the next workload of a zone waits: the reasons of the scheduler (`WaitReason`), in the words of zones."""


class Looking(ZoneCalls):
    """Zones, as far as they are looked at."""

    @call_of_anybody
    def list(self, *, actor: Actor) -> ZoneList:
        """The zones that the caller may read and what they use now, by name."""
        return ZoneList(self._status(entry) for entry in self._visible(actor))

    @call(Right.READ)
    def get(self, name: str, *, actor: Actor) -> Zone:
        """A zone, to work in. Raises UnknownNameError."""
        made: Zone = self._handle(self._entry(name, actor).name)
        return made

    @call(Right.READ)
    def describe(self, name: Zone | str, *, actor: Actor) -> ZoneStatus:
        """A zone and what it uses now. Raises UnknownNameError."""
        return self._status(self._entry(name, actor))

    @call_of_anybody
    def workloads(self, name: Zone | str, *, actor: Actor) -> WorkloadList:
        """The workloads of a zone that the caller may read, in order of submission: all of it, or those that were shared."""
        from ...infra.endpoint import WorkloadList

        zone = self._zone_in(self._resource_of("name", name))
        if self._port.endpoint is None or zone not in self._catalogue.zones:
            return WorkloadList()
        place, may = self._resource(zone), self._authorization.may
        found = self._port.endpoint.list(zone=zone)
        return WorkloadList(each for each in found if may(actor, Right.READ, f"{place}@{each.name}", zone))

    @call(Right.READ)
    def explain(self, name: Zone | str, *, actor: Actor) -> ZoneExplanation:
        """Why the next workload of a zone waits, with the numbers. Raises UnknownNameError."""
        entry = self._entry(name, actor)
        waiting = [each for each in self._port.workloads(entry.name) if each.status.value in ("pending", "held")]
        if not waiting:
            return ZoneExplanation(entry.name, None, "", f"{entry.name}: {SENTENCES['']}.")
        return self._explained(entry, self._port.next_of(waiting))

    # -- inside

    def _status(self, entry: Entry) -> ZoneStatus:
        degraded = entry.name in self._live.guarantees.missing
        state = "leaving" if entry.leaving else "suspended" if entry.quota.suspended else "degraded" if degraded else "active"
        quota = entry.quota
        return ZoneStatus(entry.name, entry.kind, entry.bound_to, state, quota.guarantee, quota.limit, *self._port.use(entry.name))

    def _explained(self, entry: Entry, waiting: WorkloadSummary) -> ZoneExplanation:
        endpoint = self._port.endpoint
        assert endpoint is not None
        replicas = range(1 if waiting.kind == "job" else waiting.replicas)
        told = (endpoint.explain(waiting.name, replica) for replica in replicas)
        found = next((each for each in told if each.quota is not None and each.quota.reason is not None), None)
        asked = asks(endpoint.describe(waiting.name).workload, self._port.nodes)
        limit, guarantee, used = units(entry.quota.limit), units(entry.quota.guarantee), units(self._port.use(entry.name).use)
        places = [place for place in asked if place in limit or place in guarantee or not place[0]]
        over = [place for place in limit if asked.get(place, 0) and used.get(place, 0) + asked[place] > limit[place]]
        reason = "NEXT_CYCLE" if found is None or found.quota is None else str(found.quota.reason)
        lines = tuple(_line(place, asked[place], used.get(place, 0), guarantee.get(place, 0), limit.get(place)) for place in places)
        text = f"{entry.name}: {printable(waiting.name)} ({waiting.replicas} x {waiting.request}) waits: {reason}, {SENTENCES[reason]}"
        if reason == "ZONE_LIMIT":
            each = (_line(place, asked[place], used.get(place, 0), 0, limit[place]) for place in over)
            text += "; " + ", ".join(f"{line.resource}: {line.asks:g} asked for, {line.use:g} of {line.limit:g} in use" for line in each)
        elif found is not None and found.counts:
            counts = ", ".join(f"{count} {word}" for word, count in found.counts.items())
            text += f"; 0/{found.nodes} nodes: {counts}"
        return ZoneExplanation(entry.name, waiting.name, reason, text + ".", lines)


def _line(place: Place, asked: int, used: int, guarantee: int, limit: int | None) -> ResourceLine:
    key, amount = spoken(place, asked)
    most = None if limit is None else spoken(place, limit)[1]
    return ResourceLine(key, amount, spoken(place, used)[1], spoken(place, guarantee)[1], most)
