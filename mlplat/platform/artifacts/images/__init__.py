"""The Image Registry: layered images by digest and tag, and what clusters pull of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....lazy_names import lazy_names

if TYPE_CHECKING:
    from ....infra.endpoint import Image, Layer
    from .image_registry import ImageRegistry
    from .manifests import Manifest, ManifestError
    from .versions import Garbage, ImagePull, ImageStorage, ImageVersion, TagMove

__all__ = [
    "Garbage",
    "Image",
    "ImagePull",
    "ImageRegistry",
    "ImageStorage",
    "ImageVersion",
    "Layer",
    "Manifest",
    "ManifestError",
    "TagMove",
]

_HOME = {
    "Garbage": "versions",
    "Image": "...infra.endpoint",
    "ImagePull": "versions",
    "ImageRegistry": "image_registry",
    "ImageStorage": "versions",
    "ImageVersion": "versions",
    "Layer": "...infra.endpoint",
    "Manifest": "manifests",
    "ManifestError": "manifests",
    "TagMove": "versions",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
