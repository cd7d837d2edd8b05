"""Guarantees that a cluster cannot hold since nodes are lost: whose, and how much is missing."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING, Any

from .port import Place, spoken, units

if TYPE_CHECKING:
    from ...context import Simulation
    from .catalogue import Entry
    from .zone_manager import ZoneManager


class Guarantees:
    """Tells when guarantees are more than what is left of a cluster, and when they are not any more.

    They are served in the order of the zones' priorities, among equals in that of their coming; what is not left for one is missing.
    """

    def __init__(self, sim: Simulation, zones: ZoneManager) -> None:
        self._sim, self._zones = sim, zones
        self._lost: set[str] = set()
        """Nodes that were given up."""
        self.missing: dict[str, dict[Place, int]] = {}
        """By zone, by resource."""

    def begin(self) -> None:
        """Listen from now on."""
        endpoint = self._zones._port.endpoint
        assert endpoint is not None
        state = endpoint.state()
        there = (state.capacity + state.failed).sum(axis=1).tolist()
        known = zip(state.names, state.health, there, strict=True)
        self._lost = {name for name, health, amounts in known if health == "down" and amounts}
        for predicate in ("node.unavailable", "node.recovered", "node.left"):
            self._sim.log.subscribe(predicate, self._heard)
        self.check()

    def check(self, cause: Any = None) -> None:
        """Look, and tell of each zone for which more or less is missing than before: `zone.degraded`, or `zone.modified` {restored}."""
        zones = [entry for entry in self._zones._catalogue.zones.values() if entry.quota.guarantee]
        if self._zones._port.nodes is None or not (zones or self.missing):
            return
        left = self._left(zones)
        found: dict[str, dict[Place, int]] = {}
        for entry in sorted(zones, key=lambda each: -each.quota.priority):
            for place, amount in units(entry.quota.guarantee).items():
                served = min(amount, left[place])
                left[place] -= served
                if served < amount:
                    found.setdefault(entry.name, {})[place] = int(amount - served)
        before, self.missing = self.missing, found
        for name, missing in found.items():
            if before.get(name) != missing:
                data = {"missing": dict(spoken(place, amount) for place, amount in missing.items()), "nodes_lost": len(self._lost)}
                self._tell(name, "zone.degraded", data, cause)
        for name in before:
            if name not in found and name in self._zones._catalogue.zones:
                self._tell(name, "zone.modified", {"restored": True}, cause)

    def _tell(self, name: str, predicate: str, data: dict[str, Any], cause: Any) -> None:
        self._zones._emit(self._zones._resource(name), predicate, "system", data, cause)

    def _heard(self, event: Any) -> None:
        name = event.name
        if event.predicate == "node.unavailable":
            self._lost.add(name)
        elif name in self._lost:
            self._lost.discard(name)
        else:
            return
        self.check(event)

    def _left(self, zones: Iterable[Entry]) -> dict[Place, float]:
        """What the nodes have that were not given up, of all resources that the zones are guaranteed."""
        endpoint = self._zones._port.endpoint
        assert endpoint is not None
        whole = units(endpoint.quota_capacity(self._lost))
        return {place: whole.get(place, inf) for entry in zones for place in units(entry.quota.guarantee)}
