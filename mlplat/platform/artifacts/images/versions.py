"""What the Image Registry answers: images, moves of tags, pulls, what is stored and what is garbage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ....infra.endpoint import Image, Layer
from .manifests import Manifest


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """An image under a name, as of the instant at which it was asked for; `digest` says which, for ever.

    `name`: `project/name`. `tags`: that point to it, sorted. `external`: None for an image that was built here, else what is unknown of
    its origin. `created_s`: seconds. `creator`: an id. `pulls`: how often it was pulled under this name.
    """

    name: str
    digest: str
    manifest: Manifest
    created_s: float
    creator: str
    external: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    pulls: int = 0

    @property
    def reference(self) -> str:
        """Such as `shop/train@sha256:…`."""
        return f"{self.name}@{self.digest}"

    @property
    def resource(self) -> str:
        """What it is called in grants and events, `image:shop/train@sha256:…`."""
        return f"image:{self.reference}"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """In order, the base first."""
        return self.manifest.layers

    @property
    def size_mib(self) -> int:
        """MiB of all layers, each once."""
        return self.manifest.size_mib

    @property
    def image(self) -> Image:
        """As a cluster knows it."""
        return self.manifest.image(self.reference)

    def __str__(self) -> str:
        return self.reference


class TagMove(NamedTuple):
    """A tag was moved at `time` (s) by `actor` (an id), from one digest to another; None where it was not, or is no more."""

    tag: str
    time: float
    actor: str
    before: str | None
    after: str | None


class ImagePull(NamedTuple):
    """What a pull sends: the layers that were not there already, each once, in order. `digest`: of the image."""

    digest: str
    missing: tuple[Layer, ...]

    @property
    def size_mib(self) -> int:
        """MiB to be sent."""
        return sum(layer.size_mib for layer in self.missing)

    @property
    def size_bytes(self) -> int:
        """Bytes to be sent."""
        return self.size_mib * 2**20


class ImageStorage(NamedTuple):
    """What images take: `size_mib` of their layers, each counted once; `apart_mib` if no image shared a layer with another."""

    images: int
    layers: int
    size_mib: int
    apart_mib: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """What a collection removes: resources of images, and layers that no other image of the project has, of `size_mib`.

    `kept`: of the images that have no tag but stay, who names them. `dry_run`: nothing was removed.
    """

    images: tuple[str, ...]
    layers: tuple[str, ...]
    size_mib: int
    dry_run: bool
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
