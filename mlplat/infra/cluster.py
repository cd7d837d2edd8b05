"""`Cluster`: the live infrastructure layer over a description. Nodes, virtualization, scheduler, monitoring, watcher, endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..errors import OptionError
from ..hardware.cluster_spec import ClusterSpec
from ..hardware.interruption_rates import job_mtbf
from ..html_tables import table
from ..plotting import Plots
from ..resources import UNLIMITED
from ..units import Duration, seconds
from .attempt_arrays import Interruptions, group_limits
from .cluster_hardware import Hardware
from .kernels.attempt_state import Outcome
from .kernels.state import JobState
from .kernels.state import Reason as Refusal
from .placement import PlacementPolicy, placement_policy
from .preemption_events import Preemptions
from .queueing import QueuePolicy, queue_policy
from .resource_scheduler import ResourceScheduler
from .tolerations import ANYWHERE, selection_of
from .virtualization.images import ImageStore
from .virtualization.restarts import NEVER, StopHook
from .virtualization.states import TERMINAL, Reason
from .virtualization.virtualization import Virtualization
from .volumes import Volumes
from .watcher import Watcher
from .workload_records import WorkloadRecord, WorkloadStatus

if TYPE_CHECKING:
    from ..context import Simulation
    from .autoscaling import Autoscaling
    from .checkpoint_writing import CheckpointWriting
    from .cluster_arrays import Ties
    from .endpoint.facade import ManagementEndpoint
    from .incidents import Detection
    from .live_autoscaling import LiveAutoscaling
    from .monitor import Monitor
    from .network.manager import NetworkManager
    from .program import Program
    from .programs import Programs
    from .quotas import Described
    from .resource_scheduler import Held
    from .virtualization.environments import RuntimeEnvironment
    from .workload_spec import Workload

PENDING, HELD, STARTING, RUNNING, STOPPING = (
    WorkloadStatus.PENDING,
    WorkloadStatus.HELD,
    WorkloadStatus.STARTING,
    WorkloadStatus.RUNNING,
    WorkloadStatus.STOPPING,
)
SOURCE = "cluster"
REASON, BOUND, FINISHED = ("reason",), ("nodes", "attempt"), ("outcome", "reason")
"""What the data of events is called."""
ENDS = {
    Outcome.PREEMPTED: Reason.PREEMPTED,
    Outcome.DRAINED: Reason.DRAINED,
    Outcome.NODE: Reason.NODE_LOST,
    Outcome.DEVICE: Reason.DEVICE_FAILED,
    Outcome.FENCED: Reason.FENCED,
    Outcome.CANCELLED: Reason.DELETED,
    Outcome.ERROR: Reason.ERROR,
    Outcome.RECLAIMED: Reason.RECLAIM,
}
"""How an attempt ended -> what its environments are told."""
OF_HARDWARE = frozenset((Reason.NODE_LOST, Reason.DEVICE_FAILED, Reason.FENCED))
"""Ends of an environment that are not its program's doing: the watcher sees to them."""
OF_NODES = OF_HARDWARE | {Reason.DRAINED}


