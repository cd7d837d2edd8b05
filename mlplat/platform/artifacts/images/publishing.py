"""Publishing images: manifests are taken in, made here or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....errors import OptionError
from ....infra.endpoint import Image
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import whole_name
from ...storage.digests import plain_bytes
from ..wording import check_external
from .calls import ImageCalls
from .manifests import Manifest, ManifestError
from .versions import ImageVersion


class Publishing(ImageCalls):
    """Images, as far as they come in."""

    @call(Right.WRITE)
    def publish(
        self, name: str, image: Manifest | Image | Mapping[str, Any] | bytes, *, tags: Iterable[str] = (), actor: Actor
    ) -> ImageVersion:
        """Take in an image and let tags point to it. `image`: a manifest, parsed or as its bytes, or an image of a cluster.

        An image that is there already is not taken in again. Events `artifact.published` {kind, digest, size_mib}, `alias.moved`.
        Raises ManifestError, UnknownNameError for the project, OptionError for a layer in another size and for tags.
        """
        return self._take_in(name, image, None, tags, actor)

    @call(Right.WRITE)
    def register(
        self,
        name: str,
        image: Manifest | Image | Mapping[str, Any] | bytes,
        *,
        external: Iterable[str],
        tags: Iterable[str] = (),
        actor: Actor,
    ) -> ImageVersion:
        """Take in an image that was built elsewhere. `external`: what is unknown of its origin, such as `["manifest", "commit"]`.

        As `publish` otherwise.
        """
        return self._take_in(name, image, check_external(external), tags, actor)

    def _take_in(self, name: str, image: Any, external: tuple[str, ...] | None, tags: Iterable[str], actor: Actor) -> ImageVersion:
        reference, manifest = whole_name(name), _manifest(image)
        self._check_project(reference.project, actor)
        for layer in manifest.layers:
            known = self._catalogue.sizes.get((reference.project, layer.digest), layer.size_mib)
            if known != layer.size_mib:
                raise OptionError(f"{reference}: layer {layer.digest[:19]} is known with {known} MiB, not {layer.size_mib}")
        path, digest = reference.path, manifest.digest
        wanted = [tags] if isinstance(tags, str) else [*tags]
        self._check_tags(path, wanted, digest)
        if digest in self._catalogue.get(path).images:
            self._move(path, wanted, digest, actor)
            return self._catalogue.version(path, digest)
        self._store.put(manifest.to_bytes())
        self._move(path, wanted, digest, actor, {"what": "published", "manifest": manifest.to_json(), "external": external})
        return self._catalogue.version(path, digest)


def _manifest(image: object) -> Manifest:
    if isinstance(image, Manifest):
        return Manifest.of(Manifest.to_json(image))  # its digest is worked out here, and not taken from the caller
    if isinstance(image, bytes):
        return Manifest.read(plain_bytes(image))
    if isinstance(image, Image):
        if image.config:
            raise ManifestError(f"image {image.name!r} has a configuration, of which only the digest is known; expected the manifest")
        return Manifest(image.layers, image.entry)
    return Manifest.of(image)
