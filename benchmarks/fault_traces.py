"""A case of the fault campaign: a trace on a cluster, with its policies and its faults, as plain data from which a run is made."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from benchmarks.fault_draws import GROUPS, INF, shown
from benchmarks.fault_mark_draws import is_marked
from mlplat.hardware import ClusterSpec, Outages
from mlplat.infra.attempt_arrays import Interruptions, Limit
from mlplat.infra.autoscaling import Autoscaling, absent_at_first
from mlplat.infra.incidents import Damping, Detection, Incidents, incidents
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.world import Run, build_run
from mlplat.resources import ResourceRequest
from mlplat.runs.scaled import Scaled
from mlplat.workload import JobTrace

DAMPING = ("window", "hold", "longest")


class Job(NamedTuple):
    """A gang of a case; `request`, `last`: which of the case's requests a replica and the last one ask for."""

    submit: float
    duration: float
    estimate: float
    request: int
    last: int
    replicas: int
    priority: int = 0
    group: int = 0


class Fault(NamedTuple):
    """An outage of a node, by its row, or of one of its devices."""

    kind: str
    node: int
    start: float
    end: float
    device: int = -1
    notice: float = 0.0
    grace: float = 0.0


@dataclass(frozen=True)
class FaultCase:
    """One run. Times in seconds; `groups` and `requests` as of `NodeGroup` and `ResourceRequest`, or `pool` for a cluster without nodes.

    `scan`: how often nodes are added and removed, 0 for never. `known`: times up to which the incidents are known, before they are told as
    far as the next of these. `checkpoint`: interval, write and restart time. `limits`: group -> cpu_milli, memory_mib, gpu_milli.
    `detection`: period and grace; `damping`: of flapping nodes (times, window, hold, longest), or None. `ranks`: the tie order, for
    `ties="ranks"`.
    """

    groups: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pool: str = ""
    queue: str = "fifo"
    queue_options: dict[str, Any] = field(default_factory=dict)
    placement: str = "best-fit"
    placement_options: dict[str, Any] = field(default_factory=dict)
    ties: str = "node-order"
    ranks: list[int] = field(default_factory=list)
    split: str = "never"
    checkpoint: tuple[float, float, float] = (INF, 0.0, 0.0)
    max_restarts: int | None = None
    scrape: float = 0.0
    limits: dict[str, dict[str, int]] = field(default_factory=dict)
    detection: tuple[float, float] = (0.0, 0.0)
    damping: tuple[int, float, float, float] | None = None
    until: float = INF
    scan: float = 0.0
    known: tuple[float, ...] = ()
    seed: int = 0

    @property
    def marked(self) -> bool:
        """Whether its nodes have labels or taints."""
        return is_marked(self.groups)

    def spec(self) -> ClusterSpec:
        """The cluster."""
        return ClusterSpec.parse(self.pool) if self.pool else ClusterSpec.model_validate({"groups": self.groups})

    def trace(self) -> JobTrace:
        """The jobs, of three groups."""
        columns = {name: [job[i] for job in self.jobs] for i, name in enumerate(Job._fields)}
        return JobTrace.build(
            submit=columns["submit"],
            duration=columns["duration"],
            estimate=columns["estimate"],
            request=columns["request"],
            last_request=columns["last"],
            replicas=columns["replicas"],
            priority=columns["priority"],
            group=columns["group"],
            groups=GROUPS,
            requests=[ResourceRequest(**request) for request in self.requests],
            split=self.split,
        )

    def outages(self) -> Outages:
        """The faults."""
        return Outages.build(**{name: [fault[i] for fault in self.faults] for i, name in enumerate(Fault._fields)})

    def incidents(self, spec: ClusterSpec) -> Incidents:
        """What the scheduler meets of the faults."""
        damping = None if self.damping is None else Damping(times=self.damping[0], **dict(zip(DAMPING, self.damping[1:], strict=True)))
        return incidents(self.outages(), spec.nodes(), Detection(*self.detection, damping))

    def run(self, spec: ClusterSpec, trace: JobTrace, found: Incidents) -> Run:
        """The run, before its first event. Raises what `build_run` raises."""
        interval, write, restart = self.checkpoint
        what = Interruptions(
            incidents=found,
            interval=interval,
            write=write,
            restart=restart,
            max_restarts=self.max_restarts,
            scrape=self.scrape,
            limits={group: Limit(**most) for group, most in self.limits.items()},
        )
        placement = placement_policy(self.placement)
        if self.placement_options:
            placement = type(placement)(**self.placement_options)
        ties = self.ranks if self.ties == "ranks" else self.ties
        queue = queue_policy(self.queue, **self.queue_options)
        run = build_run(spec.nodes(), trace, queue, placement, ties=ties, seed=self.seed, interruptions=what)
        if self.scan:
            run.begin_without(absent_at_first(spec), self.scan)
        return run

    def scaled(self, spec: ClusterSpec, run: Run) -> Scaled | None:
        """What lets the nodes of a run come and go, if they do."""
        return Scaled(run, spec, Autoscaling(self.scan), self.seed) if self.scan else None

    def __repr__(self) -> str:
        """Python that makes it, without what is at its default."""
        usual = FaultCase()
        parts = [f"{f.name}={shown(value)}" for f in fields(self) if (value := getattr(self, f.name)) != getattr(usual, f.name)]
        return f"FaultCase({', '.join(parts)})"
