"""`ManagementEndpoint`: the one facade through which everybody else asks the infrastructure for something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, printable
from ...units import Duration
from ..program import Program
from ..programs import check_program
from ..workload_records import WorkloadRecord, WorkloadStatus
from ..workload_spec import Workload
from .access import ADMINISTRATOR, check_principal
from .calls import SOURCE, verb
from .cluster_state import Capacity, ClusterState, cluster_capacity
from .declarations import Declarations
from .descriptions import (
    EnvironmentLog,
    WorkloadDescription,
    WorkloadList,
    describe_job,
    describe_service,
    log_of,
    summarize,
)
from .directory import Directory
from .endings import Endings
from .handles import WorkloadHandle
from .network_verbs import NetworkVerbs
from .node_verbs import NodeVerbs, duration_s
from .quota_verbs import QuotaVerbs
from .selectors import Selector, label_rules
from .services import Service
from .watches import Watch

if TYPE_CHECKING:
    import simpy

    from ...events import Event
    from ..cluster import Cluster
    from ..placement import PlacementPolicy
    from ..queueing import QueuePolicy
    from .explanation import Explanation


class ManagementEndpoint(Declarations, NodeVerbs, NetworkVerbs, QuotaVerbs):
    """Workloads, nodes, images, policies, quotas and network of a cluster, by name. The only way from a platform into the infrastructure.

    A call answers with a value that nobody can change, or raises an MlplatError with its reasons; then it has changed nothing, and the log
    has one `call.refused` {call, reason} or, for want of a right, one `access.denied` {action, resource}. What a call does is to be seen
    in the next one. `actor` is the principal who calls; node and image verbs, `configure`, network policies, ingresses and networks
    of zones are for administrators.

    >>> import mlplat as mp
    >>> cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    >>> endpoint = cluster.endpoint
    >>> handle = endpoint.submit(mp.Workload("train", {"gpus": 16}, replicas=1, duration="2h"))
    >>> cluster.sim.run(until="1s")
    >>> handle.status.value, handle.reason
    ('rejected', 'GPU_COUNT')
    """

    def __init__(self, cluster: Cluster) -> None:
        self._endings = Endings(cluster.sim)
        super().__init__(cluster, Directory(cluster, self._endings))
        self._principals: set[str] = set()

    # -- workloads

    @verb
    def submit(self, workload: Workload, *, program: Program | None = None, actor: str = ADMINISTRATOR) -> WorkloadHandle:
        """Let a workload arrive. Its name must be that of no living workload; one that is over gives its name up. `program`: what it does.

        A workload that the cluster could never hold is rejected in the scheduling cycle of this instant (`handle.status`, `.reason`,
        `workload.rejected`). Raises OptionError.
        """
        if type(workload) is not Workload:
            raise OptionError(f"a {type(workload).__name__} was submitted; expected a Workload")
        if program is not None:
            check_program(program)
        if actor not in self._principals:
            self._principals.add(check_principal(actor))
        if self._zone_guard is not None:
            self._may(actor, "submit", workload.zone, workload.name)
        if self._image_source is not None:
            workload = self._with_image(workload, actor)
        name, directory = workload.name, self._directory
        if workload.kind == "job" and directory.get(name) is None:  # the usual case
            return WorkloadHandle(self, name, self._cluster.run_workload(workload, program=program, actor=actor))
        directory.check_free(name)
        return WorkloadHandle(self, name, directory.start(workload, actor, program))

    @verb
    def delete(self, name: str, *, grace: Duration | None = None, idle: bool = False, actor: str = ADMINISTRATOR) -> None:
        """End a workload and forget it. Running, it may hold its room for `grace` (default: its own `stop_grace`) to write a checkpoint.
        `idle`: since nobody has used it, which is the reason that its environments are told (`IDLE`).

        Its name is unknown from then on, or once the grace is over. Raises UnknownNameError for a name that is not there (any more),
        OptionError for a workload that is being deleted.
        """
        check_principal(actor)
        if self._zone_guard is not None:
            self._may(actor, "delete", self._directory.find(name).workload.zone, name)
        self._directory.delete(name, None if grace is None else duration_s("grace", grace), idle=idle)

    @verb
    def scale(self, name: str, replicas: int, *, actor: str = ADMINISTRATOR) -> WorkloadDescription:
        """Give a service another number of replicas. Raises UnknownNameError; OptionError below zero, and for a gang."""
        check_principal(actor)
        entry = self._directory.find(name)
        self._may(actor, "scale", entry.workload.zone, name)
        workload = entry.workload.with_replicas(replicas)
        self._directory.check_stays(name)
        self._directory.replace(workload, actor)
        return self._describe(entry)

    @verb
    def describe(self, name: str) -> WorkloadDescription:
        """A workload as it is now, with its replicas. Raises UnknownNameError."""
        return self._describe(self._directory.find(name))

    @verb
    def list(
        self,
        labels: str | Mapping[str, str] | None = None,
        *,
        zone: str | None = None,
        status: WorkloadStatus | str | Sequence[WorkloadStatus | str] | None = None,
    ) -> WorkloadList:
        """The workloads that are meant, in order of submission.

        `labels`: a mapping, or text as of `kubectl -l`: `"app=web,tier!=test,team,!old"`. `status`: one or several. Raises OptionError.
        """
        chosen, now = _selector(labels, zone, status), self._sim.now
        return WorkloadList(summarize(entry, now) for entry in self._directory if _is_chosen(chosen, entry))

    @verb
    def is_free(self, name: str) -> bool:
        """Whether a workload could be called so: none is, or the one that was is over."""
        entry = self._directory.get(name)
        return (entry is None or entry.over) and self._directory.stays(name)

    @verb
    def watch(
        self,
        callback: Callable[[Event], object] | None = None,
        *,
        name: str | None = None,
        labels: str | Mapping[str, str] | None = None,
        zone: str | None = None,
        predicate: str = "workload.*",
    ) -> Watch:
        """Be told of the events of workloads from now on: by `callback(event)`, or by what the answer collects (see `Watch`).

        `name`: of this one only, which need not exist yet. Raises OptionError.
        """
        chosen = _selector(labels, zone, None)
        if callback is not None and not callable(callback):
            raise OptionError(f"callback={callback!r:.60}: expected a function of an event")

        def chooses(subject: str) -> bool:
            if name is not None and subject != name:
                return False
            if not chosen.labels and chosen.zone is None:
                return True
            entry = self._directory.get(subject)
            return entry is not None and _is_chosen(chosen, entry)

        return Watch(self._sim, predicate, chooses, callback)

    @verb
    def logs(self, name: str, replica: int = 0) -> EnvironmentLog:
        """The log of a replica's environment; empty while it has none. Raises UnknownNameError, OptionError for a replica it has not."""
        entry = self._directory.find(name)
        if isinstance(entry, WorkloadRecord):
            return log_of(entry, replica, replica, entry.workload.replicas)
        at = replica if isinstance(replica, int) and 0 <= replica < len(entry.replicas) else 0
        if not entry.replicas:
            raise OptionError(f"replica={str(replica)[:40]}: service {name!r} has no replicas")
        return log_of(entry.records[at], 0, replica, len(entry.replicas))

    @verb
    def explain(self, name: str, replica: int = 0) -> Explanation:
        """Why a workload waits, node by node, or why it is where it is, as of now; of a service, one replica. Raises like `logs`."""
        from .explanation import explain_job

        entry = self._directory.find(name)
        if isinstance(entry, Service):
            if isinstance(replica, bool) or not isinstance(replica, int) or not 0 <= replica < len(entry.replicas):
                raise OptionError(f"replica={str(replica)[:40]}: expected a replica of the service, which has {len(entry.replicas)}")
            entry = entry.records[replica]
        return explain_job(self._cluster, entry)

    # -- the whole cluster

    @verb
    def configure(
        self, *, queue: str | QueuePolicy | None = None, placement: str | PlacementPolicy | None = None, actor: str = ADMINISTRATOR
    ) -> None:
        """Give the cluster another queue or placement policy (a name, or a policy with its options), from this instant on.

        Only while no workload waits, runs or is held: raises OptionError otherwise, and UnknownNameError for a policy that does not exist.
        """
        from .policy_change import change_policies

        self._administrator(actor, "configure", "the cluster")
        change_policies(self._cluster, queue, placement)
        table = self._cluster.scheduler.table
        data = {"queue": table.queue.label(), "placement": table.placement.label()}
        self._sim.emit(f"cluster:{self._cluster.spec.name}", "cluster.configured", source=SOURCE, actor=actor, data=data)

    def capacity(self) -> Capacity:
        """What the cluster has, and what of it is in service."""
        return cluster_capacity(self._cluster)

    def state(self) -> ClusterState:
        """The whole cluster as of this instant; `free + bound = capacity` on every node."""
        statuses: dict[str, int] = {}
        for entry in self._directory:
            statuses[entry.status.value] = statuses.get(entry.status.value, 0) + 1
        return self._node_management.state(statuses)

    def metrics(self) -> str:
        """The metrics of the Monitoring Component as Prometheus text."""
        return self._cluster.monitor.prometheus()

    # -- inside

    def _ending(self, entry: WorkloadRecord | Service) -> simpy.Event:
        happened = self._sim.event()

        def succeed() -> None:
            happened.succeed(entry.status)

        if isinstance(entry, Service):
            entry.tell_end(succeed)
        else:
            self._endings.tell(entry, succeed)
        return happened

    def _describe(self, entry: WorkloadRecord | Service) -> WorkloadDescription:
        return describe_service(self._cluster, entry) if isinstance(entry, Service) else describe_job(self._cluster, entry)

    def __repr__(self) -> str:
        return f"ManagementEndpoint(of {self._cluster!r})"


def _is_chosen(selector: Selector, entry: WorkloadRecord | Service) -> bool:
    return selector.chooses(entry.workload.labels, entry.workload.zone, entry.status.value)


def _selector(labels: Any, zone: Any, status: Any) -> Selector:
    known = [word.value for word in WorkloadStatus]
    asked = () if status is None else (status,) if isinstance(status, (str, WorkloadStatus)) else tuple(status)
    words = frozenset(str(getattr(word, "value", word)) for word in asked)
    for word in sorted(words):
        if word not in known:
            from ...errors import UnknownNameError

            raise UnknownNameError("status", printable(word[:40]), known)
    if zone is not None and not isinstance(zone, str):
        raise OptionError(f"zone={zone!r:.60}: expected the name of a zone")
    return Selector(label_rules(labels), zone, None if status is None else words)
