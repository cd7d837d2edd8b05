"""`TrainingRun`: a training under way, over as many tasks as it takes on fewer and fewer replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import MlplatError, printable
from ...infra.checkpoints import checkpoint_policy
from ..work.outcomes import SENTENCE, Outcome, TaskReason
from .body import Trained, TrainingBody, Try
from .checkpoints import Checkpoints, Kept, Skipped, latest_state

if TYPE_CHECKING:
    import simpy

    from ...context import Simulation
    from ..identity.principals import Principal
    from ..work.runs import TaskRun
    from ..work.task import Task
    from ..work.tasks import Tasks
    from .training import Training

NO_PLACE = frozenset((TaskReason.NO_ROOM, TaskReason.REJECTED))
"""Ends of a task after which fewer replicas are tried at once."""


class Size(NamedTuple):
    """A number of replicas that was tried, since when (s), and how many iterations were in the checkpoint it went on from."""

    replicas: int
    since_s: float
    done: int


class TrainingRun:
    """One run of a training. `Trainings.run` makes it; nobody else changes it.

    `outcome`, `reason`, `error`: as of a `TaskRun`. `value`: what was trained, None before. `replicas`: of its present, or last, task.
    `sizes`: each number of replicas that was tried. `tries`: each time that work on it began, on any number of them.
    """

    def __init__(
        self,
        sim: Simulation,
        tasks: Tasks,
        training: Training,
        checkpoints: Checkpoints | None,
        zone: str,
        actor: Principal,
        publish: Callable[[Trained], Any] | None,
    ) -> None:
        self._sim, self._tasks, self.training, self._checkpoints = sim, tasks, training, checkpoints
        self.zone, self.actor, self._publish = zone, actor, publish
        self._task: TaskRun | None = None
        self._body: TrainingBody | None = None
        self._shrinks = self._called_off = False
        self._tries: list[Try] = []
        self.sizes: list[Size] = []
        self.outcome, self.reason, self.error = Outcome.RUNNING, TaskReason.NONE, ""
        self.value: Trained | None = None
        self._listeners: list[Callable[[TrainingRun], object]] = []

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.outcome is not Outcome.RUNNING

    @property
    def replicas(self) -> int:
        """How many replicas its present, or last, task has."""
        return self.sizes[-1].replicas

    @property
    def tries(self) -> tuple[Try, ...]:
        """Each time that work on it began."""
        return (*self._tries, *(() if self._body is None else self._body.tries))

    @property
    def nodes(self) -> tuple[str, ...]:
        """Where it was at work last."""
        return () if self._task is None else self._task.nodes

    @property
    def workload(self) -> str:
        """The name of its present, or last, workload."""
        return "" if self._task is None else self._task.workload

    @property
    def written(self) -> tuple[Kept, ...]:
        """Its checkpoints, the oldest first."""
        return () if self._checkpoints is None else tuple(self._checkpoints.written)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Checkpoints that were damaged, gone or forbidden when they were needed."""
        return () if self._checkpoints is None else tuple(self._checkpoints.skipped)

    def wait(self) -> simpy.Event:
        """An event that happens when it is over, with the outcome as its value."""
        happened = self._sim.event()
        self.then(lambda run: happened.succeed(run.outcome))
        return happened

    def then(self, callback: Callable[[TrainingRun], object]) -> None:
        """Call `callback(run)` when it is over; at once if it is."""
        if self.over:
            callback(self)
        else:
            self._listeners.append(callback)

    def cancel(self) -> None:
        """Call it off. Nothing happens if it is over."""
        self._called_off = True
        if self._task is not None:
            self._task.cancel()

    def explain(self) -> str:
        """Where it stands, in a sentence."""
        reason = self.reason if self.over or self._task is None else self._task.reason
        said = f"{printable(self.training.task.name)}: {self.outcome.value} on {self.replicas} replicas, {SENTENCE[reason]}"
        return f"{said}: {printable(self.error)}" if self.error else said

    def __repr__(self) -> str:
        return f"TrainingRun({printable(self.training.task.name)!r}: {self.outcome.value}{', ' + self.reason.value if self.reason else ''})"

    # -- its tasks

    def _submit(self, replicas: int, cause: Any = None) -> None:
        """Go on with so many replicas from the newest whole checkpoint. Raises what the zone does."""
        training = self.training
        state, done, iterations = None, 0, 1
        if self._checkpoints is not None and self._checkpoints.written and self._data is not None:
            state = latest_state(training.trainer, self._data, self._checkpoints)
        if state is not None:
            done, iterations = state.done, max(state.iterations, 1)
        task = training.on(replicas, 1.0 - done / iterations)
        body = TrainingBody(
            self._sim,
            training.trainer,
            self._rows,
            training.parameters,
            training.seed,
            work_s=float(task.duration),  # type: ignore[arg-type]
            before=done / iterations,
            interval_s=_interval(task),
            checkpoints=self._checkpoints,
            publish=self._publish,
        )
        body.when_waiting(lambda reason: self._wait_a_while(body))
        self._shrinks = False
        self._tries, self._body = list(self.tries), body
        self.sizes.append(Size(replicas, self._sim.now, done))
        run = self._tasks.run(task, body, zone=self.zone, actor=self.actor, cause=cause)
        self._task = run
        run.then(self._ended)

    _data: Any = None

    def _rows(self) -> Any:
        """The rows, which are read once for all tries: what changes meanwhile is not trained on."""
        if self._data is None:
            self._data = self.training.data() if callable(self.training.data) else self.training.data
        return self._data

    @property
    def _fewer(self) -> int:
        """How many replicas come after the present ones; as many where there are no fewer."""
        return max(self.replicas // 2, int(self.training.fewest or 1))

    def _wait_a_while(self, body: TrainingBody) -> None:
        patience = float(self.training.patience)  # type: ignore[arg-type]
        if body.patience is not None:
            body.patience.cancel()
        if self._fewer == self.replicas or patience == float("inf"):
            return
        body.patience = self._sim.after(patience, self._shrink)

    def _shrink(self) -> None:
        """There was no room for long enough."""
        if self._task is not None and not self._task.over and self._fewer < self.replicas:
            self._shrinks = True
            self._task.cancel()

    def _ended(self, run: TaskRun) -> None:
        """A task is over."""
        no_place = run.reason in NO_PLACE and self._fewer < self.replicas
        shrinks = self._shrinks and run.reason is TaskReason.CANCELLED
        if (no_place or shrinks) and not self._called_off:
            try:
                self._submit(self._fewer)
            except MlplatError as error:
                self._end(Outcome.ERROR, TaskReason.UNAVAILABLE, str(error))
            return
        self.value = run.value
        self._end(run.outcome, run.reason, run.error)

    def _end(self, outcome: Outcome, reason: TaskReason, error: str) -> None:
        self.outcome, self.reason, self.error = outcome, reason, error
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)


def _interval(task: Task) -> float:
    """Seconds of work between two checkpoints of a task, where its policy says; infinite where the cluster decides."""
    interval = checkpoint_policy(task.checkpoint).interval
    return float("inf") if isinstance(interval, str) else interval