class Cluster:
    """A cluster that lives in a simulation: workloads come and go, hardware fails and is repaired, people look at it.

    `queue`, `placement`, `ties`, `max_restarts`, `limits`: as for `replay`; the scheduler is the same. `quotas`:
    quotas and cohorts (docs/quotas.md), None for a cluster without them; a workload is of the quota named like its zone.
    `images`: what can be pulled. `start_overhead`: from the image being there to the program running.
    `registry_mbps`: Mbit/s at which the registry serves a node.
    `detection`: how lost nodes are noticed. `scrape_period`: of the Monitoring Component, None for none. `stale`: the scheduler learns of
    freed room only when it is scraped. `events`: `"all"`, or `"brief"` without the steps of environments between bound and running.
    `administrators`: principals that may change nodes. `autoscaling`: whether node groups with `scaling` grow and shrink, or how often that
    is looked at. Raises OptionError, UnknownNameError.

    >>> import mlplat as mp
    >>> sim = mp.Simulation(seed=7)
    >>> cluster = mp.Cluster(sim, mp.ClusterSpec.parse("2x8xV100"))
    >>> handle = cluster.endpoint.submit(mp.Workload("train", {"cpus": 4, "gpus": 1}, duration="2h"))
    >>> sim.run(until="3h")
    >>> handle.status.value
    'succeeded'
    """

    def __init__(
        self,
        sim: Simulation,
        spec: ClusterSpec,
        *,
        queue: str | QueuePolicy = "fifo",
        placement: str | PlacementPolicy = "best-fit",
        ties: Ties = "node-order",
        images: ImageStore | None = None,
        start_overhead: Duration = 0.0,
        registry_mbps: float = float("inf"),
        detection: Detection | None = None,
        scrape_period: Duration | None = 15.0,
        stale: bool = False,
        max_restarts: int | None = None,
        limits: Mapping[str, Mapping[str, float]] | None = None,
        quotas: Sequence[Described] | None = None,
        events: Literal["all", "brief"] = "all",
        administrators: frozenset[str] = frozenset({"admin"}),
        autoscaling: bool | Autoscaling = True,
    ) -> None:
        if not isinstance(spec, ClusterSpec):
            raise OptionError(f"spec is a {type(spec).__name__}; expected a ClusterSpec, such as ClusterSpec.parse('96x8xV100')")
        if stale and scrape_period is None:
            raise OptionError("stale=True needs a scrape_period, at which the scheduler learns of freed room")
        self.sim, self.spec, self.nodes = sim, spec, spec.nodes()
        self.administrators = frozenset(administrators)
        self.scrape_period = None if scrape_period is None else seconds(scrape_period)
        if limits and quotas is not None:
            raise OptionError("limits= and quotas= do not go together: a quota has a limit of its own")
        what = Interruptions(
            max_restarts=max_restarts, scrape=self.scrape_period or 0.0 if stale else 0.0, limits=group_limits(limits or {})
        )
        self.scheduler = ResourceScheduler(
            sim.env, self.nodes, queue_policy(queue), placement_policy(placement), ties=ties, seed=sim.seed, what=what, quotas=quotas
        )
        self.images = ImageStore() if images is None else images
        self._overhead = seconds(start_overhead)
        self.virtualization = Virtualization.over(
            sim, spec, images=self.images, start_overhead=start_overhead, registry_mbps=registry_mbps, events=events
        )
        self.hardware = Hardware(sim, self.nodes, self.scheduler, self.virtualization)
        self.watcher = Watcher(sim, self.nodes, self.hardware, self.scheduler, self.virtualization, detection)
        self.workloads: dict[str, WorkloadRecord] = {}
        """By name; ended ones until they are deleted or their name is used again."""
        self._records: list[WorkloadRecord] = []
        """By job number."""
        self._preemptions = Preemptions(self)
        scheduler = self.scheduler
        scheduler.on_rejected, scheduler.on_held, scheduler.on_started = self._rejected, self._held, self._started
        scheduler.on_admitted, scheduler.on_stopped, scheduler.on_ended = self._admitted, self._stopped, self._ended
        self.network = self._network()
        """The Network Manager; None where the description has no network."""
        self.autoscaling = self._autoscaling(autoscaling)
        """What lets nodes come and go; None where they never do."""
        self.volumes = Volumes(self)
        self._checkpoints: CheckpointWriting | None = None
        """What writes checkpoints that have a size; None before the first workload with such a policy."""
        self._programs: Programs | None = None
        """What calls programs; None before the first workload with one."""
        if self.scrape_period is not None:
            _ = self.monitor  # begins to scrape

    def _network(self) -> NetworkManager | None:
        if self.spec.network is None:
            return None
        from .network.manager import NetworkManager

        return NetworkManager(self, self.spec.network)

    def _autoscaling(self, options: bool | Autoscaling) -> LiveAutoscaling | None:
        from .autoscaling import autoscaling_for
        from .live_autoscaling import LiveAutoscaling

        scaling = autoscaling_for(self.spec, options)
        return None if scaling is None else LiveAutoscaling(self, scaling)

    @cached_property
    def monitor(self) -> Monitor:
        """The Monitoring Component."""
        from .monitor import Monitor

        return Monitor(self)

    @cached_property
    def endpoint(self) -> ManagementEndpoint:
        """The Management Endpoint: the way in for everybody else."""
        from .endpoint.facade import ManagementEndpoint

        return ManagementEndpoint(self)

    # -- workloads

    @property
    def plot(self) -> Plots:
        """What is held of the cluster now, as a figure: `plot()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "cluster_now")

    def run_workload(
        self, workload: Workload, *, program: Program | None = None, actor: str = "system", cause: Any = None
    ) -> WorkloadRecord:
        """A gang arrives now. The name must be free: that is not checked here (the endpoint does). Raises OptionError for what this cluster
        cannot run, UnknownNameError for a place to write checkpoints to that is none.
        """
        sim, checkpoint = self.sim, workload.checkpoint
        self.check(workload)
        writing = None if checkpoint.size_mib is None else self.checkpoints
        interval = self._interval(workload) if checkpoint.depends_on_failures else checkpoint.interval
        because = None if cause is None else sim.log.cause_id(cause)
        event = sim.log.record("workload:" + workload.name, "workload.submitted", SOURCE, actor, because)
        job = self.scheduler.submit(
            workload.request,
            duration=workload.duration,
            estimate=workload.estimate,
            replicas=workload.replicas,
            priority=workload.priority,
            group=workload.zone,
            interval=interval if writing is None else float("inf"),  # type: ignore[arg-type]
            write=checkpoint.write_s,
            restart=checkpoint.restart_s,
            selection=selection_of(workload.node_selector, workload.tolerations) if workload.selects else ANYWHERE,
        )
        record = WorkloadRecord(workload, job, sim.env._now, actor, event)
        self.workloads[workload.name] = record
        self._records.append(record)
        if writing is not None:
            writing.keep(record, interval)  # type: ignore[arg-type]
        if program is not None:
            self.programs.keep(record, program)
            record.has_program = True
        if self.network is not None:
            self.network.keep_name(workload)
        return record

    def check(self, workload: Workload) -> None:
        """Raises OptionError or UnknownNameError for a workload that this cluster cannot run whatever it has room for."""
        if self.network is not None:
            self.network.check(workload)
        self.check_checkpoint(workload)

    def check_checkpoint(self, workload: Workload) -> None:
        """Raises OptionError or UnknownNameError for a checkpoint policy that means nothing on this cluster."""
        if workload.checkpoint.size_mib is not None:
            self.checkpoints.check(workload.checkpoint)
        if workload.checkpoint.depends_on_failures:
            self._interval(workload)

    @property
    def checkpoints(self) -> CheckpointWriting:
        """What writes checkpoints that have a size."""
        if self._checkpoints is None:
            from .checkpoint_writing import CheckpointWriting

            self._checkpoints = CheckpointWriting(self)
        return self._checkpoints

    @property
    def programs(self) -> Programs:
        """What calls the programs of workloads."""
        if self._programs is None:
            from .programs import Programs

            self._programs = Programs(self)
        return self._programs

    def _interval(self, workload: Workload) -> float:
        """Work between checkpoints at the optimum for what the workload uses. Raises OptionError where nothing is known of failures."""
        if self.spec.reliability is None:
            raise OptionError("checkpoint='young-daly' follows from how often hardware fails: the cluster has no 'reliability'")
        mtbf = job_mtbf(self.spec.reliability, self.spec, [workload.request], [0], [workload.replicas])
        write = None if workload.checkpoint.size_mib is None else self.checkpoints.guessed_write_s(workload)
        return float(workload.checkpoint.interval_for(mtbf, write)[0])

    def stop_workload(self, record: WorkloadRecord, *, grace: float = 0.0, cause: Any = None, reason: Reason = Reason.DELETED) -> bool:
        """Delete a workload, for `reason`: DELETED or IDLE. Returns whether it was not over."""
        if record.over:
            return False
        waiting = record.status in (PENDING, HELD)
        if not self.scheduler.cancel(record.job, grace):
            return False  # it has completed, and nobody has noticed yet
        record.status, record.reason = WorkloadStatus.CANCELLED if waiting or grace == 0 else STOPPING, reason.value
        self._stop_writing(record)
        if not waiting:
            self._stop_environments(record, reason, grace)
        if waiting:
            self._over(record, WorkloadStatus.CANCELLED, reason.value, "cancelled", cause)
        return True

    # -- what the scheduler tells

    def _rejected(self, job: int) -> None:
        record = self._records[job]
        reason = "|".join(flag.name or "" for flag in Refusal if flag and self.scheduler.reason(job) & flag)
        record.status, record.reason, record.ended_s = WorkloadStatus.REJECTED, reason, self.sim.now
        self._record(record, "workload.rejected", REASON, (reason,))
        if self.network is not None:
            self.network.drop_name(record.workload)

    def _held(self, job: int) -> None:
        record = self._records[job]
        reason = "QUOTA" if self.scheduler.table.quotas is None else "ZONE_LIMIT"
        record.status, record.reason = HELD, reason
        self._record(record, "workload.held", REASON, (reason,))

    def _admitted(self, job: int) -> None:
        record = self._records[job]
        record.status, record.reason = PENDING, ""
        self._record(record, "workload.admitted")

    def _started(self, job: int) -> None:
        record = self._records[job]
        workload = record.workload
        held = self.scheduler.held_by(job)
        names = self.nodes.names
        self._record(record, "workload.bound", BOUND, (tuple([names[part.node] for part in held]), record.attempts))
        if job in self._preemptions.reclaiming:
            self._preemptions.tell_reclaimed(record)
        record.attempts += 1
        if record.attempts == 1:
            record.started_s = self.sim.env._now
        record.reason = ""
        simple = workload.image is None and workload.usage is None and self._overhead == 0 and workload.restart is NEVER
        simple = simple and not record.has_program
        record.unready = 0 if simple else workload.replicas
        record.status = RUNNING if simple else STARTING
        if not simple:
            self.scheduler.await_ready(job)
        self._start_environments(record, held)
        if simple and (workload.checkpoint.size_mib is not None or (workload.sync is not None and self.network is not None)):
            self.set_to_work(record)

    def _start_environments(self, record: WorkloadRecord, held: list[Held]) -> None:
        workload = record.workload
        environments: list[RuntimeEnvironment] = []
        record.environments = environments
        write = workload.checkpoint.write_s if workload.checkpoint.size_mib is None else self.checkpoints.expect(record, held)
        hook = StopHook(write) if write > 0 else None
        cause, start = record.last_event, self.virtualization.start
        resumed = (
            f"checkpoint:{workload.name}/{record.attempts - 1}" if record.attempts > 1 and self.scheduler.has_saved(record.job) else None
        )
        for part in held:
            each = max(1, workload.request.gpus)
            for i in range(part.replicas):
                environment = start(
                    f"{workload.name}/{len(environments)}",
                    node=part.node,
                    request=workload.request,
                    devices=part.devices[i * each : (i + 1) * each] if part.devices else (),
                    mig_start=part.mig_start,
                    image=workload.image,
                    usage=workload.usage,
                    restart=workload.restart,
                    stop_hook=hook,
                    on_ready=self._ready if record.unready else None,
                    on_unready=self._unready if workload.restart is not NEVER else None,
                    on_end=self._environment_ended,
                    resumed_from=resumed,
                    owner=record,
                    cause=cause,
                )
                environments.append(environment)
        for environment in environments:
            if environment.state in TERMINAL:  # such as without an image to start from
                self._environment_ended(environment)
                return
        if record.status is STARTING and record.unready == 0:  # all were up as they were made
            self.set_to_work(record)

    def _stopped(self, job: int) -> None:
        """The scheduler takes the room back, and gives grace."""
        record = self._records[job]
        self._stop_writing(record)
        outcome, until = self.scheduler.stopping(job)
        record.status, record.reason = STOPPING, ENDS[outcome].value
        self._preemptions.tell(record, ENDS[outcome], until - self.sim.now)
        self._stop_environments(record, ENDS[outcome], until - self.sim.now)

    def _ended(self, job: int, outcome: Outcome) -> None:
        record = self._records[job]
        if outcome is Outcome.COMPLETED:
            record.status = STOPPING
            done = not record.has_program or self.programs.finish(record)
            for environment in record.environments:
                self.virtualization.stop(environment, Reason.COMPLETED if done else Reason.ERROR)
            if done:
                self._over(record, WorkloadStatus.SUCCEEDED, "COMPLETED", "success", None)
            else:
                self._over(record, WorkloadStatus.FAILED, "ERROR", "failure", None)
            return
        self._stop_writing(record)
        reason = ENDS[outcome]
        if outcome in (Outcome.PREEMPTED, Outcome.RECLAIMED) and record.status is not STOPPING:
            self._preemptions.tell(record, reason, 0.0)
        record.status = STOPPING
        self._stop_environments(record, reason, 0.0)
        if record.has_program:
            self.programs.stop(record, record.reason or reason.value)
        if outcome is Outcome.CANCELLED:
            self._over(record, WorkloadStatus.CANCELLED, record.reason or reason.value, "cancelled", None)
        elif outcome is Outcome.ERROR:
            self._over(record, WorkloadStatus.FAILED, record.reason or "ERROR", "failure", None)
        elif self.scheduler.state(job) is JobState.LOST:
            self._over(record, WorkloadStatus.REJECTED, "NO_ROOM", "error", None)
        elif self.scheduler.has_failed(job):
            self._over(record, WorkloadStatus.FAILED, "RESTARTS", "error", None)
        else:
            cause = self._cause_of_failure(record) if reason in OF_NODES else None
            record.status, record.reason, record.environments = PENDING, reason.value, ()
            self._record(record, "workload.requeued", REASON, (reason.value,), cause)

    def _cause_of_failure(self, record: WorkloadRecord) -> Any:
        """What the log says of the node at fault."""
        for environment in record.environments:
            event = self.watcher.last_event(environment.node)
            if event is not None and event.id >= 0 and environment.reason in OF_NODES:
                return event
        return None

    # -- what the environments tell

    def _ready(self, environment: RuntimeEnvironment) -> None:
        record: WorkloadRecord = environment.owner
        record.unready -= 1
        if record.unready == 0 and record.status is STARTING and len(record.environments) == record.workload.replicas:
            self.set_to_work(record)

    def set_to_work(self, record: WorkloadRecord) -> None:
        """All of a gang is up. Where its ranks cannot reach each other it does no work until they can."""
        sync, network, pace = record.workload.sync, self.network, 1.0
        if sync is not None and network is not None:
            joined = network.pace_of(record.environments, sync)
            if joined is None:
                record.status = STARTING
                self.scheduler.await_ready(record.job)
                network.unjoined[record.job] = record
                return
            pace = joined
        if record.has_program and not self.programs.begin(record):
            return
        record.status = RUNNING
        pace *= self._pace(record)
        if record.workload.checkpoint.size_mib is None:
            self.scheduler.ready(record.job, pace)
        else:
            self.checkpoints.set_to_work(record, pace)

    def _pace(self, record: WorkloadRecord) -> float:
        """Seconds of work a second: of the slowest replica, over all that is left."""
        usage, request = record.workload.usage, record.workload.request
        span = self.scheduler.span_left(record.job)
        if usage is None or not 0 < span < float("inf"):
            return 1.0
        return span / max(span, usage.stretched(span, request))

    def _unready(self, environment: RuntimeEnvironment) -> None:
        """Its program has failed and starts again where it is: the gang does no work until it is back."""
        record: WorkloadRecord = environment.owner
        if record.status is RUNNING:
            record.status = STARTING
            self._stop_writing(record)
            self.scheduler.set_back(record.job)
        if record.has_program:
            self.programs.pause(record)
        record.unready += 1

    def _environment_ended(self, environment: RuntimeEnvironment) -> None:
        record: WorkloadRecord = environment.owner
        reason = environment.reason
        if record.status not in (STARTING, RUNNING) or environment not in record.environments or reason is None:
            return
        if reason in OF_HARDWARE:
            for other in record.environments:
                if not other.ended:
                    self.virtualization.halt(other)
        elif reason is not Reason.COMPLETED:
            record.reason = reason.value
            self.scheduler.fail(record.job)

    def _stop_environments(self, record: WorkloadRecord, reason: Reason, grace: float) -> None:
        for environment in record.environments:
            if not environment.ended:
                self.virtualization.stop(environment, reason, grace)

    def _stop_writing(self, record: WorkloadRecord) -> None:
        if self._checkpoints is not None:
            self._checkpoints.stop(record)

    # -- events

    def _over(self, record: WorkloadRecord, status: WorkloadStatus, reason: str, outcome: str, cause: Any) -> None:
        record.status, record.reason, record.ended_s = status, reason, self.sim.env._now
        record.environments = tuple(record.environments)
        self._record(record, "workload.finished", FINISHED, (outcome, reason), cause)
        if self._checkpoints is not None:
            self._checkpoints.forget(record)
        if record.has_program:
            self.programs.forget(record)
        if self.network is not None:
            self.network.drop_name(record.workload)

    def tell(self, record: WorkloadRecord, predicate: str, keys: tuple[str, ...], values: tuple[Any, ...]) -> None:
        """Write to the event log what a component of the cluster has done to a workload."""
        self._record(record, predicate, keys, values)

    def record_of(self, job: int) -> WorkloadRecord:
        """The workload of a job of the scheduler."""
        return self._records[job]

    def _record(
        self, record: WorkloadRecord, predicate: str, keys: tuple[str, ...] = (), values: tuple[Any, ...] = (), cause: Any = None
    ) -> None:
        """Write to the event log. An event is caused by the one before it in the life of the workload, unless another is given."""
        log = self.sim.log
        because = record.last_event if cause is None else log.cause_id(cause)
        record.last_event = log.record("workload:" + record.workload.name, predicate, SOURCE, record.actor, because, keys, values)

    def __repr__(self) -> str:
        return f"Cluster({self.spec.name!r}: {len(self.nodes):,} nodes, {len(self.workloads):,} workloads, {self.sim.now:g} s)"

    def _repr_html_(self) -> str:
        state = self.endpoint.state()
        dimensions = ("cores", "memory, GiB", "disk, GiB", "devices")
        units = (1000, 1024, 1024, 1000)

        def free_of(node: int) -> list[str]:
            pairs = zip(state.free[node].tolist(), state.capacity[node].tolist(), units, strict=True)
            return ["unlimited" if most >= UNLIMITED else f"{free / unit:,.6g} of {most / unit:,.6g}" for free, most, unit in pairs]

        rows = ([name, state.health[node], *free_of(node)] for node, name in enumerate(state.names))
        return table(("node", "health", *(f"free {name}" for name in dimensions)), rows, title=repr(self), lead=[repr(state)])
