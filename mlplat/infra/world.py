"""The state of one run, ready for the kernels: cluster, queue, policy and trace as arrays (`kernels.state.World`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptionError
from .attempt_arrays import (
    ROOM_PER_JOB,
    Interruptions,
    attempt_log,
    blank_progress,
    group_arrays,
    hardware_arrays,
    incident_arrays,
    no_groups,
    option_numbers,
    profile_milli,
    progress_arrays,
    time_with_checkpoints,
)
from .cluster_arrays import Ties, cluster_arrays
from .job_shapes import monotone_shapes, shapes_of
from .kernels.attempt_state import Incident
from .kernels.inspect_nodes import all_fragments
from .kernels.state import (
    BLOCKED,
    COUNTERS,
    FRAGMENT,
    HELD_BACK,
    NEXT_ARRIVAL,
    PACED,
    PROBE,
    RUNNING,
    SHAPE,
    STARTED,
    WAITING,
    WATCHED,
    Jobs,
    JobState,
    Placement,
    Queue,
    World,
)
from .kernels.structs import Packed, pack
from .node_selection import NodeKinds, with_kinds
from .placement import Fgd, PlacementPolicy
from .plan_arrays import make_room_to_plan, plan_for, rows_for
from .policy_arrays import UserScore, policy_arrays
from .queue_arrays import RANKING, completions_for, job_log, longer, reservation_arrays, trees_for, waiting_arrays
from .queue_keys import keys_of_trace
from .queueing import QueuePolicy
from .quotas.arrays import leaves_of, no_quotas, quota_arrays
from .quotas.parts import parts_of, variants_of, with_variants
from .refusals import refuse_by_count, refuse_by_placing
from .request_arrays import class_arrays, mig_profiles
from .splitting import Gangs, split_jobs
from .tolerations import ANYWHERE, Selection

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace
    from .incidents import Incidents
    from .quotas import Described

Array = np.ndarray[Any, Any]


MAX_RECORDS = 500_000_000  # 8 GB


@dataclass(slots=True, eq=False)
class Run:
    """A world with what Python needs beside it: the trace and nodes it was made from, and the gangs the jobs became."""

    world: World
    packed: Packed
    trace: JobTrace
    nodes: NodeTable
    gangs: Gangs
    profiles: tuple[str, ...]
    queue: QueuePolicy
    placement: PlacementPolicy
    user: UserScore
    absent: Array = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Rows of the nodes that are not there at first."""
    scan: float = 0.0
    """Period (s) at which nodes are added and removed, 0 where they never are."""
    pace_of: Callable[[int], float] | None = None
    """Seconds of work a second of a job that has just started; None where it is always 1."""
    conditions: dict[str, Any] = field(default_factory=dict)
    """What the manifest says of failures, checkpoints and limits."""

    @property
    def address(self) -> int:
        """Where compiled code finds the world."""
        return self.packed.address

    def change(self, **parts: Any) -> None:
        """Put other arrays into the world: longer ones, or more incidents."""
        self.world = self.world._replace(**parts)
        self.packed = pack(self.world)

    def tell_paces(self, set_pace: Callable[[int, float], object]) -> None:
        """Say at what pace the jobs work that have started since the last time."""
        if self.pace_of is None:
            return
        count, log = self.world.count, self.world.log
        for job in log.order[count[PACED] : count[STARTED]].tolist():
            if log.state[job] == JobState.RUNNING and (pace := self.pace_of(job)) != 1.0:
                set_pace(job, pace)
        count[PACED] = count[STARTED]

    def is_over(self) -> bool:
        """Whether every job has come to its end."""
        count = self.world.count
        arrived = count[NEXT_ARRIVAL] == len(self.world.jobs.submit)
        return bool(arrived and not (count[WAITING] or count[RUNNING] or count[HELD_BACK]))

    def meet(self, found: Incidents) -> None:
        """Take a longer list of incidents that begins as the present one."""
        arrays = incident_arrays(found, self.world.cluster.row_of)
        self.change(hardware=self.world.hardware._replace(**arrays))

    def begin_without(self, rows: Array, scan: float) -> None:
        """These nodes (rows of the table) are not there at first; every `scan` seconds is looked at which are needed."""
        from .kernels.live import let_happen

        self.absent, self.scan = rows, scan
        for number in np.flatnonzero(np.isin(self.world.cluster.row_of, rows)).tolist():
            let_happen(self.address, int(Incident.LEAVE), number, -1, 0.0, 0.0)

    def begin_with_incidents_of(self, other: Run) -> None:
        """Meet, from the start, all that another run of the same cluster has met."""
        same = {name: getattr(other.world.hardware, name).copy() for name in ("time", "code", "node", "device", "grace")}
        self.change(hardware=self.world.hardware._replace(**same))

    def grow(self) -> None:
        """Room for twice as many attempts and records, or for longer plans where that is what is too little."""
        if make_room_to_plan(self):
            return
        log, attempts, hardware = self.world.log, self.world.attempts, self.world.hardware
        started, records = len(attempts.start), len(log.records)
        self.change(
            log=log._replace(order=longer(log.order, 2 * started), records=longer(log.records, 2 * records)),
            attempts=type(attempts)(*(longer(column, 2 * started) for column in attempts)),
            hardware=hardware._replace(next=longer(hardware.next, 2 * records), previous=longer(hardware.previous, 2 * records)),
        )

    def check(self) -> None:
        """Raise what a user's score raised, or OptionError if it gave no number."""
        if self.user.failure is not None:
            raise self.user.failure
        if self.world.policy.seen[16] == 2:
            raise OptionError(f"placement={self.placement.label()!r}: the compiled score raised an exception for a node; expected a float")
        if self.world.policy.seen[16]:
            raise OptionError(f"placement={self.placement.label()!r}: the score is not a number (NaN) for a node; expected a float")


