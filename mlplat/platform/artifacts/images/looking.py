"""Looking for images: lists, search, how tags moved, what storage is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...component import call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_project, whole_name
from . import garbage
from .calls import ImageCalls
from .versions import ImageStorage, ImageVersion, TagMove


class Looking(ImageCalls):
    """Images, as far as they are found."""

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> tuple[ImageVersion, ...]:
        """The images that the caller may read, of a project or of all, by name and in order of their coming. Raises OptionError."""
        return tuple(self._visible(actor, project))

    @call_of_anybody
    def search(self, text: str = "", *, labels: Mapping[str, str] | None = None, layer: str = "", actor: Actor) -> tuple[ImageVersion, ...]:
        """The images that the caller may read whose name or a tag of theirs contains `text`, with these labels, with this layer."""
        wanted = dict(labels or {}).items()
        return tuple(
            version
            for version in self._visible(actor, None)
            if (text in version.name or any(text in tag for tag in version.tags))
            and wanted <= dict(version.manifest.labels).items()
            and (not layer or any(layer == each.digest for each in version.layers))
        )

    @call(Right.READ)
    def history(self, name: str, tag: str | None = None, *, actor: Actor) -> tuple[TagMove, ...]:
        """How the tags of an image, or one of them, moved, in that order."""
        return tuple(move for move in self._catalogue.get(whole_name(name).path).moves if tag is None or move.tag == tag)

    @call_of_anybody
    def storage(self, project: str | None = None, *, actor: Actor) -> ImageStorage:
        """What the images take that the caller may read, of a project or of all; a layer that several have is counted once."""
        return garbage.storage_of(list(self._visible(actor, project)))

    def _visible(self, actor: Actor, project: str | None) -> Iterator[ImageVersion]:
        start = "" if project is None else check_project(project) + "/"
        for path, repository in self._catalogue:
            if path.startswith(start):
                for digest in repository.images:
                    if self._may_read_image(actor, path, digest):
                        yield self._catalogue.version(path, digest)
