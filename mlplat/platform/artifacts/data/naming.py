"""The calls that name versions and their parts: tags, snapshots, splits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....canonical import canonical_json
from ....errors import OptionError, UnknownNameError, printable
from ....streams import check_seed
from ...component import call, principal_of
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_name
from ...storage.digests import digest_of
from . import splitting
from .calls import DataCalls, texts
from .catalogue import HEAD, TIME
from .versions import DatasetVersion, Snapshot, Split

ASSIGNMENT = b'{"chunk":"split"}\n'
"""Stands before the assignment of a split."""
SPLIT = "default"
_OPTIONS = ("fractions", "seed", "method", "by", "stratify")


class Naming(DataCalls):
    """Tag, snapshot, release, split."""

    @call(Right.WRITE)
    def tag(self, version: str, *tags: str, actor: Actor) -> DatasetVersion:
        """Further tags of a version (`shop/clicks@3`; without a number the head). Raises OptionError, UnknownNameError."""
        principal = principal_of(actor)
        kept = self._find(version, principal)
        old = kept.version.tags
        new = tuple(dict.fromkeys([*old, *checked_tags(tags)]))
        if new != old:
            self._keep(self._record("version.tagged", actor, name=kept.version.name, version=kept.version.version, tags=new))
        return self._shown(kept, principal)

    @call(Right.WRITE)
    def snapshot(self, version: str, snapshot: str, *, actor: Actor) -> Snapshot:
        """Name a version (`shop/clicks@3`; without a number the head), so that it stays and the name never leads elsewhere.

        Raises OptionError for a name that is taken, UnknownNameError.
        """
        principal = principal_of(actor)
        found = self._find(version, principal).version
        (checked,) = checked_tags([snapshot])
        snapshots = self._catalogue.datasets[found.name].snapshots
        if checked in snapshots:
            raise OptionError(f"snapshot {checked!r} of {found.name} is there already: version {snapshots[checked].version}")
        self._keep(self._record("snapshot.made", actor, name=found.name, version=found.version, snapshot=checked))
        return snapshots[checked]

    @call(Right.ADMIN)
    def release(self, name: str, snapshot: str, *, actor: Actor) -> Snapshot:
        """Give up a snapshot, which is the answer. Its version stays, until it is deleted. Raises UnknownNameError."""
        there = self._there(name, actor)
        if snapshot not in there.snapshots:
            raise UnknownNameError(f"snapshot of {there.path}", printable(str(snapshot)[:80]), there.snapshots)
        found = there.snapshots[snapshot]
        self._keep(self._record("snapshot.released", actor, name=there.path, snapshot=snapshot))
        return found

    @call(Right.WRITE)
    def split(
        self,
        version: str,
        fractions: Mapping[str, float] | None = None,
        *,
        seed: int = 0,
        method: str = "stream",
        by: Iterable[str] = (),
        stratify: str = "",
        name: str = SPLIT,
        actor: Actor,
    ) -> Split:
        """Part the rows of a version (`shop/clicks@3`; without a number the head) for good; `read` gives the parts.

        `fractions` of the parts sum to 1; `method`, `by` and `stratify` as in `splitting.assign`. Asking for the same again changes
        nothing. Raises OptionError for another split of the same name, and where there are no rows; UnknownNameError.
        """
        kept = self._find(version, principal_of(actor))
        options = {"fractions": fractions, "seed": seed, "method": method, "by": by, "stratify": stratify}
        found = kept.version
        record, assignment = split_record(self._content(kept), found.rows, options, check_name(name, "split"))
        there = kept.splits.get(name)
        if there is not None:
            if any(record[key] != getattr(there, key) for key in ("digest", "parts")):
                raise OptionError(f"split {name!r} of {found.reference} is there already, and another; expected a name that is free")
            return there
        self._store.put(assignment)
        self._keep(self._record("split.made", actor, name=found.name, version=found.version, **record))
        return kept.splits[name]


def split_record(content: Any, rows: int | None, options: Mapping[str, Any], name: str) -> tuple[dict[str, Any], bytes]:
    """The record of a split and its assignment as it is kept. Raises OptionError, UnknownNameError."""
    import numpy as np

    for option in options:
        if option not in _OPTIONS:
            raise UnknownNameError("option of a split", printable(str(option)[:60]), _OPTIONS)
    if rows is None:
        raise OptionError("a split of content without rows; expected a frame, an array, or several of one length")
    fractions = splitting.checked_fractions(options.get("fractions"))
    by = options.get("by", ())
    columns = (by,) if isinstance(by, str) else tuple(by)
    seed, method, stratify = options.get("seed", 0), options.get("method", "stream"), options.get("stratify", "")
    assigned = splitting.assign(content, rows, fractions, seed, method, columns, stratify)
    counts = np.bincount(assigned, minlength=len(fractions)).tolist()
    assignment = ASSIGNMENT + assigned.tobytes()
    record = {
        "split": name,
        "parts": tuple(zip(fractions, counts, strict=True)),
        "fractions": tuple(fractions.items()),
        "seed": check_seed(seed),
        "method": method,
        "by": columns,
        "stratify": stratify,
        "digest": digest_of(assignment),
    }
    canonical_json(record)  # what cannot be written down is refused before anything is kept
    return record, assignment


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags, each once. Raises OptionError for what would be taken for a version."""
    found = texts(tags, "tag")
    for tag in found:
        if tag.isdecimal() or tag == HEAD or tag.startswith(TIME):
            raise OptionError(f"tag {tag!r}: it would be taken for a version; expected another name")
    return found
