"""Tasks on a platform without a cluster: they take their time beside each other, and nothing stands in their way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import AccessDenied, printable
from ...infra.endpoint import Work
from .outcomes import OUTCOME, InfrastructureError, Outcome, TaskReason

if TYPE_CHECKING:
    from ...clock import Call
    from ...context import Simulation
    from ..identity.principals import Principal
    from .task import Body, Task


class UnplacedRun:
    """As `work.TaskRun`, of a task that is in no environment."""

    def __init__(self, sim: Simulation, task: Task, body: Body, name: str, cause: Any) -> None:
        self._sim, self.task, self._body, self.workload = sim, task, body, name
        self.outcome, self.reason, self.error, self.value = Outcome.RUNNING, TaskReason.NONE, "", None
        self.tries, self.nodes = 0, ()  # type: int, tuple[str, ...]
        self.created_s = sim.now
        self.started_s = self.ended_s = math.nan
        self._listeners: list[Callable[[Any], object]] = []
        self._calls: list[Call] = []
        self._work: Work | None = None
        with sim.caused_by(sim.env.cause if cause is None else cause):
            self._calls.append(sim.after(0.0, self._begin))

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.outcome is not Outcome.RUNNING

    def then(self, callback: Callable[[Any], object]) -> None:
        """Call `callback(run)` when it is over; at once if it is."""
        if self.over:
            callback(self)
        else:
            self._listeners.append(callback)

    def cancel(self) -> None:
        """Call it off. Nothing happens if it is over."""
        if not self.over:
            self._end(TaskReason.CANCELLED)

    def _begin(self) -> None:
        self.tries += 1
        self.started_s = self._sim.now
        self._work = Work(self.workload, "", self.tries - 1, (), (), 0.0)
        waits = self._tried(self._body.start, self._work)
        if self.over or waits is _FAILED:
            return
        if waits is None or waits.processed:
            self._set_to_work()
        else:
            waits.callbacks.append(lambda done: self._set_to_work())

    def _set_to_work(self) -> None:
        if self.over:
            return
        length, limit = float(self.task.duration), float(self.task.timeout)  # type: ignore[arg-type]
        if length > limit:
            self._calls.append(self._sim.after(limit, self._again_or_end, TaskReason.TIMEOUT))
        else:
            self._calls.append(self._sim.after(length, self._finish))

    def _finish(self) -> None:
        work, self._work = self._work, None
        value = self._tried(self._body.finish, work)
        if value is not _FAILED:
            self.value = value
            self._end(TaskReason.COMPLETED)

    def _tried(self, method: Callable[..., Any], work: Any) -> Any:
        try:
            return method(work)
        except Exception as error:
            self.error = printable(f"{type(error).__name__}: {error}")[:2000]
            lost = TaskReason.UNAVAILABLE if isinstance(error, InfrastructureError) else TaskReason.RAISED
            self._again_or_end(TaskReason.ACCESS_DENIED if isinstance(error, AccessDenied) else lost)
            return _FAILED

    def _again_or_end(self, reason: TaskReason) -> None:
        work, self._work = self._work, None
        if work is not None:
            self._body.stopped(work, reason.value)
        most = {TaskReason.UNAVAILABLE: self.task.retries, TaskReason.ACCESS_DENIED: 0}.get(reason, self.task.failure_retries)
        if self.tries <= most:
            self._calls.append(self._sim.after(self.task.wait_before(self.tries), self._begin))
        else:
            self._end(reason)

    def _end(self, reason: TaskReason) -> None:
        for call in self._calls:
            call.cancel()
        self.outcome, self.reason, self.ended_s = OUTCOME[reason], reason, self._sim.now
        if self.outcome is Outcome.SUCCESS:
            self.error = ""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(self)


class UnplacedTasks:
    """As `work.Tasks`, without a cluster."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim

    def run(self, task: Task, body: Body, *, zone: str, actor: Principal, cause: Any = None) -> UnplacedRun:
        """Start a task."""
        return UnplacedRun(self.sim, task, body, task.name, cause)


_FAILED = object()
