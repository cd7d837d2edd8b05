"""Which workloads there are, by name: gangs as the cluster records them, and services."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ...errors import OptionError, UnknownNameError, printable
from ..virtualization.states import Reason
from .endings import Endings
from .services import Service

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..program import Program
    from ..workload_records import WorkloadRecord
    from ..workload_spec import Workload

SUGGESTED = 10
"""Names that an error lists."""
_COMPARED = 2000


class Directory:
    """The workloads of a cluster. A name is taken from `start` until its workload is over, or was deleted and has given its room back."""

    def __init__(self, cluster: Cluster, endings: Endings) -> None:
        self._cluster, self._endings = cluster, endings
        self._services: dict[str, Service] = {}
        self._leaving: dict[str, WorkloadRecord | Service] = {}
        """Deleted, and holding room for their grace."""

    def find(self, name: str) -> WorkloadRecord | Service:
        """The workload of a name. Raises UnknownNameError with the closest names."""
        service = self._services.get(name) if isinstance(name, str) else None
        if service is not None:
            return service
        record = self._cluster.workloads.get(name) if isinstance(name, str) else None
        if record is None or "/" in name:
            raise self._unknown(name)
        return record

    def get(self, name: str) -> WorkloadRecord | Service | None:
        """The workload of a name, or None."""
        return self._services.get(name) or self._cluster.workloads.get(name) if isinstance(name, str) else None

    def __iter__(self) -> Iterator[WorkloadRecord | Service]:
        """All of them, in order of submission."""
        jobs = (record for name, record in self._cluster.workloads.items() if "/" not in name)
        if not self._services:
            return iter(list(jobs))
        every: list[WorkloadRecord | Service] = [*jobs, *self._services.values()]
        return iter(sorted(every, key=lambda entry: entry.before if isinstance(entry, Service) else entry.job + 0.5))

    def check_free(self, name: str) -> None:
        """Raises OptionError where a workload of that name is not over."""
        if name in self._leaving:
            raise OptionError(f"workload {name!r} is being deleted, and holds its name until its grace is over")
        entry = self.get(name)
        if entry is not None and not entry.over:
            raise OptionError(f"workload {name!r} exists and is {entry.status.value}; delete it first, or take another name")

    def stays(self, name: str) -> bool:
        """Whether it is not being deleted."""
        return name not in self._leaving

    def check_stays(self, name: str) -> None:
        """Raises OptionError for a workload that is being deleted."""
        if name in self._leaving:
            raise OptionError(f"workload {name!r} is being deleted")

    def start(self, workload: Workload, actor: str, program: Program | None = None) -> WorkloadRecord | Service:
        """Let a workload arrive whose name is free."""
        name = workload.name
        self._forget(name)
        if workload.kind == "service":
            service = self._services[name] = Service(self._cluster, self._endings, workload, actor, program)
            return service
        return self._cluster.run_workload(workload, program=program, actor=actor)

    def delete(self, name: str, grace: float | None, *, idle: bool = False) -> None:
        """End a workload and take it out. Raises UnknownNameError, and OptionError for one that is being deleted."""
        entry = self.find(name)
        self.check_stays(name)
        time = entry.workload.stop_grace if grace is None else grace
        if isinstance(entry, Service):
            self._leaving[name] = entry
            entry.stop(time, lambda: self._gone(name))
            return
        self._cluster.stop_workload(entry, grace=time, reason=Reason.IDLE if idle else Reason.DELETED)
        if entry.over:
            self._forget(name)
        else:
            self._leaving[name] = entry
            self._endings.tell(entry, lambda: self._gone(name))

    def replace(self, workload: Workload, actor: str) -> WorkloadRecord | Service:
        """Put a changed description in place of a workload: a service scales or rolls out, a gang is ended and arrives anew."""
        entry = self.find(workload.name)
        if isinstance(entry, Service) and workload.kind == "service":
            if workload == entry.workload.with_replicas(workload.replicas):
                entry.scale(workload)
            else:
                entry.roll_out(workload)
            return entry
        if isinstance(entry, Service):
            entry.stop(entry.workload.stop_grace, lambda: None)
        elif not entry.over:
            self._cluster.stop_workload(entry, grace=entry.workload.stop_grace)
        return self.start(workload, actor)

    def _gone(self, name: str) -> None:
        del self._leaving[name]
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._services.pop(name, None)
        self._cluster.workloads.pop(name, None)

    def _unknown(self, name: object) -> UnknownNameError:
        shown = printable(str(name)[:80])
        known = [*self._services, *(name for name in islice(reversed(self._cluster.workloads), _COMPARED) if "/" not in name)]
        close = difflib.get_close_matches(shown, known, n=SUGGESTED, cutoff=0.5)
        return UnknownNameError("workload", shown, close or [*known[:SUGGESTED], *(["…"] if len(known) > SUGGESTED else [])] or ["(none)"])
