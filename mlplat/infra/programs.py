"""The programs of a live cluster's workloads: told when work begins, is saved, is done or stops, and which replicas are up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, printable
from .program import Program, ProgramReplica, Work
from .workload_records import WorkloadStatus

if TYPE_CHECKING:
    import simpy

    from .cluster import Cluster
    from .virtualization.environments import RuntimeEnvironment
    from .workload_records import WorkloadRecord


@dataclass(slots=True, eq=False)
class _Running:
    """An attempt of a workload. `begun`: whether its work goes on, or waits for `started` to be over. `saved_s`: what was told last."""

    program: Program
    saved_s: float = 0.0
    work: Work | None = None
    waits_for: simpy.Event | None = None
    begun: bool = False


class Programs:
    """Calls programs; hears of environments and nodes (`lifecycle.Observer`)."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._sim = cluster, cluster.sim
        self._of: dict[int, _Running] = {}
        """By job, from submission to the end."""
        self._up: dict[int, tuple[Program, ProgramReplica]] = {}
        """By the serial of an environment."""
        self._away: set[int] = set()
        cluster.virtualization.observe(self)

    def keep(self, record: WorkloadRecord, program: Program) -> None:
        """A workload was submitted with a program."""
        self._of[record.job] = _Running(program)

    def forget(self, record: WorkloadRecord) -> None:
        """A workload is over."""
        self._of.pop(record.job, None)

    # -- work

    def begin(self, record: WorkloadRecord) -> bool:
        """All of a gang is up. Returns whether its work begins now: not where the program has failed, or waits."""
        running = self._of[record.job]
        if running.begun:
            return True
        running.work = self._work(record)
        running.waits_for = None
        event, wrong = self._call(record, running.program.started, running.work)
        if wrong:
            self._fail(record)
            return False
        if event is None or event.processed:
            running.begun = True
            return True
        running.waits_for = event
        event.callbacks.append(lambda done: self._go_on(record, done))
        return False

    def _go_on(self, record: WorkloadRecord, done: simpy.Event) -> None:
        running = self._of.get(record.job)
        if not done.ok:
            done.defused = True
        if running is None or running.waits_for is not done:
            return
        running.waits_for = None
        if record.status is not WorkloadStatus.STARTING or record.unready:
            return
        if not done.ok:
            self._note(record, done.value)
            self._fail(record)
            return
        running.begun = True
        self._cluster.set_to_work(record)

    def pause(self, record: WorkloadRecord) -> None:
        """The program of a replica has failed and starts again where it is: all of it begins again then."""
        running = self._of.get(record.job)
        if running is not None:
            running.begun, running.waits_for = False, None

    def save(self, record: WorkloadRecord, work_s: float) -> None:
        """So many seconds of work are in a checkpoint."""
        running = self._of.get(record.job)
        if running is not None and running.work is not None and work_s > running.saved_s:
            running.saved_s = work_s
            if self._call(record, running.program.saved, running.work, work_s)[1] and record.status is WorkloadStatus.RUNNING:
                self._fail(record)

    def finish(self, record: WorkloadRecord) -> bool:
        """The work of a gang is done. Returns whether the program says so too."""
        running = self._of[record.job]
        work, running.work = running.work, None
        return work is None or not self._call(record, running.program.finished, work)[1]

    def stop(self, record: WorkloadRecord, reason: str) -> None:
        """An attempt has ended, and its work was not done."""
        running = self._of.get(record.job)
        if running is None or running.work is None:
            return
        duration = record.workload.duration
        if duration < float("inf"):
            self.save(record, duration - self._cluster.scheduler.work_left(record.job))
        work, running.work, running.begun, running.waits_for = running.work, None, False, None
        self._call(record, running.program.stopped, work, reason)

    def _work(self, record: WorkloadRecord) -> Work:
        workload, environments = record.workload, record.environments
        done = 0.0 if workload.duration == float("inf") else workload.duration - self._cluster.scheduler.work_left(record.job)
        nodes = tuple([environment.node_name for environment in environments])
        return Work(workload.name, workload.zone, record.attempts - 1, nodes, tuple(map(self._model, environments)), done)

    def _model(self, environment: RuntimeEnvironment) -> str:
        nodes, request = self._cluster.nodes, environment.request
        if not (request.gpus or request.gpu_milli or request.mig):
            return ""
        return nodes.models[int(nodes.model[environment.node])].name

    def _call(self, record: WorkloadRecord, method: Callable[..., Any], *arguments: Any) -> tuple[Any, bool]:
        """What a program answers, under the last event of its workload as cause, and whether it raised."""
        with self._sim.caused_by(record.last_event):
            try:
                return method(*arguments), False
            except Exception as error:
                self._note(record, error)
                return None, True

    def _note(self, record: WorkloadRecord, error: Any) -> None:
        for environment in record.environments:
            environment.note(f"{type(error).__name__}: {printable(str(error))[:500]}")

    def _fail(self, record: WorkloadRecord) -> None:
        record.reason = "ERROR"
        self._cluster.scheduler.fail(record.job)

    # -- replicas

    def begins(self, env: RuntimeEnvironment) -> bool:
        """See `lifecycle.Observer`."""
        return True

    def ready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        running = None if env.owner is None else self._of.get(env.owner.job)
        if running is None or env.node in self._away or env.serial in self._up:
            return
        network = self._cluster.network
        attachment = None if network is None else network.attachments.of(env)
        replica = ProgramReplica(
            env.owner.workload.name, env.name, env.node_name, self._model(env), "" if attachment is None else str(attachment.address)
        )
        self._up[env.serial] = running.program, replica
        self._tell(env, running.program.replica_up, replica)

    def unready(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        up = self._up.pop(env.serial, None)
        if up is not None:
            self._tell(env, up[0].replica_down, up[1])

    def ended(self, env: RuntimeEnvironment) -> None:
        """See `lifecycle.Observer`."""
        self.unready(env)

    def cut_off(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        self._away.add(node)
        for env in self._cluster.virtualization.running_on(node):
            self.unready(env)

    def restored(self, node: int) -> None:
        """See `lifecycle.Observer`."""
        self._away.discard(node)
        for env in self._cluster.virtualization.running_on(node):
            if env.ready and not env.fenced:
                self.ready(env)

    def _tell(self, env: RuntimeEnvironment, method: Callable[[ProgramReplica], None], replica: ProgramReplica) -> None:
        with self._sim.caused_by(env.last_event):
            try:
                method(replica)
            except Exception as error:
                env.note(f"{type(error).__name__}: {printable(str(error))[:500]}")


def check_program(program: object) -> None:
    """Raises OptionError for what is no program."""
    if not isinstance(program, Program):
        raise OptionError(f"program: a {type(program).__name__}; expected a Program")
