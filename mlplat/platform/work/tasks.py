"""`Tasks`: runs tasks in the zones of a platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from .runs import TaskRun, check_body
from .task import Task, label_of

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event
    from ...infra.endpoint import ManagementEndpoint, Program, WorkloadHandle
    from ..identity.principals import Principal
    from ..zones.zone_manager import ZoneManager
    from .task import Body

HEARD = ("workload.held", "workload.finished", "workload.rejected")


class Tasks:
    """What the automatic components of a platform have work done by, in the name of whom they act for.

    `zones`: where it is done, and who may do it there. `endpoint`: of the cluster, None without one. `administrator`: in whose name what
    is no longer wanted is ended, which is nobody else's to refuse.
    """

    def __init__(self, sim: Simulation, zones: ZoneManager, endpoint: ManagementEndpoint | None, administrator: str) -> None:
        self.sim, self._zones, self._endpoint, self._administrator = sim, zones, endpoint, administrator
        self._running: dict[str, TaskRun] = {}
        """By the name of the workload."""
        self._numbers: dict[str, int] = {}
        if endpoint is not None:
            for predicate in HEARD:
                endpoint.watch(self._heard, predicate=predicate)

    def run(self, task: Task, body: Body, *, zone: str, actor: Principal, cause: Any = None) -> TaskRun:
        """Start a task in a zone. `cause`: the event that led here, None for the one in force.

        Raises OptionError, AccessDenied, ZoneError, ZoneLimitError; then nothing has started. What becomes of it is told by the answer.
        """
        if not isinstance(task, Task):
            raise OptionError(f"task: a {type(task).__name__}; expected a Task")
        check_body(body)
        run = TaskRun(self, task, body, zone, actor)
        if cause is None:
            run._submit()
        else:
            with self.sim.caused_by(cause):
                run._submit()
        return run

    @property
    def running(self) -> tuple[TaskRun, ...]:
        """Those whose workload has not ended, in order of submission."""
        return tuple(self._running.values())

    # -- for runs

    def free_name(self, name: str) -> str:
        """A name for a workload that none has."""
        label = label_of(name)
        while True:
            number = self._numbers[label] = self._numbers.get(label, 0) + 1
            found = f"{label}-{number}"
            if self._endpoint is None or self._endpoint.is_free(found):
                return found

    def submit(self, run: TaskRun, program: Program) -> WorkloadHandle:
        """Let the workload of a run arrive."""
        from ...infra.workload_spec import Workload

        task = run.task
        workload = Workload(
            run.workload,
            task.request,
            replicas=task.replicas,
            duration=task.duration,
            image=task.image,
            priority=task.priority,
            usage=task.usage,
            checkpoint=task.checkpoint,
            labels=task.labels,
            sync=task.sync,
        )
        self._running[run.workload] = run
        try:
            return self._zones.submit(run.zone, workload, program=program, actor=run.actor)
        except BaseException:
            del self._running[run.workload]
            raise

    def delete(self, workload: str) -> None:
        """End a workload that is no longer wanted."""
        assert self._endpoint is not None
        self._endpoint.delete(workload, actor=self._administrator)

    def forget(self, run: TaskRun) -> None:
        """The workload of a run has ended; it may be tried again with another one."""
        self._running.pop(run.workload, None)

    def _heard(self, event: Event) -> None:
        run = self._running.get(event.name)
        if run is not None:
            run.heard(event)

    def __repr__(self) -> str:
        return f"Tasks({len(self._running)} running: {', '.join(printable(name) for name in [*self._running][:5])})"
