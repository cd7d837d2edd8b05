"""What the Zone Manager does by itself while a cluster runs: it stops idle environments, and deletes zones that have been drained."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, UnknownNameError
from ..identity.principals import Principal
from .degradation import Guarantees

if TYPE_CHECKING:
    from ...clock import Call
    from ...context import Simulation
    from ...infra.endpoint import WorkloadHandle, WorkloadSummary
    from ...infra.workload_spec import Workload
    from .catalogue import Entry
    from .zone_manager import ZoneManager

FEW = 64
BUSY = 0.05
"""Of the CPU that is requested: a program that takes more is used."""


@dataclass(slots=True, eq=False)
class _Watched:
    """An interactive environment. `last_s`: when it was used last, as far as is known."""

    zone: str
    handle: WorkloadHandle
    workload: Workload
    last_s: float
    call: Call | None = None


class Live:
    """Interactive environments and when they were used, zones that are drained, guarantees that lost nodes cannot hold."""

    def __init__(self, sim: Simulation, zones: ZoneManager) -> None:
        self._sim, self._zones = sim, zones
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._submitted: dict[str, dict[str, WorkloadHandle]] = {}
        """By development zone; may have some that are over."""
        self._enough: dict[str, int] = {}
        """By zone, at how many of these those that are over are left out."""
        self._deaf: list[Callable[[], None]] = []
        """What ends listening to the ends of workloads; empty while no zone is drained."""
        self._started = 0
        self.guarantees = Guarantees(sim, zones)

    def begin(self) -> None:
        """Go on with what was under way when the store was used last."""
        for entry in self._zones._catalogue.zones.values():
            if entry.leaving:
                self._sim.at(self._sim.now, self._zones._emptied, entry.name, turn="settle")
        if self._zones._port.endpoint is not None:
            self.guarantees.begin()

    # -- what is there

    def submitted(self, zone: str, handle: WorkloadHandle) -> None:
        """A workload has arrived in a development zone, which may refuse what is above its limit, now or later."""
        found = self._submitted.setdefault(zone, {})
        found[handle.name] = handle
        if len(found) >= self._enough.get(zone, FEW):
            self._enough[zone] = FEW + 2 * len(self.living(zone))

    def living(self, zone: str) -> list[str]:
        """Names of the workloads that have arrived in a development zone and are not over."""
        found = {name: handle for name, handle in self._submitted.get(zone, {}).items() if not handle.over}
        self._submitted[zone] = found
        return list(found)

    # -- idle environments

    def free_name(self, zone: str) -> str:
        """A name for one more environment of a zone."""
        endpoint = self._zones._port.endpoint
        while True:
            self._started += 1
            name = f"{zone[:50].strip('-')}-{self._started}"
            if endpoint is None or endpoint.is_free(name):
                return name

    def watch(self, zone: str, handle: WorkloadHandle, workload: Workload) -> None:
        """Stop an environment once nobody has used it for the idle time of its zone."""
        found = self._watched[zone, handle.name] = _Watched(zone, handle, workload, self._sim.now)
        self._arm(found)

    def touch(self, zone: str, name: str) -> bool:
        """It is used now. Returns whether there is such an environment."""
        found = self._watched.get((zone, name))
        if found is None or found.handle.over:
            return False
        found.last_s = self._sim.now
        return True

    def idle_changed(self, zone: str) -> None:
        """The idle time of a zone is another one."""
        for found in self._watched.values():
            if found.zone == zone:
                self._arm(found)

    def zone_gone(self, zone: str) -> None:
        """A zone is no more, and nothing is in it."""
        for key in [key for key in self._watched if key[0] == zone]:
            self._forget(self._watched[key])
        self._submitted.pop(zone, None)
        self._enough.pop(zone, None)
        if not any(entry.leaving for entry in self._zones._catalogue.zones.values()):
            for deafen in self._deaf:
                deafen()
            self._deaf = []
        self.guarantees.check()

    def _arm(self, found: _Watched) -> None:
        if found.call is not None:
            found.call.cancel()
            found.call = None
        idle_s = self._zones._catalogue.zones[found.zone].idle_s
        if idle_s is not None:
            found.call = self._sim.at(max(self._sim.now, found.last_s + idle_s), self._look, found, turn="settle")

    def _look(self, found: _Watched) -> None:
        found.call = None
        endpoint, now = self._zones._port.endpoint, self._sim.now
        assert endpoint is not None
        if found.handle.over:
            self._forget(found)
            return
        since = [part.since_s for part in endpoint.describe(found.handle.name).parts if part.state == "running"]
        if since and since[0] is not None:
            found.last_s = max(found.last_s, since[0], _busy_until(found.workload, since[0], now))
        else:  # it waits or is being started
            found.last_s = now
        entry = self._zones._catalogue.zones[found.zone]
        if entry.idle_s is not None and now >= found.last_s + entry.idle_s:
            self._cull(entry, found)
        else:
            self._arm(found)

    def _cull(self, entry: Entry, found: _Watched) -> None:
        endpoint, name = self._zones._port.endpoint, found.handle.name
        assert endpoint is not None
        self._forget(found)
        data = {"environment": name, "idle_s": self._sim.now - found.last_s}
        self._zones._emit(f"{entry.resource}@{name}", "environment.idle", "system", data)
        with suppress(OptionError):  # it is being deleted
            endpoint.delete(name, idle=True, actor="system")

    def _forget(self, found: _Watched) -> None:
        if found.call is not None:
            found.call.cancel()
        self._watched.pop((found.zone, found.handle.name), None)

    # -- drains

    def drain(self, zone: str, workloads: Iterable[WorkloadSummary], grace_s: float | None, actor: Any) -> None:
        """Stop the workloads of a zone, which goes once all of them are over."""
        endpoint = self._zones._port.endpoint
        assert endpoint is not None
        if not self._deaf:
            self._deaf = [self._sim.log.subscribe(predicate, self._ended) for predicate in ("workload.finished", "workload.rejected")]
        by = actor.id if isinstance(actor, Principal) else str(actor)
        for each in workloads:
            with suppress(OptionError, UnknownNameError):  # it is being deleted
                endpoint.delete(each.name, grace=grace_s, actor=by)
        self._empty_soon(zone)

    def _ended(self, event: Any) -> None:
        for entry in self._zones._catalogue.zones.values():
            if entry.leaving:
                self._empty_soon(entry.name)

    def _empty_soon(self, zone: str) -> None:
        self._sim.at(self._sim.now, self._zones._emptied, zone, turn="settle")


def _busy_until(workload: Workload, since_s: float, now: float) -> float:
    """When a program that runs since a time took CPU last; that time where its use is not known."""
    usage, request = workload.usage, workload.request
    if usage is None or usage.cpu is None:
        return since_s
    reached, least = usage.position(now - since_s, request), BUSY * request.cpu_milli
    last = 0.0
    for piece in usage.cpu.pieces():
        if piece.start > reached:
            break
        end = min(piece.end, reached)
        if piece.at(end) > least:
            last = end
        elif piece.first > least:
            last = min(piece.meets(least), end)
    return now - (reached - last)
