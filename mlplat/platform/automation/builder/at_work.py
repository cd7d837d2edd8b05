"""Builds at work: begun, done as workloads, published, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ....errors import AccessDenied, MlplatError, printable
from ...work.outcomes import InfrastructureError, Outcome, TaskReason
from ...work.task import Task
from ..undertaking import acting, refused, undertake
from .building import BuildBody, Job, Order
from .builds import Build, BuildReason
from .part import BuilderPart

if TYPE_CHECKING:
    from ....events import Event
    from ....infra.endpoint import Work
    from ..undertaking import Undertaken

RETRIES: Final = 3
"""How often a build is tried again where the infrastructure fails it."""


class AtWork(BuilderPart):
    """An Image Builder, as far as it works."""

    def _begin_job(self, job: Job) -> Build:
        """Write down that a build has begun, and begin it."""
        order, plan = job.order, job.plan
        path = order.repository
        job.number = len(self._catalogue.builds.get(path, ())) + 1
        said: dict[str, Any] = {"key": "", "lock": "", "changes": []}
        if plan is not None:
            before = self._catalogue.last.get((path, order.manifest))
            changes = () if before is None else plan.lock.changes(self._lock(before))
            said = {"key": plan.key, "lock": self._store.put(plan.lock.to_bytes()), "changes": [tuple(change) for change in changes]}
        told = {"commit": order.commit, "manifest": order.manifest, "image": job.image}
        self._keep(self._record("queued", order.acting, name=path, number=job.number, behalf=order.behalf, zone=order.zone, **told, **said))
        self._jobs[path, job.number] = job
        data = {**told, "key": said["key"], "lock": said["lock"], **acting(order.acting, order.behalf)}
        queued = self._emit(self._find(path, job.number).subject, "build.queued", order.acting, data)
        with self._sim.caused_by(queued):
            self._work(job, queued)
        return self._find(path, job.number)

    def _work(self, job: Job, queued: Event) -> None:
        if job.denied:
            self._end(job, Outcome.FAILURE, BuildReason.ACCESS_DENIED, job.denied)
            return
        if job.wrong is not None:
            self._end(job, Outcome.FAILURE, BuildReason.BAD_MANIFEST, str(job.wrong), job.wrong.line)
            return
        assert job.plan is not None
        job.missing = job.plan.missing(self._known(job))
        if not job.missing:
            try:
                digest = self._publish(job)
            except AccessDenied as error:
                self._end(job, Outcome.FAILURE, BuildReason.ACCESS_DENIED, str(error))
            except InfrastructureError as error:
                self._end(job, Outcome.ERROR, TaskReason.UNAVAILABLE, refused(error))
            except MlplatError as error:
                self._end(job, Outcome.FAILURE, TaskReason.RAISED, refused(error))
            else:
                self._end(job, Outcome.SUCCESS, BuildReason.CACHED, digest=digest)
            return
        same = self._at_work_on(job)
        if same is not None:
            same.listeners.append(lambda _: self._work(job, queued))
            return
        order = job.order
        if order.charged is None or (self._tasks is not None and not order.zone):
            self._end(job, Outcome.ERROR, BuildReason.NO_ZONE)
            return
        base = job.plan.lock.base
        task = Task(f"build-{order.repository}", self._request, self._times.of(job.missing), image=base or None, retries=RETRIES)
        try:
            run = undertake(self._sim, self._tasks, task, BuildBody(self, job), order.zone, order.charged, queued)
        except AccessDenied as error:
            self._end(job, Outcome.FAILURE, BuildReason.ACCESS_DENIED, str(error))
        except MlplatError as error:
            self._end(job, Outcome.ERROR, BuildReason.REFUSED, refused(error))
        else:
            job.at_work = True
            run.then(lambda over: self._over(job, over))

    def _at_work_on(self, job: Job) -> Job | None:
        """Another job of the project that builds the same and is at work."""
        assert job.plan is not None
        project = job.order.repository.partition("/")[0]
        for (path, _), other in self._jobs.items():
            if other.at_work and path.startswith(f"{project}/") and other.plan is not None and other.plan.key == job.plan.key:
                return other
        return None

    def _started(self, job: Job, work: Work) -> None:
        job.tries += 1
        build = self._find(job.order.repository, job.number)
        data = {"attempt": job.tries, "nodes": work.nodes, **acting(job.order.acting, job.order.behalf)}
        self._emit(build.subject, "build.started", job.order.acting, data)

    def _publish(self, job: Job) -> str:
        """Publish what was built. Returns its digest. Raises what the Image Registry does; then nothing is published."""
        assert job.plan is not None
        return self._images.publish(job.image, job.plan.image, tags=job.tags, actor=job.order.acting).digest

    def _over(self, job: Job, run: Undertaken) -> None:
        """The work has ended."""
        job.at_work = False
        digest = run.value if run.outcome is Outcome.SUCCESS else ""
        self._end(job, run.outcome, run.reason.value, run.error, digest=digest)

    def _end(self, job: Job, outcome: Outcome, reason: str, error: str = "", line: int | None = None, digest: str = "") -> None:
        order, plan = job.order, job.plan
        path = order.repository
        done = outcome is Outcome.SUCCESS
        seconds = self._times.of(job.missing) if done else 0.0
        built = [(each.layer.digest, each.layer.size_mib) for each in job.missing] if done else []
        told = {"outcome": outcome.value, "reason": str(reason), "error": printable(error)[:2000], "line": line, "digest": digest}
        self._keep(self._record("finished", order.acting, name=path, number=job.number, **told, seconds=seconds, built=built))
        del self._jobs[path, job.number]
        build = self._find(path, job.number)
        data = {**told, "cached": build.cached, "seconds": seconds, "layers": len(built), **acting(order.acting, order.behalf)}
        finished = self._emit(build.subject, "build.finished", order.acting, data)
        with self._sim.caused_by(finished):
            if done and self._metadata is not None and plan is not None:
                self._link(order, build.reference, plan.lock.base)
            for listener in job.listeners:
                listener(build)

    def _link(self, order: Order, image: str, base: str) -> None:
        """Let the Metadata Store know of what an image was made; its lock is named by its label."""
        assert self._metadata is not None
        try:
            self._metadata.link(f"repo:{order.repository}@{order.commit}", f"image:{image}", "code", actor=order.acting)
            if base:
                self._metadata.link(f"image:{base}", f"image:{image}", "base", actor=order.acting)
        except MlplatError:  # told by an event; the image is there
            return
