"""What images take together, and what becomes free when some of them go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from .catalogue import Catalogue
from .versions import Garbage, ImageStorage, ImageVersion


def storage_of(versions: Sequence[ImageVersion]) -> ImageStorage:
    """Layers and MiB of these images; those with one digest are one image."""
    by_digest = {version.digest: version for version in versions}
    sizes = {layer.digest: layer.size_mib for version in by_digest.values() for layer in version.layers}
    return ImageStorage(len(by_digest), len(sizes), sum(sizes.values()), sum(version.size_mib for version in by_digest.values()))


def garbage_of(
    catalogue: Catalogue, project: str, going: Sequence[ImageVersion], kept: Mapping[str, tuple[str, ...]], *, dry_run: bool
) -> Garbage:
    """What would go with these images of a project: a layer goes with its last image that has it."""
    losing: dict[str, int] = {}
    for version in going:
        for digest in {layer.digest for layer in version.layers}:
            losing[digest] = losing.get(digest, 0) + 1
    layers = tuple(sorted(digest for digest, count in losing.items() if count == catalogue.layers[project, digest]))
    size = sum(catalogue.sizes[project, digest] for digest in layers)
    return Garbage(tuple(version.resource for version in going), layers, size, dry_run, MappingProxyType(dict(kept)))
