"""The calls that look: content, descriptions, search, comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....errors import OptionError, UnknownNameError, printable
from ....units import MIB, Duration, seconds
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_project, whole_name
from ...storage.contents import reading
from ..wording import check_words
from . import comparison, statistics
from . import content as contents
from .calls import DataCalls
from .catalogue import Kept
from .comparison import DatasetComparison
from .fetching import Fetch
from .manifests import ArrayManifest, FrameManifest
from .naming import ASSIGNMENT, SPLIT
from .statistics import ColumnStatistics
from .versions import DatasetDescription, DatasetSummary, DatasetVersion, Snapshot


class Reading(DataCalls):
    """Read and fetch, preview and describe, list and search, compare.

    `ref` names a version: `shop/clicks@3`, a digest, a snapshot, a tag (the newest that has it), `@time:90` (the newest of that second),
    or nothing, or `head`: the newest.
    """

    @call(Right.READ)
    def resolve(self, ref: str, *, as_of: Duration | None = None, actor: Actor) -> DatasetVersion:
        """The version that a name leads to now; the answer means it for ever. Raises UnknownNameError."""
        principal = principal_of(actor)
        return self._shown(self._find(self._meant("ref", ref, {"as_of": as_of}), principal), principal)

    @call(Right.READ)
    def read(self, ref: str, *, columns: Iterable[str] | None = None, split: str = "", as_of: Duration | None = None, actor: Actor) -> Any:
        """The content of a version, as it was published: frame, array, bytes or dict. The caller's own copy.

        `columns`: of a frame only these. `split`: only the rows of a part, `train` or `name/train`. `as_of`: of a dataset, the version
        that was the newest then (s). Event `artifact.downloaded` {kind, digest}. Raises UnknownNameError, OptionError, IntegrityError.
        """
        principal = principal_of(actor)
        kept = self._find(self._meant("ref", ref, {"as_of": as_of}), principal)
        content, _ = self._chosen(kept, columns, split)
        told = {"kind": "dataset", "digest": kept.version.digest}
        self._emit(kept.version.resource, "artifact.downloaded", principal, told)
        return content

    @call(Right.READ)
    def fetch(
        self,
        ref: str,
        to: str = "",
        *,
        columns: Iterable[str] | None = None,
        split: str = "",
        as_of: Duration | None = None,
        port: int = 443,
        actor: Actor,
    ) -> Fetch:
        """Let the content of a version move to an environment (`train/0`) or node of the cluster, beginning now; see `read` and `Fetch`.

        It takes the time that so many bytes take from the data store's place. Without a cluster it is there at once. When it is there,
        event `artifact.downloaded` {kind, digest, to, mib}. Raises ConnectionDeniedError where the environment may not connect to the
        data store's place, UnknownNameError, OptionError.
        """
        principal = principal_of(actor)
        kept = self._find(self._meant("ref", ref, {"as_of": as_of}), principal)
        if (self._endpoint is None) != (not to):
            raise OptionError(f"to={printable(str(to)[:60])!r}: expected a place in the data store's cluster, none without a cluster")
        content, size = self._chosen(kept, columns, split)
        version, done = self._shown(kept, principal), self._sim.event()
        told = {"kind": "dataset", "digest": version.digest, "to": to, "mib": size / MIB}

        def arrived() -> None:
            self._emit(version.resource, "artifact.downloaded", principal, told)
            done.succeed(content)

        if self._endpoint is None:
            arrived()
        else:
            self._endpoint.fetch(to, self._at, size / MIB, port=port, on_done=arrived, actor=principal.id)
        return Fetch(version, to, size / MIB, content, done)

    @call(Right.READ)
    def preview(self, ref: str, rows: int = 10, *, actor: Actor) -> Any:
        """The first rows of a version, of files the first bytes. Raises UnknownNameError, OptionError."""
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
            raise OptionError(f"rows={rows!r:.40}: expected a whole number of at least 0")
        kept = self._find(ref, principal_of(actor))
        manifest = self._manifest(kept)
        with reading(kept.version.digest, kept.version.reference):
            return contents.head(contents.read(self._store, contents.first(manifest, rows)), rows)

    @call(Right.READ)
    def schema(self, ref: str, *, actor: Actor) -> tuple[tuple[str, str], ...]:
        """Names and types of the columns of a version. Raises UnknownNameError."""
        return self._find(ref, principal_of(actor)).version.columns

    @call(Right.READ)
    def describe(self, ref: str, *, as_of: Duration | None = None, actor: Actor) -> DatasetDescription:
        """All that is known of a version without its rows. Raises UnknownNameError."""
        principal = principal_of(actor)
        kept = self._find(self._meant("ref", ref, {"as_of": as_of}), principal)
        version = self._shown(kept, principal)
        snapshots = self._catalogue.datasets[version.name].snapshots.values()
        named = tuple(snapshot.name for snapshot in snapshots if snapshot.version == version.version)
        return DatasetDescription(version, self._statistics(kept), tuple(kept.splits.values()), named)

    @call_of_anybody
    def versions(self, name: str, *, actor: Actor) -> tuple[DatasetVersion, ...]:
        """The versions that the caller may read, the oldest first. Raises AccessDenied where that is none, UnknownNameError."""
        principal = principal_of(actor)
        reference = whole_name(name)
        there = self._catalogue.datasets.get(reference.path)
        kept = [] if there is None else [each for each in there.versions.values() if self._may_read(principal, each.version.resource)]
        if not kept:
            self._authorization.require(actor, Right.READ, f"dataset:{reference.path}", call="data.versions", source=self.SOURCE)
            self._there(name, actor)
        return tuple(self._shown(each, principal) for each in kept)

    @call(Right.READ)
    def snapshots(self, name: str, *, actor: Actor) -> tuple[Snapshot, ...]:
        """The snapshots of a dataset, in the order in which they were made. Raises UnknownNameError."""
        return tuple(self._there(name, actor).snapshots.values())

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[DatasetSummary, ...]:
        """The datasets, of a project or of all, of which the caller may read a version, in order of their names. Raises OptionError."""
        principal = principal_of(actor)
        start = "" if project is None else f"{check_project(project)}/"
        found = []
        for path, dataset in sorted(self._catalogue.datasets.items()):
            if not path.startswith(start):
                continue
            kept = [each for each in dataset.versions.values() if self._may_read(principal, each.version.resource)]
            if kept:
                found.append(DatasetSummary(path, len(kept), self._shown(kept[-1], principal)))
        return tuple(found)

    @call_of_anybody
    def search(
        self,
        text: str = "",
        *,
        tag: str = "",
        column: str = "",
        project: str | None = None,
        since: Duration | None = None,
        until: Duration | None = None,
        actor: Actor,
    ) -> tuple[DatasetVersion, ...]:
        """The versions that the caller may read for which all of this holds, in order of name and number.

        `text` occurs in name, note, source or a tag, in whatever case. It has the tag, and a column of that name (in a mapping, after the
        slash too). It was made from `since` on, and before `until` (s).
        """
        principal, wanted = principal_of(actor), check_words(text, "text", 1000, empty=True).casefold()
        start = "" if project is None else f"{check_project(project)}/"
        first = 0.0 if since is None else seconds(since)
        last = float("inf") if until is None else seconds(until)

        def fits(kept: Kept) -> bool:
            version = kept.version
            if not first <= version.created_s < last or (tag and tag not in version.tags):
                return False
            if not version.name.startswith(start):
                return False
            if column and not any(name == column or name.endswith(f"/{column}") for name, _ in version.columns):
                return False
            return not wanted or any(wanted in each.casefold() for each in (version.name, version.note, version.source, *version.tags))

        found = [kept for kept in self._catalogue if fits(kept) and self._may_read(principal, kept.version.resource)]
        found.sort(key=lambda kept: (kept.version.name, kept.version.version))
        return tuple(self._shown(kept, principal) for kept in found)

    @call(Right.READ, "before", "after")
    def compare(self, before: str, after: str, *, keys: Iterable[str] | None = None, actor: Actor) -> DatasetComparison:
        """Two versions, of one dataset or of two, side by side (`DatasetComparison`).

        `keys`: columns that tell rows apart; those that both versions were published with unless said; none to compare rows as multisets.
        Raises UnknownNameError, OptionError for keys that do not tell rows apart.
        """
        principal = principal_of(actor)
        old, new = self._find(before, principal), self._find(after, principal)
        left, right = self._manifest(old), self._manifest(new)
        if keys is None:
            told = old.version.keys if old.version.keys == new.version.keys else ()
        else:
            told = (keys,) if isinstance(keys, str) else tuple(dict.fromkeys(keys))
        rows: dict[str, Any] = {}
        if isinstance(left, FrameManifest) and isinstance(right, FrameManifest):
            common = comparison.common_columns(left, right)
            told = told if keys is not None or set(told) <= set(common) else ()
            rows = comparison.rows_between(self._content(old), self._content(new), common, told)
        elif keys:
            raise OptionError("keys: expected of frames only")
        elif isinstance(left, ArrayManifest) and isinstance(right, ArrayManifest) and comparison.is_alike(left, right):
            rows = comparison.arrays_between(self._content(old), self._content(new))
        return DatasetComparison(
            self._shown(old, principal),
            self._shown(new, principal),
            (old.version.digest, old.form) == (new.version.digest, new.form),
            keys=told,
            statistics=comparison.statistics_between(self._statistics(old), self._statistics(new)),
            **comparison.columns_between(left, right),
            **rows,
        )

    # -- inside

    def _statistics(self, kept: Kept) -> tuple[ColumnStatistics, ...]:
        with reading(kept.statistics, f"the statistics of {kept.version.reference}"):
            return statistics.from_bytes(self._store.get(kept.statistics))

    def _chosen(self, kept: Kept, columns: Iterable[str] | None, split: str) -> tuple[Any, float]:
        """Content of a version, and how many bytes it takes."""
        import numpy as np

        names = None if columns is None else columns if isinstance(columns, str) else tuple(columns)
        rows, share = (None, 1.0) if not split else self._part(kept, check_words(split, "split", 300))
        manifest = self._manifest(kept)
        with reading(kept.version.digest, kept.version.reference):
            content = contents.read(self._store, manifest, names)
            if rows is not None:
                content = contents.take(content, np.flatnonzero(rows))
        if isinstance(manifest, FrameManifest) and names is not None:
            chunks = [chunk for column in manifest.columns if column.name in names for chunk in column.chunks]
        else:
            chunks = list(manifest.chunks)
        return content, share * sum(chunk.size for chunk in chunks)

    def _part(self, kept: Kept, split: str) -> tuple[Any, float]:
        """Of each row whether it belongs to a part of a split, and the fraction of those that do. Raises UnknownNameError."""
        import numpy as np

        name, slash, part = split.rpartition("/")
        name = name if slash else SPLIT
        if name not in kept.splits:
            raise UnknownNameError(f"split of {kept.version.reference}", printable(name), kept.splits)
        found = kept.splits[name]
        parts = [each for each, _ in found.parts]
        if part not in parts:
            raise UnknownNameError(f"part of split {name!r}", printable(part), parts)
        assigned = np.frombuffer(memoryview(self._store.get(found.digest))[len(ASSIGNMENT) :], dtype="u1")
        mine = assigned == parts.index(part)
        return mine, float(mine.mean()) if len(mine) else 0.0
