"""`ImageRegistry`: layered images by digest and tag, shared, pulled and kept while somebody names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ....errors import OptionError, UnknownNameError, printable
from ....infra.endpoint import Image
from ...component import Component, call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...record_shapes import Shape
from ...references import PLATFORM, Reference, check_project, whole_name
from ...storage.digests import digest_of, plain_bytes
from ...storage.store import Store
from ..referrers import ReferencedError, Referrers
from ..withholding import referrers_shown
from ..wording import check_external
from . import garbage
from .journal import RECORDS
from .manifests import Manifest, ManifestError
from .serving import ClusterImages
from .shelf import Shelf
from .tags import check_patterns, check_tag, is_fixed
from .versions import Garbage, ImagePull, ImageStorage, ImageVersion, TagMove

if TYPE_CHECKING:
    from ....context import Simulation
    from ....infra.endpoint import ManagementEndpoint
    from ...identity.provider import IdentityProvider


class ImageRegistry(Component):
    """The images of a platform, by `project/name@digest` or `project/name@tag`.

    An image is its manifest and never changes; tags move, and what they pointed to is kept. The version of an image in grants is its
    digest: `image:shop/train@sha256:…` (`ImageVersion.resource`). What a layer holds is not kept, only its digest and size: nothing of an
    image is ever run by the registry.

    >>> import mlplat as mp
    >>> from mlplat.platform.identity import IdentityProvider
    >>> sim = mp.Simulation()
    >>> identity = IdentityProvider(sim)
    >>> project = identity.create_project("shop", owner=identity.admin, actor=identity.admin)
    >>> images = ImageRegistry(sim, identity)
    >>> base, code = mp.infra.virtualization.Layer.of("python", 900), mp.infra.virtualization.Layer.of("train.py", 1)
    >>> version = images.publish("shop/train", Manifest((base, code), entry="train.py"), tags=["v1"], actor=identity.admin)
    >>> pull = images.pull("shop/train@v1", have=[base.digest], actor=identity.admin)
    >>> pull.digest == version.digest, pull.size_mib
    (True, 1)
    """

    KIND: ClassVar[str] = "image"
    SOURCE: ClassVar[str] = "images"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, *, referrers: Referrers | None = None
    ) -> None:
        self._shelf = Shelf()
        self._referrers = Referrers() if referrers is None else referrers
        self._served: list[ManagementEndpoint] = []
        super().__init__(sim, identity, store)

    # -- in

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

    @call(Right.WRITE)
    def tag(self, version: str, *tags: str, actor: Actor) -> ImageVersion:
        """Let tags point to an image, given by its digest or another tag. Nothing happens where they do already.

        Events `alias.moved` {kind, alias, before, after}. Raises UnknownNameError; OptionError for a tag that does not move.
        """
        found = self._find(version, actor)
        self._check_tags(found.name, tags, found.digest)
        self._move(found.name, tags, found.digest, actor)
        return self._find(found.reference, actor)

    @call(Right.WRITE)
    def untag(self, name: str, tag: str, *, actor: Actor) -> None:
        """Let a tag point to nothing. Raises UnknownNameError; OptionError for a tag that does not move."""
        path = whole_name(name).path
        shelf = self._shelf.get(path)
        if tag not in shelf.tags:
            raise UnknownNameError("tag", printable(str(tag)[:80]), shelf.tags)
        if is_fixed(tag, shelf.fixed):
            raise OptionError(f"tag {tag!r} of {path} does not move")
        self._move(path, [tag], None, actor)

    @call(Right.ADMIN)
    def fix_tags(self, name: str, patterns: Iterable[str], *, actor: Actor) -> None:
        """Let tags that match one of these patterns, such as `v*`, move no more from what they point to, now or once they are set, even if
        that is deleted; `[]` for none.

        Raises OptionError, UnknownNameError.
        """
        path = whole_name(name).path
        if path not in self._shelf.repositories:
            raise UnknownNameError("image", path, ())
        self._keep(self._record("fixed", actor, name=path, patterns=check_patterns(patterns)))

    # -- out

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

    # -- looking

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
        return tuple(move for move in self._shelf.get(whole_name(name).path).moves if tag is None or move.tag == tag)

    @call_of_anybody
    def storage(self, project: str | None = None, *, actor: Actor) -> ImageStorage:
        """What the images take that the caller may read, of a project or of all; a layer that several have is counted once."""
        return garbage.storage_of(list(self._visible(actor, project)))

    # -- away

    @call(Right.ADMIN)
    def delete(self, ref: str, *, actor: Actor) -> None:
        """Take an image out, and its tags with it. Event `artifact.deleted`.

        Raises ReferencedError where a record or a workload names it; UnknownNameError.
        """
        version = self._find(ref, actor)
        named = self._named_by(version)
        if named:
            raise ReferencedError(version.resource, referrers_shown(self._authorization, actor, named))
        self._remove([version], actor)

    @call(Right.ADMIN, "project")
    def collect(self, project: str, *, dry_run: bool = True, actor: Actor) -> Garbage:
        """Take out the images of a project that no tag points to and nobody names, with the layers that no other image of the project has.

        In order of name and digest. `dry_run`: only say what would go. Raises OptionError.
        """
        path = check_project(project) + "/"
        found, kept = [], {}
        for name, shelf in self._shelf:
            if name.startswith(path):
                tagged = set(shelf.tags.values())
                for digest in sorted(set(shelf.images) - tagged):
                    version = self._shelf.version(name, digest)
                    named = self._named_by(version)
                    if named:
                        kept[version.resource] = referrers_shown(self._authorization, actor, named)
                    else:
                        found.append(version)
        answer = garbage.garbage_of(self._shelf, project, found, kept, dry_run=bool(dry_run))
        if not dry_run:
            self._remove(found, actor)
        return answer

    # -- clusters

    @call(Right.ADMIN, resource=PLATFORM)
    def serve(self, endpoint: ManagementEndpoint, *, administrator: str = "admin", actor: Actor) -> None:
        """Let the workloads of a cluster name images of the registry, from now on; `administrator`: of the cluster, in whose name.

        Who submits a workload needs `read` on its image. What its nodes pull is counted, and what its workloads use is not deleted.
        """
        if endpoint in self._served:
            raise OptionError("this cluster is served already")
        endpoint.serve_images(ClusterImages(self._authorization, self._shelf, self.SOURCE), actor=administrator)
        if not self._served:
            self._sim.log.subscribe("image.pulled", self._pulled)
        self._served.append(endpoint)

    # -- inside

    def _resolved(self, reference: Reference) -> Reference:
        digest = self._shelf.digest_of(reference.path, reference.version)
        return reference if digest is None else reference.at(digest)

    def _digest_of(self, reference: Reference) -> str | None:
        return self._shelf.digest_of(reference.path, reference.version)

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return resource if parameter == "project" else f"{self.KIND}:{Reference.parse(value)}"

    def _take_in(self, name: str, image: Any, external: tuple[str, ...] | None, tags: Iterable[str], actor: Actor) -> ImageVersion:
        reference, manifest = whole_name(name), _manifest(image)
        self._check_project(reference.project, actor)
        for layer in manifest.layers:
            known = self._shelf.sizes.get((reference.project, layer.digest), layer.size_mib)
            if known != layer.size_mib:
                raise OptionError(f"{reference}: layer {layer.digest[:19]} is known with {known} MiB, not {layer.size_mib}")
        path, digest = reference.path, manifest.digest
        wanted = [tags] if isinstance(tags, str) else [*tags]
        self._check_tags(path, wanted, digest)
        if digest in self._shelf.get(path).images:
            self._move(path, wanted, digest, actor)
            return self._shelf.version(path, digest)
        self._store.put(manifest.to_bytes())
        self._move(path, wanted, digest, actor, {"what": "published", "manifest": manifest.to_json(), "external": external})
        return self._shelf.version(path, digest)

    def _check_tags(self, path: str, tags: Iterable[str], digest: str) -> None:
        shelf = self._shelf.get(path)
        for tag in tags:
            last = shelf.last.get(check_tag(tag), digest)
            if last != digest and is_fixed(tag, shelf.fixed):
                raise OptionError(f"tag {tag!r} of {path} does not move: it points to {last}")

    def _move(self, path: str, tags: Iterable[str], digest: str | None, actor: Actor, published: Mapping[str, Any] | None = None) -> None:
        """Let tags point to an image, which is taken in if it is `published`: in one record, so that there is all of it or nothing."""
        now = self._shelf.get(path).tags
        before = {tag: now.get(tag) for tag in tags if now.get(tag) != digest}
        if not before and published is None:
            return
        record = self._record("tagged", actor, name=path, tags=[*before], digest=digest)
        self._keep({**record, **(published or {})})
        if published is not None and digest is not None:
            version = self._shelf.version(path, digest)
            data = {"kind": self.KIND, "digest": digest, "size_mib": version.size_mib, "external": version.external is not None}
            self._emit(version.resource, "artifact.published", actor, data)
        for tag, at in before.items():
            moved = {"kind": self.KIND, "alias": tag, "before": at, "after": digest}
            self._emit(f"{self.KIND}:{path}", "alias.moved", actor, moved)

    def _find(self, ref: object, actor: Actor) -> ImageVersion:
        """The image that a reference names. Raises OptionError, and UnknownNameError, which names tags that the caller may read."""
        reference = Reference.parse(ref)
        if not reference.version:
            raise OptionError(f"{reference}: expected a tag or digest, such as {reference}@v1")
        digest = self._shelf.digest_of(reference.path, reference.version)
        if digest is None:
            tags = self._shelf.get(reference.path).tags.items()
            known = [f"{reference.path}@{tag}" for tag, at in tags if self._may_read_image(actor, reference.path, at)]
            raise UnknownNameError("image", str(reference), known)
        return self._shelf.version(reference.path, digest)

    def _visible(self, actor: Actor, project: str | None) -> Iterator[ImageVersion]:
        start = "" if project is None else check_project(project) + "/"
        for path, shelf in self._shelf:
            if path.startswith(start):
                for digest in shelf.images:
                    if self._may_read_image(actor, path, digest):
                        yield self._shelf.version(path, digest)

    def _may_read_image(self, actor: Actor, path: str, digest: str) -> bool:
        return self._authorization.may(actor, Right.READ, f"{self.KIND}:{path}@{digest}")

    def _named_by(self, version: ImageVersion) -> tuple[str, ...]:
        users = {f"workload:{name}" for endpoint in self._served for name in endpoint.image_users(version.digest)}
        return tuple(sorted(users.union(self._referrers.of(version.resource))))

    def _remove(self, going: Sequence[ImageVersion], actor: Actor) -> None:
        """Images, all at once."""
        if going:
            self._keep(*(self._record("deleted", actor, name=version.name, digest=version.digest) for version in going))
        for version in going:
            self._emit(version.resource, "artifact.deleted", actor, {"kind": self.KIND, "digest": version.digest})

    def _count(self, version: ImageVersion, actor: Actor, size_mib: int, *, cause: Any = None) -> None:
        self._keep(self._record("pulled", actor, name=version.name, digest=version.digest))
        data = {"kind": self.KIND, "digest": version.digest, "size_mib": size_mib}
        self._emit(version.resource, "artifact.downloaded", actor, data, cause)

    def _pulled(self, event: Any) -> None:
        path, at, digest = event.subject.removeprefix("image:").partition("@")
        shelf = self._shelf.repositories.get(path)
        if at and shelf is not None and digest in shelf.images:
            self._count(shelf.images[digest], event.actor, event.data["asked_mib"], cause=event)

    def _checked(self, version: ImageVersion) -> bytes:
        return self._store.get(digest_of(version.manifest.to_bytes()))

    def _contents(self) -> Iterator[str]:
        for _, shelf in self._shelf:
            for version in shelf.images.values():
                yield digest_of(version.manifest.to_bytes())

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._shelf.apply(record)


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
