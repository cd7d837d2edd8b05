"""`PipelineRun`: a run as it is at every instant at which it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...html_tables import table
from ..artifacts.withholding import shown
from .outcomes import Irreproducible, RunReason

if TYPE_CHECKING:
    import simpy

    from ..identity.authorization import Actor
    from .calls import OrchestratorCalls
    from .state import RunState, TaskState


@dataclass(frozen=True, slots=True)
class TaskView:
    """A step of a run. `outcome`: `waiting`, `running`, `success`, `failure`, `error`, `cancelled` or `skipped`. `reason`: a word.

    `outputs`: digests by name. `of`: whose outputs it has taken, `run/task`. `workload`: in the cluster, the last one. Times in s.
    """

    name: str
    step: str
    outcome: str
    reason: str = ""
    error: str = ""
    outputs: Mapping[str, str] | None = None
    of: str = ""
    started_s: float | None = None
    ended_s: float | None = None
    tries: int = 0
    nodes: tuple[str, ...] = ()
    workload: str = ""

    @property
    def cached(self) -> bool:
        """Whether its outputs were there already."""
        return bool(self.of)

    def __str__(self) -> str:
        why = f", {self.reason}" if self.reason not in ("", RunReason.COMPLETED) else ""
        more = f" of {self.of}" if self.of else ""
        return f"{self.name}: {self.outcome}{why}{more}{f': {printable(self.error)}' if self.error else ''}"


class PipelineRun:
    """A run of a pipeline, as it stands now.

    `name`: `project/name-number`, of the run in the Metadata Store too. What whoever asked for it may not read is shown as `withheld:`.
    """

    __slots__ = ("_owner", "_reader", "name")

    def __init__(self, owner: OrchestratorCalls, name: str, reader: Actor) -> None:
        self._owner, self.name, self._reader = owner, name, reader

    @property
    def _state(self) -> RunState:
        return self._owner._state.runs[self.name]

    @property
    def resource(self) -> str:
        """What it is called in grants and lineage, `run:shop/churn-1`."""
        return f"run:{self.name}"

    @property
    def pipeline(self) -> str:
        """The version, `project/name@sha256:…`."""
        return self._shown(self._state.pipeline, "pipeline")

    @property
    def outcome(self) -> str:
        """`running`, `success`, `failure` (the work is wrong), `error` (the infrastructure was) or `cancelled`."""
        state = self._state
        return state.outcome or ("running" if self.name in self._owner._live.executions else "error")

    @property
    def reason(self) -> str:
        """Why it ended as it did (`RunReason`); empty while it is under way."""
        state = self._state
        if state.outcome or self.name in self._owner._live.executions:
            return state.reason
        return RunReason.INTERRUPTED.value

    @property
    def error(self) -> str:
        """What went wrong, in words; empty where nothing did."""
        return self._state.error

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.outcome != "running"

    @property
    def zone(self) -> str:
        """Where it runs; empty without a cluster."""
        return self._state.zone

    @property
    def parameters(self) -> Mapping[str, Any]:
        """By name."""
        return self._state.parameters

    @property
    def seed(self) -> int:
        """Of all randomness."""
        return self._state.seed

    @property
    def inputs(self) -> Mapping[str, str]:
        """By input the version that was resolved before anything ran, `kind:project/name@version`."""
        return {name: self._shown(each["resource"]) for name, each in self._state.inputs.items()}

    @property
    def trigger(self) -> Mapping[str, Any]:
        """What started it: `by` (`hand`, `schedule`, `event`, `call`), and which."""
        return self._state.trigger

    @property
    def irreproducible(self) -> Irreproducible:
        """Why it cannot be repeated; empty where it can."""
        return self._state.irreproducible

    @property
    def queued_s(self) -> float:
        """When it was asked for (s)."""
        return self._state.queued_s

    @property
    def ended_s(self) -> float | None:
        """When it came to its end (s)."""
        return self._state.ended_s

    @property
    def tasks(self) -> Mapping[str, TaskView]:
        """Its steps by name, those that are mapped with a number for each element, in the order in which they are run."""
        live = self._owner._live.executions.get(self.name)
        found = {name: _view(task) for name, task in self._state.tasks.items()}
        return found if live is None else live.views(found)

    @property
    def outputs(self) -> Mapping[str, str]:
        """What was published, by output: `kind:project/name@version`."""
        return {name: self._shown(each) for task in self._state.tasks.values() for name, each in task.published.items()}

    @property
    def digests(self) -> Mapping[str, Mapping[str, str]]:
        """By step the digest of each output that it has made: of those that ended well, and of validations that said no."""
        tasks = self._state.tasks.values()
        return {task.name: {name: value.digest for name, value in task.outputs.items()} for task in tasks if task.outputs or _is_well(task)}

    @property
    def metrics(self) -> Mapping[str, float]:
        """Of all steps; of one name the latest."""
        return {name: value for task in self._state.tasks.values() for name, value in task.metrics.items()}

    def _shown(self, resource: str, kind: str = "") -> str:
        return shown(self._owner._authorization, self._reader, resource, kind)

    def wait(self) -> simpy.Event:
        """An event that happens when it is over, with the outcome as its value."""
        happened = self._owner._sim.event()
        self.then(lambda run: happened.succeed(run.outcome))
        return happened

    def then(self, callback: Callable[[PipelineRun], object]) -> None:
        """Call `callback(run)` when it is over, at once if it is."""
        live = self._owner._live.executions.get(self.name)
        if live is None:
            callback(self)
        else:
            live.listeners.append(lambda: callback(self))

    def __str__(self) -> str:
        lines = [f"{self.name} of {self.pipeline[:80]}: {self.outcome}{f', {self.reason}' if self.reason else ''}"]
        return "\n".join([*lines, *(f"  {task}" for task in self.tasks.values())])

    def __repr__(self) -> str:
        return f"PipelineRun({self.name!r}: {self.outcome})"

    def _repr_html_(self) -> str:
        rows = []
        for task in self.tasks.values():
            made = ", ".join(f"{name} {digest[7:15]}" for name, digest in (task.outputs or {}).items())
            reason = f"{task.reason} of {task.of}" if task.of else task.reason
            rows.append((task.name, task.outcome, reason, task.started_s, task.ended_s, made))
        heads = ("step", "outcome", "reason", "started (s)", "ended (s)", "outputs")
        return table(heads, rows, title=f"{self.name}: {self.outcome}")


def _is_well(task: TaskState) -> bool:
    return task.outcome == "success"


def _view(task: TaskState) -> TaskView:
    outputs = {name: value.digest for name, value in task.outputs.items()}
    return TaskView(
        task.name,
        task.node,
        task.outcome,
        task.reason,
        task.error,
        outputs,
        task.of,
        task.started_s,
        task.ended_s,
        task.tries,
        task.nodes,
    )
