"""`Execution`: a run under way. It starts each step when those have ended that it needs, and knows what became of all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ...canonical import canonical_json
from ...errors import AccessDenied, MlplatError, printable
from ..storage.digests import digest_of_json
from ..work import InfrastructureError, Task, TaskReason
from ..work.outcomes import OUTCOME
from .arguments import Argument, Made, Read, Several, Values, content, elements
from .bodies import StepBody
from .handles import TaskView
from .nodes import Node
from .outcomes import RunReason
from .value_types import Form, ValueType
from .values import Value

if TYPE_CHECKING:
    from ...events import Event
    from ..identity.principals import Principal
    from .calls import OrchestratorCalls
    from .sources import Loaded
    from .state import KeptVersion, TaskState

ANY_JSON = ValueType(Form.JSON)


class Stand(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    """It, or one that it needs, has not ended well."""


@dataclass(slots=True)
class _Step:
    """`results`: outputs of each element that it is run for (one where it is not mapped). `left`: of these how many are under way."""

    node: Node
    stand: Stand = Stand.WAITING
    left: int = 0
    results: list[Mapping[str, Value]] = field(default_factory=list)
    bodies: dict[str, StepBody] = field(default_factory=dict)


class Execution:
    """`cause`: the event with which the run started."""

    def __init__(
        self,
        owner: OrchestratorCalls,
        name: str,
        kept: KeptVersion,
        loaded: Loaded,
        inputs: Mapping[str, Read],
        actor: Principal,
        cause: Event,
    ) -> None:
        self.owner, self.name, self.kept, self.dag, self.actor = owner, name, kept, loaded.dag, actor
        self.state = owner._state.runs[name]
        self.listeners: list[Callable[[], object]] = []
        self.cancelled = False
        self.cause = cause
        self._steps = {node.name: _Step(node) for node in loaded.dag.order}
        self._left = {node.name: len(node.needs) for node in loaded.dag.order}
        """By step how many of those that it needs have not come to an end."""
        self._ready = deque(node.name for node in loaded.dag.order if not node.needs)
        self._running = 0
        self._made: dict[tuple[str, str], Argument] = {}
        self.values = Values(inputs, self.state.parameters, self._made)
        self._resumed = _finished_before(owner, self.state.resumes)

    # -- steps

    def advance(self, cause: Event | None = None) -> None:
        """Start what can be started; end the run where nothing is left. `cause`: the event that led here."""
        because = self.cause if cause is None else cause
        with self.owner._sim.caused_by(because):
            while self._ready and not self.cancelled:
                self._enter(self._steps[self._ready.popleft()])
            if not self._running:
                self.owner._end_run(self, *self._verdict())

    def cancel(self) -> None:
        """Start nothing more and call off what is under way."""
        self.cancelled = True
        under_way = [body for step in self._steps.values() if step.stand is Stand.RUNNING for body in step.bodies.values()]
        for body in under_way:
            if body.run is not None:
                body.run.cancel()
        if self.name in self.owner._live.executions:
            self.advance()

    def views(self, finished: Mapping[str, TaskView]) -> dict[str, TaskView]:
        """All steps as they stand, those that are over as they are given."""
        found: dict[str, TaskView] = {}
        for step in self._steps.values():
            name = step.node.name
            own = {task: view for task, view in finished.items() if view.step == name}
            for task, body in step.bodies.items():
                if task not in own:
                    own[task] = body.view()
            found |= own or {name: TaskView(name, name, "waiting")}
        return found

    def _end(self, step: _Step, stand: Stand) -> None:
        """A step has come to an end; those that waited for nothing else are ready."""
        if step.stand is Stand.RUNNING:
            self._running -= 1
        step.stand = stand
        for name in self.dag.followers[step.node.name]:
            self._left[name] -= 1
            if not self._left[name]:
                self._ready.append(name)

    def _enter(self, step: _Step) -> None:
        """A step whose turn it is: it is run, skipped, or left out since one that it needs has failed."""
        node = step.node
        if any(self._steps[name].stand is Stand.FAILED for name in node.needs):
            self._end(step, Stand.FAILED)
            return
        try:
            if any(self._steps[source.step].stand is Stand.SKIPPED for source in node.sources()) or not self._holds(node):
                self._end(step, Stand.SKIPPED)
                self.owner._keep_task(self, node, node.name, "skipped", RunReason.SKIPPED)
                return
            calls = self._elements(node)
        except (TypeError, ValueError, MlplatError) as error:
            self._end(step, Stand.FAILED)
            self._keep_unstarted(node, node.name, error, TaskReason.RAISED)
            return
        step.stand = Stand.RUNNING
        self._running += 1
        step.left, step.results = len(calls), [{} for _ in calls]
        for place, arguments in enumerate(calls):
            self._call(step, place, f"{node.name}[{place}]" if node.mapped else node.name, arguments)
        self._close(step)

    def _holds(self, node: Node) -> bool:
        """Whether the conditions of a step hold."""
        for binding, value in node.when:
            found = content(self.owner._store, self.values.argument(binding), ANY_JSON, {})
            if canonical_json(found) != canonical_json(value):
                return False
        return True

    def _elements(self, node: Node) -> list[dict[str, Argument]]:
        """The arguments of each call. Raises TypeError, ValueError for what it cannot be mapped over."""
        whole = {name: self.values.argument(binding) for name, binding in node.arguments.items()}
        if not node.mapped:
            return [whole]
        lists = {name: elements(self.owner._store, whole[name]) for name in node.mapped}
        lengths = {len(parts) for parts in lists.values()}
        if len(lengths) != 1:
            raise ValueError(f"mapped over lists of {' and '.join(map(str, sorted(lengths)))}; expected equal lengths")
        return [{**whole, **{name: parts[place] for name, parts in lists.items()}} for place in range(lengths.pop())]

    def _call(self, step: _Step, place: int, task: str, arguments: Mapping[str, Argument]) -> None:
        """One call of a step: its outputs are taken from an equal one, or it is run."""
        owner, node = self.owner, step.node
        body = StepBody(self, node, task, self._key(node, task, arguments), arguments)
        step.bodies[task] = body
        body.done = lambda outputs, event: self._over(step, place, outputs, event)
        equal = self._equal(node, task, body.key)
        try:
            if equal is None:
                body.run = owner._tasks.run(self._task(node, task, arguments), body, zone=self.state.zone, actor=self.actor)
                body.run.then(body.ended)
                return
            step.results[place] = owner._take_task(self, body, *equal)
        except MlplatError as error:
            self._keep_unstarted(node, task, error, TaskReason.ACCESS_DENIED if isinstance(error, AccessDenied) else TaskReason.REJECTED)
            step.results[place] = _LOST
        step.left -= 1

    def _keep_unstarted(self, node: Node, task: str, error: Exception, reason: TaskReason) -> None:
        """Keep how a call ended that was never at work: with `reason`, unless something that it needs cannot be reached."""
        if isinstance(error, InfrastructureError):
            reason = TaskReason.UNAVAILABLE
        self.owner._keep_task(self, node, task, OUTCOME[reason].value, reason, error=printable(str(error))[:2000])

    def _over(self, step: _Step, place: int, outputs: Mapping[str, Value] | None, event: Event) -> None:
        """A call has ended; None for one that did not end well."""
        step.left -= 1
        step.results[place] = _LOST if outputs is None else outputs
        self._close(step)
        if self.name in self.owner._live.executions:
            self.advance(event)

    def _close(self, step: _Step) -> None:
        """Once all its calls are over, what a step has made is there for others."""
        if step.left or step.stand is not Stand.RUNNING:
            return
        if any(outputs is _LOST for outputs in step.results):
            self._end(step, Stand.FAILED)
            return
        node = step.node
        for output in node.outputs:
            made = tuple(Made(outputs[output]) for outputs in step.results)
            self._made[node.name, output] = Several(made) if node.mapped else made[0]
        self._end(step, Stand.DONE)

    # -- what a call is

    def _key(self, node: Node, task: str, arguments: Mapping[str, Argument]) -> str:
        """The digest of all that its outputs depend on; empty where the code is not known by a digest. The seed and the parameters of the
        run count where it has a context, and can ask for them."""
        code = self.kept.codes.get(node.step)
        if code is None:
            return ""
        image = self.kept.version.images.get(node.name, "").partition("@")[2]
        said: dict[str, Any] = {"code": code, "image": image, "inputs": {name: each.digest for name, each in arguments.items()}}
        if node.context:
            said |= {"seed": self.state.seed, "step": task, "parameters": self.state.parameters}
        return digest_of_json(said)

    def _equal(self, node: Node, task: str, key: str) -> tuple[str, TaskState] | None:
        """The run and task whose outputs can be taken: of the run that is resumed, or else of one that had the same key."""
        if task in self._resumed:
            return self._resumed[task]
        if not (key and self.state.cache and node.options.cache):
            return None
        return self.owner._cached_task(self.state.project, key)

    def _task(self, node: Node, task: str, arguments: Mapping[str, Argument]) -> Task:
        options = node.options
        return Task(
            f"{self.name.partition('/')[2]}-{task}",
            options.request,
            options.duration.seconds({name: each.size_mib for name, each in arguments.items()}),
            image=self.kept.version.images.get(node.name),
            replicas=options.replicas,
            sync=options.sync,
            checkpoint="none" if options.checkpoint is None else options.checkpoint,
            priority=options.priority,
            timeout=options.timeout,
            pending_timeout=options.pending_timeout,
            retries=options.retries,
            failure_retries=options.failure_retries,
            backoff=options.backoff,
        )

    def _verdict(self) -> tuple[str, str, str]:
        """How the run ends: outcome, reason, and what went wrong."""
        if self.cancelled:
            return "cancelled", RunReason.CANCELLED, ""
        wrong = [task for task in self.state.tasks.values() if task.outcome in ("failure", "error", "cancelled")]
        for outcome in ("failure", "error", "cancelled"):
            for task in wrong:
                if task.outcome == outcome:
                    return outcome, task.reason, f"step {task.name}: {task.error}" if task.error else f"step {task.name}"
        return "success", RunReason.COMPLETED, ""


_LOST: Mapping[str, Value] = {}
"""Stands for the outputs of a call that did not end well."""


def _finished_before(owner: OrchestratorCalls, run: str) -> dict[str, tuple[str, TaskState]]:
    """Of a run that is resumed, and those that it resumed, the steps that ended well, by task."""
    found: dict[str, tuple[str, TaskState]] = {}
    while run:
        state = owner._state.runs[run]
        for name, task in state.tasks.items():
            if task.outcome == "success":
                found.setdefault(name, (run, task))
        run = state.resumes
    return found
