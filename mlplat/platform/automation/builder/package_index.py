"""`PackageIndex`: which packages there are to install, in which versions, of which size, and what each needs; simulated, and it moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

from ....errors import OptionError, UnknownNameError
from ...record_shapes import COUNT, TEXT, TEXTS, check
from ...storage.digests import check_digest, digest_of_json
from .package_versions import Requirement, package_name, version_key

MOST: Final = 100_000
"""Packages in an index."""
LARGEST_MIB: Final = 2**20
_SHAPES: Final = {"name": TEXT, "version": TEXT, "size_mib": COUNT, "requires": TEXTS, "digest": TEXT}


@dataclass(frozen=True, slots=True)
class Package:
    """A version of a package: `size_mib`, whole MiB installed; `requires`: requirements of others; `digest`: of its content, made of the
    rest unless said. Raises OptionError.

    >>> str(Package("scikit-learn", "1.6", 40, ["numpy>=2"]))
    'scikit-learn 1.6'
    """

    name: str
    version: str
    size_mib: int
    requires: tuple[str, ...] = ()
    digest: str = ""

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", package_name(self.name))
        version_key(self.version)
        if type(self.size_mib) is not int or not 0 <= self.size_mib <= LARGEST_MIB:
            raise OptionError(f"size_mib of {self.name} {self.version}: expected whole MiB from 0 to {LARGEST_MIB:,}")
        if isinstance(self.requires, str) or not isinstance(self.requires, Iterable):
            raise OptionError(f"requires of {self.name} {self.version}: expected a list, such as ['numpy>=2']")
        put(self, "requires", tuple(sorted(str(Requirement.parse(each)) for each in self.requires)))
        said = {"name": self.name, "version": self.version, "size_mib": self.size_mib, "requires": self.requires}
        put(self, "digest", check_digest(self.digest) if self.digest else digest_of_json(said))

    def to_json(self) -> dict[str, Any]:
        """What `of` makes the same from."""
        return {key: getattr(self, key) for key in _SHAPES}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From its JSON. Raises OptionError."""
        check(row, _SHAPES, "package")
        return cls(**{key: row[key] for key in _SHAPES})

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class PackageIndex:
    """The packages that can be installed, as of one day; never changes, `moved` gives the next. Raises OptionError.

    >>> index = PackageIndex([Package("numpy", "2.0.0", 60), Package("numpy", "2.1.0", 62)])
    >>> [package.version for package in index.of("numpy")]
    ['2.1.0', '2.0.0']
    >>> index.moved([Package("numpy", "2.2.0", 64)], gone=[("numpy", "2.0.0")])
    PackageIndex(2 versions of 1 package)
    """

    packages: tuple[Package, ...] = field(default=())

    def __post_init__(self) -> None:
        given = tuple(self.packages)
        if not all(type(package) is Package for package in given):
            raise OptionError("packages: expected a list of Package")
        if len(given) > MOST:
            raise OptionError(f"{len(given):,} packages; expected at most {MOST:,}")
        known: dict[tuple[str, tuple[int, ...]], Package] = {}
        for package in given:
            if known.setdefault((package.name, version_key(package.version)), package) is not package:
                raise OptionError(f"{package} is there twice")
        object.__setattr__(self, "packages", tuple(known[place] for place in sorted(known)))

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Package, ...]]:
        found: dict[str, list[Package]] = {}
        for package in self.packages:
            found.setdefault(package.name, []).append(package)
        return {name: tuple(reversed(versions)) for name, versions in found.items()}

    @cached_property
    def digest(self) -> str:
        """Of all that is in it."""
        return digest_of_json(self.to_json())

    def names(self) -> tuple[str, ...]:
        """Of all packages, sorted."""
        return tuple(self._by_name)

    def of(self, name: str) -> tuple[Package, ...]:
        """The versions of a package, the newest first. Raises UnknownNameError, whose text names the closest."""
        found = self._by_name.get(package_name(name))
        if found is None:
            raise UnknownNameError("package", package_name(name), self._by_name)
        return found

    def get(self, name: str, version: str) -> Package | None:
        """One version; None where it is not there."""
        key = version_key(version)
        return next((each for each in self._by_name.get(name, ()) if version_key(each.version) == key), None)

    def moved(self, new: Iterable[Package] = (), *, gone: Iterable[tuple[str, str]] = ()) -> PackageIndex:
        """The index as of another day: with these packages, in place of those of the same version, and without those that are gone.

        Raises OptionError, UnknownNameError.
        """
        kept = {(each.name, version_key(each.version)): each for each in self.packages}
        for name, version in gone:
            place = package_name(name), version_key(version)
            if place not in kept:
                raise UnknownNameError("package", f"{place[0]} {version}", [str(each) for each in self._by_name.get(place[0], ())])
            del kept[place]
        kept |= {(each.name, version_key(each.version)): each for each in new}
        return PackageIndex(tuple(kept.values()))

    def to_json(self) -> list[dict[str, Any]]:
        """What `read` makes the same from."""
        return [package.to_json() for package in self.packages]

    @classmethod
    def read(cls, rows: object) -> PackageIndex:
        """From its JSON. Raises OptionError."""
        if not isinstance(rows, (list, tuple)) or not all(isinstance(row, Mapping) for row in rows):
            raise OptionError("packages: expected a list of mappings")
        return cls(tuple(map(Package.of, rows)))

    def __iter__(self) -> Iterator[Package]:
        return iter(self.packages)

    def __len__(self) -> int:
        return len(self.packages)

    def __repr__(self) -> str:
        names = len(self._by_name)
        return f"PackageIndex({len(self):,} version{'' if len(self) == 1 else 's'} of {names:,} package{'' if names == 1 else 's'})"
