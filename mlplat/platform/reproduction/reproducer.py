"""`Reproducer`: makes models again from their lineage, here or on a platform of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import AccessDenied, MlplatError, OptionError, printable
from ...version import VERSION
from ..component import Component, call, principal_of
from ..identity.authorization import Actor
from ..identity.principals import Principal
from ..identity.rights import Right
from ..record_shapes import MAPPING, NUMBER, TEXT, Shape
from ..references import check_project
from .checking import fingerprint, parts_of, problem_of, read_all, version_of
from .verdict import Difference, Outcome, Verdict

if TYPE_CHECKING:
    import simpy

    from ...context import Simulation
    from ...events import Event
    from ...infra.cluster import Cluster
    from ..artifacts.capsules.stores import Stores
    from ..artifacts.metadata import Lineage
    from ..artifacts.models import ModelVersion
    from ..facade import Platform
    from ..identity.provider import IdentityProvider
    from ..pipelines.handles import PipelineRun
    from ..pipelines.orchestrator import Orchestrator
    from ..storage.store import Store


class Reproduction:
    """A reproduction under way. `verdict`: None until it is over. `run`: of the pipeline, empty where nothing runs."""

    def __init__(self, sim: Simulation, model: str) -> None:
        self._sim, self.model = sim, model
        self.run = ""
        self.verdict: Verdict | None = None
        self._listeners: list[Callable[[Verdict], object]] = []

    def then(self, callback: Callable[[Verdict], object]) -> None:
        """Call `callback(verdict)` when it is over; at once if it is."""
        if self.verdict is not None:
            callback(self.verdict)
        else:
            self._listeners.append(callback)

    def wait(self) -> simpy.Event:
        """An event that happens when it is over, with the verdict as its value."""
        happened = self._sim.event()
        self.then(happened.succeed)
        return happened

    def _end(self, verdict: Verdict) -> None:
        self.verdict = verdict
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(verdict)

    def __repr__(self) -> str:
        return f"Reproduction({printable(self.model)}: {'under way' if self.verdict is None else self.verdict.outcome})"


class Reproducer(Component):
    """Makes model versions again, from code, data, images, parameters and seed as their lineage names them, and compares.

    `stores`: of the platform. `orchestrator`: that runs the recorded pipeline. Verdicts are kept; a reproduction under way when a platform
    is closed is forgotten.
    """

    KIND: ClassVar[str] = "model"
    SOURCE: ClassVar[str] = "reproduction"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = {
        "finished": {"time": NUMBER, "actor": TEXT, "model": TEXT, "verdict": MAPPING},
    }

    def __init__(
        self, sim: Simulation, identity: IdentityProvider, store: Store | None = None, *, stores: Stores, orchestrator: Orchestrator
    ) -> None:
        self._stores, self._orchestrator = stores, orchestrator
        super().__init__(sim, identity, store)

    @call(Right.READ)
    def start(self, model: str, *, zone: str = "", project: str = "", trust: bool = False, actor: Actor) -> Reproduction:
        """Make a model version again in a zone of this platform, the caller's own unless said; nothing is taken from the cache, and nothing
        published.

        Where a link of the lineage is missing nothing runs. Then all that was used is read, with the rights of the caller, and held against
        its digests; then the recorded run is made again, and lineage and outputs are compared, the outputs step by step. `project`: that
        of the new run, of the model unless said. `trust`: a model from elsewhere is foreign code, which runs with the caller's rights.

        Events `reproduction.started` {run, fingerprint}, `reproduction.finished` {outcome, fingerprint, digest, first}. Raises AccessDenied
        for what may not be read, OptionError for a model from elsewhere without `trust`; and as `Orchestrator.rerun` where it may not run.
        """
        principal = principal_of(actor)
        version = self._stores.models.resolve(str(version_of(model)), actor=principal)
        lineage = self._stores.metadata.lineage(version.reference, actor=principal)
        self._check_visible(principal, lineage, version)
        reproduction = Reproduction(self._sim, version.resource)
        if not lineage.reproducible or not lineage.run:
            missing = tuple(str(each) for each in lineage.missing) or tuple(name for name, part in lineage.parts.items() if part is None)
            verdict = self._verdict(version, lineage, Outcome.NOT_REPRODUCIBLE, missing=missing, text="its lineage is not complete")
            self._finish(reproduction, verdict, principal, None)
            return reproduction
        self._check_trust(version, lineage, trust)
        place = check_project(project) if project else lineage.run.partition(":")[2].partition("/")[0]
        self._authorization.require(principal, Right.WRITE, f"run:{place}/*", call="reproduction.start", source=self.SOURCE)
        started = self._emit(
            version.resource, "reproduction.started", principal, {"run": lineage.run, "fingerprint": lineage.fingerprint, "zone": zone}
        )
        with self._sim.caused_by(started):
            self._again(reproduction, version, lineage, zone, project, principal, started)
        return reproduction

    @call(Right.READ)
    def verdicts(self, model: str, *, actor: Actor) -> tuple[Verdict, ...]:
        """The verdicts on a model version, the first first."""
        return tuple(self._kept.get(f"model:{self._resolved(version_of(model))}", ()))

    # -- inside

    def _elsewhere(self, platform: Platform, model: str, on: Cluster | None, *, actor: Actor) -> Verdict:
        """See `Platform.reproduce`."""
        from .elsewhere import reproduce_elsewhere

        resource = self._resource_of("ref", model)
        principal = self._authorization.require(actor, Right.READ, resource, call="platform.reproduce", source=self.SOURCE)
        version = self._stores.models.resolve(str(version_of(model)), actor=principal)
        lineage = self._stores.metadata.lineage(version.reference, actor=principal)
        self._check_visible(principal, lineage, version)
        started = None
        if lineage.reproducible and lineage.run:
            data = {"run": lineage.run, "fingerprint": lineage.fingerprint, "zone": ""}
            started = self._emit(version.resource, "reproduction.started", principal, data)
        verdict = reproduce_elsewhere(platform, version.reference, principal, on)
        self._finish(Reproduction(self._sim, version.resource), verdict, principal, started)
        return verdict

    def _begin(self) -> None:
        self._kept: dict[str, list[Verdict]] = {}

    def _apply(self, record: Mapping[str, Any]) -> None:
        self._kept.setdefault(record["model"], []).append(Verdict.from_json(record["verdict"]))

    def _contents(self) -> tuple[str, ...]:
        return ()

    def _resource_of(self, parameter: str, value: Any) -> str:
        return self._stores.models._resource_of("ref", version_of(str(value)))

    def _resolved(self, reference: Any) -> Any:
        return self._stores.models._resolved(reference)

    def _check_visible(self, principal: Principal, lineage: Lineage, version: ModelVersion) -> None:
        """Raises AccessDenied for the first that the caller may not read, which stays unnamed."""
        hidden = next((node.name for node in lineage.nodes if node.withheld), None)
        if hidden is not None:
            reason = f"it is part of the lineage of {version.reference}, and nothing grants that"
            error = AccessDenied(principal.id, "read", hidden, reason)
            self._emit(f"principal:{principal.id}", "access.denied", principal, {"action": "read", "resource": hidden})
            raise error

    def _check_trust(self, version: ModelVersion, lineage: Lineage, trust: bool) -> None:
        run = self._stores.metadata._state.runs[lineage.run]
        if run.origin != "platform" and trust is not True:
            raise OptionError(f"{version.reference} comes from elsewhere, and so does the code that made it; expected trust=True to run it")

    def _again(
        self,
        reproduction: Reproduction,
        version: ModelVersion,
        lineage: Lineage,
        zone: str,
        project: str,
        principal: Principal,
        started: Event,
    ) -> None:
        recorded = self._stores.metadata._state.runs[lineage.run]
        differences = read_all(self._stores, recorded.all_inputs(), principal)
        if differences:
            said: dict[str, Any] = {"differences": differences, "text": "what it was made of is not what it was"}
            self._finish(reproduction, self._verdict(version, lineage, Outcome.LINEAGE_DIFFERS, **said), principal, started)
            return
        try:
            run = self._orchestrator.rerun(lineage.run, zone=zone, project=project, cause=started, actor=principal)
        except AccessDenied:
            raise
        except MlplatError as error:
            verdict = self._verdict(version, lineage, Outcome.NOT_REPRODUCIBLE, text=problem_of(error))
            self._finish(reproduction, verdict, principal, started)
            return
        reproduction.run = run.name
        run.then(lambda over: self._compare(reproduction, version, lineage, over, principal, started))

    def _compare(
        self,
        reproduction: Reproduction,
        version: ModelVersion,
        lineage: Lineage,
        run: PipelineRun,
        principal: Principal,
        started: Event,
    ) -> None:
        state = self._stores.metadata._state.runs[run.resource]
        found, recorded = fingerprint(state), self._stores.metadata._state.runs[lineage.run]
        made = self._made(run, version)
        said: dict[str, Any] = {"run": run.name, "found_fingerprint": found, "found_digest": made}
        if run.outcome in ("error", "cancelled"):
            text = f"the run ended with {run.outcome}, {run.reason}"
            verdict = self._verdict(version, lineage, Outcome.NOT_REPRODUCIBLE, text=text, **said)
        elif found != lineage.fingerprint:
            ours, theirs = parts_of(recorded), parts_of(state)
            differing = [Difference(name, str(ours[name] or ""), str(theirs[name] or "")) for name in ours if ours[name] != theirs[name]]
            verdict = self._verdict(version, lineage, Outcome.LINEAGE_DIFFERS, differences=tuple(differing), **said)
        else:
            steps = self._differing_steps(lineage.run, run)
            if not steps and made != version.digest:
                steps = (Difference(version.reference, version.digest, made),)
            text = f"the run ended with {run.outcome}, {run.reason}: {run.error}" if run.outcome != "success" else ""
            outcome = Outcome.OUTPUT_DIFFERS if steps else Outcome.REPRODUCED
            verdict = self._verdict(version, lineage, outcome, differences=steps, text=text if steps else "", **said)
        self._finish(reproduction, verdict, principal, started)

    def _made(self, run: PipelineRun, version: ModelVersion) -> str:
        """The digest of what was made in the place of the model; empty where nothing was."""
        kept = self._orchestrator._state.runs[run.name]
        dag = self._orchestrator._dag(self._orchestrator._find(kept.pipeline, None))
        name = version.name.partition("/")[2]
        for each in dag.outputs.values():
            if each.name == name:
                return self._digests(run).get(each.binding.step, {}).get(each.binding.output, "")
        digests = [digest for outputs in self._digests(run).values() for digest in outputs.values()]
        return version.digest if version.digest in digests else ""

    def _digests(self, run: PipelineRun) -> dict[str, dict[str, str]]:
        """By step the digest of each output; a validation that failed has made one, too."""
        tasks = self._orchestrator._state.runs[run.name].tasks.values()
        return {task.name: {name: value.digest for name, value in task.outputs.items()} for task in tasks}

    def _differing_steps(self, recorded: str, run: PipelineRun) -> tuple[Difference, ...]:
        """The outputs that differ from those that the recorded run has made, in the order of the steps, as far as they are known here."""
        known = self._orchestrator._state.runs.get(recorded.removeprefix("run:"))
        if known is None:
            return ()
        found, views = self._digests(run), run.tasks
        differing = []
        for task in known.tasks.values():
            now = views[task.name].outcome if task.name in views else ""
            if task.outcome in ("success", "failure") and now != task.outcome:
                differing.append(Difference(task.name, task.outcome, now))
                continue
            for output, value in task.outputs.items():
                made = found.get(task.name, {}).get(output, "")
                if made != value.digest:
                    differing.append(Difference(f"{task.name}.{output}", value.digest, made))
        return tuple(differing)

    def _verdict(self, version: ModelVersion, lineage: Lineage, outcome: Outcome, **said: Any) -> Verdict:
        numerics = lineage.numerics.value
        return Verdict(version.resource, outcome, lineage.fingerprint, version.digest, numerics=numerics, version=VERSION, **said)

    def _finish(self, reproduction: Reproduction, verdict: Verdict, principal: Principal, started: Event | None) -> None:
        self._keep(self._record("finished", principal, model=verdict.model, verdict=verdict.to_json()))
        first = "" if verdict.first_difference is None else verdict.first_difference.what
        data = {"outcome": verdict.outcome.value, "fingerprint": verdict.found_fingerprint, "digest": verdict.found_digest, "first": first}
        self._emit(verdict.model, "reproduction.finished", principal, data | {"missing": verdict.missing}, started)
        reproduction._end(verdict)
