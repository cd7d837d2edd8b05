"""From the files of a commit to the plan of a build: pure, so that it can be asked before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ....errors import InputError, MlplatError, printable
from ...artifacts.images import Manifest
from .build_manifest import BuildManifest, lock_path
from .layers import BuildPlan, Files, check_lock, plan_of
from .package_index import PackageIndex
from .package_lock import PackageLock
from .resolution import ResolutionError, resolve

if TYPE_CHECKING:
    from ...artifacts.scm import File


class Base(NamedTuple):
    """The base of an image: `reference` by digest, and its manifest."""

    reference: str
    manifest: Manifest


FindBase = Callable[[str], Base]
"""The base that a manifest or lock names. Raises what the Image Registry does."""


def read_manifest(files: Mapping[str, File], path: str) -> BuildManifest:
    """The manifest of a commit. Raises InputError."""
    found = files.get(path)
    if found is None or found.mode not in ("100644", "100755"):
        raise InputError("is no file of the commit", path=printable(path), expected="an image manifest")
    return BuildManifest.parse(found.content, path)


def lock_of(manifest: BuildManifest, index: PackageIndex, base: Base | None) -> PackageLock:
    """What a manifest means today. Raises InputError with the line of the requirement that nothing fits."""
    try:
        packages = resolve(manifest.requirements, index)
    except ResolutionError as error:
        raise manifest.wrong(str(error), f"packages[{error.root}]") from None
    return PackageLock.of("" if base is None else base.reference, packages)


def plan_build(
    files: Mapping[str, File], path: str, index: PackageIndex, find_base: FindBase, lock: PackageLock | None = None, *, anew: bool = False
) -> BuildPlan:
    """The plan of building the manifest at a path of a commit with these files.

    `lock`: what it is built by; where there is none, the lock file beside the manifest, and without one the index as it is. `anew`: the
    index whatever there is. Raises InputError with file and line, and what `find_base` raises.
    """
    manifest = read_manifest(files, path)
    taken = Files.of({each: files[each] for each in manifest.taken(files)})
    beside = lock_path(path)
    if lock is None and not anew and beside in files:
        lock = PackageLock.parse(files[beside].content, beside)
    wanted = manifest.base if lock is None else lock.base
    base = find_base(wanted) if wanted else None
    if lock is None:
        lock = lock_of(manifest, index, base)
    else:
        check_lock(manifest, lock, printable(beside))
    try:
        return plan_of(manifest, lock, taken, None if base is None else base.manifest)
    except MlplatError as error:  # of too many layers, or too large
        raise manifest.wrong(f"no image: {error}", "packages[0]") from None
