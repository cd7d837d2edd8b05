"""Running pipelines: now, once more, or from where a run has failed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...canonical import frozen
from ...errors import IntegrityError, MlplatError, OptionError, UnknownNameError, printable
from ..artifacts.metadata.nodes import SINGLE, Artifact
from ..artifacts.metadata.runs import Run, RunStatus, local_environment
from ..artifacts.withholding import shown
from ..component import call, call_of_anybody, principal_of
from ..identity.authorization import Actor
from ..identity.decisions import DecisionReason
from ..identity.principals import Principal
from ..identity.rights import Right
from ..references import Reference, check_project, check_zone
from ..work import TaskReason
from .arguments import Read
from .calls import run_name, seed_of
from .completion import Completion
from .definition import Pipeline
from .execution import Execution
from .handles import PipelineRun
from .inline import FILE
from .outcomes import RunError, RunReason
from .resolving import lock_of, resolved_inputs
from .value_types import Form
from .versioning import Prepared, Versioning
from .versions import PipelineVersion

if TYPE_CHECKING:
    from ...events import Event

BY_HAND: Mapping[str, Any] = {"by": "hand"}


class Running(Versioning, Completion):
    """Pipelines, as far as they are run."""

    @call_of_anybody
    def run(
        self,
        ref: str | Pipeline,
        parameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        *,
        zone: str = "",
        data: Mapping[str, str] | None = None,
        project: str = "",
        cache: bool = True,
        publish: bool = True,
        name: str = "",
        file: str = FILE,
        function: str = "",
        images: Mapping[str, str] | None = None,
        cause: Event | int | None = None,
        actor: Actor,
    ) -> PipelineRun:
        """Run a pipeline in a zone.

        `ref`: a published version (`shop/churn`, `shop/churn@sha256:…`), a commit (`shop/churn@main`) or a `Pipeline` of this process;
        `name`, `file`, `function` and `images` as of `publish`. `parameters`: in place of defaults. `seed`: of all randomness. `zone`: the
        caller's own development zone unless said; without a cluster steps take their time and need none. `data`: versions by input, in
        place of those that the lock file of the commit or the pipeline names. `project`: in which outputs and the run itself are; that of
        the pipeline unless said. `cache`: take the outputs of equal steps that the project has. `publish`: publish outputs; without it
        they are kept and have digests. `cause`: the event that led to it.

        Everything that it reads is resolved and recorded before anything runs. Takes `read` on all of that and the pipeline, `deploy` on
        the zone, and `write` on the run (`run:project/*`) and on what it publishes. Events `pipelinerun.queued`, `metadata.recorded`,
        `pipelinerun.started`.

        Raises PipelineError, CodeError, AccessDenied, UnknownNameError, OptionError; then nothing has happened.
        """
        principal = principal_of(actor)
        prepared = self._prepared("run", ref, name, file, function, images or {}, principal, project)
        given = project or prepared.kept.version.project
        trigger = BY_HAND if cause is None else {"by": "event", "event": self._sim.log.cause_id(cause)}
        return self._start(
            prepared, principal, given, zone, data or {}, parameters or {}, seed, cache=cache, publish=publish, trigger=trigger, cause=cause
        )

    @call(Right.WRITE, "run")
    def resume(self, run: PipelineRun | str, *, zone: str = "", cause: Event | int | None = None, actor: Actor) -> PipelineRun:
        """Run what a run that did not end well has left: what ended well in it is not run again. The answer is another run, of the same
        version, inputs, parameters and seed. Takes `read` on the run, too. Raises RunError for one that is under way or has ended well,
        and as `run`.
        """
        principal, before = principal_of(actor), self._run_of(run, actor)
        if not before.over or before.outcome == "success":
            raise RunError(before.name, f"it is {before.outcome}; expected one that did not end well")
        state = self._state.runs[before.name]
        self._require(principal, Right.READ, before.resource, "resume")
        self._require(principal, Right.WRITE, f"run:{state.project}/*", "resume")
        prepared = self._prepared_known("resume", Reference.parse(state.pipeline), {}, principal)
        data = {name: each["resource"] for name, each in state.inputs.items()}
        said: dict[str, Any] = {"cache": state.cache, "publish": state.publish, "resumes": before.name, "cause": cause}
        trigger = {"by": "resume", "run": before.name}
        place = zone or state.zone
        return self._start(prepared, principal, state.project, place, data, state.parameters, state.seed, trigger=trigger, **said)

    @call(Right.READ, "run")
    def rerun(
        self,
        run: PipelineRun | Run | str,
        *,
        zone: str = "",
        project: str = "",
        cache: bool = False,
        publish: bool = False,
        cause: Event | int | None = None,
        actor: Actor,
    ) -> PipelineRun:
        """Run again what the Metadata Store has recorded of a run, of this platform or another: the same commit, images, data, parameters
        and seed. `digests` of the answer are to be compared.

        Takes `read` on the run and all that it used. Nothing is taken from the cache and nothing published unless said. Raises RunError
        where the record does not say enough, or what is there now is another pipeline; IntegrityError for an input that is not what it
        was; and as `run`.
        """
        principal = principal_of(actor)
        record = self._stores.metadata.run(f"run:{run_name(run)}", actor=principal)
        used = self._used(record, principal)
        prepared, data = self._recorded(record, used, principal)
        known = self._state.runs.get(record.resource.removeprefix("run:"))
        place = zone or (known.zone if known is not None else "")
        trigger = {"by": "rerun", "run": record.resource}
        said: dict[str, Any] = {"cache": cache, "publish": publish, "repeats": record.resource, "cause": cause}
        seed = 0 if record.seed is None else record.seed
        parameters = {name: value for name, value in record.parameters.items() if name in prepared.loaded.dag.parameters}
        given = project or record.project
        return self._start(prepared, principal, given, place, data, parameters, seed, trigger=trigger, expected=used, **said)

    @call(Right.WRITE, "run")
    def cancel(self, run: PipelineRun | str, *, actor: Actor) -> None:
        """Start no more steps of a run and call off those under way. Raises RunError for one that is over."""
        handle = self._run_of(run, actor)
        live = self._live.executions.get(handle.name)
        if live is None:
            raise RunError(handle.name, f"it is over: {handle.outcome}")
        live.cancel()

    @call(Right.READ, "run")
    def get(self, run: str, *, actor: Actor) -> PipelineRun:
        """A run as it stands. One that was under way when the platform was closed has ended as `error`, INTERRUPTED. Raises
        UnknownNameError.
        """
        return self._run_of(run, actor)

    @call_of_anybody
    def runs(self, project: str | None = None, *, pipeline: str = "", actor: Actor) -> tuple[PipelineRun, ...]:
        """The runs that the caller may read, of a project or of all, of one pipeline or of all, the oldest first. Raises OptionError."""
        start = "" if project is None else f"{check_project(project)}/"
        path = Reference.parse(pipeline).path if pipeline else ""
        found = [run for run in self._state.runs.values() if run.name.startswith(start)]
        wanted = [run.name for run in found if not path or run.pipeline.partition("@")[0] == path]
        return tuple(PipelineRun(self, name, actor) for name in wanted if self._may_read(actor, f"run:{name}"))

    @call(Right.READ, "run")
    def value(self, run: PipelineRun | str, task: str, output: str = "output", *, actor: Actor) -> Any:
        """What a step of a run has made, a copy of its own; of a model its parts. Takes `read` on what the run was made of, too. Raises
        RunError, UnknownNameError, IntegrityError, AccessDenied.
        """
        from .values import unpacked

        handle = self._run_of(run, actor)
        for each in self._state.runs[handle.name].inputs.values():
            named = partial(shown, self._authorization, actor, each["resource"])
            self._authorization.require(actor, Right.READ, each["resource"], call=f"{self.SOURCE}.value", source=self.SOURCE, named=named)
        found = self._state.runs[handle.name].tasks.get(str(task))
        if found is None:
            raise RunError(handle.name, f"no step {printable(str(task)[:80])!r} has ended")
        if output not in found.outputs:
            raise UnknownNameError(f"output of {found.name}", printable(str(output)[:80]), found.outputs)
        return unpacked(self._store, found.outputs[output])

    # -- inside

    def _start(
        self,
        prepared: Prepared,
        actor: Principal,
        project: str,
        zone: str,
        data: Mapping[str, Any],
        parameters: Mapping[str, Any],
        seed: int,
        *,
        cache: bool,
        publish: bool,
        trigger: Mapping[str, Any],
        cause: Event | int | None,
        resumes: str = "",
        repeats: str = "",
        expected: Mapping[str, Artifact] | None = None,
    ) -> PipelineRun:
        """Check everything, record it, and begin."""
        dag = prepared.loaded.dag
        project = check_project(project)
        self._check_project(project, actor)
        for flag, given in (("cache", cache), ("publish", publish)):
            if not isinstance(given, bool):
                raise OptionError(f"{flag}={printable(str(given)[:40])}: expected True or False")
        values, number = dag.values_of(parameters), seed_of(seed)
        lock = lock_of(self._stores, prepared.kept.version.code)
        inputs = resolved_inputs(self._stores, dag, lock, project, data, actor)
        if expected is not None:
            self._check_inputs(expected, inputs)
        place = self._check_places(actor, project, check_zone(zone), prepared, publish)
        prepared = self._committed(prepared, actor)
        version = prepared.kept.version
        name = self._free_name(project, version.name.partition("/")[2])
        if resumes:
            self._end_interrupted(resumes, actor)
        log_cause = self._sim.log.cause_id(cause) if cause is not None else self._sim.env.cause
        queued = self._emit(
            f"pipelinerun:{name}", "pipelinerun.queued", actor, {"pipeline": version.reference, "trigger": frozen(trigger)}, log_cause
        )
        record = self._record(
            "run.queued",
            actor,
            run=name,
            pipeline=version.reference,
            zone=place,
            inputs={input: {"resource": each.resource, "digest": each.digest} for input, each in inputs.items()},
            parameters=values,
            seed=number,
            cache=cache,
            publish=publish,
            trigger=trigger,
            resumes=resumes,
            repeats=repeats,
            irreproducible=prepared.irreproducible,
        )
        new = self._version_record(prepared, actor, published=False)
        with self._sim.caused_by(queued):
            try:
                with self._store.transaction():
                    self._record_start(name, prepared, inputs, values, number, lock, actor)
                    self._keep(*([] if new is None else [new]), record)
            except MlplatError:
                ended = {"run": name, "pipeline": version.reference, "outcome": "error", "reason": TaskReason.UNAVAILABLE.value}
                self._emit(f"pipelinerun:{name}", "pipelinerun.finished", actor, {**ended, "outputs": {}})
                raise
        recorded = self._stores.metadata._last
        told = {"run": name, "pipeline": version.reference, "code": version.code, "zone": place, "seed": number}
        told["inputs"] = {input: each.digest for input, each in inputs.items()}
        started = self._emit(f"pipelinerun:{name}", "pipelinerun.started", actor, told, recorded)
        execution = Execution(self, name, self._find(version.reference, actor), prepared.loaded, inputs, actor, started)
        self._live.executions[name] = execution
        execution.advance()
        return PipelineRun(self, name, actor)

    def _record_start(
        self, name: str, prepared: Prepared, inputs: Mapping[str, Read], values: Mapping[str, Any], seed: int, lock: Any, actor: Principal
    ) -> None:
        """What the Metadata Store is told before anything runs."""
        version, dag = prepared.kept.version, prepared.loaded.dag
        images = list(dict.fromkeys(version.images.values()))
        used: dict[str, Any] = {}
        for input, each in inputs.items():
            used[f"data-{input}" if input in SINGLE and input != "parent" else input] = (each.resource, each.digest)
        for place, image in enumerate(images[1:], 2):
            used[f"image-{place}"] = (f"image:{image}", image.partition("@")[2])
        recipe = {"file": version.file, "function": version.function, "images": _digests(version)}
        fields: dict[str, Any] = {
            "pipeline": (version.resource, version.digest),
            "inputs": used,
            "parameters": dict(values),
            "seed": seed,
            "numerics": "portable" if all(node.options.numerics == "portable" for node in dag.nodes) else "platform-dependent",
            "environment": {**local_environment(), "pipeline": recipe},
            "tags": {"pipeline": version.name},
            "linking": "both" if version.code and _locks_all(lock, inputs, images) else "direct",
        }
        if version.code:
            fields["code"] = version.code
        if images:
            fields["image"] = (f"image:{images[0]}", images[0].partition("@")[2])
        if prepared.irreproducible:
            fields["tags"]["irreproducible"] = prepared.irreproducible.value
        self._stores.metadata.start_run(f"run:{name}", actor=actor, **fields)

    def _check_places(self, actor: Principal, project: str, zone: str, prepared: Prepared, publish: bool) -> str:
        """The zone that is meant. Raises AccessDenied where the caller may not run there or not publish what will be made."""
        self._require(actor, Right.WRITE, f"run:{project}/*", "run")
        self._require(actor, Right.READ, prepared.kept.version.resource, "run")
        dag = prepared.loaded.dag
        for each in dag.outputs.values() if publish else ():
            kind = dag.by_name[each.binding.step].outputs[each.binding.output]
            self._require(actor, Right.WRITE, f"{'model' if kind.form is Form.MODEL else 'dataset'}:{project}/{each.name}", "run")
        if not self._placed or self._zones is None:
            return zone
        place = zone or self._own_zone(actor)
        entry = self._zones._staying(place, actor)
        self._require(actor, Right.DEPLOY, entry.resource, "run", entry.name)
        if entry.kind == "development" and actor.id != entry.bound_to:
            made = f"{self.SOURCE}.run"
            self._authorization.refuse(actor, Right.DEPLOY, entry.resource, DecisionReason.NOT_OWNER, call=made, source=self.SOURCE)
        return entry.name

    def _own_zone(self, actor: Principal) -> str:
        """The only development zone of the caller. Raises OptionError."""
        assert self._zones is not None
        entries = self._zones._catalogue.zones.values()
        own = [entry.name for entry in entries if entry.kind == "development" and entry.bound_to == actor.id]
        if len(own) != 1:
            raise OptionError(f"zone: expected its name, as the caller has {len(own)} development zones: {', '.join(own) or 'none'}")
        return own[0]

    def _free_name(self, project: str, pipeline: str) -> str:
        stem = f"{project}/{pipeline[:100]}"
        number = self._state.numbers.get(stem, 0) + 1
        while f"run:{stem}-{number}" in self._stores.metadata._state.runs or f"{stem}-{number}" in self._state.runs:
            number += 1
        return f"{stem}-{number}"

    def _end_interrupted(self, name: str, actor: Principal) -> None:
        """A run that a closed platform left open comes to its end in the records."""
        if self._state.runs[name].outcome:
            return
        resource = f"run:{name}"
        with self._store.transaction():
            metadata = self._stores.metadata
            known = metadata._state.runs.get(resource)
            if known is not None and known.status is RunStatus.RUNNING:
                error = RunReason.INTERRUPTED.value
                metadata._keep_run(actor, resource, {"status": RunStatus.ERROR.value, "ended": self._sim.now, "error": error})
            self._keep(self._record("run.finished", actor, run=name, outcome="error", reason=RunReason.INTERRUPTED, error=""))

    # -- what was recorded

    def _used(self, record: Run, actor: Principal) -> Mapping[str, Artifact]:
        """What a recorded run used, by role. Raises AccessDenied for the first that the caller may not read, named as they see it."""
        used = self._stores.metadata._state.runs[record.resource].all_inputs()
        for role, one in used.items():
            written = record.inputs[role].resource
            self._authorization.require(
                actor, Right.READ, one.resource, call=f"{self.SOURCE}.rerun", source=self.SOURCE, named=partial(str, written)
            )
        found: Mapping[str, Artifact] = used
        return found

    def _recorded(self, record: Run, used: Mapping[str, Artifact], actor: Principal) -> tuple[Prepared, dict[str, str]]:
        """The version that a recorded run was of, and its inputs. Raises RunError."""
        code, told = used.get("code"), record.environment.get("pipeline")
        if code is None or not isinstance(told, Mapping) or not {"file", "function", "images"} <= told.keys():
            raise RunError(record.resource, "its record names no commit, file and function; expected a run of a pipeline")
        named = {one.digest: one.resource for one in used.values() if one.resource.startswith("image:")}
        images: dict[str, str] = {}
        for step, digest in told["images"].items():
            if digest not in named:
                raise RunError(record.resource, f"the image of step {printable(str(step))}, {digest}, is not among what it used")
            images[step] = named[digest].partition(":")[2]
        ref = code.resource.partition(":")[2]
        pipeline = used.get("pipeline")
        name = "" if pipeline is None else pipeline.resource.partition(":")[2].partition("@")[0]
        known = self._state.named.get(name, {}).get("" if pipeline is None else pipeline.digest)
        if known is not None and known.version.code == ref:
            prepared = Prepared(known, self._live.sources.of_version(known.version, actor), b"")
        else:
            loaded = self._live.sources.load(ref, told["file"], told["function"], actor)
            prepared = self._made(name or Reference.parse(ref).path, ref, told["file"], told["function"], loaded, images, actor)
        found = prepared.kept.version.digest
        if pipeline is not None and found != pipeline.digest:
            raise RunError(record.resource, f"what is there now is pipeline {found}; expected {pipeline.digest}")
        data = {}
        for name in prepared.loaded.dag.inputs:
            one = used.get(name) or used.get(f"data-{name}")
            if one is None or one.resource.partition(":")[0] not in ("dataset", "model"):
                raise RunError(record.resource, f"input {printable(name)!r} is not recorded")
            data[name] = one.resource
        return prepared, data

    @staticmethod
    def _check_inputs(used: Mapping[str, Artifact], inputs: Mapping[str, Read]) -> None:
        """Raises IntegrityError for an input that is not what it was."""
        known = {one.resource: one.digest for one in used.values()}
        for each in inputs.values():
            expected = known.get(each.resource, "")
            if expected and expected != each.digest:
                raise IntegrityError(expected, each.digest, each.resource)


def _digests(version: PipelineVersion) -> dict[str, str]:
    return {step: image.partition("@")[2] for step, image in version.images.items()}


def _locks_all(lock: Any, inputs: Mapping[str, Read], images: list[str]) -> bool:
    """Whether the lock file of a commit names all that a run uses, and nothing else: then the chain of commit, lock and registry leads to
    the same as the record."""
    if lock.image is None or len(images) != 1 or lock.image.digest != images[0].partition("@")[2]:
        return False
    locked = {role: one.digest for role, one in lock.links().items() if role != "image"}
    return locked == {name: each.digest for name, each in inputs.items()}
