"""The state of `Secrets`: which versions there are under each name and zone, a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..record_shapes import ensure
from ..references import Reference, check_zone
from .values import SecretVersion


class Kept(NamedTuple):
    """A version, the digest of its content, and which key seals it (empty for none)."""

    version: SecretVersion
    digest: str
    key: str


@dataclass(slots=True)
class Named:
    """The versions under one name in one zone, by number, and the number that was given last."""

    versions: dict[int, Kept] = field(default_factory=dict)
    last: int = 0


class Catalogue:
    """All secrets."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, str], Named] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        path, zone = record["name"], record["zone"]
        ensure(Reference.parse(path).path == path and check_zone(zone) == zone, f"{path}: expected the name of a secret")
        named = self._named.setdefault((path, zone), Named())
        if record["what"] == "put":
            number = record["version"]
            ensure(number == named.last + 1, f"{path}: {number} is not the next version")
            version = SecretVersion(path, zone, number, record["time"], record["actor"], bool(record["key"]))
            named.versions[number] = Kept(version, record["digest"], record["key"])
            named.last = number
        else:
            for number in record["versions"]:
                del named.versions[number]

    def get(self, path: str, zone: str) -> Named:
        """What there is under a name in a zone; nothing under one that is not there."""
        return self._named.get((path, zone)) or Named()

    def find(self, reference: Reference, zone: str) -> Kept | None:
        """The version that a reference means in a zone, without a version the newest; None where there is none."""
        versions = self.get(reference.path, zone).versions
        if not reference.version:
            return versions[max(versions)] if versions else None
        return next((kept for number, kept in versions.items() if str(number) == reference.version), None)

    def __iter__(self) -> Iterator[Named]:
        """By name and zone."""
        return (named for _, named in sorted(self._named.items(), key=lambda item: item[0]))
