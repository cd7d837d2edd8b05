"""The jobs of a live cluster: the scheduler's arrays, with room for more jobs, shapes, classes and groups as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import OptionError
from ..resources import DEVICE_MILLI, ResourceRequest
from ..workload import JobTrace
from .attempt_arrays import NO_LIMIT, Interruptions, Limit, attempt_log, blank_progress, first_level, milli_of_one, time_with_checkpoints
from .kernels.state import LOGGED, SHAPE, TAG, Placement, Queue, Reason
from .node_selection import NodeKinds
from .placement import Fgd
from .queue_arrays import LISTS, RANKING, job_log, longer, reservation_arrays, trees_for, waiting_arrays
from .queue_keys import KeyOfJob, is_own
from .queueing import QUEUES, BuiltInQueue
from .quotas.parts import parts_of
from .quotas.table import QuotaTable, with_the_rest_first
from .request_arrays import class_arrays, tag_name
from .table_of_kinds import TableOfKinds
from .tolerations import ANYWHERE, Selection
from .world import build_run

if TYPE_CHECKING:
    from ..hardware.node_table import NodeTable
    from .cluster_arrays import Ties
    from .placement import PlacementPolicy
    from .queueing import QueuePolicy
    from .quotas import Described
    from .world import Run

Array = np.ndarray[Any, Any]
UNKNOWN_PROFILE = "unknown"
ROOM = 1024
"""Jobs for which there is room at first; then twice as many, and so on. Of shapes, classes and groups, a sixteenth."""


class Shape(NamedTuple):
    """What jobs ask for that fit or do not fit together. `ways`: under quotas that divide the cluster, the parts of it that are open to
    such a job, for each flavor of its quota.
    """

    request: ResourceRequest
    last_request: ResourceRequest
    replicas: int
    selection: Selection = ANYWHERE
    ways: tuple[frozenset[int], ...] = ()


class JobTable:
    """The scheduler of a cluster without any job, to which jobs can be added. `run.world` is what the kernels read and write.

    `of_nodes`: the labels and taints of the nodes, None for as they are described. `quotas`: None for a scheduler without any.
    Raises OptionError for options that cannot be used; `fgd` needs the trace its typical requests are counted in.
    """

    def __init__(
        self,
        nodes: NodeTable,
        queue: QueuePolicy,
        placement: PlacementPolicy,
        *,
        ties: Ties = "node-order",
        seed: int = 0,
        what: Interruptions,
        of_nodes: NodeKinds | None = None,
        quotas: Sequence[Described | None] | None = None,
    ) -> None:
        if isinstance(placement, Fgd) and placement.typical is None:
            raise OptionError("placement 'fgd' on a live cluster counts its typical requests in a trace: Fgd(typical=trace)")
        self.nodes, self.queue, self.placement, self.ties, self.what = nodes, queue, placement, ties, what
        self.limits = dict(what.limits)
        self._by_priority, self._first_level = queue.code == Queue.PRIORITY, first_level(queue, 0)
        every_profile = sorted({name for model in nodes.models if model.mig is not None for name in model.mig.profiles})
        requests = [ResourceRequest(mig=name) for name in (*every_profile, UNKNOWN_PROFILE)]
        empty = JobTrace.build(submit=[], duration=[], request=[], requests=requests, groups=("",))
        # Groups are not known yet: their weights and limits come with them.
        plain = replace(queue, weights={}) if isinstance(queue, BuiltInQueue) else queue
        unlimited = replace(what, limits={})
        of_nodes = of_nodes or NodeKinds(nodes, None if quotas is None else parts_of(with_the_rest_first(quotas), nodes).part)
        self._ranks = queue.code in RANKING or quotas is not None
        self.quotas: QuotaTable | None = None
        self.run: Run = build_run(nodes, empty, plain, placement, ties=ties, seed=seed, interruptions=unlimited, kinds=of_nodes)
        self.kinds = TableOfKinds(self.run, of_nodes, len(requests))
        self._key = KeyOfJob(queue, self.run.world.groups.profile) if is_own(queue) else None
        if self._ranks:
            ahead = reservation_arrays(self.run.world.nodes, 1)
            self.run.change(reservation=ahead._replace(placed_node=np.empty(1, np.int32), placed_device=np.empty(1, np.int32)))
        if placement.code == Placement.GPU_CLUSTERING:
            tags, kinds = np.zeros((len(nodes), 8), dtype=np.int32), np.zeros(len(nodes), dtype=np.int32)
            self.run.change(policy=self.run.world.policy._replace(tags=tags, kinds=kinds))
        self.count = 0
        self.class_of: dict[tuple[ResourceRequest, Selection], int] = {(request, ANYWHERE): i for i, request in enumerate(requests)}
        self.shape_of: dict[Shape, int] = {}
        self._shape: Shape | None = None  # of the last job, and its number
        self._number = 0
        self.group_of: dict[str, int] = {}
        self.tags: dict[str, int] = {}
        self._gangs, self._widths = np.zeros((0, SHAPE + 1), dtype=np.int32), np.zeros(0)  # of each shape
        self._judged: list[int] = []  # of each shape, after how many changes of labels and taints it was looked at whether it can run
        self._requests: list[tuple[ResourceRequest, Selection]] = list(self.class_of)
        self._room_for_jobs(ROOM)
        self._room_for_classes(ROOM // 16)
        self._room_for_lists(ROOM // 16)
        self._room_for_groups(ROOM // 16)
        attempts, records = 4 * ROOM, 8 * ROOM
        world = self.run.world
        self.run.change(
            log=world.log._replace(order=np.empty(attempts, np.int32), records=np.empty((records, 4), np.int32)),
            attempts=attempt_log(attempts),
            hardware=world.hardware._replace(next=np.empty(records, np.int64), previous=np.empty(records, np.int64)),
        )
        self.group("")
        if quotas is not None:
            self.quotas = QuotaTable(self, quotas)

    def add(
        self,
        shape: Shape,
        *,
        submit: float,
        duration: float,
        estimate: float,
        priority: int = 0,
        group: str = "",
        interval: float = np.inf,
        write: float = 0.0,
        restart: float = 0.0,
    ) -> int:
        """The number of a new job, which arrives when the scheduler is told so."""
        if self.quotas is not None:
            shape = self.quotas.with_ways(shape, group)
        if shape is not self._shape:
            found = self.shape_of.get(shape)
            self._number = self._new_shape(shape) if found is None else found
            self._shape = shape
        number, job = self._number, self.count
        if self._judged[number] != self.kinds.changes:
            self._judge(shape, number)
        if job == len(self.run.world.jobs.submit):
            self._room_for_jobs(2 * job)
        world = self.run.world
        jobs, progress = world.jobs, world.progress
        jobs.submit[job], jobs.duration[job], jobs.estimate[job] = submit, duration, estimate
        jobs.gang[job] = self._gangs[number]
        if self._key is not None:
            jobs.key[job] = self._key(submit, estimate, priority, group, self._gangs[number], world.classes.ask)
        progress.left[job], progress.estimated[job], progress.width[job] = duration, estimate, self._widths[number]
        progress.level[job] = priority if self._by_priority or self.quotas is not None else self._first_level
        world.groups.of[job] = self.group_of[group] if group in self.group_of else self.group(group)
        if interval < np.inf or write or restart:
            progress.interval[job], progress.write[job], progress.restart[job] = interval, write, restart
            jobs.estimate[job] = time_with_checkpoints(estimate, interval, write)
        if self.quotas is not None:
            self.quotas.add(job, group, number)
        self.count += 1
        return job

    def request_of(self, cls: int) -> tuple[ResourceRequest, Selection]:
        """What jobs of a class ask for, and which nodes they may be on."""
        return self._requests[cls]

    def class_number(self, request: ResourceRequest, selection: Selection) -> int:
        """The number of a class, which is a new one if it was not heard of before."""
        return self._class(request, selection)

    def refused(self, shape: Shape) -> int:
        """The `Reason` why no such job can ever run on the cluster, 0 if one can."""
        number = self.shape_of.get(shape)
        return int(self.run.world.jobs.refused[self._new_shape(shape) if number is None else number])

    def judge_again(self, first: int) -> None:
        """Labels or taints have changed: look again whether the jobs from `first` on, which have not arrived yet, can ever run."""
        coming = set(self.run.world.jobs.gang[first : self.count, SHAPE].tolist())
        for shape, number in self.shape_of.items():
            if number in coming:
                self._judge(shape, number)

    def group(self, name: str) -> int:
        """The number of a group, which is a new one if it was not heard of before."""
        number = self.group_of.setdefault(name, len(self.group_of))
        if number == len(self.run.world.groups.weight):
            self._room_for_groups(2 * number)
        groups = self.run.world.groups
        groups.weight[number] = self.queue.weights.get(name, 1.0)
        if len(groups.limit):
            groups.limit[number] = self.limits.get(name, Limit())
        return number

    # -- what grows

    def _new_shape(self, shape: Shape) -> int:
        cls, last = self._class(shape.request, shape.selection), self._class(shape.last_request, shape.selection)
        number = len(self.shape_of)
        if number == len(self.run.world.jobs.monotone):
            self._room_for_lists(2 * number)
        jobs = self.run.world.jobs
        self.shape_of[shape] = number
        self._gangs[number] = (cls, last, shape.replicas, number)
        milli = milli_of_one(self._gangs[number], self.run.world.classes.ask, self.run.world.groups.profile)
        self._widths[number] = milli / DEVICE_MILLI or 1.0
        jobs.monotone[number] = shape.replicas == 1 or cls == last or shape.last_request.within(shape.request)
        self._judged.append(0)
        self._judge(shape, number)
        if shape.replicas > self.run.world.widest:
            self._widen(shape.replicas)
        return number

    def _judge(self, shape: Shape, number: int) -> None:
        """Whether such a job can ever run, asked of the cluster with nothing on it and everything whole."""
        ways = [self._refusal(shape, shape.selection._replace(parts=parts)) for parts in shape.ways]
        refused = 0
        if 0 not in ways:
            refused = self._refusal(shape, shape.selection) or (int(Reason.QUOTA) if ways else 0)
        self.run.world.jobs.refused[number] = refused
        if len(ways) > 1:
            self.run.world.quotas.closed[number] = sum(1 << turn for turn, why in enumerate(ways) if why)
        self._judged[number] = self.kinds.changes

    def _refusal(self, shape: Shape, selection: Selection) -> int:
        table = [shape.request, shape.last_request]
        one = JobTrace.build(submit=[0], duration=[0], request=[0], last_request=[1], replicas=[shape.replicas], requests=table)
        # Without weights, of groups, which this job is in none of, and without asking a user's own order of a job that nobody submitted.
        queue = replace(self.queue, weights={}) if isinstance(self.queue, BuiltInQueue) else QUEUES["fifo"]
        kinds = self.kinds.of_nodes
        empty = build_run(self.nodes, one, queue, self.placement, ties=self.ties, kinds=kinds, selection=selection)
        return int(empty.world.jobs.refused[0])

    def _class(self, request: ResourceRequest, selection: Selection) -> int:
        number = self.class_of.get((request, selection))
        if number is not None:
            return number
        number = self.class_of[request, selection] = len(self.class_of)
        self._requests.append((request, selection))
        world = self.run.world
        if number == len(world.classes.ask):
            self._room_for_classes(2 * number)
            world = self.run.world
        known = not request.mig or request.mig in self.run.profiles
        row = class_arrays([request if known else replace(request, mig=UNKNOWN_PROFILE)], self.nodes, self.run.profiles)
        world.classes.ask[number], world.classes.accepts[number] = row.ask[0], row.accepts[0]
        self.kinds.add_class(selection, row.barred[0])
        world = self.run.world
        if request.uses_gpu:
            world.classes.ask[number, TAG] = self.tags.setdefault(tag_name(request), len(self.tags))
            if self.placement.code == Placement.GPU_CLUSTERING and len(self.tags) > world.policy.tags.shape[1]:
                wider = np.zeros((len(self.nodes), 2 * len(self.tags)), dtype=np.int32)
                wider[:, : world.policy.tags.shape[1]] = world.policy.tags
                self.run.change(policy=world.policy._replace(tags=wider))
        return number

    def _widen(self, replicas: int) -> None:
        world = self.run.world
        policy, reservation = world.policy, world.reservation
        room = 2 * replicas
        if self.placement.code == Placement.TOPOLOGY:
            policy = policy._replace(plan=np.zeros(room, dtype=np.int32))
        if self._ranks:
            reservation = reservation._replace(placed_node=np.empty(room, np.int32), placed_device=np.empty(room, np.int32))
        self.run.change(widest=replicas, policy=policy, reservation=reservation)

    def _room_for_jobs(self, room: int) -> None:
        world = self.run.world
        jobs, log, waiting, reservation, groups = world.jobs, world.log, world.waiting, world.reservation, world.groups
        blank_log, blank_waiting = job_log(room), waiting_arrays(room, 1, 1, self.queue.code)
        ranked = reservation_arrays(world.nodes, room if self._ranks else 0)
        by_job: dict[str, Any] = {
            name: _over(getattr(reservation, name), getattr(ranked, name))
            for name in ("end", "job", "started", "position", "frontier", "victims", "first_promise")
        }
        by_job_alone = (
            ("submit", "duration", "estimate", "gang") if self._key is None else ("submit", "duration", "estimate", "key", "gang")
        )
        self.run.change(
            jobs=jobs._replace(**{name: longer(getattr(jobs, name), room) for name in by_job_alone}),
            log=log._replace(
                **{name: _over(getattr(log, name), getattr(blank_log, name)) for name in ("state", "reason", "start", "first")}
            ),
            waiting=waiting._replace(
                **{name: _over(getattr(waiting, name), getattr(blank_waiting, name)) for name in ("key", "job", "next", "right")}
            ),
            reservation=reservation._replace(**by_job),
            progress=type(world.progress)(*(_over(old, new) for old, new in zip(world.progress, blank_progress(room), strict=True))),
            groups=groups._replace(of=longer(groups.of, room), next=longer(groups.next, room)),
        )
        if self.quotas is not None:
            self.quotas.room_for_jobs(room)

    def _room_for_lists(self, room: int) -> None:
        """For shapes, and for the lists of waiting jobs that belong to them or to groups."""
        world = self.run.world
        jobs, waiting = world.jobs, world.waiting
        self._gangs, self._widths = longer(self._gangs, room), longer(self._widths, room)
        blank = waiting_arrays(0, room, room, self.queue.code)
        names = [name for name in waiting._fields if name not in ("key", "job", "next", "right", "listed")]
        self.run.change(
            jobs=jobs._replace(monotone=longer(jobs.monotone, room), refused=longer(jobs.refused, room)),
            waiting=waiting._replace(**{name: _over(getattr(waiting, name), getattr(blank, name)) for name in names}),
        )
        if self.quotas is not None:
            self.quotas.room_for_shapes(room)

    def _room_for_classes(self, room: int) -> None:
        """The trees are built anew when they are asked."""
        world = self.run.world
        classes, policy = world.classes, world.policy
        trees = trees_for(len(self.nodes), room, policy.random_ties)
        racks = max(0, len(policy.rack_start) - 1)
        world.nodes.free[:, LOGGED] = -1
        self.run.change(
            classes=classes._replace(
                ask=longer(classes.ask, room),
                accepts=longer(classes.accepts, room),
                barred=longer(classes.barred, room),
            ),
            trees=trees,
            policy=policy._replace(rack_total=np.zeros(len(trees.used) * racks, dtype=np.int64)),
        )
        if self.quotas is not None:
            self.quotas.room_for_classes(room)

    def _room_for_groups(self, room: int) -> None:
        world = self.run.world
        groups = world.groups
        blank = np.full(room, -1, dtype=np.int32)
        changed: dict[str, Array] = {name: longer(getattr(groups, name), room) for name in ("weight", "skip")}
        for name in ("held", "charged"):
            changed[name] = _over(getattr(groups, name), np.zeros((room, 3), dtype=np.int64))
        if self.limits:
            changed["limit"] = _over(groups.limit, np.full((room, 3), NO_LIMIT, dtype=np.int64))
        changed |= {"first": _over(groups.first, blank.copy()), "last": _over(groups.last, blank.copy())}
        changed["skip"][len(groups.skip) :] = 0
        if self.queue.code in LISTS and room > len(world.waiting.first):
            self._room_for_lists(room)
        self.run.change(groups=groups._replace(**changed))


def _over(old: Array, blank: Array) -> Array:
    """`blank` with the old rows in front; an array of no length stays so."""
    if len(blank) and len(old):
        blank[: len(old)] = old
    return blank
