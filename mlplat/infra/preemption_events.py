"""What a live cluster tells of work that was stopped for the sake of other work, and of guarantees that have come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import printable
from .virtualization.states import Reason

if TYPE_CHECKING:
    from .cluster import Cluster
    from .workload_records import WorkloadRecord

PREEMPTED: Final = ("reason", "grace_s")
PREEMPTED_BY: Final = (*PREEMPTED, "by")
"""What the data of events is called."""


class Preemptions:
    """Writes `workload.preempted` and `guarantee.reclaimed`.

    `reclaiming`: by job for whose sake others were stopped, since when, and whose workloads.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.reclaiming: dict[int, tuple[float, list[str]]] = {}

    def tell(self, record: WorkloadRecord, reason: Reason, grace: float) -> None:
        """Work was stopped, for that of another, which is named."""
        cluster = self._cluster
        by = cluster.scheduler.stopped_for(record.job)
        if by is None:
            cluster.tell(record, "workload.preempted", PREEMPTED, (reason.value, grace))
            return
        cluster.tell(record, "workload.preempted", PREEMPTED_BY, (reason.value, grace, cluster.record_of(by).workload.name))
        if reason is Reason.RECLAIM:
            self.reclaiming.setdefault(by, (cluster.sim.now, []))[1].append(record.workload.name)

    def tell_reclaimed(self, record: WorkloadRecord) -> None:
        """What was guaranteed to the quota of a workload has come back to it."""
        sim = self._cluster.sim
        since, victims = self.reclaiming.pop(record.job)
        data = {"workload": record.workload.name, "seconds": sim.now - since, "victims": victims}
        zone = printable(record.workload.zone)
        sim.emit(f"zone:{zone}", "guarantee.reclaimed", source="cluster", actor=record.actor, cause=record.last_event, data=data)
