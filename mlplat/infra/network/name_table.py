"""The names of all zones: which there are, which one a caller means, and which come closest to one that is unknown."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, islice
from typing import Final

from .balancing import RoundRobin
from .names import DEFAULT_ZONE, ParsedName, UnknownServiceError, check_network_zone, parse_name, short_form
from .service_index import Served, ZoneIndex

MOST_COMPARED: Final = 1000
"""Names among which the closest to an unknown one are looked for: with more, each mistyped name would take its time."""


class NameTable:
    """What is known of each zone, by its name."""

    def __init__(self) -> None:
        self._zones: dict[str, ZoneIndex] = {}
        self._total = 0

    def zone(self, name: str) -> ZoneIndex:
        """A zone, made when it is first named."""
        found = self._zones.get(name)
        if found is None:
            found = self._zones[name] = ZoneIndex()
        return found

    def serve(self, name: str, zone: str) -> Served:
        """Make a name known that is not."""
        served = self.zone(zone).served[name] = Served(name, zone, RoundRobin())
        self._total += 1
        return served

    def forget(self, served: Served) -> None:
        """Make a name unknown."""
        del self._zones[served.zone].served[served.name]
        served.alive = False
        self._total -= 1

    def lookup(self, name: str, zone: str) -> tuple[Served, int | None]:
        """What a name, in full or short, means to a caller in `zone`, and the replica. Raises UnknownServiceError, OptionError."""
        home = self._zones.get(zone) if isinstance(zone, str) else None
        if home is not None and isinstance(name, str) and (served := home.served.get(name)) is not None:  # the usual case
            return served, None
        meant = parse_name(name, zone)
        index = self._zones.get(meant.zone)
        found = None if index is None else index.served.get(meant.name)
        if found is None:
            raise self._unknown(name, meant)
        return found, meant.replica

    def find(self, name: str, zone: str) -> Served:
        """The name of exactly this zone. Raises UnknownServiceError, OptionError."""
        home = check_network_zone(zone)
        index = self._zones.get(home)
        found = index.served.get(name) if index is not None and isinstance(name, str) else None
        if found is None:
            said = str(name)[:60]
            raise self._unknown(f"{said}.{home}", ParsedName(None, said, home))
        return found

    def means_service(self, name: str, zones: Container[str]) -> bool:
        """Whether a text can only mean a service, there or not: it ends in `.svc`, `.svc.cluster` or the like, or its last part is a zone
        that has names, is `default` or is one of `zones`.
        """
        if not isinstance(name, str):
            return False
        short, is_said = short_form(name)
        before, _, zone = short.rpartition(".")
        index = self._zones.get(zone)
        return is_said or (bool(before) and (zone == DEFAULT_ZONE or zone in zones or (index is not None and bool(index.served))))

    def unknown(self, asked: str, zone: str) -> UnknownServiceError:
        """The error for a name that leads nowhere for a caller in `zone`, whether or not it has the form of one."""
        *_, name, last = f".{short_form(asked)[0]}".split(".")
        return self._unknown(asked[:254], ParsedName(None, name, last) if name else ParsedName(None, last, zone))

    def _unknown(self, asked: str, meant: ParsedName) -> UnknownServiceError:
        """Compares with the same name in other zones first, then with the zone that is meant, then with the others."""
        order = sorted(self._zones, key=lambda zone: zone != meant.zone)
        same = (f"{meant.name}.{zone}" for zone in order if meant.name in self._zones[zone].served)
        others = (f"{name}.{zone}" for zone in order for name in self._zones[zone].served if name != meant.name)
        return UnknownServiceError(asked, list(islice(chain(same, others), MOST_COMPARED)), self._total)
