"""`PackageLock`: the base by digest and one version of each package, as they were when an image was built; `image.lock` of a commit.

It is apart from `mlplat.lock`, which names the image and the data that code runs with: that file of a commit can only be written when the
image is there, this one says how to build it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

from ....canonical import canonical_json
from ....errors import InputError, MlplatError, printable
from ...references import Reference
from ...storage.digests import check_digest, digest_of
from .build_manifest import MANIFEST_FILE, lock_path
from .package_index import Package

FORMAT: Final = 1
LARGEST: Final = 2**20
"""Bytes of a lock that are read."""
LOCK_FILE: Final = lock_path(MANIFEST_FILE)


class PackageChange(NamedTuple):
    """A package that is in another version in one lock than in another; empty where it is not there. Of the base its digest."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name} {self.before or 'not there'} -> {self.after or 'not there'}"


@dataclass(frozen=True, slots=True)
class PackageLock:
    """`base`: the image it is built on, `project/name@digest`, empty for none. `packages`: by name.

    >>> lock = PackageLock("", (Package("numpy", "2.1.0", 62),))
    >>> PackageLock.parse(lock.to_bytes()) == lock
    True
    """

    base: str = ""
    packages: tuple[Package, ...] = ()

    @property
    def digest(self) -> str:
        """Of its bytes."""
        return digest_of(self.to_bytes())

    @property
    def versions(self) -> dict[str, str]:
        """By package."""
        return {package.name: package.version for package in self.packages}

    def changes(self, before: PackageLock) -> tuple[PackageChange, ...]:
        """What is otherwise than in an earlier lock, by name; of a package with other content in the same version its digest."""
        found = []
        if before.base.partition("@")[2] != self.base.partition("@")[2]:
            found.append(PackageChange("base", before.base, self.base))
        ours, theirs = ({each.name: each for each in lock.packages} for lock in (self, before))
        for name in sorted(ours.keys() | theirs.keys()):
            new, old = ours.get(name), theirs.get(name)
            if new == old:
                continue
            if new is not None and old is not None and new.version == old.version:
                found.append(PackageChange(name, f"{old.version} ({old.digest})", f"{new.version} ({new.digest})"))
            else:
                found.append(PackageChange(name, "" if old is None else old.version, "" if new is None else new.version))
        return tuple(found)

    def to_bytes(self) -> bytes:
        """Its canonical bytes: JSON, a package a line."""
        head = canonical_json({"base": self.base, "format": FORMAT})[1:-1].decode()
        rows = ",\n".join(canonical_json(package.to_json()).decode() for package in self.packages)
        return f'{{{head},"packages":[{rows}]}}\n'.encode()

    @classmethod
    def of(cls, base: str, packages: Iterable[Package]) -> Self:
        """Of packages in any order."""
        return cls(base, tuple(sorted(packages, key=lambda package: package.name)))

    @classmethod
    def parse(cls, content: bytes, path: str = LOCK_FILE) -> Self:
        """From its bytes. Raises InputError."""
        shown = printable(path)
        if len(content) > LARGEST:
            raise InputError(f"a lock of {len(content):,} bytes", path=shown, expected=f"at most {LARGEST:,}")
        try:
            found = json.loads(content)
        except json.JSONDecodeError as error:
            raise InputError(f"not JSON: {error.msg}", path=shown, line=error.lineno) from None
        except (ValueError, RecursionError):
            raise InputError("not JSON that can be read", path=shown) from None
        if not isinstance(found, Mapping) or found.keys() != {"format", "base", "packages"} or found["format"] != FORMAT:
            raise InputError("no lock of a known format", path=shown, expected=f'{{"base": …, "format": {FORMAT}, "packages": […]}}')
        rows = found["packages"]
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise InputError("no list of packages", path=shown, column="packages", expected="a list of mappings")
        try:
            made = cls(_base(found["base"]), tuple(map(Package.of, rows)))
        except MlplatError as error:
            raise InputError(str(error), path=shown) from None
        names = [package.name for package in made.packages]
        for before, name in pairwise(names):
            if name <= before:
                raise InputError(f"package {name} after {before}", path=shown, expected="each package once, sorted by name")
        return made


def _base(given: Any) -> str:
    if given == "":
        return ""
    reference = Reference.parse(given)
    check_digest(reference.version)
    return str(reference)
