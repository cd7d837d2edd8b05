"""The calls that make versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....errors import IntegrityError, OptionError, UnknownNameError, printable
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import Reference
from ...storage.digests import check_digest
from . import content as contents
from . import manifests, statistics
from .calls import DataCalls, principal_of, text
from .catalogue import HEAD, Kept
from .content import Draft
from .dtypes import type_text
from .naming import SPLIT, checked_tags, split_record
from .versions import DatasetVersion

if TYPE_CHECKING:
    from ...identity.principals import Principal


class Publishing(DataCalls):
    """Publish, append, derive, register."""

    @call(Right.WRITE)
    def publish(
        self,
        dataset: str,
        content: Any,
        *,
        parents: Iterable[str] = (),
        code: str = "",
        tags: Iterable[str] = (),
        note: str = "",
        keys: Iterable[str] = (),
        splits: Mapping[str, Any] | None = None,
        actor: Actor,
    ) -> DatasetVersion:
        """Content as the next version of a dataset: a frame, an array, bytes, or a mapping of these by name.

        Content that the head has already makes no version and no event: the head is the answer, and what is said beside it is not
        recorded. `parents`: versions that it was made of, which the caller may read. `keys`: columns that tell rows apart. `splits`:
        options of `split`. Events `artifact.published` {kind, digest, version}, `dataset.changed` {old, new, version}. Raises OptionError,
        UnknownNameError, AccessDenied.
        """
        return self._publish("publish", dataset, content, actor, parents, code, tags, note, keys, splits)

    @call(Right.WRITE)
    def register(
        self,
        dataset: str,
        content: Any,
        *,
        source: str = "",
        digest: str = "",
        code: str = "",
        tags: Iterable[str] = (),
        note: str = "",
        keys: Iterable[str] = (),
        actor: Actor,
    ) -> DatasetVersion:
        """Like `publish`, of content that was made elsewhere: its origin is `external`, its `source` as it is said.

        `digest`: what it should have. Raises IntegrityError where it has another.
        """
        expected = check_digest(digest) if digest else ""
        return self._publish("register", dataset, content, actor, (), code, tags, note, keys, None, text(source, "source"), expected)

    @call(Right.WRITE)
    def derive(
        self,
        dataset: str,
        content: Any,
        *,
        parents: Iterable[str],
        code: str,
        tags: Iterable[str] = (),
        note: str = "",
        keys: Iterable[str] = (),
        splits: Mapping[str, Any] | None = None,
        actor: Actor,
    ) -> DatasetVersion:
        """Like `publish`, of what the commit `code` makes of the parents, such as features. Neither may be missing.

        `content`: that, or a function of the parents' contents. A parent stays as long as what was made of it.
        """
        named = list(_several(parents))
        if not named or not text(code, "code", 200):
            raise OptionError("parents and code: expected versions, and the commit that made something of them")
        if callable(content):
            content = content(*[self._content(kept) for kept in self._parents(named, actor)])
        return self._publish("derive", dataset, content, actor, named, code, tags, note, keys, splits)

    @call(Right.WRITE)
    def append(self, dataset: str, rows: Any, *, tags: Iterable[str] = (), note: str = "", actor: Actor) -> DatasetVersion:
        """The head with rows after it as the next version, which shares with it what is there. `keys` stay. No rows, no version.

        Takes a frame with the head's columns, or an array. Events as of `publish`. Raises OptionError, UnknownNameError.
        """
        there = self._there(dataset)
        head = there.head
        if head is None:
            raise UnknownNameError(f"version of {there.path}", HEAD, [])
        added = contents.checked(rows)
        tags, note = checked_tags(tags), text(note, "note")
        if isinstance(added, (bytes, dict)):
            raise OptionError("rows: expected a frame or an array")
        made, whole = contents.append(self._manifest(head), self._content(head), added)
        if made.manifest.digest == head.version.digest:
            return self._shown(head, principal_of(actor))
        _check_keys(head.version.keys, whole)
        record = {"parents": (), "code": "", "tags": tags, "note": note, "keys": head.version.keys, "origin": "", "source": ""}
        return self._make("append", Reference.parse(dataset), whole, made, record, principal_of(actor))

    # -- inside

    def _publish(
        self,
        how: str,
        dataset: object,
        content: Any,
        actor: Actor,
        parents: Iterable[str],
        code: str,
        tags: Iterable[str],
        note: str,
        keys: Iterable[str],
        splits: Mapping[str, Any] | None,
        source: str = "",
        expected: str = "",
    ) -> DatasetVersion:
        principal = principal_of(actor)
        reference = self._dataset(dataset)
        projects = self._authorization.directory.projects
        if reference.project not in projects:
            raise UnknownNameError("project", reference.project, [])
        given = contents.checked(content)
        named = self._parents(parents, actor)
        record = {
            "parents": tuple((kept.version.resource, kept.version.digest) for kept in named),
            "code": text(code, "code", 200),
            "tags": checked_tags(tags),
            "note": text(note, "note"),
            "keys": _check_keys((keys,) if isinstance(keys, str) else tuple(dict.fromkeys(keys)), given),
            "origin": "external" if how == "register" else "",
            "source": source,
        }
        made = contents.draft(given)
        digest = made.manifest.digest
        if expected and digest != expected:
            raise IntegrityError(expected, digest, str(reference))
        split = None if splits is None else split_record(given, made.manifest.rows, splits, SPLIT)
        there = self._catalogue.datasets.get(reference.path)
        head = None if there is None else there.head
        if head is not None and (head.version.digest, head.form) == (digest, manifests.form_of(made.manifest)):
            return self._shown(head, principal)
        return self._make(how, reference, given, made, record, principal, split)

    def _make(
        self,
        how: str,
        reference: Reference,
        content: Any,
        made: Draft,
        said: Mapping[str, Any],
        principal: Principal,
        split: tuple[dict[str, Any], bytes] | None = None,
    ) -> DatasetVersion:
        there = self._catalogue.datasets.get(reference.path)
        head = None if there is None else there.head
        digest, form = made.manifest.digest, manifests.form_of(made.manifest)
        same = self._catalogue.of_digest.get((digest, form))
        if same:
            manifest, kept_manifest, kept_statistics = self._manifest(same[-1]), same[-1].manifest, same[-1].statistics
        else:
            measured = statistics.to_bytes(statistics.statistics_of(content))
            manifest = contents.keep(self._store, made, None if head is None else self._manifest(head))
            kept_manifest, kept_statistics = self._store.put(manifests.to_bytes(manifest)), self._store.put(measured)
        number = 1 if there is None else there.last + 1
        place = {"dataset": reference.path, "version": number}
        record = {
            "what": "version.made",
            **place,
            "how": how,
            "digest": digest,
            "kind": manifest.kind,
            "form": form,
            "rows": manifest.rows,
            "columns": [(name, type_text(dtype)) for name, dtype in manifests.schema_of(manifest)],
            "size": sum(chunk.size for chunk in manifest.chunks),
            "manifest": kept_manifest,
            "statistics": kept_statistics,
            "time": self._sim.now,
            "actor": principal.id,
            **said,
        }
        records = [record]
        if split is not None:
            self._store.put(split[1])
            records.append({"what": "split.made", **place, **split[0]})
        self._keep(*records)
        path = f"dataset:{reference.path}"
        told = {"kind": "dataset", "digest": digest, "version": number}
        cause = self._emit(f"{path}@{number}", "artifact.published", principal, told)
        old = None if head is None else head.version.digest
        self._emit(path, "dataset.changed", principal, {"old": old, "new": digest, "version": number}, cause)
        return self._catalogue.datasets[reference.path].versions[number].version

    def _parents(self, parents: Iterable[str], actor: Actor) -> list[Kept]:
        """Versions by their names, or as resources. Raises AccessDenied for those that the caller may not read, UnknownNameError."""
        principal, found = principal_of(actor), {}
        for parent in _several(parents):
            reference = Reference.parse(parent.removeprefix("dataset:") if isinstance(parent, str) else parent)
            self._require_read(reference, actor)
            kept = self._find(reference, principal)
            found[kept.version.resource] = kept
        return list(found.values())


def _check_keys(keys: tuple[str, ...], content: Any) -> tuple[str, ...]:
    import polars as pl

    if not keys:
        return ()
    if not isinstance(content, pl.DataFrame):
        raise OptionError("keys: expected of a frame only")
    for key in keys:
        if key not in content.columns:
            raise UnknownNameError("column", printable(str(key)[:80]), content.columns)
    if content.select(keys).is_duplicated().any():
        raise OptionError(f"keys {', '.join(map(printable, keys))}: two rows have the same; expected columns that tell rows apart")
    return keys


def _several(parents: Iterable[str]) -> Iterable[str]:
    if isinstance(parents, (str, Reference)) or not isinstance(parents, Iterable):
        raise OptionError("parents: expected several versions, such as ['shop/clicks@3']")
    return parents
