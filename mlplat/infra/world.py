"""The state of one run, ready for the kernels: cluster, queue, policy and trace as arrays (`kernels.state.World`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import OptionError
from .attempt_arrays import (
    ROOM_PER_JOB,
    Interruptions,
    attempt_log,
    group_arrays,
    hardware_arrays,
    no_groups,
    no_progress,
    option_numbers,
    profile_milli,
    progress_arrays,
)
from .cluster_arrays import Ties, cluster_arrays
from .kernels.inspect_nodes import all_fragments, fits_empty, replicas_held
from .kernels.state import (
    BLOCKED,
    COUNTERS,
    FRAGMENT,
    PROBE,
    SHAPE,
    WATCHED,
    Completions,
    Jobs,
    Log,
    Nodes,
    Placement,
    Queue,
    Reason,
    Reservation,
    Trees,
    Waiting,
    World,
)
from .kernels.structs import Packed, pack
from .placement import Fgd, PlacementPolicy
from .policy_arrays import UserScore, policy_arrays
from .queueing import QueuePolicy
from .request_arrays import class_arrays, mig_profiles, node_types, refusal
from .splitting import Gangs, split_jobs

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace

Array = np.ndarray[Any, Any]

TREE_BYTES = 512 * 2**20
"""Memory for the trees of all request classes together; classes beyond it share the slots."""

MAX_RECORDS = 500_000_000  # 8 GB

HEAPS = (Queue.SJF, Queue.PRIORITY, Queue.SRTF, Queue.LAS)
"""Queue policies that keep waiting jobs in a heap."""

LISTS = (Queue.BEST_EFFORT_FIFO, Queue.EASY, Queue.DRF, Queue.CONSERVATIVE)
"""Queue policies that keep waiting jobs in lists."""

RANKING = (Queue.EASY, Queue.CONSERVATIVE, Queue.PRIORITY, Queue.SRTF, Queue.LAS)
"""Queue policies that look at the running jobs in an order."""


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

    @property
    def address(self) -> int:
        """Where compiled code finds the world."""
        return self.packed.address

    def change(self, **parts: Any) -> None:
        """Put other arrays into the world: longer ones, or more incidents."""
        self.world = self.world._replace(**parts)
        self.packed = pack(self.world)

    def grow(self) -> None:
        """Room for twice as many attempts and records."""
        log, attempts, hardware = self.world.log, self.world.attempts, self.world.hardware
        started, records = len(attempts.start), len(log.records)
        self.change(
            log=log._replace(order=_longer(log.order, 2 * started), records=_longer(log.records, 2 * records)),
            attempts=type(attempts)(*(_longer(column, 2 * started) for column in attempts)),
            hardware=hardware._replace(next=_longer(hardware.next, 2 * records), previous=_longer(hardware.previous, 2 * records)),
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
) -> Run:
    """Everything empty, every job to come. With `measure` the nodes' fragments are kept by its typical requests, whatever the policy.
    Without `interruptions`, and under a queue policy that does not preempt, a job runs from its start to its end.

    Raises OptionError for options that cannot be used.
    """
    gangs = split_jobs(trace, nodes)
    fgd = placement if isinstance(placement, Fgd) else measure
    profiles = mig_profiles(gangs.requests + (fgd.typical.requests if fgd is not None and fgd.typical is not None else ()))
    cluster, state = cluster_arrays(nodes, profiles, ties)
    classes = class_arrays(gangs.requests, nodes, profiles)
    random_ties = isinstance(ties, str) and ties == "random"
    widest = int(gangs.replicas.max(initial=1))
    trees = _trees(len(nodes), len(classes.ask), random_ties or placement.code == Placement.RANDOM)
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
    shape, example = _shapes(gangs)
    gang = np.column_stack([gangs.request, gangs.last_request, gangs.replicas, shape]).astype(np.int32, copy=False)
    interruptible = interruptions is not None or queue.code > Queue.LOSS
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
            estimate=trace.estimate.copy() if interruptible else np.ascontiguousarray(trace.estimate),
            gang=gang,
            monotone=_monotone(gangs, example),
            refused=np.zeros(len(example), dtype=np.int16),
        ),
        log=_log(n),
        waiting=_waiting(n, len(example), len(trace.groups), queue.code),
        reservation=_reservation(state, n if queue.code in RANKING else 0),
        completions=_completions(2 * n + 64 if interruptible else n),
        progress=progress_arrays(trace, gang, classes, milli, queue, what) if interruptible else no_progress(),
        attempts=attempt_log(0),  # see `_make_room`
        hardware=hardware_arrays(nodes, cluster.row_of, state.owner.shape[1], what.incidents, interruptible=interruptible),
        groups=group_arrays(trace, nodes, milli, queue, what.limits) if interruptible else no_groups(),
        options=option_numbers(queue, what),
        queue=int(queue.code),
        interruptible=interruptible,
        widest=widest,
        clock=np.zeros(1),
        count=np.zeros(COUNTERS, dtype=np.int64),
    )
    world.count[BLOCKED] = world.count[WATCHED] = world.count[PROBE] = -1
    run = Run(world, pack(world), trace, nodes, gangs, tuple(profiles), queue, placement, user)
    if fgd is not None:
        _measure_fragments(run)
    unsure = _refuse_by_count(run, example)
    _make_room(run)
    _refuse_by_placing(run, example, unsure)
    return run


def _shapes(gangs: Gangs) -> tuple[Array, Array]:
    """(int32[n] shape of each job, int64[shapes] the first job of each shape)."""
    n, classes = len(gangs.request), len(gangs.requests)
    if not n:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    most = int(gangs.replicas.max()) + 1
    if classes * classes * most > 2**62:
        rows = np.column_stack([gangs.request, gangs.last_request, gangs.replicas])
        _, first, shape = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return shape.astype(np.int32).ravel(), first
    key = gangs.request.astype(np.int64)
    if not np.array_equal(gangs.request, gangs.last_request):
        key = key * classes + gangs.last_request
        classes *= classes
    if most > 2:
        key = key * most + gangs.replicas
        classes *= most
    if classes > 4 * n + 1_000_000:
        _, first, shape = np.unique(key, return_index=True, return_inverse=True)
        return shape.astype(np.int32), first
    first_of = np.full(classes, -1, dtype=np.int64)
    first_of[key[::-1]] = np.arange(n - 1, -1, -1)
    present = np.flatnonzero(first_of >= 0)
    number = np.zeros(classes, dtype=np.int32)
    number[present] = np.arange(len(present), dtype=np.int32)
    return number[key], first_of[present]


def _monotone(gangs: Gangs, example: Array) -> Array:
    """bool[shapes]: whether the last replica asks for no more than the others."""
    pairs = zip(gangs.request[example].tolist(), gangs.last_request[example].tolist(), gangs.replicas[example].tolist(), strict=True)
    return np.array([k == 1 or r == m or gangs.requests[m].within(gangs.requests[r]) for r, m, k in pairs], dtype=np.bool_)


def _trees(nodes: int, classes: int, random_ties: bool) -> Trees:
    """Trees for as many classes as TREE_BYTES allow, at least two (a gang's two requests); a level is padded to whole groups of
    eight entries, but for the root.
    """
    lengths = [nodes]
    while lengths[-1] > 1:
        lengths.append(-(-lengths[-1] // 8))
    padded = [8 * -(-length // 8) for length in lengths]
    size = sum(padded)
    slots = max(2, min(classes, TREE_BYTES // ((12 if random_ties else 8) * size)))
    ring = max(64, 1 << (2 * nodes - 1).bit_length())
    return Trees(
        size=size,
        levels=len(lengths),
        start=np.cumsum([0, *padded[:-1]]),
        key=_cache_aligned(slots * size),
        ties=np.zeros(slots * size if random_ties else 0, dtype=np.int32),
        slot_of=np.full(max(1, classes), -1, dtype=np.int32),
        class_of=np.full(slots, -1, dtype=np.int32),
        synced=np.full(slots, -1, dtype=np.int64),
        used=np.zeros(slots, dtype=np.int64),
        log=np.zeros(ring, dtype=np.int32),
        clock=np.zeros(2, dtype=np.int64),
    )


def _cache_aligned(length: int) -> Array:
    """An empty float64 array that begins at a multiple of 64 bytes, so that eight entries are one cache line."""
    room = np.empty(length + 8)
    skipped = -(room.ctypes.data // 8) % 8
    return room[skipped : skipped + length]


def _log(jobs: int) -> Log:
    return Log(
        state=np.zeros(jobs, dtype=np.int8),
        reason=np.zeros(jobs, dtype=np.int16),
        start=np.full(jobs, np.nan),
        first=np.empty(jobs, dtype=np.int64),
        order=np.empty(jobs, dtype=np.int32),
        records=np.empty((0, 4), dtype=np.int32),  # see `_make_room`
    )


def _completions(room: int) -> Completions:
    return Completions(np.empty(room), np.empty(room, dtype=np.int32))


def _longer(array: Array, length: int) -> Array:
    """A copy with room for more rows."""
    longer = np.empty((length, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def _waiting(jobs: int, shapes: int, groups: int, queue: Queue) -> Waiting:
    heap = jobs if queue in HEAPS else 0
    lists = jobs if queue in LISTS else 0
    shapes = max(1, shapes, groups if queue == Queue.DRF else 1)
    return Waiting(
        key=np.empty(heap),
        job=np.empty(heap, dtype=np.int32),
        next=np.empty(lists, dtype=np.int32),
        first=np.full(shapes, -1, dtype=np.int32),
        last=np.full(shapes, -1, dtype=np.int32),
        blocked=np.full(shapes, -1, dtype=np.int64),
        held=np.full(shapes, -1, dtype=np.int64),
        shortest=np.full(shapes, np.inf),
        active=np.empty(shapes, dtype=np.int32),
        cursor=np.empty(shapes, dtype=np.int32),
        before=np.empty(shapes, dtype=np.int32),
        lists=np.empty(shapes, dtype=np.int32),
        slot=np.empty(shapes, dtype=np.int32),
        listed=np.zeros(1, dtype=np.int64),
    )


def _reservation(state: Nodes, jobs: int) -> Reservation:
    """Room to think ahead; of no size under a queue policy that does not (`jobs` 0)."""
    n = len(state.free) if jobs else 0

    def copy() -> Nodes:
        return Nodes(*(np.empty_like(array) if jobs else np.empty((0, array.shape[1]), array.dtype) for array in state))

    return Reservation(
        end=np.empty(jobs),
        job=np.empty(jobs, dtype=np.int32),
        started=np.empty(jobs, dtype=np.int64),
        position=np.empty(jobs, dtype=np.int32),
        frontier=np.empty(jobs + 2, dtype=np.int32),
        shadow=copy(),
        both=copy(),
        shadow_stamp=np.full(n, -1, dtype=np.int64),
        both_stamp=np.full(n, -1, dtype=np.int64),
        touched=np.empty(n, dtype=np.int32),
        reserved=np.empty(n, dtype=np.int32),
        reserved_stamp=np.full(n, -1, dtype=np.int64),
        placed_node=np.empty(0, dtype=np.int32),  # see `_make_room`
        placed_device=np.empty(0, dtype=np.int32),
        victims=np.empty(jobs, dtype=np.int32),
        epoch=np.zeros(3, dtype=np.int64),
        first_promise=np.full(jobs, np.nan),
    )


def _measure_fragments(run: Run) -> None:
    fragments = np.empty(len(run.nodes), dtype=np.int64)
    all_fragments(run.address, fragments)
    run.world.nodes.free[:, FRAGMENT] = fragments


def _refuse_by_count(run: Run, example: Array) -> list[int]:
    """Fill `jobs.refused` where counting says that even the empty cluster cannot hold a shape.

    Returns the shapes for which it does not tell.
    """
    world = run.world
    jobs, classes, cluster = world.jobs, world.classes, world.cluster
    types, count = node_types(world.nodes, cluster)
    held = np.zeros(len(classes.ask), dtype=np.int64)
    replicas_held(run.address, types, count, held)
    unsure = []
    for shape, job in enumerate(example.tolist()):
        cls, last, replicas = (int(part) for part in jobs.gang[job, :SHAPE])
        if replicas == 1:
            cls = last
        if not held[cls]:
            jobs.refused[shape] = int(refusal(classes, cluster, cls))
        elif held[cls] < (replicas if last == cls else replicas - 1):
            jobs.refused[shape] = int(Reason.GANG)
        elif last != cls or run.placement.code == Placement.CUSTOM:
            unsure.append(shape)
    return unsure


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


def _refuse_by_placing(run: Run, example: Array, unsure: list[int]) -> None:
    """Fill `jobs.refused` for the shapes where the policy itself has to be asked."""
    for shape in unsure:
        if not fits_empty(run.address, int(example[shape])):
            alone = run.gangs.replicas[example[shape]] == 1
            run.world.jobs.refused[shape] = int(Reason.POLICY if alone else Reason.GANG)
        run.check()
