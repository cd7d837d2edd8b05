"""The calls of the endpoint about images: which of them the cluster can pull, from where, and who uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ...errors import OptionError, printable
from ..workload_spec import Workload
from .access import ADMINISTRATOR
from .calls import SOURCE, Calls, verb

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..virtualization.images import Image
    from .directory import Directory


class ImageSource(Protocol):
    """A registry from which a cluster takes the images that workloads name and that it does not have by itself."""

    def find(self, reference: str, principal: str) -> Image | None:
        """The image that `principal` may start by this name or digest; None for text that is no name of the registry's.

        Raises AccessDenied, and UnknownNameError for an image that is not there.
        """


class ImageVerbs(Calls):
    """The part of `ManagementEndpoint` that is about images."""

    _directory: Directory

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._image_source: ImageSource | None = None
        self._taken: set[str] = set()
        """Digests of the images that came from the source."""

    @verb
    def register_image(self, image: Image, *, actor: str = ADMINISTRATOR) -> str:
        """Let workloads name an image, by its name and its digest, which is the answer. A name moves to the image that takes it last.

        Event `image.registered` {digest}. Raises OptionError where a layer is known in another size.
        """
        from ..virtualization.images import Image

        if not isinstance(image, Image):
            raise OptionError(f"a {type(image).__name__} was given; expected an Image")
        self._administrator(actor, "register_image", image.name)
        digest = self._cluster.images.register(image)
        self._taken.discard(digest)
        self._sim.emit(f"image:{image.name}", "image.registered", source=SOURCE, actor=actor, data={"digest": digest})
        return digest

    @verb
    def forget_image(self, digest: str, *, actor: str = ADMINISTRATOR) -> None:
        """Let nobody name an image any more, under any name; nodes keep the layers that they have. Event `image.forgotten` {digest}.

        Raises OptionError, with their names, while workloads use it; UnknownNameError.
        """
        self._administrator(actor, "forget_image", digest)
        image = self._cluster.images.get(digest)
        users = self._users(image.digest)
        if users:
            raise OptionError(f"image {printable(str(digest)[:80])} is used by {', '.join(users[:10])}")
        self._cluster.images.forget(image.digest)
        self._taken.discard(image.digest)
        self._sim.emit(f"image:{image.name}", "image.forgotten", source=SOURCE, actor=actor, data={"digest": image.digest})

    @verb
    def image_users(self, image: str) -> tuple[str, ...]:
        """Names of the workloads that are not over and start from an image (its name or digest), sorted."""
        found = self._cluster.images.find(image)
        return () if found is None else self._users(found.digest)

    @verb
    def serve_images(self, source: ImageSource, *, actor: str = ADMINISTRATOR) -> None:
        """Take images from a registry from now on: what a workload names is looked up there when it is submitted, in the name of who
        submits it, and stands in the workload as its digest; the cluster's own images come first. Raises OptionError.
        """
        if not callable(getattr(source, "find", None)):
            raise OptionError(f"source: a {type(source).__name__}; expected a registry of images")
        self._administrator(actor, "serve_images", "the cluster")
        self._image_source = source

    # -- inside

    def _with_image(self, workload: Workload, actor: str) -> Workload:
        """The workload with the digest of the image that it names, where that is of the source."""
        source = self._image_source
        if source is None or workload.image is None:
            return workload
        reference = workload.image if isinstance(workload.image, str) else workload.image.digest
        images = self._cluster.images
        own = images.find(reference)
        if own is not None and own.digest not in self._taken:
            return workload
        image = source.find(reference, actor)
        if image is None:
            return workload
        if images.find(image.digest) is None:
            images.register(image)
            self._taken.add(image.digest)
        return workload.with_image(image.digest)

    def _users(self, digest: str) -> tuple[str, ...]:
        found = []
        for entry in self._directory:
            image = entry.workload.image
            if image is not None and not entry.over:
                used = self._cluster.images.find(image) if isinstance(image, str) else image
                if used is not None and used.digest == digest:
                    found.append(entry.workload.name)
        return tuple(sorted(found))
