"""What the calls of the Image Registry have in common: which image a name leads to, and how tags move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import OptionError, UnknownNameError
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import Reference
from ...storage.digests import digest_of
from ..artifact_component import ArtifactComponent
from .catalogue import Catalogue
from .journal import RECORDS
from .tags import check_tag, is_fixed
from .versions import ImageVersion

if TYPE_CHECKING:
    from ....infra.endpoint import ManagementEndpoint


class ImageCalls(ArtifactComponent):
    """An Image Registry without its calls. See `ImageRegistry`."""

    KIND: ClassVar[str] = "image"
    SOURCE: ClassVar[str] = "images"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def _begin(self) -> None:
        self._catalogue = Catalogue()
        self._served: list[ManagementEndpoint] = []

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        for _, repository in self._catalogue:
            for version in repository.images.values():
                yield digest_of(version.manifest.to_bytes())

    # -- names

    def _resolved(self, reference: Reference) -> Reference:
        digest = self._catalogue.digest_of(reference.path, reference.version)
        return reference if digest is None else reference.at(digest)

    def _digest_of(self, reference: Reference) -> str | None:
        return self._catalogue.digest_of(reference.path, reference.version)

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return resource if parameter == "project" else f"{self.KIND}:{Reference.parse(value)}"

    def _find(self, ref: object, actor: Actor) -> ImageVersion:
        """The image that a reference names. Raises OptionError, and UnknownNameError, which names tags that the caller may read."""
        reference = Reference.parse(ref)
        if not reference.version:
            raise OptionError(f"{reference}: expected a tag or digest, such as {reference}@v1")
        digest = self._catalogue.digest_of(reference.path, reference.version)
        if digest is None:
            tags = self._catalogue.get(reference.path).tags.items()
            known = [f"{reference.path}@{tag}" for tag, at in tags if self._may_read_image(actor, reference.path, at)]
            raise UnknownNameError("image", str(reference), known)
        return self._catalogue.version(reference.path, digest)

    def _may_read_image(self, actor: Actor, path: str, digest: str) -> bool:
        return self._authorization.may(actor, Right.READ, f"{self.KIND}:{path}@{digest}")

    # -- tags

    def _check_tags(self, path: str, tags: Iterable[str], digest: str) -> None:
        repository = self._catalogue.get(path)
        for tag in tags:
            last = repository.last.get(check_tag(tag), digest)
            if last != digest and is_fixed(tag, repository.fixed):
                raise OptionError(f"tag {tag!r} of {path} does not move: it points to {last}")

    def _move(self, path: str, tags: Iterable[str], digest: str | None, actor: Actor, published: Mapping[str, Any] | None = None) -> None:
        """Let tags point to an image, which is taken in if it is `published`: in one record, so that there is all of it or nothing."""
        now = self._catalogue.get(path).tags
        before = {tag: now.get(tag) for tag in tags if now.get(tag) != digest}
        if not before and published is None:
            return
        record = self._record("tagged", actor, name=path, tags=[*before], digest=digest)
        self._keep({**record, **(published or {})})
        if published is not None and digest is not None:
            version = self._catalogue.version(path, digest)
            data = {"kind": self.KIND, "digest": digest, "size_mib": version.size_mib, "external": version.external is not None}
            self._emit(version.resource, "artifact.published", actor, data)
        for tag, at in before.items():
            moved = {"kind": self.KIND, "alias": tag, "before": at, "after": digest}
            self._emit(f"{self.KIND}:{path}", "alias.moved", actor, moved)
