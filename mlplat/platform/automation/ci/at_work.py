"""Runs at work: begun, their image built, their tests run as a workload, reported and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ....errors import AccessDenied, InputError, MlplatError, printable
from ...work.outcomes import InfrastructureError, Outcome, TaskReason
from ...work.task import Task
from ..builder.building import Order
from ..undertaking import acting, refused, undertake
from .definition import CIDefinition
from .discovery import find_tests
from .job import Job, SuiteBody
from .part import CONTEXT, CIPart
from .results import LONGEST, described, of_bytes, to_bytes
from .runs import CI_SENTENCE, CIReason, CIRun
from .testing import CaseOutcome, CaseResult

if TYPE_CHECKING:
    from ....events import Event
    from ....infra.endpoint import Work
    from ..builder.builds import Build
    from ..undertaking import Undertaken

NO_FAULT_OF_TESTS: Final = frozenset({TaskReason.ACCESS_DENIED, TaskReason.RAISED, TaskReason.IMAGE_NOT_FOUND})
"""Ends of a task that say nothing of the commit: tests themselves raise nothing that comes so far."""


class AtWork(CIPart):
    """CI, as far as it works."""

    def _begin_job(self, job: Job) -> CIRun:
        """Write down that a run has begun, and begin it."""
        path = job.repository
        job.number = len(self._catalogue.runs.get(path, ())) + 1
        said = {"commit": job.commit, "branch": job.branch}
        self._keep(self._record("queued", job.acting, name=path, number=job.number, behalf=job.behalf, zone=job.zone, **said))
        self._jobs[path, job.number] = job
        data = {**said, "definition": job.path, "zone": job.zone, **acting(job.acting, job.behalf)}
        queued = self._emit(self._find(path, job.number).subject, "pipelinerun.queued", job.acting, data)
        with self._sim.caused_by(queued):
            if self._report(job, "pending", "queued"):
                self._read(job, queued)
        return self._find(path, job.number)

    def _read(self, job: Job, queued: Event) -> None:
        """Read the definition, look for tests, and see to the image."""
        try:
            job.definition = definition = CIDefinition.parse(job.files[job.path].content, job.path)
        except InputError as error:
            self._end(job, Outcome.FAILURE, CIReason.BAD_DEFINITION, str(error))
            return
        contents = {path: file.content for path, file in job.files.items() if file.mode in ("100644", "100755")}
        job.found = find_tests(contents, definition.files(contents))
        if not any(each.names or each.wrong for each in job.found):
            self._end(job, Outcome.FAILURE, CIReason.NO_TESTS, f"looked in {', '.join(definition.tests)}")
            return
        if job.charged is None or (self._tasks is not None and not job.zone):
            self._end(job, Outcome.ERROR, CIReason.NO_ZONE)
            return
        try:
            if definition.manifest:
                self._build(job, queued)
                return
            if definition.image and self._images is not None:
                job.image = self._images.resolve(definition.image, actor=job.acting).reference
        except AccessDenied as error:
            self._end(job, Outcome.ERROR, CIReason.ACCESS_DENIED, str(error))
        except InfrastructureError as error:
            self._end(job, Outcome.ERROR, TaskReason.UNAVAILABLE, str(error))
        except MlplatError as error:
            self._end(job, Outcome.FAILURE, CIReason.BAD_DEFINITION, f"{job.path}: {error}")
        else:
            self._submit(job, queued)

    def _build(self, job: Job, queued: Event) -> None:
        """Let the image of the commit be there."""
        if self._builder is None:
            self._end(job, Outcome.ERROR, CIReason.BUILD_ERROR, "there is no Image Builder")
            return
        manifest = job.definition.manifest
        order = Order(job.repository, job.commit, manifest, job.acting, job.behalf, job.charged, job.zone)
        build = self._builder._for_push(order, job.files)
        self._builder._when_over(build, lambda over: self._built(job, over, queued))

    def _built(self, job: Job, build: Build, queued: Event) -> None:
        if job.over:
            return
        if build.outcome is Outcome.SUCCESS:
            job.image = build.reference
            self._submit(job, queued)
        else:
            failed = build.outcome is Outcome.FAILURE and build.reason != CIReason.ACCESS_DENIED
            reason = CIReason.BUILD_FAILED if failed else CIReason.BUILD_ERROR
            self._end(job, Outcome.FAILURE if failed else Outcome.ERROR, reason, build.error or f"build {build.number}: {build.reason}")

    def _submit(self, job: Job, queued: Event) -> None:
        definition = job.definition
        count = sum(len(each.names) for each in job.found)
        task = Task(
            f"ci-{job.repository}",
            definition.request,
            definition.duration_s(count),
            image=job.image or None,
            timeout=definition.timeout_s,
            pending_timeout=definition.pending_timeout_s,
            retries=definition.retries,
        )
        assert job.charged is not None
        try:
            job.run = undertake(self._sim, self._tasks, task, SuiteBody(self, job), job.zone, job.charged, queued)
        except AccessDenied as error:
            self._end(job, Outcome.ERROR, CIReason.ACCESS_DENIED, str(error))
        except MlplatError as error:
            self._end(job, Outcome.ERROR, CIReason.REFUSED, refused(error))
        else:
            job.run.then(lambda over: self._over(job, over))

    # -- while it goes on

    def _waiting(self, job: Job, reason: TaskReason) -> None:
        """It waits for room: the commit's status says why."""
        self._report(job, "pending", f"{reason.value}: {CI_SENTENCE[reason.value]}")

    def _started(self, job: Job, work: Work) -> None:
        job.tries += 1
        run = self._find(job.repository, job.number)
        behalf = acting(job.acting, job.behalf)
        if job.tries == 1:
            data = {"commit": job.commit, "image": job.image.partition("@")[2], "nodes": work.nodes, **behalf}
            self._emit(run.subject, "pipelinerun.started", job.acting, data)
        tests = sum(len(each.names) for each in job.found)
        self._emit(f"testsuiterun:{run.name}", "testsuiterun.started", job.acting, {"attempt": job.tries, "tests": tests, **behalf})
        if job.told != "pending: at work":
            self._report(job, "pending", "at work")

    def _supersede(self, job: Job, reason: str) -> None:
        """Call off a run that has not begun its work."""
        job.ending = reason
        if job.run is None:
            self._end(job, Outcome.CANCELLED, reason)
        else:
            job.run.cancel()

    def _over(self, job: Job, run: Undertaken) -> None:
        """The work has ended."""
        if job.over:
            return
        if run.outcome is Outcome.SUCCESS:
            cases: tuple[CaseResult, ...] = run.value
            failed = any(each.outcome is CaseOutcome.FAILED for each in cases)
            outcome, reason = (Outcome.FAILURE, CIReason.TESTS_FAILED) if failed else (Outcome.SUCCESS, CIReason.PASSED)
            self._end(job, outcome, reason, cases=cases)
        elif run.outcome is Outcome.CANCELLED:
            self._end(job, Outcome.CANCELLED, job.ending or run.reason.value)
        else:
            outcome = Outcome.ERROR if run.reason in NO_FAULT_OF_TESTS else run.outcome
            self._end(job, outcome, run.reason.value, run.error)

    # -- at the end

    def _end(self, job: Job, outcome: Outcome, reason: str, error: str = "", cases: Sequence[CaseResult] = ()) -> None:
        if job.over:
            return
        job.over = True
        path, behalf = job.repository, acting(job.acting, job.behalf)
        names = {each.value: [printable(case.name) for case in cases if case.outcome is each] for each in CaseOutcome}
        told = {"outcome": outcome.value, "reason": str(reason), "error": printable(error)[:2000]}
        results = self._store.put(to_bytes(cases)) if cases else ""
        self._keep(
            self._record(
                "finished", job.acting, name=path, number=job.number, **told, image=job.image, tries=job.tries, results=results, **names
            )
        )
        self._jobs.pop((path, job.number), None)
        run = self._find(path, job.number)
        for case in cases:
            data = {"outcome": case.outcome.value, "message": printable(case.message), **behalf}
            self._emit(f"testcaserun:{run.name}/{printable(case.name)}", "testcaserun.finished", job.acting, data)
        if job.tries:
            counts = {key: len(each) for key, each in names.items()}
            self._emit(f"testsuiterun:{run.name}", "testsuiterun.finished", job.acting, {**told, **counts, **behalf})
        finished = self._emit(run.subject, "pipelinerun.finished", job.acting, {**told, "commit": job.commit, "results": results, **behalf})
        with self._sim.caused_by(finished):
            text = self._told_of(run)
            self._report(job, outcome.value, text)
            if self._inbox is not None:
                self._inbox._tell(path.partition("/")[0], run.subject, f"{run}\n{text}", job.acting)
            for listener in job.listeners:
                listener(run)

    def _told_of(self, run: CIRun) -> str:
        """The description of the status of a run that is over."""
        if run.results:
            return described(of_bytes(self._store.get(run.results)))
        said = f"{run.reason}: {CI_SENTENCE.get(run.reason, run.reason)}"
        return (f"{said}: {run.error}" if run.error else said)[:LONGEST]

    def _report(self, job: Job, outcome: str, text: str) -> bool:
        """The status of the commit. Returns whether it could be reported: who may not any more, ends the run."""
        job.told = f"{outcome}: {text}"
        try:
            self._scm.set_status(job.reference, outcome, context=CONTEXT, description=text, actor=job.acting)
        except MlplatError as error:
            if not job.over:
                self._stop(job, str(error))
            return False
        return True

    def _stop(self, job: Job, error: str) -> None:
        """End a run of which nothing can be reported."""
        run: Any = job.run
        self._end(job, Outcome.ERROR, CIReason.ACCESS_DENIED, error)
        if run is not None:
            run.cancel()
