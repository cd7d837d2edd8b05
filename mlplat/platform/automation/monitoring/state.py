"""`MonitoringState`: watches, windows and incidents, as a fold of the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....canonical import canonical_json, frozen_json
from .answers import Incident, IncidentKind, Window
from .judgements import Judgement
from .watches import Watch


class WatchState:
    """What is known of one watch. `active`: whether it goes on."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.active = watch, True
        self.windows: list[Window] = []
        self.incidents: list[Incident] = []

    def open(self, kind: IncidentKind | None = None) -> Iterator[Incident]:
        """Incidents that are not resolved."""
        return (one for one in self.incidents if one.resolved_s is None and kind in (None, one.kind))

    def last_s(self, version: str) -> float | None:
        """When a version answered last, in its closed windows."""
        return max((window.to_s for window in self.windows if window.version == version), default=None)


class MonitoringState:
    """Of all watches, by name."""

    def __init__(self) -> None:
        self.watches: dict[str, WatchState] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change as a record says."""
        name = record["name"]
        match record["what"]:
            case "watch.set":
                watch = Watch.of_record(record["watch"])
                if watch.name != name:
                    raise ValueError(f"watch {watch.name} as {name}")
                if name in self.watches:
                    self.watches[name].watch, self.watches[name].active = watch, True
                else:
                    self.watches[name] = WatchState(watch)
            case "watch.ended":
                self.watches[name].active = False
            case "window.closed":
                self.watches[name].windows.append(_window(record))
                self._changed(self.watches[name], record)
            case "state.changed":
                self._changed(self.watches[name], record)

    def _changed(self, state: WatchState, record: Mapping[str, Any]) -> None:
        now, incidents = record["time"], state.incidents
        for number in record["quiet"]:
            incidents[_at(number)] = incidents[_at(number)]._replace(quiet=incidents[_at(number)].quiet + 1)
        for number in record["loud"]:
            incidents[_at(number)] = incidents[_at(number)]._replace(quiet=0, further=incidents[_at(number)].further + 1)
        for number in record["resolved"]:
            incidents[_at(number)] = incidents[_at(number)]._replace(resolved_s=now)
        for row in record["opened"]:
            incidents.append(Incident(record["name"], row["number"], IncidentKind(row["kind"]), row["version"], now, _plain(row["data"])))


def _at(number: int) -> int:
    """Where an incident is; they are numbered from 1."""
    if number < 1:
        raise ValueError(f"incident {number}")
    return number - 1


def _plain(value: Any) -> Any:
    """As it comes back from the journal on disk, where names stand in order."""
    return frozen_json(canonical_json(value))


def _window(record: Mapping[str, Any]) -> Window:
    given = {name: record[name] for name in Window._fields if name in record}
    given |= {"watch": record["name"], "columns": tuple(record["columns"]), "alarms": _plain(record["alarms"])}
    return Window(**given | {name: Judgement(record[name]) for name in ("outcome", "latency")})