def build_run(
    nodes: NodeTable,
    trace: JobTrace,
    queue: QueuePolicy,
    placement: PlacementPolicy,
    *,
    ties: Ties = "node-order",
    seed: int = 0,
    measure: Fgd | None = None,
    interruptions: Interruptions | None = None,
    kinds: NodeKinds | None = None,
    selection: Selection = ANYWHERE,
    quotas: Sequence[Described | None] = (),
) -> Run:
    """Everything empty, every job to come. With `measure` the nodes' fragments are kept by its typical requests, whatever the policy.
    `kinds`: of the nodes as they are now, None for as they are described. `selection`: of all jobs.
    `quotas`: quotas and cohorts (docs/quotas.md). Without them and `interruptions`, and under a queue policy that does not preempt, a job
    runs from its start to its end.

    Raises OptionError for options that cannot be used.
    """
    gangs = split_jobs(trace, nodes)
    fgd = placement if isinstance(placement, Fgd) else measure
    profiles = mig_profiles(gangs.requests + (fgd.typical.requests if fgd is not None and fgd.typical is not None else ()))
    parts = parts_of(quotas, nodes) if quotas else None
    kinds = kinds or NodeKinds(nodes, None if parts is None else parts.part)
    cluster, state = cluster_arrays(nodes, profiles, ties, kinds.of)
    classes = class_arrays(gangs.requests, nodes, profiles)
    if parts is None:
        classes = classes._replace(barred=with_kinds(classes.barred, kinds.barred_from(selection)))
    else:
        classes = with_variants(classes, kinds, selection, variants_of(parts))
    random_ties = isinstance(ties, str) and ties == "random"
    widest = int(gangs.replicas.max(initial=1))
    trees = trees_for(len(nodes), len(classes.ask), random_ties or placement.code == Placement.RANDOM)
    policy, user = policy_arrays(
        placement,
        trace,
        nodes,
        classes,
        profiles,
        random_ties=random_ties,
        seed=seed,
        row_of=cluster.row_of,
        slots=len(trees.used),
        widest=widest,
        measure=fgd,
    )
    shape, example = shapes_of(gangs, None if parts is None or not parts.divided else leaves_of(quotas, trace))
    gang = np.column_stack([gangs.request, gangs.last_request, gangs.replicas, shape]).astype(np.int32, copy=False)
    interruptible = interruptions is not None or queue.code > Queue.LOSS or len(quotas) > 0
    what = interruptions or Interruptions()
    milli = profile_milli(cluster)
    n = len(trace)
    world = World(
        nodes=state,
        cluster=cluster,
        classes=classes,
        policy=policy,
        trees=trees,
        jobs=Jobs(
            submit=np.ascontiguousarray(trace.submit),
            duration=np.ascontiguousarray(trace.duration),
            estimate=time_with_checkpoints(trace.estimate, what.interval, what.write)
            if interruptible
            else np.ascontiguousarray(trace.estimate),
            key=keys_of_trace(queue, trace, gang, classes, milli),
            gang=gang,
            monotone=monotone_shapes(gangs, example),
            refused=np.zeros(len(example), dtype=np.int16),
        ),
        log=job_log(n),
        waiting=waiting_arrays(n, len(example), len(trace.groups), queue.code),
        reservation=reservation_arrays(state, n if queue.code in RANKING or quotas else 0),
        plan=plan_for(),
        rows=rows_for(state, 0),
        completions=completions_for(2 * n + 64 if interruptible else n),
        progress=progress_arrays(trace, gang, classes, milli, queue, what) if interruptible else blank_progress(0),
        attempts=attempt_log(0),  # see `_make_room`
        hardware=hardware_arrays(nodes, cluster.row_of, state.owner.shape[1], what.incidents, interruptible=interruptible),
        groups=group_arrays(trace, nodes, milli, queue, what.limits) if interruptible else no_groups(),
        quotas=no_quotas()
        if parts is None
        else quota_arrays(
            quotas,
            of=trace.group,
            names=trace.groups,
            nodes=nodes,
            cluster=cluster,
            gang=gang,
            classes=classes,
            queue=queue,
            parts=parts,
        ),
        options=option_numbers(queue, what),
        queue=int(queue.code),
        interruptible=interruptible,
        widest=widest,
        clock=np.zeros(1),
        report=np.zeros(3, dtype=np.int64),
        count=np.zeros(COUNTERS, dtype=np.int64),
    )
    world.count[BLOCKED] = world.count[WATCHED] = world.count[PROBE] = -1
    if parts is not None:
        world.progress.level[:] = trace.priority
    run = Run(world, pack(world), trace, nodes, gangs, tuple(profiles), queue, placement, user)
    if fgd is not None:
        _measure_fragments(run)
    unsure = refuse_by_count(run, example)
    _make_room(run)
    refuse_by_placing(run, example, unsure)
    return run


