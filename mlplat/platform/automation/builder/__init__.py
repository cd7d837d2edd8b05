"""The Image Builder: images from manifests that are tracked in the SCM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from .build_manifest import MANIFEST_FILE, BuildManifest
    from .builds import Build, BuildReason
    from .first_index import default_index
    from .image_builder import ImageBuilder
    from .layers import BuildLayer, BuildPlan, BuildTimes, LayerKind
    from .package_index import Package, PackageIndex
    from .package_lock import LOCK_FILE, PackageChange, PackageLock
    from .package_versions import Requirement
    from .planning import plan_build

__all__ = [
    "LOCK_FILE",
    "MANIFEST_FILE",
    "Build",
    "BuildLayer",
    "BuildManifest",
    "BuildPlan",
    "BuildReason",
    "BuildTimes",
    "ImageBuilder",
    "LayerKind",
    "Package",
    "PackageChange",
    "PackageIndex",
    "PackageLock",
    "Requirement",
    "default_index",
    "plan_build",
]

_HOME = {
    "LOCK_FILE": "package_lock",
    "MANIFEST_FILE": "build_manifest",
    "Build": "builds",
    "BuildLayer": "layers",
    "BuildManifest": "build_manifest",
    "BuildPlan": "layers",
    "BuildReason": "builds",
    "BuildTimes": "layers",
    "ImageBuilder": "image_builder",
    "LayerKind": "layers",
    "Package": "package_index",
    "PackageChange": "package_lock",
    "PackageIndex": "package_index",
    "PackageLock": "package_lock",
    "Requirement": "package_versions",
    "default_index": "first_index",
    "plan_build": "planning",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
