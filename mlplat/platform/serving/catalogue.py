"""Which services there are, with which versions: a fold of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..record_shapes import ensure
from ..references import Reference, check_zone


@dataclass(slots=True)
class VersionEntry:
    """A version of a service. `actor`: the id of whoever added it. `account`: of whom its replicas are started and scaled by."""

    number: int
    model: str
    digest: str
    tags: Mapping[str, str]
    replicas: int
    actor: str
    account: str
    weight: float = 0.0


@dataclass(slots=True)
class ServiceEntry:
    """A service. `last`: the number that was given last. `current`: of the version that had all traffic last; 0 for none."""

    name: str
    zone: str
    options: dict[str, Any]
    actor: str
    versions: dict[int, VersionEntry] = field(default_factory=dict)
    last: int = 0
    current: int = 0

    @property
    def resource(self) -> str:
        """What it is called in grants and events."""
        return f"service:{self.name}"

    def of_model(self, model: str) -> VersionEntry | None:
        """The version of a model; None where there is none."""
        return next((version for version in self.versions.values() if version.model == model), None)


class Catalogue:
    """All services, by name."""

    def __init__(self) -> None:
        self.services: dict[str, ServiceEntry] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        name, what = record["name"], record["what"]
        if what == "created":
            ensure(name not in self.services and Reference.parse(name).path == name, f"{name}: expected the name of a new service")
            check_zone(record["zone"])
            self.services[name] = ServiceEntry(name, record["zone"], dict(record["options"]), record["actor"])
            return
        entry = self.services[name]
        if what == "configured":
            entry.options = dict(record["options"])
        elif what == "removed":
            del self.services[name]
        elif what == "added":
            number = record["number"]
            ensure(number == entry.last + 1, f"{name}: {number} is not the next version")
            entry.last = number
            entry.versions[number] = VersionEntry(
                number, record["model"], record["digest"], dict(record["tags"]), record["replicas"], record["actor"], record["account"]
            )
        elif what == "scaled":
            entry.versions[record["number"]].replicas = record["replicas"]
        elif what == "dropped":
            del entry.versions[record["number"]]
        else:
            weights = {int(number): weight for number, weight in record["weights"].items()}
            for number, version in entry.versions.items():
                version.weight = weights.get(number, 0.0)
            whole = [number for number, weight in weights.items() if weight == sum(weights.values())]
            entry.current = whole[0] if whole else entry.current
