"""The quotas of a live cluster: the scheduler's arrays, with room for jobs, lanes and quotas as they come and change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError, UnknownNameError, printable
from ..kernels.quota_state import CHARGES, Quotas
from ..kernels.state import RELEASES, JobState
from ..tolerations import Selection
from .arrays import LANES_BY_SHAPE, quota_arrays, recompute
from .checks import check_quotas
from .descriptions import Cohort, Described, Quota
from .parts import NodeParts, variants_of

if TYPE_CHECKING:
    from ..job_table import JobTable, Shape

Array = np.ndarray[Any, Any]
BLANK_JOB: dict[str, Any] = (
    dict.fromkeys(("of", "lane", "left", "right", "base", "flavor", "claims", "news"), -1)
    | dict.fromkeys(("key", "chosen", "plan_end", "old_plan_end"), 0)
    | {"charged": False, "yielded": False}
)
"""What stands in the arrays of jobs where there is none yet."""
BLANK_LANE: dict[str, Any] = dict.fromkeys(("top", "owner", "blocked", "weighed", "weighed_job", "lanes", "slot"), -1) | {
    "entitled": False,
    "share": 0.0,
}
NOT_OVER = [int(state) for state in (JobState.PENDING, JobState.WAITING, JobState.HELD, JobState.RUNNING)]
ROOM = 64


class QuotaTable:
    """Quotas and cohorts of the jobs of a table, by name. The quota `""` is of all jobs whose group has none.

    `described`: at place i the node i + 1 of the tree, None where one was removed. Raises what `check_quotas` raises, and OptionError for a
    queue policy that does not go with quotas.
    """

    def __init__(self, table: JobTable, described: Sequence[Described | None]) -> None:
        self.table = table
        self.described: list[Described | None] = with_the_rest_first(described)
        self.parts: NodeParts = check_quotas(self.described, table.nodes)
        self.variants = variants_of(self.parts)
        self._by_shape = table.queue.code in LANES_BY_SHAPE
        self._lanes: dict[tuple[int, int], int] = {}
        self._shapes: dict[tuple[Shape, int], Shape] = {}
        world = table.run.world
        made = quota_arrays(
            self.described,
            of=np.zeros(0, dtype=np.int32),
            names=(),
            nodes=table.nodes,
            cluster=world.cluster,
            gang=world.jobs.gang[:0],
            classes=world.classes,
            queue=table.queue,
            parts=self.parts,
            variants=self.variants,
        )
        self._put(made._replace(variant=np.full((len(self.variants.pairs), len(world.classes.ask)), -1, dtype=np.int32)))
        self.room_for_jobs(len(world.jobs.submit))
        self.room_for_shapes(len(world.jobs.monotone))
        self._room_for_lanes(ROOM)
        self._leaf = self._leaves()

    @property
    def arrays(self) -> Quotas:
        """Those of the kernels."""
        return self.table.run.world.quotas

    def _put(self, quotas: Quotas) -> None:
        self.table.run.change(quotas=quotas)

    def node(self, name: str) -> int:
        """The node of the tree of a quota or cohort. Raises UnknownNameError."""
        for i, one in enumerate(self.described):
            if one is not None and one.name == name:
                return i + 1
        known = [one.name for one in self.described if one is not None and one.name]
        raise UnknownNameError("quota", printable(str(name)[:60]), known)

    def leaf(self, group: str) -> int:
        """The quota (node of the tree) of the jobs of a group."""
        return self._leaf.get(group, 1)

    # -- jobs

    def add(self, job: int, group: str, shape: int) -> None:
        """A job is to arrive; its gang stands in the table."""
        leaf = self.leaf(group)
        key = leaf, shape if self._by_shape else 0
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = len(self._lanes)
            if lane == len(self.arrays.top):
                self._room_for_lanes(2 * lane)
            self.arrays.owner[lane] = leaf
        gang = self.table.run.world.jobs.gang
        cls, last = gang.item(job, 0), gang.item(job, 1)
        if len(self.variants.pairs):
            self._need_variants(cls)
            self._need_variants(last)
        quotas = self.arrays
        quotas.of[job], quotas.lane[job], quotas.base[job] = leaf, lane, (cls, last)

    def with_ways(self, shape: Shape, group: str) -> Shape:
        """The shape of such a job of a group, told apart by the parts of the cluster that are open to it."""
        if not self.variants.pairs:
            return shape
        leaf = self.leaf(group)
        found = self._shapes.get((shape, leaf))
        if found is None:
            rows = self.arrays.variant_row[leaf, : self.arrays.tries[leaf]].tolist()
            found = self._shapes[shape, leaf] = shape._replace(ways=tuple(self.variants.open[row] for row in rows if row >= 0))
        return found

    def _need_variants(self, cls: int) -> None:
        """Make, once, the variants of a class."""
        if self.arrays.variant[0, cls] >= 0:
            return
        request, selection = self.table.request_of(cls)
        for row, parts in enumerate(self.variants.open):
            number = self.table.class_number(request, Selection(selection.labels, selection.tolerations, parts))
            self.arrays.variant[row, cls] = number

    def room_for_jobs(self, room: int) -> None:
        """For so many jobs."""
        self._put(_with_room(self.arrays, BLANK_JOB, room))

    def room_for_shapes(self, room: int) -> None:
        """For so many shapes."""
        self._put(_with_room(self.arrays, {"closed": 0}, room))

    def room_for_classes(self, room: int) -> None:
        """For so many classes of requests."""
        old = self.arrays.variant
        wider = np.full((len(old), room), -1, dtype=np.int32)
        wider[:, : old.shape[1]] = old
        self._put(self.arrays._replace(variant=wider))

    def _room_for_lanes(self, room: int) -> None:
        self._put(_with_room(self.arrays, BLANK_LANE, room))

    # -- changes

    def set(self, one: Described) -> list[Described | None]:
        """The descriptions with one that is new, or that takes the place of that of the same name. Nothing has changed yet."""
        names = [None if other is None else other.name for other in self.described]
        if one.name not in names:
            return [*self.described, one]
        here = names.index(one.name)
        if type(self.described[here]) is not type(one):
            kinds = "a cohort" if isinstance(one, Quota) else "a quota"
            raise OptionError(f"{printable(one.name)!r} is the name of {kinds}")
        return [*self.described[:here], one, *self.described[here + 1 :]]

    def without(self, name: str) -> list[Described | None]:
        """The descriptions without one. Raises UnknownNameError; OptionError while it has jobs or members."""
        node = self.node(name)
        one = self.described[node - 1]
        if isinstance(one, Cohort):
            members = [other.name for other in self.described if other is not None and name == _above(other)]
            if members:
                raise OptionError(f"the cohort {printable(name)!r} has members: {', '.join(map(printable, members[:10]))}")
        elif self.jobs_of(node):
            raise OptionError(f"the quota {printable(name)!r} has {self.jobs_of(node):,} jobs that are not over")
        elif name == "":
            raise OptionError("the quota '' is of all who have no other; it cannot be removed")
        return [*self.described[: node - 1], None, *self.described[node:]]

    def jobs_of(self, node: int) -> int:
        """How many jobs of a quota are not over."""
        count = self.table.count
        state = self.table.run.world.log.state[:count]
        return int((np.isin(state, NOT_OVER) & (self.arrays.of[:count] == node)).sum())

    def change(self, described: list[Described | None], parts: NodeParts) -> None:
        """Other quotas, of the same parts of the cluster, from now on. `parts`: what `check_quotas` has found of them."""
        changed = recompute(self.arrays, described, self.table.nodes, queue=self.table.queue, parts=parts, variants=self.variants)
        room = np.zeros(len(changed.parent), dtype=np.int64)
        self._put(changed._replace(variant=self.arrays.variant, open_to=room))
        self.described = described
        self._leaf = self._leaves()
        self._shapes.clear()
        changed.number[CHARGES] += 1  # what was weighed may weigh otherwise
        self.table.run.world.count[RELEASES] += 1  # what was blocked may fit now

    def _leaves(self) -> dict[str, int]:
        found = {group: i + 1 for i, one in enumerate(self.described) if isinstance(one, Quota) for group in one.listed}
        return found | {one.name: i + 1 for i, one in enumerate(self.described) if isinstance(one, Quota)}


def with_the_rest_first(described: Sequence[Described | None]) -> list[Described | None]:
    """The quota `""` and then the others, so that it keeps its place whatever comes."""
    rest = next((one for one in described if isinstance(one, Quota) and one.name == ""), Quota(""))
    return [rest, *(one for one in described if one is None or one.name != "" or isinstance(one, Cohort))]


def _above(one: Described) -> str | None:
    return one.parent if isinstance(one, Cohort) else one.cohort


def _with_room(quotas: Quotas, blanks: dict[str, Any], room: int) -> Quotas:
    changed: dict[str, Any] = {}
    for name, blank in blanks.items():
        old = getattr(quotas, name)
        changed[name] = np.full((room, *old.shape[1:]), blank, dtype=old.dtype)
        changed[name][: len(old)] = old
    return quotas._replace(**changed)
