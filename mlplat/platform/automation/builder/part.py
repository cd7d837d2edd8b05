"""What the parts of the Image Builder have in common: its state, the package index, and the plan of what is ordered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ....errors import InputError, OptionError, UnknownNameError, printable
from ...component import Component
from ...record_shapes import Shape
from ...references import Reference
from .building import Job, Order
from .builds import Build
from .catalogue import Catalogue
from .first_index import default_index
from .journal import RECORDS
from .layers import BuildTimes
from .package_index import PackageIndex
from .package_lock import PackageLock
from .planning import Base, plan_build, read_manifest

if TYPE_CHECKING:
    from ....context import Simulation
    from ...artifacts.images import ImageRegistry
    from ...artifacts.metadata import MetadataStore
    from ...artifacts.scm import SCM, File
    from ...identity.principals import Principal
    from ...identity.provider import IdentityProvider
    from ...storage.store import Store
    from ...work.tasks import Tasks
    from ...zones.zone_manager import ZoneManager

REQUEST: Final[Mapping[str, Any]] = {"cpus": 1, "memory": "2GiB"}
"""What building an image needs."""


class BuilderPart(Component):
    """An Image Builder without its calls and its work. See `ImageBuilder`."""

    KIND: ClassVar[str] = "repo"
    SOURCE: ClassVar[str] = "builder"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def __init__(
        self,
        sim: Simulation,
        identity: IdentityProvider,
        store: Store | None = None,
        *,
        scm: SCM,
        images: ImageRegistry,
        metadata: MetadataStore | None = None,
        tasks: Tasks | None = None,
        zones: ZoneManager | None = None,
        times: BuildTimes | None = None,
        request: Mapping[str, Any] = REQUEST,
        automatic: bool = True,
    ) -> None:
        self._scm, self._images, self._metadata, self._tasks, self._zones = scm, images, metadata, tasks, zones
        self._automatic = automatic
        self._times, self._request = times or BuildTimes(), dict(request)
        self._jobs: dict[tuple[str, int], Job] = {}
        self._indices: dict[str, PackageIndex] = {}
        super().__init__(sim, identity, store)
        self._catalogue.interrupt()

    def _begin(self) -> None:
        self._catalogue = Catalogue()

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._catalogue.apply(record)

    def _contents(self) -> Iterator[str]:
        return self._catalogue.contents()

    def _resolved(self, reference: Reference) -> Reference:
        return self._scm._resolved(reference)

    def _index(self) -> PackageIndex:
        digest = self._catalogue.index
        if not digest:
            return default_index()
        if digest not in self._indices:
            self._indices = {digest: PackageIndex.read(json.loads(self._store.get(digest)))}
        return self._indices[digest]

    def _lock(self, digest: str) -> PackageLock:
        return PackageLock.parse(self._store.get(digest))

    def _find(self, path: str, number: int) -> Build:
        builds = self._catalogue.builds.get(path, ())
        if type(number) is not int or not 0 < number <= len(builds):
            raise UnknownNameError("build", printable(str(number)[:40]), map(str, range(1, len(builds) + 1)))
        return builds[number - 1]

    # -- planning

    def _files(self, ref: str, principal: Principal) -> tuple[str, str, Mapping[str, File]]:
        """Repository, commit and all files that a reference names."""
        commit = self._scm.resolve(ref, actor=principal)
        return Reference.parse(ref).path, commit, self._scm.checkout(ref, actor=principal)

    def _planned(self, order: Order, files: Mapping[str, File], lock: PackageLock | None, *, anew: bool) -> Job:
        """A job with its plan, or with what is wrong. Raises AccessDenied for a base that may not be read."""
        path = order.repository
        if not isinstance(order.manifest, str):
            raise OptionError(f"manifest: a {type(order.manifest).__name__}; expected the path of a file")
        job = Job(order, path)
        known = self._catalogue.locks.get((path, order.commit, order.manifest))
        if lock is None and not anew and known is not None:
            lock = self._lock(known)
        try:
            said = read_manifest(files, order.manifest)
            job.image, job.tags = said.image_name(path), (*said.tags, order.commit)

            def find_base(reference: str) -> Base:
                try:
                    version = self._images.resolve(reference, actor=order.acting)
                except UnknownNameError as error:
                    raise said.wrong(str(error), "base") from None
                return Base(version.reference, version.manifest)

            job.plan = plan_build(files, order.manifest, self._index(), find_base, lock, anew=anew)
        except InputError as error:
            job.wrong = error
        return job

    def _missing(self, job: Job) -> bool:
        assert job.plan is not None
        return bool(job.plan.missing(self._known(job)))

    def _known(self, job: Job) -> Mapping[str, int]:
        return self._catalogue.layers.get(job.order.repository.partition("/")[0], {})

    def _when_over(self, build: Build, callback: Any) -> None:
        """Call `callback(build)` when a build is over, at once if it is."""
        job = self._jobs.get((build.repository, build.number))
        if job is None:
            callback(self._find(build.repository, build.number))
        else:
            job.listeners.append(callback)

    def _image_of(self, repository: str, commit: str, manifest: str) -> Build | None:
        """A build of a commit that is under way, or whose image is there. For other components: unchecked."""
        found = self._catalogue.of_commit(repository, commit, manifest)
        if found is not None and found.over and self._images._digest_of(Reference.parse(found.reference)) is None:
            return None
        return found
