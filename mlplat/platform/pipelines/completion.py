"""How what a step made becomes known: kept, published and recorded together, all or none; and how a run ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from ..artifacts.metadata.runs import RunStatus
from ..artifacts.models.stages import Stage
from ..identity.rights import Right
from ..references import Reference
from .arguments import made_of, reads
from .bindings import FromInput
from .calls import OrchestratorCalls
from .nodes import Node
from .outcomes import RunReason
from .value_types import Form
from .values import Value, keep, unpacked

if TYPE_CHECKING:
    from ...events import Event
    from ...infra.endpoint import Work
    from .bodies import StepBody
    from .execution import Execution
    from .state import TaskState


class Completion(OrchestratorCalls):
    """The part of an `Orchestrator` that ends steps and runs."""

    def _complete_task(
        self, execution: Execution, body: StepBody, outputs: Mapping[str, Value], metrics: Mapping[str, float], passed: bool, work: Work
    ) -> Event:
        """A step has done its work. Raises AccessDenied, before anything is kept, where its outputs may not be published.

        `passed`: a step that validates and says no has failed; what it made is kept, and the models that it looked at are marked.
        """
        said: dict[str, Any] = {
            "key": body.key,
            "outcome": "success" if passed else "failure",
            "reason": RunReason.COMPLETED if passed else RunReason.VALIDATION_FAILED,
            "started": body.started_s,
            "tries": work.attempt + 1,
            "nodes": list(work.nodes),
        }
        return self._settle_task(execution, body, outputs, metrics, said, {} if passed else None)

    def _take_task(self, execution: Execution, body: StepBody, run: str, task: TaskState) -> Mapping[str, Value]:
        """The outputs of an equal step become those of this one. What it published under the names that this run publishes is taken as it
        is; what is published under other names is published now. Raises AccessDenied.
        """
        there = {
            name: resource for name, resource in task.published.items() if self._still_there(execution, body.node, name, resource, task)
        }
        if any(output not in there for output in self._published_by(execution, body.node)):
            body.take(task.outputs)
        of = f"{run}/{task.name}" if not task.of else task.of
        data = {"run": execution.name, "step": body.task, "attempt": 0, "cached": True, "of": of, "resources": {}}
        self._emit(f"taskrun:{execution.name}/{body.task}", "taskrun.started", execution.actor, data)
        said = {
            "key": task.key,
            "outcome": "success",
            "reason": RunReason.CACHED,
            "started": self._sim.now,
            "tries": 0,
            "nodes": [],
            "of": of,
        }
        self._settle_task(execution, body, task.outputs, task.metrics, said, there)
        return task.outputs

    def _settle_task(
        self,
        execution: Execution,
        body: StepBody,
        outputs: Mapping[str, Value],
        metrics: Mapping[str, float],
        said: Mapping[str, Any],
        there: Mapping[str, str] | None,
    ) -> Event:
        """Keep, publish and record. `there`: resources of outputs that are published already; None where nothing is to be published."""
        node, run, actor = body.node, execution.state, execution.actor
        wanted = {} if there is None or not run.publish else self._published_by(execution, node)
        fresh = {output: name for output, name in wanted.items() if output not in (there or {})}
        self._check_rights(execution, node, outputs, fresh, bool(metrics))
        for value in outputs.values():
            keep(self._store, value)
        published = {output: resource for output, resource in (there or {}).items() if output in wanted}
        with self._store.transaction():
            for output, name in fresh.items():
                source = execution.dag.outputs[output].binding.output
                published[output] = self._publish(execution, node, outputs[source], name, metrics, body.signatures.get(source))
                if source in body.baselines:
                    self._stores.metadata.record_baseline(published[output], **body.baselines[source], actor=actor)
            if metrics:
                self._stores.metadata.log_metrics(f"run:{run.name}", metrics, actor=actor)
            if said["outcome"] == "failure":
                self._mark_failed(execution, body)
            record = self._task_record(execution, node, body.task, outputs=outputs, published=published, metrics=metrics, **said)
            self._keep(record)
        return self._tell_finished(execution, record)

    def _keep_task(
        self,
        execution: Execution,
        node: Node,
        task: str,
        outcome: str,
        reason: str,
        *,
        error: str = "",
        started: float | None = None,
        run: Any = None,
    ) -> Event:
        """A step has ended without outputs."""
        tried = {} if run is None else {"tries": run.tries, "nodes": list(run.nodes)}
        record = self._task_record(execution, node, task, outcome=outcome, reason=reason, error=error, started=started, **tried)
        self._keep(record)
        return self._tell_finished(execution, record)

    def _task_record(self, execution: Execution, node: Node, task: str, **said: Any) -> dict[str, Any]:
        outputs = {name: value.to_json() for name, value in said.pop("outputs", {}).items()}
        usual: dict[str, Any] = {"key": "", "error": "", "of": "", "published": {}, "metrics": {}, "started": None, "tries": 0, "nodes": []}
        return self._record(
            "task.finished", execution.actor, run=execution.name, task=task, node=node.name, outputs=outputs, **{**usual, **said}
        )

    def _tell_finished(self, execution: Execution, record: Mapping[str, Any]) -> Event:
        """The event of a step that is over; of one that was skipped there is none but that which led here."""
        if record["outcome"] == "skipped":
            return execution.cause
        outputs = {name: value["digest"] for name, value in record["outputs"].items()}
        data = {"run": execution.name, "step": record["task"], "outcome": record["outcome"], "reason": record["reason"]}
        data |= {"cached": bool(record["of"]), "of": record["of"], "outputs": outputs, "tries": record["tries"]}
        return self._emit(f"taskrun:{execution.name}/{record['task']}", "taskrun.finished", execution.actor, data)

    # -- publishing

    def _published_by(self, execution: Execution, node: Node) -> dict[str, str]:
        """Of the outputs of the pipeline that a step makes the names that they are published under, with the project."""
        found = {output: each.name for output, each in execution.dag.outputs.items() if each.binding.step == node.name}
        return {output: f"{execution.state.project}/{name}" for output, name in found.items()}

    def _still_there(self, execution: Execution, node: Node, output: str, resource: str, task: TaskState) -> bool:
        """Whether what another run published is what this one would publish, and there."""
        name = self._published_by(execution, node).get(output, "")
        kind, _, ref = resource.partition(":")
        value = task.outputs.get(execution.dag.outputs[output].binding.output) if name else None
        if value is None or ref.partition("@")[0] != name:
            return False
        store = self._stores.models if kind == "model" else self._stores.data
        return store._digest_of(Reference.parse(ref)) == value.digest

    def _check_rights(
        self, execution: Execution, node: Node, outputs: Mapping[str, Value], fresh: Mapping[str, str], metrics: bool
    ) -> None:
        """Raises AccessDenied where the principal of the run may not, or may no longer, publish what a step made."""
        named: list[tuple[Right, str]] = []
        for output, name in fresh.items():
            made = outputs[execution.dag.outputs[output].binding.output]
            named.append((Right.WRITE, f"{_kind(made)}:{name}"))
        if fresh or metrics:
            named.append((Right.WRITE, f"run:{execution.name}"))
        if fresh:
            named += [(Right.READ, each) for each in self._origins(execution, node)]
            if execution.kept.version.code:
                named.append((Right.READ, f"repo:{execution.kept.version.code}"))
        for right, resource in dict.fromkeys(named):
            self._authorization.require(execution.actor, right, resource, call="orchestrator.run", source=self.SOURCE)

    def _publish(self, execution: Execution, node: Node, value: Value, name: str, metrics: Mapping[str, float], signature: Any) -> str:
        """Publish an output. Returns the resource of the version."""
        code, actor = execution.kept.version.code, execution.actor
        content = unpacked(self._store, value)
        if value.type.form is Form.MODEL:
            return self._stores.models.register(
                name,
                content,
                run=f"run:{execution.name}",
                commit=code or None,
                parameters=dict(execution.state.parameters),
                signature=signature,
                metrics={each: number for each, number in metrics.items() if _is_metric(each)},
                actor=actor,
            ).resource
        if value.type.form is Form.JSON:
            content = self._store.get(value.at)
        parents = [each for each in self._origins(execution, node) if each.startswith("dataset:")]
        return self._stores.data.publish(name, content, parents=parents, code=code, actor=actor).resource

    def _origins(self, execution: Execution, node: Node) -> list[str]:
        """The datasets and models that a step, or one that it needs, reads."""
        waiting, met, found = [node], {node.name}, set[str]()
        while waiting:
            at = waiting.pop()
            found |= {execution.values.inputs[name].resource for binding in at.arguments.values() for name in _inputs_in(binding)}
            more = [name for name in at.needs if name not in met]
            met |= set(more)
            waiting += [execution.dag.by_name[name] for name in more]
        return sorted(found)

    def _mark_failed(self, execution: Execution, body: StepBody) -> None:
        """The models of this run that a step looked at and did not find good enough stay, marked failed."""
        argument = body.arguments[body.node.options.validates]
        digests = {value.digest for value in made_of(argument)} | {each.digest for each in reads(argument)}
        for task in execution.state.tasks.values():
            for output, resource in task.published.items():
                value = task.outputs[execution.dag.outputs[output].binding.output]
                if resource.startswith("model:") and value.digest in digests:
                    version = self._stores.models.resolve(resource.removeprefix("model:"), actor=execution.actor)
                    if version.stage in (Stage.NONE, Stage.STAGING):
                        self._stores.models.set_stage(str(version), "failed", actor=execution.actor)

    # -- the end

    def _end_run(self, execution: Execution, outcome: str, reason: str, error: str) -> None:
        """A run is over; the Metadata Store knows it as the same."""
        run, actor, resource = execution.state, execution.actor, f"run:{execution.name}"
        self._live.executions.pop(run.name, None)
        metadata = self._stores.metadata
        made = self._made_by(execution)
        with self._store.transaction():
            try:
                metadata.finish_run(resource, outcome, outputs=made, error=error, actor=actor)
            except MlplatError:  # a right was revoked meanwhile: what was begun with it comes to its end
                metadata._keep_run(actor, resource, {"status": RunStatus(outcome).value, "ended": self._sim.now, "error": error})
            self._keep(self._record("run.finished", actor, run=run.name, outcome=outcome, reason=reason, error=error))
        published = {name: each for task in run.tasks.values() for name, each in task.published.items()}
        data = {"run": run.name, "pipeline": run.pipeline, "outcome": outcome, "reason": reason, "outputs": published}
        self._emit(f"pipelinerun:{run.name}", "pipelinerun.finished", actor, data)
        for listener in execution.listeners:
            listener()

    def _made_by(self, execution: Execution) -> dict[str, str]:
        """The datasets that the run itself has published, by role; models are recorded when they are registered."""
        used = {each["resource"] for each in execution.state.inputs.values()}
        found = {}
        for task in execution.state.tasks.values():
            run, _, name = task.of.rpartition("/")
            others = self._state.runs[run].tasks[name].published.values() if task.of else ()
            for output, resource in task.published.items():
                if resource.startswith("dataset:") and resource not in used and resource not in others:
                    found[f"output-{output}" if output in execution.state.inputs or output in _ROLES else output] = resource
        return found


_ROLES = ("code", "image", "parent", "pipeline")


def _kind(value: Value) -> str:
    return "model" if value.type.form is Form.MODEL else "dataset"


def _inputs_in(binding: Any) -> Iterator[str]:
    if isinstance(binding, FromInput):
        yield binding.input
    for part in getattr(binding, "parts", ()):
        yield from _inputs_in(part)


def _is_metric(name: str) -> bool:
    from ..references import check_name

    try:
        check_name(name)
    except MlplatError:
        return False
    return True
