"""Pulling images: by callers, who are sent what they do not have, and by the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ....errors import OptionError
from ...component import call
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import PLATFORM
from ...storage.digests import digest_of
from .calls import ImageCalls
from .serving import ClusterImages
from .versions import ImagePull, ImageVersion

if TYPE_CHECKING:
    from ....infra.endpoint import ManagementEndpoint


class Pulling(ImageCalls):
    """Images, as far as they go out."""

    @call(Right.READ)
    def resolve(self, ref: str, *, actor: Actor) -> ImageVersion:
        """The image that a digest or tag means now. Raises UnknownNameError."""
        return self._find(ref, actor)

    @call(Right.READ)
    def manifest(self, ref: str, *, actor: Actor) -> bytes:
        """The manifest of an image, its canonical JSON, checked against the image's digest. Raises UnknownNameError, IntegrityError."""
        return self._checked(self._find(ref, actor))

    @call(Right.READ)
    def pull(self, ref: str, have: Iterable[str] = (), *, actor: Actor) -> ImagePull:
        """What of an image has to be sent to who has the layers `have` (digests). It is counted. Event `artifact.downloaded`.

        Raises UnknownNameError, OptionError, IntegrityError for a manifest that was damaged.
        """
        version = self._find(ref, actor)
        self._checked(version)
        there = {have} if isinstance(have, str) else set(have)
        missing = {layer.digest: layer for layer in version.layers if layer.digest not in there}
        pull = ImagePull(version.digest, tuple(missing.values()))
        self._count(version, actor, pull.size_mib)
        return pull

    @call(Right.ADMIN, resource=PLATFORM)
    def serve(self, endpoint: ManagementEndpoint, *, administrator: str = "admin", actor: Actor) -> None:
        """Let the workloads of a cluster name images of the registry, from now on; `administrator`: of the cluster, in whose name.

        Who submits a workload needs `read` on its image. What its nodes pull is counted, and what its workloads use is not deleted.
        """
        if endpoint in self._served:
            raise OptionError("this cluster is served already")
        endpoint.serve_images(ClusterImages(self._authorization, self._catalogue, self.SOURCE), actor=administrator)
        if not self._served:
            self._sim.log.subscribe("image.pulled", self._pulled)
        self._served.append(endpoint)

    # -- inside

    def _count(self, version: ImageVersion, actor: Actor, size_mib: int, *, cause: Any = None) -> None:
        self._keep(self._record("pulled", actor, name=version.name, digest=version.digest))
        data = {"kind": self.KIND, "digest": version.digest, "size_mib": size_mib}
        self._emit(version.resource, "artifact.downloaded", actor, data, cause)

    def _pulled(self, event: Any) -> None:
        path, at, digest = event.subject.removeprefix("image:").partition("@")
        repository = self._catalogue.repositories.get(path)
        if at and repository is not None and digest in repository.images:
            self._count(repository.images[digest], event.actor, event.data["asked_mib"], cause=event)

    def _checked(self, version: ImageVersion) -> bytes:
        return self._store.get(digest_of(version.manifest.to_bytes()))
