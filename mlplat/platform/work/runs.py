"""`TaskRun`: a task under way in a zone, over as many workloads as it takes, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied, MlplatError, OptionError, printable
from ...infra.endpoint import Program
from .outcomes import OF_INFRASTRUCTURE, OUTCOME, SENTENCE, InfrastructureError, Outcome, TaskReason, reason_of

if TYPE_CHECKING:
    import simpy

    from ...clock import Call
    from ...events import Event
    from ...infra.endpoint import ProgramReplica, Work, WorkloadHandle
    from ..identity.principals import Principal
    from .task import Body, Task
    from .tasks import Tasks

LOSSES = frozenset((TaskReason.UNAVAILABLE, TaskReason.NO_ADDRESS))
"""Ends of a workload that are followed by another one, as often as `retries` says."""
MISTAKES = frozenset((TaskReason.RAISED, TaskReason.TIMEOUT, TaskReason.OOM_KILLED))
"""The same, as often as `failure_retries` says."""


class TaskRun:
    """One run of a task. `Tasks.run` makes it; nobody else changes it.

    `outcome`, `reason`: where it stands. `error`: what its code raised, in words. `value`: what its code has returned. `tries`: how often
    work on it began. `workload`: the name of the present, or last, workload. `started_s`, `ended_s`: of its work, seconds; NaN before.
    `nodes`: where it was at work last.
    """

    def __init__(self, tasks: Tasks, task: Task, body: Body, zone: str, actor: Principal) -> None:
        self._tasks, self.task, self._body, self.zone, self.actor = tasks, task, body, zone, actor
        self._sim = tasks.sim
        self.outcome, self.reason, self.error, self.value = Outcome.RUNNING, TaskReason.NONE, "", None
        self.workload, self.tries, self.nodes = "", 0, ()  # type: str, int, tuple[str, ...]
        self.created_s = self._sim.now
        self.started_s = self.ended_s = math.nan
        self._handle: WorkloadHandle | None = None
        self._losses = self._failures = 0
        self._decided: TaskReason | None = None
        self._raised: TaskReason | None = None
        self._begun: Work | None = None
        self._timer: Call | None = None
        self._next: Call | None = None
        self._listeners: list[Callable[[TaskRun], object]] = []
        self._event: simpy.Event | None = None

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.outcome is not Outcome.RUNNING

    def wait(self) -> simpy.Event:
        """An event that happens when it is over, with the outcome as its value."""
        happened = self._sim.event()
        self.then(lambda run: happened.succeed(run.outcome))
        return happened

    def then(self, callback: Callable[[TaskRun], object]) -> None:
        """Call `callback(run)` when it is over, under what ended it as cause; at once if it is."""
        if self.over:
            callback(self)
        else:
            self._listeners.append(callback)

    def cancel(self) -> None:
        """Call it off. Nothing happens if it is over."""
        self._stop(TaskReason.CANCELLED)

    def explain(self) -> str:
        """Where it stands, in a sentence."""
        said = f"{printable(self.task.name)}: {self.outcome.value}, {SENTENCE[self.reason]}"
        return f"{said}: {printable(self.error)}" if self.error else said

    def __repr__(self) -> str:
        return f"TaskRun({printable(self.task.name)!r}: {self.outcome.value}{', ' + self.reason.value if self.reason else ''})"

    # -- its workloads

    def _submit(self) -> None:
        """Let a workload arrive for it. Raises what the zone does."""
        self._next = self._decided = self._raised = None
        self.workload = self._tasks.free_name(self.task.name)
        self._handle = self._tasks.submit(self, _Calls(self))
        self._await_room()

    def _await_room(self) -> None:
        self._set_timer(self.task.pending_timeout, TaskReason.TIMEOUT_PENDING)  # type: ignore[arg-type]
        self._sim.at(self._sim.now, self._look, turn="settle")

    def _look(self) -> None:
        """Whether it got room in the instant in which it asked for it."""
        if self._handle is not None and self._handle.status.value == "pending":
            self._waits(TaskReason.NO_CAPACITY)

    def _set_timer(self, after: float, reason: TaskReason) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._sim.after(after, self._stop, reason) if after < math.inf else None

    def _stop(self, reason: TaskReason) -> None:
        """End it from outside."""
        if self.over:
            return
        if self._handle is not None and not self._handle.over:
            if self._decided is None:
                self._decided = reason
                self._tasks.delete(self.workload)
            return
        if self._next is not None:
            self._next.cancel()
        self._end(reason)

    def heard(self, event: Event) -> None:
        """Its workload is held, waits, or has ended."""
        if event.predicate == "workload.held":
            self._waits(TaskReason.ZONE_LIMIT)
        elif event.predicate in ("workload.finished", "workload.rejected"):
            self._handle = None
            self._tasks.forget(self)
            told = event.data["reason"]
            raised = self._raised if told == "ERROR" else None
            reason = self._decided or raised or reason_of(told)
            with self._sim.caused_by(event):
                self._sim.after(0.0, self._ended, reason, told)

    def _waits(self, reason: TaskReason) -> None:
        if self.reason is not reason:
            self.reason = reason
            self._body.waiting(reason)

    def _ended(self, reason: TaskReason, told: str) -> None:
        """A workload has ended."""
        if self.over:
            return
        if reason is TaskReason.REJECTED:
            self.error = told
        if reason in LOSSES:
            self._losses += 1
            retry, number = self._losses <= self.task.retries, self._losses
        elif reason in MISTAKES:
            self._failures += 1
            retry, number = self._failures <= self.task.failure_retries, self._failures
        else:
            retry, number = False, 0
        if retry:
            wait = self.task.wait_before(number)
            self._next = self._sim.after(wait, self._try_again)
        else:
            self._end(reason)

    def _try_again(self) -> None:
        try:
            self._submit()
        except AccessDenied as error:
            self.error = str(error)
            self._end(TaskReason.ACCESS_DENIED)
        except MlplatError as error:
            self.error = str(error)
            self._end(TaskReason.UNAVAILABLE)

    def _end(self, reason: TaskReason) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.outcome, self.reason, self.ended_s = OUTCOME[reason], reason, self._sim.now
        self._tasks.forget(self)
        if self.outcome is Outcome.SUCCESS:
            self.error = ""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)

    # -- its code

    def begin(self, work: Work) -> simpy.Event | None:
        """All of its environments are up."""
        if self._decided is not None:  # and about to be stopped
            return self._sim.event()
        self.tries += 1
        self._raised = None
        self.reason, self.nodes, self.started_s = TaskReason.NONE, work.nodes, self._sim.now
        self._set_timer(self.task.timeout, TaskReason.TIMEOUT)  # type: ignore[arg-type]
        self._begun = work
        return self._guarded(self._body.start, work)  # type: ignore[no-any-return]

    def save(self, work: Work, work_s: float) -> None:
        """A checkpoint is complete."""
        self._guarded(self._body.saved, work, work_s)

    def finish(self, work: Work) -> None:
        """Its time has passed."""
        self._set_timer(math.inf, TaskReason.TIMEOUT)
        if self._decided is None:
            self.value = self._guarded(self._body.finish, work)

    def stop(self, work: Work, reason: str) -> None:
        """A try has ended before its time."""
        if self._begun is work:
            self._begun = None
            self._body.stopped(work, reason)
        if self._decided is not None or reason == "ERROR":
            return
        if reason in TaskReason.__members__ and TaskReason(reason) in OF_INFRASTRUCTURE:
            self._losses += 1
            if self._losses > self.task.retries:
                self._decided = TaskReason(reason)
                self._sim.after(0.0, self._tasks.delete, self.workload)
                return
        self._await_room()

    def _guarded(self, method: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return method(*arguments)
        except Exception as error:
            self._raised = (
                TaskReason.UNAVAILABLE
                if isinstance(error, InfrastructureError)
                else TaskReason.ACCESS_DENIED
                if isinstance(error, AccessDenied)
                else TaskReason.RAISED
            )
            self.error = printable(f"{type(error).__name__}: {error}")[:2000]
            raise


class _Calls(Program):
    """A cluster's calls, for a run."""

    def __init__(self, run: TaskRun) -> None:
        self._run = run

    def started(self, work: Work) -> simpy.Event | None:
        return self._run.begin(work)

    def saved(self, work: Work, work_s: float) -> None:
        self._run.save(work, work_s)

    def finished(self, work: Work) -> None:
        self._run.finish(work)

    def stopped(self, work: Work, reason: str) -> None:
        self._run.stop(work, reason)

    def replica_up(self, replica: ProgramReplica) -> None:
        self._run._body.replica_up(replica)

    def replica_down(self, replica: ProgramReplica) -> None:
        self._run._body.replica_down(replica)


def check_body(body: object) -> None:
    """Raises OptionError for what is no body."""
    from .task import Body

    if not isinstance(body, Body):
        raise OptionError(f"body: a {type(body).__name__}; expected a Body")
