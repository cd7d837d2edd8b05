"""`LockFile`: the file `mlplat.lock` of a commit, which names the image and the data that its code runs with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ....canonical import canonical_json
from ....errors import InputError, MlplatError
from ...storage.digests import check_digest
from .nodes import Artifact, NodeKind, artifact, artifacts
from .resolvers import LOCK_FILE

FORMAT = 1
LARGEST = 1 << 20
"""Bytes of a lock file that are read."""
_NOTHING: Mapping[str, Artifact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LockFile:
    """Image, data by role, and the parent model where there is one; each by name, version and digest.

    >>> lock = LockFile.of(image=("shop/train@1", "sha256:" + "0" * 64), data={"training": ("shop/clicks@3", "sha256:" + "1" * 64)})
    >>> LockFile.parse(lock.to_bytes()) == lock
    True
    """

    image: Artifact | None = None
    data: Mapping[str, Artifact] = field(default_factory=lambda: _NOTHING, hash=False)
    parent: Artifact | None = None

    @classmethod
    def of(cls, image: object = None, data: Mapping[str, object] | None = None, parent: object = None) -> LockFile:
        """From names with digests. Raises OptionError."""
        return cls(
            None if image is None else artifact(image, NodeKind.IMAGE),
            MappingProxyType(artifacts(data, "data", NodeKind.DATASET)),
            None if parent is None else artifact(parent, NodeKind.MODEL),
        )

    @classmethod
    def parse(cls, content: bytes) -> LockFile:
        """From its bytes. Raises InputError."""
        if len(content) > LARGEST:
            raise InputError(f"a lock file of {len(content):,} bytes", path=LOCK_FILE, expected=f"at most {LARGEST:,}")
        try:
            found = json.loads(content, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise InputError(f"not JSON: {error}", path=LOCK_FILE) from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise InputError("not a lock file of a known format", path=LOCK_FILE, expected=f'{{"format": {FORMAT}, "image": …, "data": …}}')
        unknown = sorted(found.keys() - {"format", "image", "data", "parent"})
        if unknown:
            raise InputError("a key that is none of a lock file", path=LOCK_FILE, column=unknown[0], expected="image, data or parent")
        data = found.get("data", {})
        if not isinstance(data, dict):
            raise InputError("data that is no mapping", path=LOCK_FILE, column="data", expected="roles and artifacts")
        try:
            pinned = {role: _pinned(each) for role, each in data.items()}
            return cls.of(_pinned(found.get("image")), pinned, _pinned(found.get("parent")))
        except MlplatError as error:
            raise InputError(str(error), path=LOCK_FILE) from None

    def to_bytes(self) -> bytes:
        """Its canonical bytes."""
        content: dict[str, Any] = {"format": FORMAT, "data": {role: _row(each) for role, each in self.data.items()}}
        for name, one in (("image", self.image), ("parent", self.parent)):
            if one is not None:
                content[name] = _row(one)
        return canonical_json(content) + b"\n"

    def links(self) -> dict[str, Artifact]:
        """All that it names, by role."""
        single = {"image": self.image, "parent": self.parent}
        return {**{role: one for role, one in single.items() if one is not None}, **self.data}


def _row(one: Artifact) -> dict[str, str]:
    return {"name": one.resource.partition(":")[2], "digest": one.digest}


def _pinned(row: Any) -> tuple[str, str] | None:
    if row is None:
        return None
    if not isinstance(row, dict) or row.keys() != {"name", "digest"} or not all(isinstance(part, str) for part in row.values()):
        raise InputError("an artifact without name and digest", expected='{"name": "shop/clicks@3", "digest": "sha256:…"}')
    return row["name"], check_digest(row["digest"])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
