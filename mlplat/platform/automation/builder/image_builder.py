"""`ImageBuilder`: images from manifests of commits, built as workloads, by a call or at each push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....canonical import canonical_json
from ....errors import AccessDenied, MlplatError, OptionError, UnknownNameError, printable
from ...capabilities.table import Mark, marks
from ...component import call, call_of_anybody, principal_of
from ...identity.authorization import Actor
from ...identity.principals import Principal
from ...identity.rights import Right
from ...references import PLATFORM, Reference, check_zone, whole_name
from ..undertaking import chosen_zone, own_zone
from .at_work import AtWork
from .build_manifest import MANIFEST_FILE
from .building import Job, Order
from .builds import Build, BuildList
from .catalogue import Watched
from .layers import BuildPlan
from .package_index import PackageIndex
from .package_lock import PackageLock

if TYPE_CHECKING:
    import simpy

    from ....events import Event
    from ...artifacts.scm import File


class ImageBuilder(AtWork):
    """Builds images from manifests that are tracked in the SCM, and publishes them in the Image Registry.

    What a right is needed on is the repository, or its commit; publishing takes `write` on the image as well, and a private base `read`.
    `metadata`: links images to commits, where there is one. `tasks`, `zones`: that do the work; None on a platform without a cluster, where
    a build takes its time and no more. `times`: how long it takes. `request`: what it needs.

    >>> import mlplat as mp
    >>> platform = mp.Platform()
    >>> builder = platform.builder
    >>> ada = platform.identity.create_user("ada", actor=platform.admin)
    >>> project = platform.identity.create_project("shop", owner=ada, actor=platform.admin)
    >>> repository = platform.scm.create_repository("shop/churn", actor=ada)
    >>> files = {"image.yaml": "packages: [numpy>=2]\\nfiles: [train.py]\\nentry: python train.py\\n", "train.py": "print(1)\\n"}
    >>> commit = platform.scm.commit("shop/churn", "main", files, "first", actor=ada)
    >>> build = builder.build("shop/churn@main", actor=ada)
    >>> platform.sim.run()
    >>> print(builder.builds("shop/churn", actor=ada)[0])
    build 1 of shop/churn@0ea33fe: success, shop/churn, 2 layers in 11 s
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sim.log.subscribe("commit.pushed", self._pushed)

    @call(Right.READ)
    def build(
        self,
        ref: str,
        *,
        manifest: str = MANIFEST_FILE,
        zone: str = "",
        lock: PackageLock | bytes | None = None,
        anew: bool = False,
        actor: Actor,
    ) -> Build:
        """Build the image that a manifest of a commit describes; what the answer is about goes on, see `builds` and `wait`.

        `zone`: where the work is done and charged, the caller's development zone unless said. `lock`: what it is built by. Without one:
        that by which this commit was built before, else the lock file beside the manifest, else the package index as it is; `anew`: the
        index whatever there is. What is wrong with the manifest ends the build as `failure`, with the line, and nothing is published.

        Events `build.queued`, `.started`, `.finished`, and those of publishing. Raises UnknownNameError, OptionError, InputError for a lock
        that is none, AccessDenied without `write` on the image or `read` on its base.
        """
        principal = principal_of(actor)
        given = PackageLock.parse(lock) if isinstance(lock, bytes) else lock
        if given is not None and (anew or type(given) is not PackageLock):
            raise OptionError("lock: expected a PackageLock or its bytes, and not together with anew=True")
        repository, commit, files = self._files(ref, principal)
        order = Order(repository, commit, manifest, principal, principal.id, principal, check_zone(zone))
        job = self._planned(order, files, given, anew=bool(anew))
        self._authorization.require(principal, Right.WRITE, f"image:{job.image}", call="builder.build", source=self.SOURCE)
        if job.plan is not None and self._missing(job):
            place = chosen_zone(self._zones, zone, principal)
            self._check_zone_right(place, principal)
            job.order = order._replace(zone=place)
        return self._begin_job(job)

    @call(Right.READ)
    def plan(self, ref: str, *, manifest: str = MANIFEST_FILE, anew: bool = False, actor: Actor) -> BuildPlan:
        """What building would give, and what it would take, without doing anything. `anew`: as of `build`.

        Raises InputError with file and line, UnknownNameError, AccessDenied.
        """
        principal = principal_of(actor)
        repository, commit, files = self._files(ref, principal)
        order = Order(repository, commit, manifest, principal, principal.id, principal, "")
        job = self._planned(order, files, None, anew=bool(anew))
        if job.wrong is not None:
            raise job.wrong
        assert job.plan is not None
        return job.plan

    @call(Right.READ)
    def lock(self, ref: str, *, manifest: str = MANIFEST_FILE, actor: Actor) -> PackageLock:
        """The lock by which a commit was built last, to be kept as `image.lock` beside its manifest. Raises UnknownNameError."""
        commit = self._scm.resolve(ref, actor=actor)
        path = Reference.parse(ref).path
        if not isinstance(manifest, str):
            raise OptionError(f"manifest: a {type(manifest).__name__}; expected the path of a file")
        digest = self._catalogue.locks.get((path, commit, manifest))
        if digest is None:
            raise UnknownNameError("lock of a build", f"{path}@{commit[:7]}, {printable(str(manifest)[:80])}", ())
        return self._lock(digest)

    @call(Right.READ)
    def builds(self, name: str, *, commit: str = "", actor: Actor) -> BuildList:
        """The builds of a repository in order of their numbers; `commit`: only those of one (its full id)."""
        found = self._catalogue.builds.get(whole_name(name).path, ())
        return BuildList(build for build in found if commit in ("", build.commit))

    @call(Right.READ)
    def wait(self, name: str, number: int, *, actor: Actor) -> simpy.Event:
        """An event that happens when a build is over, with the build as its value. Raises UnknownNameError."""
        happened = self._sim.event()
        self._when_over(self._find(whole_name(name).path, number), happened.succeed)
        return happened

    @call(Right.ADMIN)
    def enable(self, name: str, account: Principal | str, *, manifest: str = MANIFEST_FILE, zone: str = "", actor: Actor) -> None:
        """From now on build at each push to a repository whose commit has the manifest. A commit is built once, whatever branches it is on.

        `account`: the service account of the project as which that is done; it needs `read` on the repository and its bases and `write`
        on the images. `zone`: where it is charged; the development zone of who pushed, in whose name the work runs there, unless said. It
        takes `admin` on the project too, whose account it is. Event `metadata.recorded`. Raises UnknownNameError, OptionError.
        """
        path = whole_name(name).path
        if not isinstance(manifest, str):
            raise OptionError(f"manifest: a {type(manifest).__name__}; expected the path of a file")
        self._scm._repository(path)
        project = f"project:{path.partition('/')[0]}"  # the account may do more than what is on the repository
        self._authorization.require(principal_of(actor), Right.ADMIN, project, call="builder.enable", source=self.SOURCE)
        found = service_account(self._authorization.directory.find(account), path)
        self._keep(self._record("enabled", actor, name=path, account=found.id, manifest=manifest, zone=check_zone(zone)))
        self._emit(f"repo:{path}", "metadata.recorded", actor, {"kind": "builds", "enabled": True, "account": found.id})

    @call(Right.ADMIN)
    def disable(self, name: str, *, actor: Actor) -> None:
        """Build at pushes no longer. Event `metadata.recorded`. Raises UnknownNameError."""
        path = whole_name(name).path
        if path not in self._catalogue.watched:
            raise UnknownNameError("repository that is built at pushes", path, ())
        self._keep(self._record("disabled", actor, name=path))
        self._emit(f"repo:{path}", "metadata.recorded", actor, {"kind": "builds", "enabled": False})

    @call_of_anybody
    def index(self, *, actor: Actor) -> PackageIndex:
        """The package index as it is."""
        return self._index()

    @call(Right.ADMIN, resource=PLATFORM)
    def set_index(self, index: PackageIndex, *, actor: Actor) -> None:
        """The package index moves: from now on there are these packages. Event `scenario.changed` {kind, digest}. Raises OptionError."""
        if type(index) is not PackageIndex:
            raise OptionError(f"index: a {type(index).__name__}; expected a PackageIndex")
        digest = self._store.put(canonical_json(index.to_json()))
        self._keep(self._record("index.set", actor, digest=digest))
        self._emit("index:packages", "scenario.changed", actor, {"kind": "package_index", "digest": digest})

    # -- at pushes

    def _for_push(self, order: Order, files: Mapping[str, File]) -> Build:
        """Build at a push, unless that is done already. Raises AccessDenied."""
        known = self._image_of(order.repository, order.commit, order.manifest)
        if known is not None:
            return known
        try:
            job = self._planned(order, files, None, anew=False)
            self._authorization.require(order.acting, Right.WRITE, f"image:{job.image}", call="builder.build", source=self.SOURCE)
        except AccessDenied as error:
            job = Job(order, order.repository)
            job.denied = str(error)
        return self._begin_job(job)

    def _pushed(self, event: Event) -> None:
        path = event.name.partition("@")[0]
        watched = self._catalogue.watched.get(path)
        if watched is None or event.source != self._scm.SOURCE or not event.data.get("branch"):
            return
        directory = self._authorization.directory
        account = directory.callers.get(watched.account)
        if account is None or not self._may_read(account, f"repo:{path}"):
            return
        pusher = directory.callers.get(event.actor)
        try:
            files = self._scm.checkout(f"{path}@{event.data['commit']}", actor=account)
            if watched.manifest in files:
                self._for_push(self._order_of(path, event.data["commit"], watched, account, pusher), files)
        except MlplatError:  # told by an event; whoever pushed has nothing to do with it
            return

    def _order_of(self, path: str, commit: str, watched: Watched, account: Principal, pusher: Principal | None) -> Order:
        if watched.zone:
            return Order(path, commit, watched.manifest, account, "" if pusher is None else pusher.id, account, watched.zone)
        zone = "" if pusher is None else own_zone(self._zones, pusher)
        return Order(path, commit, watched.manifest, account, "" if pusher is None else pusher.id, pusher, zone)

    def _check_zone_right(self, zone: str, principal: Principal) -> None:
        """Raises AccessDenied for a zone in which somebody may start nothing."""
        if not self._automatic:
            return
        if self._zones is None:
            return
        found = self._zones.get(zone, actor=principal)
        self._authorization.require(principal, Right.DEPLOY, found.resource, zone, call="builder.build", source=self.SOURCE)

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        return {"Image Builder": marks("s5 R14 R15 R17" if self._automatic else "s5 R15 R17")}


def service_account(principal: Principal, repository: str) -> Principal:
    """A service account of the project of a repository. Raises OptionError."""
    project = repository.partition("/")[0]
    if principal.kind.value != "service-account" or principal.project != project:
        raise OptionError(f"account {principal.id}: expected a service account of project {project}")
    return principal