def _measure_fragments(run: Run) -> None:
    fragments = np.empty(len(run.nodes), dtype=np.int64)
    all_fragments(run.address, fragments)
    run.world.nodes.free[:, FRAGMENT] = fragments


def _make_room(run: Run) -> None:
    """Give the run room to write down every replica of every job that may run. Pages that are not reached are never touched."""
    world = run.world
    possible = run.gangs.replicas[world.jobs.refused[world.jobs.gang[:, SHAPE]] == 0]
    records = int(possible.sum(dtype=np.int64))
    widest = int(possible.max(initial=1)) if len(world.reservation.end) else 0
    if records > MAX_RECORDS:
        raise OptionError(f"the jobs have {records:,} replicas in all; expected at most {MAX_RECORDS:,}")
    reservation = world.reservation._replace(placed_node=np.empty(widest, dtype=np.int32), placed_device=np.empty(widest, dtype=np.int32))
    if not world.interruptible:
        run.change(log=world.log._replace(records=np.empty((records, 4), dtype=np.int32)), reservation=reservation)
        return
    jobs = len(run.trace)
    attempts, records = ROOM_PER_JOB * jobs + 64, min(MAX_RECORDS, ROOM_PER_JOB * records + 64)
    run.change(
        log=world.log._replace(order=np.empty(attempts, dtype=np.int32), records=np.empty((records, 4), dtype=np.int32)),
        attempts=attempt_log(attempts),
        hardware=world.hardware._replace(next=np.empty(records, dtype=np.int64), previous=np.empty(records, dtype=np.int64)),
        reservation=reservation,
    )
