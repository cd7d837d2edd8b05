"""`MonitoringState`: watches, windows and incidents, as a fold of the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....canonical import frozen
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
            incidents[number - 1] = incidents[number - 1]._replace(quiet=incidents[number - 1].quiet + 1)
        for number in record["loud"]:
            incidents[number - 1] = incidents[number - 1]._replace(quiet=0)
        for number in record["resolved"]:
            incidents[number - 1] = incidents[number - 1]._replace(resolved_s=now)
        for row in record["opened"]:
            incidents.append(Incident(record["name"], row["number"], IncidentKind(row["kind"]), row["version"], now, frozen(row["data"])))


def _window(record: Mapping[str, Any]) -> Window:
    given = {name: record[name] for name in Window._fields if name in record}
    given |= {"watch": record["name"], "columns": tuple(record["columns"]), "alarms": frozen(record["alarms"])}
    return Window(**given | {name: Judgement(record[name]) for name in ("outcome", "latency")})
