"""A service: replicas that are jobs of their own, replaced when they end, more or fewer of them when it is scaled."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan
from typing import TYPE_CHECKING

from ..virtualization.restarts import RestartPolicy
from ..workload_records import WorkloadStatus
from .endings import Endings

if TYPE_CHECKING:
    from ...clock import Call
    from ...context import Simulation
    from ..cluster import Cluster
    from ..program import Program
    from ..workload_records import WorkloadRecord
    from ..workload_spec import Workload

BACK_OFF = RestartPolicy("always")
"""Waits before a replica is replaced: 10 s, 20 s, … up to 5 min, from the beginning again after a run of 10 min."""
_FURTHEST_FIRST = (
    WorkloadStatus.RUNNING,
    WorkloadStatus.STARTING,
    WorkloadStatus.PENDING,
    WorkloadStatus.HELD,
    WorkloadStatus.STOPPING,
    WorkloadStatus.REJECTED,
    WorkloadStatus.FAILED,
    WorkloadStatus.SUCCEEDED,
    WorkloadStatus.CANCELLED,
)


class Replica:
    """One place of a service, and the job that fills it. `index` is -1 once the place is given up."""

    __slots__ = ("call", "index", "record", "wait_s")

    def __init__(self, index: int, record: WorkloadRecord) -> None:
        self.index, self.record, self.wait_s = index, record, 0.0
        self.call: Call | None = None


class Service:
    """The replicas of a service workload.

    Replica `i` of service `web` is the job `web/i`; the jobs that replace it are `web/i.1`, `web/i.2` and so on. Every end that the service
    did not ask for is followed by a replacement, after a back-off; a job that the cluster can never hold is not tried again.
    """

    def __init__(self, cluster: Cluster, endings: Endings, workload: Workload, actor: str, program: Program | None = None) -> None:
        self._cluster, self._endings, self.actor, self._program = cluster, endings, actor, program
        self.workload = workload
        self.replicas: list[Replica] = []
        self.submitted_s = self._sim.now
        self.before = cluster.scheduler.table.count
        """The number of the first job that was submitted after it."""
        self.stopping = self.over = False
        self.ended_s = nan
        self._leaving = 0
        self._at_end: list[Callable[[], object]] = []
        self._made: dict[int, int] = {}
        if cluster.network is not None:
            cluster.network.check(workload)
            cluster.network.keep_name(workload)
        self.scale(workload)

    @property
    def _sim(self) -> Simulation:
        return self._cluster.sim

    @property
    def name(self) -> str:
        """Its name."""
        return self.workload.name

    @property
    def records(self) -> list[WorkloadRecord]:
        """The present job of each replica."""
        return [replica.record for replica in self.replicas]

    @property
    def status(self) -> WorkloadStatus:
        """That of the replica that is furthest; `running` with none, and `cancelled` once it is deleted."""
        if self.stopping:
            return WorkloadStatus.CANCELLED if self.over else WorkloadStatus.STOPPING
        states = {record.status for record in self.records}
        return next((status for status in _FURTHEST_FIRST if status in states), WorkloadStatus.RUNNING)

    @property
    def reason(self) -> str:
        """Of the first replica for which there is something to say."""
        return next((record.reason for record in self.records if record.reason), "")

    @property
    def ready(self) -> int:
        """How many replicas are running."""
        return sum(record.status is WorkloadStatus.RUNNING for record in self.records)

    def scale(self, workload: Workload) -> None:
        """Go to the number of replicas of `workload`, which differs in nothing else. Those with the highest numbers go first."""
        self.workload = workload
        while len(self.replicas) > workload.replicas:
            self._give_up(self.replicas.pop(), workload.stop_grace)
        while len(self.replicas) < workload.replicas:
            index = len(self.replicas)
            replica = Replica(index, self._run(index))
            self.replicas.append(replica)
            self._watch(replica)

    def roll_out(self, workload: Workload) -> None:
        """Replace every replica by one of another description."""
        while self.replicas:
            self._give_up(self.replicas.pop(), self.workload.stop_grace)
        self.scale(workload)

    def stop(self, grace: float, gone: Callable[[], object]) -> None:
        """End all replicas for good; `gone()` is called once the last has given its room back."""
        self.stopping = True
        self._at_end.append(gone)
        while self.replicas:
            self._give_up(self.replicas.pop(), grace)
        self._end_if_gone()

    def tell_end(self, callback: Callable[[], object]) -> None:
        """Call `callback()` once the service was deleted and all its room is free; at once if it is."""
        if self.over:
            callback()
        else:
            self._at_end.insert(0, callback)

    def _end_if_gone(self) -> None:
        if self.stopping and not self.over and not self._leaving:
            self.over, self.ended_s = True, self._sim.now
            if self._cluster.network is not None:
                self._cluster.network.drop_name(self.workload)
            for callback in self._at_end:
                callback()

    def _run(self, index: int) -> WorkloadRecord:
        """Submit the next job of a replica. Jobs that were stopped may still hold their room, so no name is used twice."""
        name = None
        while name is None or not self._is_free(name):
            made = self._made[index] = self._made.get(index, -1) + 1
            name = f"{self.name}/{index}.{made}" if made else f"{self.name}/{index}"
        return self._cluster.run_workload(self.workload.replica(name), program=self._program, actor=self.actor)

    def _is_free(self, name: str) -> bool:
        """Jobs of an earlier service of the same name may not be gone yet."""
        record = self._cluster.workloads.get(name)
        return record is None or record.over

    def _give_up(self, replica: Replica, grace: float) -> None:
        if replica.call is not None:
            replica.call.cancel()
        record, replica.index = replica.record, -1
        if not record.over:
            self._cluster.stop_workload(record, grace=grace)
        self._leaving += 1
        self._endings.tell(record, lambda: self._is_gone(record))

    def _is_gone(self, record: WorkloadRecord) -> None:
        self._leaving -= 1
        self._forget(record)
        self._end_if_gone()

    def _forget(self, record: WorkloadRecord) -> None:
        if self._cluster.workloads.get(record.name) is record:
            del self._cluster.workloads[record.name]

    def _watch(self, replica: Replica) -> None:
        record = replica.record
        self._endings.tell(record, lambda: self._lost(replica, record))

    def _lost(self, replica: Replica, record: WorkloadRecord) -> None:
        """A replica's job is over."""
        if replica.index < 0 or replica.record is not record or record.status is WorkloadStatus.REJECTED:
            return
        ran = 0.0 if isnan(record.started_s) else self._sim.now - record.started_s
        replica.wait_s = BACK_OFF.wait_after(replica.wait_s, ran)
        replica.call = self._sim.after(replica.wait_s, self._replace, replica)

    def _replace(self, replica: Replica) -> None:
        self._forget(replica.record)
        replica.call = None
        replica.record = self._run(replica.index)
        self._watch(replica)
