"""The state of the Image Builder: builds, which layers are there, the index, who is built for; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...record_shapes import ensure
from ...references import Reference, is_commit
from ...work.outcomes import Outcome
from .builds import Build, BuildReason
from .package_lock import PackageChange


class Watched(NamedTuple):
    """A repository whose pushes are built: by which service account (id), from which manifest, in which zone (empty: the pusher's)."""

    account: str
    manifest: str
    zone: str


class Catalogue:
    """All builds."""

    def __init__(self) -> None:
        self.index = ""
        """The digest of the package index; empty for the first one."""
        self.watched: dict[str, Watched] = {}
        self.builds: dict[str, list[Build]] = {}
        """By repository, in order of their numbers, which start at 1."""
        self.layers: dict[str, dict[str, int]] = {}
        """Of each project the layers that were built, with MiB. Projects do not learn of each other's layers."""
        self.locks: dict[tuple[str, str, str], str] = {}
        """By repository, commit and manifest the digest of the lock by which it was built last."""
        self.last: dict[tuple[str, str], str] = {}
        """By repository and manifest the digest of the lock by which it was built last."""

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        what = record["what"]
        if what == "index.set":
            self.index = record["digest"]
            return
        name = record["name"]
        ensure(Reference.parse(name).path == name, f"{name}: expected the name of a repository")
        match what:
            case "enabled":
                self.watched[name] = Watched(record["account"], record["manifest"], record["zone"])
            case "disabled":
                del self.watched[name]
            case "queued":
                builds = self.builds.setdefault(name, [])
                ensure(record["number"] == len(builds) + 1 and is_commit(record["commit"]), "not the next build, or of no commit")
                changes = tuple(PackageChange(*row) for row in record["changes"])
                kept = {key: record[key] for key in ("number", "commit", "manifest", "image", "zone", "key", "lock")}
                builds.append(
                    Build(name, **kept, creator=record["actor"], on_behalf_of=record["behalf"], created_s=record["time"], changes=changes)
                )
            case "finished":
                self._finish(name, record)

    def _finish(self, name: str, record: Mapping[str, Any]) -> None:
        builds = self.builds.get(name, [])
        ensure(0 < record["number"] <= len(builds), "a build that was not begun")
        build = builds[record["number"] - 1]
        ensure(not build.over, "a build that is over")
        told = {key: record[key] for key in ("reason", "error", "line", "digest", "seconds")}
        done = replace(build, **told, outcome=Outcome(record["outcome"]), layers=len(record["built"]), ended_s=record["time"])
        builds[build.number - 1] = done
        if done.outcome is Outcome.SUCCESS:
            self.layers.setdefault(name.partition("/")[0], {}).update((digest, size) for digest, size in record["built"])
            self.locks[name, done.commit, done.manifest] = self.last[name, done.manifest] = done.lock

    def interrupt(self) -> None:
        """End what was under way when the journal was written: nothing will come of it."""
        for builds in self.builds.values():
            for place, build in enumerate(builds):
                if not build.over:
                    builds[place] = replace(build, outcome=Outcome.ERROR, reason=BuildReason.INTERRUPTED.value)

    def contents(self) -> Iterator[str]:
        """Digests of all locks and of the index."""
        if self.index:
            yield self.index
        yield from dict.fromkeys(build.lock for builds in self.builds.values() for build in builds if build.lock)

    def of_commit(self, name: str, commit: str, manifest: str) -> Build | None:
        """The newest build of a manifest at a commit that has not failed."""
        found = (each for each in reversed(self.builds.get(name, ())) if (each.commit, each.manifest) == (commit, manifest))
        return next((each for each in found if each.outcome in (Outcome.RUNNING, Outcome.SUCCESS)), None)
