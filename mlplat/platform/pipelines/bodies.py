"""`StepBody`: the code of one call of a step in its environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ..artifacts.metadata.capture import metrics_in
from ..artifacts.models.signatures import Signature
from ..work import Body
from .arguments import Argument, content, reads
from .baselines import captured_baseline
from .context import StepContext
from .errors import TypeMismatchError
from .handles import TaskView
from .nodes import Node
from .value_types import Form, type_in_words
from .values import Value, packed, unpacked

if TYPE_CHECKING:
    import simpy

    from ...events import Event
    from ...infra.endpoint import Work
    from .execution import Execution
    from .sources import Runnable

Done = Callable[["Mapping[str, Value] | None", "Event"], object]


class StepBody(Body):
    """Reads when its environment is up, calls the function when its time has passed, and has all outputs published, or none."""

    def __init__(self, execution: Execution, node: Node, task: str, key: str, arguments: Mapping[str, Argument]) -> None:
        self.execution, self.node, self.task, self.key, self.arguments = execution, node, task, key, arguments
        self.run: Any = None
        """The task run; None where its outputs were taken."""
        self.done: Done
        self.started_s: float | None = None
        self.signatures: dict[str, Signature] = {}
        """Of models that say what they take and give, by output."""
        self.baselines: dict[str, Mapping[str, Any]] = {}
        """Of models that are published, by output."""
        self._read: dict[str, Any] = {}
        self._code: Runnable | None = None
        self._outcome: tuple[Mapping[str, Value] | None, Event] | None = None
        self._place = ""

    # -- as a body

    def start(self, work: Work) -> simpy.Event | None:
        """Read what it was given, and its code."""
        execution, owner = self.execution, self.execution.owner
        self.started_s = owner._sim.now
        self._tell_started(work)
        self._code = owner._live.sources.step(execution.kept.version, self.node.step, execution.actor)
        self._read, waits = {}, []
        for each in {found.input: found for argument in self.arguments.values() for found in reads(argument)}.values():
            kind, _, ref = each.resource.partition(":")
            if kind == "model":
                self._read[each.input] = owner._stores.models.load(ref, actor=execution.actor)
            elif owner._stores.data._endpoint is not None and work.nodes:
                fetch = owner._stores.data.fetch(ref, f"{work.workload}/0", actor=execution.actor)
                fetch.done.callbacks.append(partial(self._arrived, each.input))
                waits.append(fetch.done)
            else:
                self._read[each.input] = owner._stores.data.read(ref, actor=execution.actor)
        return owner._sim.env.all_of(waits) if waits else None

    def _arrived(self, input: str, done: simpy.Event) -> None:
        self._read[input] = done.value

    def finish(self, work: Work) -> Mapping[str, str]:
        """Call the function. Returns the digests of its outputs."""
        execution = self.execution
        context = StepContext(execution.state.seed, self.task, execution.state.parameters, work)
        outputs = self._called(context)
        metrics = {**self._metrics(outputs), **context._metrics}
        passed = not self.node.options.validates or self._passed(outputs)
        event = execution.owner._complete_task(execution, self, outputs, metrics, passed, work)
        self._outcome = ({name: value.bare for name, value in outputs.items()} if passed else None), event
        self._forget()
        return {name: value.digest for name, value in outputs.items()}

    def stopped(self, work: Work, reason: str) -> None:
        """Nothing of the attempt counts."""
        self._forget()

    # -- how it ended

    def ended(self, run: Any) -> None:
        """The task is over."""
        if self._outcome is not None:
            self.done(*self._outcome)
            return
        error = f"{run.error} ({self._place})" if run.error and self._place else run.error
        event = self.execution.owner._keep_task(
            self.execution, self.node, self.task, run.outcome.value, run.reason, error=error, started=self.started_s, run=run
        )
        self.done(None, event)

    def view(self) -> TaskView:
        """How it stands while it is under way."""
        run, at_work = self.run, self._code is not None
        waits = "" if run is None else run.reason.value
        started = self.started_s if at_work else None
        told = (run.tries, tuple(run.nodes), run.workload) if run is not None else (0, (), "")
        return TaskView(self.task, self.node.name, "running" if at_work else "waiting", waits, "", None, "", started, None, *told)

    def _tell_started(self, work: Work) -> None:
        execution, options = self.execution, self.node.options
        resources = {"request": str(options.request), "replicas": options.replicas, "nodes": list(work.nodes), "models": list(work.models)}
        data = {"run": execution.name, "step": self.task, "attempt": work.attempt, "cached": False, "resources": resources}
        execution.owner._emit(f"taskrun:{execution.name}/{self.task}", "taskrun.started", execution.actor, data)

    # -- the function

    def _called(self, context: StepContext) -> dict[str, Value]:
        """What the function returns, as it is kept."""
        code, store = self._code, self.execution.owner._store
        assert code is not None
        step = code.step
        with code.active():
            signature = step.signature
            given = {name: content(store, each, signature.inputs[name], self._read) for name, each in self.arguments.items()}
            if signature.context:
                given[signature.context] = context
            try:
                returned = step.function(**given)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            except BaseException as error:
                self._place = code.where(error)
                if isinstance(error, Exception):
                    raise
                raise RuntimeError(f"{type(error).__name__}: {error}") from error
            kinds = signature.outputs
            if signature.single:
                parts = dict(zip(kinds, [returned], strict=True))
            elif kinds and not (isinstance(returned, tuple) and getattr(returned, "_fields", ()) == tuple(kinds)):
                raise TypeMismatchError(f"a named tuple of {', '.join(kinds)}", type_in_words(returned), step=self.task)
            else:
                parts = {name: getattr(returned, name) for name in kinds}
            self.signatures = _signatures(parts)
            self.baselines = self._captured(parts, signature)
            return {name: packed(parts[name], kind, step=self.task, output=name) for name, kind in kinds.items()}

    def take(self, outputs: Mapping[str, Value]) -> None:
        """Outputs of an equal step are published as those of this one: what was captured of a model then is found again now."""
        owner = self.execution.owner
        code = owner._live.sources.step(self.execution.kept.version, self.node.step, self.execution.actor)
        signature = code.step.signature
        published = self._published_models(signature)
        if not published:
            return
        for each in {found.input: found for argument in self.arguments.values() for found in reads(argument)}.values():
            kind, _, ref = each.resource.partition(":")
            if kind == "dataset":
                self._read[each.input] = owner._stores.data.read(ref, actor=self.execution.actor)
        with code.active(), suppress(Exception):  # of the model's own code
            parts = {name: unpacked(owner._store, outputs[name], signature.outputs[name]) for name in published}
            self.signatures = _signatures(parts)
            self.baselines = self._captured(parts, signature)
        self._forget()

    def _published_models(self, signature: Any) -> list[str]:
        """Outputs that are models and are published."""
        execution = self.execution
        wanted = {each.binding.output for each in execution.dag.outputs.values() if each.binding.step == self.node.name}
        models = [name for name, kind in signature.outputs.items() if kind.form is Form.MODEL and not kind.many and name in wanted]
        return models if execution.state.publish else []

    def _captured(self, parts: Mapping[str, Any], signature: Any) -> dict[str, Mapping[str, Any]]:
        """The baselines of the models that are published; the step may have changed what it was given, so that it is read again."""
        models = self._published_models(signature)
        if not models:
            return {}
        takes = {name: kind for name, kind in signature.inputs.items() if kind.form is Form.FRAME and not kind.many}
        given = {name: content(self.execution.owner._store, self.arguments[name], kind, self._read) for name, kind in takes.items()}
        found = {name: captured_baseline(parts[name], given, self.node.options.target) for name in models}
        return {name: each for name, each in found.items() if each is not None}

    def _metrics(self, outputs: Mapping[str, Value]) -> dict[str, float]:
        """The numbers among its JSON outputs: one under the name of the output, or of the step where that has none; those in a mapping."""
        import json

        found: dict[str, float] = {}
        for name, value in outputs.items():
            if value.type.form is Form.JSON and value.size < 1 << 20:
                made = json.loads(value.pieces[value.at])
                found |= metrics_in(made if isinstance(made, dict) else {self.task if self.node.single else name: made})
        return found

    def _passed(self, outputs: Mapping[str, Value]) -> bool:
        """What a step that validates says: its only output, or the one called `passed`. Raises TypeMismatchError for what is no truth."""
        name = "passed" if "passed" in outputs else next(iter(outputs), "")
        value = outputs.get(name)
        said = None if value is None or value.type.form is not Form.JSON else value.pieces[value.at]
        if said not in (b"true", b"false"):
            raise TypeMismatchError("true or false from a step that validates", "another value", step=self.task, input="return")
        return said == b"true"

    def _forget(self) -> None:
        self._read, self._code = {}, None


def _signatures(parts: Mapping[str, Any]) -> dict[str, Signature]:
    return {name: part.signature for name, part in parts.items() if isinstance(getattr(part, "signature", None), Signature)}
