"""The state of a Data Store: datasets and their versions by name, as the records of the journal say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ....errors import MlplatError
from ....units import seconds
from ...record_shapes import ensure
from ...references import Reference
from .versions import DatasetVersion, Snapshot, Split, version_of

HEAD = "head"
TIME = "time:"


@dataclass(slots=True)
class Kept:
    """A version, and by which digests its manifest and statistics are kept, what it consists of, and the digests of its parents."""

    version: DatasetVersion
    manifest: str
    statistics: str
    form: str
    parents: tuple[str, ...]
    splits: dict[str, Split] = field(default_factory=dict)


@dataclass(slots=True)
class Dataset:
    """`versions`: those that were not deleted, by number, ascending. `last`: the highest number there ever was."""

    path: str
    versions: dict[int, Kept] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    last: int = 0

    @property
    def head(self) -> Kept | None:
        """The newest version."""
        return self.versions[next(reversed(self.versions))] if self.versions else None

    def find(self, version: str) -> Kept | None:
        """By number, `head` or nothing, digest, snapshot, tag (the newest that has it), or `time:` and what was the newest then."""
        if version in ("", HEAD):
            return self.head
        if version.isdecimal():
            return self.versions.get(int(version)) if version[0] != "0" and len(version) < 16 else None
        if version in self.snapshots:
            return self.versions.get(self.snapshots[version].version)
        newest = reversed(self.versions.values())
        if version.startswith("sha256:"):
            return next((kept for kept in newest if kept.version.digest == version), None)
        if version.startswith(TIME):
            try:
                time = seconds(version.removeprefix(TIME))
            except MlplatError:
                return None
            return next((kept for kept in newest if kept.version.created_s <= time), None)
        return next((kept for kept in newest if version in kept.version.tags), None)


class Catalogue:
    """Datasets by `project/name`."""

    def __init__(self) -> None:
        self.datasets: dict[str, Dataset] = {}
        self._children: dict[str, dict[str, None]] = {}
        """Of each resource, those of the versions that were made of it."""
        self.of_digest: dict[tuple[str, str], list[Kept]] = {}
        """Versions by digest and form."""

    def find(self, reference: Reference) -> Kept | None:
        """The version that a reference names; the newest where it names none."""
        dataset = self.datasets.get(reference.path)
        return None if dataset is None else dataset.find(reference.version)

    def referrers(self, resource: str) -> Iterator[str]:
        """What in here names a version: snapshots, and versions made of it."""
        kind, _, path = resource.partition(":")
        name, _, number = path.partition("@")
        dataset = self.datasets.get(name)
        if kind == "dataset" and dataset is not None:
            for snapshot in dataset.snapshots.values():
                if str(snapshot.version) == number:
                    yield f"snapshot:{name}@{snapshot.name}"
        yield from self._children.get(resource, ())

    def __iter__(self) -> Iterator[Kept]:
        for dataset in self.datasets.values():
            yield from dataset.versions.values()

    # -- records

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change as a record says."""
        match record["what"]:
            case "version.made":
                self._add(record)
            case "version.deleted":
                self._delete(record["name"], record["version"])
            case "version.tagged":
                kept = self.datasets[record["name"]].versions[record["version"]]
                kept.version = replace(kept.version, tags=tuple(record["tags"]))
            case "split.made":
                kept = self.datasets[record["name"]].versions[record["version"]]
                kept.splits[record["split"]] = _split_of(record)
            case "snapshot.made":
                ensure(record["version"] in self.datasets[record["name"]].versions, f"no version {record['version']}")
                snapshot = Snapshot(record["name"], record["snapshot"], record["version"], record["time"], record["actor"])
                self.datasets[record["name"]].snapshots[record["snapshot"]] = snapshot
            case "snapshot.released":
                del self.datasets[record["name"]].snapshots[record["snapshot"]]

    def _add(self, record: Mapping[str, Any]) -> None:
        version = version_of(record)
        dataset = self.datasets.get(version.name)
        if dataset is None:
            ensure(Reference.parse(version.name).path == version.name, f"{version.name}: expected the name of a dataset")
            dataset = self.datasets[version.name] = Dataset(version.name)
        ensure(version.version > dataset.last, f"version {version.version} after {dataset.last}")
        kept = Kept(version, record["manifest"], record["statistics"], record["form"], tuple(digest for _, digest in record["parents"]))
        dataset.versions[version.version] = kept
        dataset.last = version.version
        self.of_digest.setdefault((version.digest, kept.form), []).append(kept)
        for parent in version.parents:
            self._children.setdefault(parent, {})[version.resource] = None

    def _delete(self, path: str, number: int) -> None:
        kept = self.datasets[path].versions.pop(number)
        same = self.of_digest[kept.version.digest, kept.form]
        same.remove(kept)
        if not same:
            del self.of_digest[kept.version.digest, kept.form]
        for parent in kept.version.parents:
            self._children[parent].pop(kept.version.resource, None)


def _split_of(record: Mapping[str, Any]) -> Split:
    return Split(
        f"{record['name']}@{record['version']}",
        record["split"],
        tuple((name, rows) for name, rows in record["parts"]),
        tuple((name, fraction) for name, fraction in record["fractions"]),
        record["seed"],
        record["method"],
        tuple(record["by"]),
        record["stratify"],
        record["digest"],
    )
