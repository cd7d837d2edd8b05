"""The layers of an image: those of its base, one for each group of packages, one of files. Each is a function of its content only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from ....errors import InputError, OptionError, printable
from ....infra.endpoint import Layer
from ...artifacts.images import Manifest
from ...storage.digests import digest_of, digest_of_json
from .build_manifest import BuildManifest
from .package_index import Package
from .package_lock import PackageLock
from .package_versions import Requirement

if TYPE_CHECKING:
    from ...artifacts.scm import File

MIB: Final = 2**20
LOCK_LABEL: Final = "lock"
"""The label of an image that has the digest of its lock."""


class LayerKind(StrEnum):
    """Where a layer comes from."""

    BASE = "base"
    PACKAGES = "packages"
    FILES = "files"


class BuildLayer(NamedTuple):
    """A layer of an image that is to be built; `name`: of the group of packages, else empty."""

    kind: LayerKind
    name: str
    layer: Layer


class Files(NamedTuple):
    """Files that go into an image: of each path the mode and digest, and how many bytes they are together."""

    entries: Mapping[str, tuple[str, str]]
    size_bytes: int

    @classmethod
    def of(cls, files: Mapping[str, File]) -> Files:
        """Of contents by path."""
        entries = {path: (files[path].mode, digest_of(files[path].content)) for path in sorted(files)}
        return cls(entries, sum(len(file.content) for file in files.values()))


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """All that building an image takes.

    `key`: the digest of manifest, lock and files. `layers`: in order. `image`: what comes out, known before anything is built, since it is
    a function of content.
    """

    key: str
    lock: PackageLock
    layers: tuple[BuildLayer, ...]
    image: Manifest

    def missing(self, known: Mapping[str, int]) -> tuple[BuildLayer, ...]:
        """The layers that are to be built, where others are known by digest; those of the base are there."""
        wanted = {each.layer.digest: each for each in self.layers if each.kind is not LayerKind.BASE}
        return tuple(each for digest, each in wanted.items() if digest not in known)


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """How long a build takes, as a model: `start_s` for the first layer that is to be built, `layer_s` for each, and for each MiB of
    packages or files its part of a second.

    >>> BuildTimes(start_s=5, layer_s=1, packages_mib_s=20).of([BuildLayer(LayerKind.PACKAGES, "ml", Layer.of("numpy", 60))])
    9.0
    >>> BuildTimes().of([])
    0.0
    """

    start_s: float = 5.0
    layer_s: float = 1.0
    packages_mib_s: float = 20.0
    files_mib_s: float = 100.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            given = getattr(self, name)
            least = 0.0 if name.endswith("_s") and "mib" not in name else 1e-6
            if isinstance(given, bool) or not isinstance(given, (int, float)) or not least <= given <= 1e9:
                raise OptionError(f"{name}={printable(str(given)[:40])}: expected a number of seconds, or of MiB a second above 0")

    def of(self, layers: Sequence[BuildLayer]) -> float:
        """Seconds that building these layers takes; none for none."""
        if not layers:
            return 0.0
        rates = {LayerKind.PACKAGES: self.packages_mib_s, LayerKind.FILES: self.files_mib_s}
        return self.start_s + sum(self.layer_s + each.layer.size_mib / rates[each.kind] for each in layers)


def plan_of(manifest: BuildManifest, lock: PackageLock, files: Files, base: Manifest | None) -> BuildPlan:
    """What building takes, of a manifest and a lock that fits it (`check_lock`). `base`: the manifest of the base image."""
    layers = [] if base is None else [BuildLayer(LayerKind.BASE, "", layer) for layer in base.layers]
    below = digest_of_json([each.layer.digest for each in layers])
    for name, packages in _by_group(manifest, lock).items():
        if packages:
            said = {"below": below, "packages": [[each.name, each.version, each.digest] for each in packages]}
            layer = Layer(digest_of_json(said), sum(each.size_mib for each in packages))
            layers.append(BuildLayer(LayerKind.PACKAGES, name, layer))
    if files.entries:
        layer = Layer(digest_of_json({"files": files.entries}), -(-files.size_bytes // MIB))
        layers.append(BuildLayer(LayerKind.FILES, "", layer))
    image = Manifest(
        tuple(each.layer for each in layers),
        manifest.entry or ("" if base is None else base.entry),
        {**({} if base is None else base.config), **manifest.config},
        {LOCK_LABEL: lock.digest},
        {**({} if base is None else base.packages), **lock.versions},
    )
    key = digest_of_json({"manifest": manifest.to_json(), "lock": lock.digest, "files": files.entries})
    return BuildPlan(key, lock, tuple(layers), image)


def check_lock(manifest: BuildManifest, lock: PackageLock, path: str) -> None:
    """Raises InputError, with the line of the manifest, for a lock that does not fit it; `path`: of the lock."""
    there = {package.name: package for package in lock.packages}
    for number, requirement in enumerate(manifest.requirements):
        _check_met(requirement, there, manifest, number, path, "")
    for package in lock.packages:
        for text in package.requires:
            _check_met(Requirement.parse(text), there, manifest, None, path, f"{package} needs ")
    taken = {each.name for packages in _by_group(manifest, lock).values() for each in packages}
    for package in lock.packages:
        if package.name not in taken:
            raise InputError(f"has {package}, which nothing asks for", path=path, expected=f"what {manifest.path} asks for: lock it anew")
    if bool(manifest.base) != bool(lock.base):
        raise manifest.wrong(f"{path} is of another base: lock it anew", "base")


def _check_met(
    wanted: Requirement, there: Mapping[str, Package], manifest: BuildManifest, number: int | None, path: str, whose: str
) -> None:
    found = there.get(wanted.name)
    if found is None or not wanted.allows(found.version):
        problem = f"{whose}{wanted}, and {path} has {'no ' + wanted.name if found is None else found}: lock it anew"
        raise InputError(problem, path=path) if number is None else manifest.wrong(problem, f"packages[{number}]")


def _by_group(manifest: BuildManifest, lock: PackageLock) -> dict[str, tuple[Package, ...]]:
    """Of each group the packages that it brings: what it asks for and what those need, as far as no group before it has."""
    there = {package.name: package for package in lock.packages}
    taken: set[str] = set()
    groups = {}
    for name, requirements in manifest.groups.items():
        found: set[str] = set()
        open_ = [each.name for each in requirements]
        while open_:
            package = there[open_.pop()]
            if package.name not in taken:
                taken.add(package.name)
                found.add(package.name)
                open_ += [Requirement.parse(text).name for text in package.requires]
        groups[name] = tuple(there[each] for each in sorted(found))
    return groups
