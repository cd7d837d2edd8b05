"""The autoscaler: which absent nodes to ask for, and which idle ones to let go. One decision for all clocks (docs/autoscaling.md).

`Autoscaler` looks at a run and decides; who owns the clock says when, and lets the incidents that follow happen: `runs.scaled` in a
replay, `live_autoscaling` on a live cluster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..hardware.renewals import component_keys, numbered_keys
from ..html_tables import fields_of
from ..units import Duration, seconds
from .cluster_arrays import numbers_of_rows
from .kernels.attempt_state import ABSENT, CORDONED, GIVEN_UP, OFFLINE, SHUT, Incident
from .kernels.autoscaling import plan_scale_up
from .kernels.scale_up_state import OPENED, SPARE, USABLE, ScaleUp
from .kernels.state import CPU, WAITING, Nodes
from .kernels.structs import Packed, pack

if TYPE_CHECKING:
    from ..hardware.cluster_spec import ClusterSpec
    from ..hardware.node_group import NodeGroup
    from .world import Run

Rows = npt.NDArray[np.int64]

MOST_JOBS = 1000
"""Waiting jobs that a scan looks at."""


@dataclass(frozen=True, slots=True, init=False)
class Autoscaling:
    """How often the autoscaler looks: at every multiple of `scan` seconds (`"10s"` and the like are understood). Raises OptionError.

    >>> Autoscaling(scan="30s").scan
    30.0
    """

    scan: float

    def __init__(self, scan: Duration = 10.0) -> None:
        try:
            period = seconds(scan)
        except OptionError as error:
            raise OptionError(f"scan: {error}") from None
        if not 0.001 <= period <= 1e9:
            raise OptionError(f"scan={scan!r:.40}: expected a time from 0.001 s to 1e9 s")
        object.__setattr__(self, "scan", period)

    def _repr_html_(self) -> str:
        return fields_of(self)


def autoscaling_for(spec: ClusterSpec, autoscaling: object) -> Autoscaling | None:
    """What `replay` and `Cluster` make of their option: None where no node ever comes or goes. Raises OptionError."""
    if not isinstance(autoscaling, (bool, Autoscaling)):
        raise OptionError(f"autoscaling={autoscaling!r:.60}: expected True, False or an Autoscaling, such as Autoscaling(scan='10s')")
    if autoscaling is False or all(group.scaling is None for group in spec.groups):
        return None
    return Autoscaling() if autoscaling is True else autoscaling


def absent_at_first(spec: ClusterSpec) -> Rows:
    """int64[k]: the rows of the nodes that are not there at the start: all but the first of each scaled group."""
    rows, first = [], 0
    for group in spec.groups:
        if group.scaling is not None:
            rows.append(np.arange(first + group.scaling.first, first + group.count, dtype=np.int64))
        first += group.count
    return np.concatenate([np.zeros(0, dtype=np.int64), *rows])


def price_of(spec: ClusterSpec, group: NodeGroup) -> float:
    """US dollars per hour of one node of the group, as spot machine where it is one."""
    spot = None if group.scaling is None else group.scaling.spot
    return spec.node_price(group) * (1.0 if spot is None else 1.0 - spot.discount)


class Planned(NamedTuple):
    """An incident that is going to happen to a node (its row)."""

    time: float
    code: int
    node: int
    grace: float = 0.0


class Stay(NamedTuple):
    """The time that a node spends in the cluster, as far as it is known when the node is asked for.

    `joins`: seconds. `warned`: when a spot machine is cordoned and drained, with `grace` seconds to go, after which it `leaves`; infinite
    for one that stays.
    """

    node: int
    joins: float
    warned: float = math.inf
    grace: float = 0.0
    leaves: float = math.inf

    def incidents(self, *, arrival: bool = True) -> list[Planned]:
        """What happens to the node. `arrival`: whether it has still to join."""
        planned = [Planned(self.joins, int(Incident.JOIN), self.node)] if arrival else []
        if self.warned < self.leaves:  # at one instant a cordon would come after the end of it
            planned.append(Planned(self.warned, int(Incident.CORDON), self.node))
            planned.append(Planned(self.leaves, int(Incident.UNCORDON), self.node))
        if self.leaves < math.inf:
            planned.append(Planned(self.warned, int(Incident.DRAIN), self.node, self.grace))
            planned.append(Planned(self.leaves, int(Incident.LEAVE), self.node))
        return planned


class Decision(NamedTuple):
    """What came of a scan: nodes that were asked for, and the rows of idle ones that leave at once, whatever was planned for them."""

    asked: tuple[Stay, ...]
    leaving: tuple[int, ...]


class Autoscaler:
    """Decides at scans, which are numbered: scan k is at k · period. Scans must be made in order; `next_scan` says which can be left out.

    `run` has the nodes of `absent_at_first` taken out. `start`: now. `initial`: the stays of the nodes that are there.
    """

    def __init__(self, spec: ClusterSpec, run: Run, options: Autoscaling, seed: int, *, start: float = 0.0) -> None:
        self.run, self.period, self.seed = run, options.scan, seed
        table = run.nodes
        self._names = table.names
        self._group = table.group.astype(np.int64)
        self._number = numbers_of_rows(run.world.cluster.row_of)
        self._scalings = [group.scaling for group in spec.groups]
        scaled = np.array([scaling is not None for scaling in self._scalings])
        self._scaled = scaled[self._group]
        self._idle = np.array([np.inf if s is None else s.idle for s in self._scalings])[self._group]
        self._least = [0 if s is None else s.min for s in self._scalings]
        price = np.array([price_of(spec, group) for group in spec.groups])[self._group]
        rows = np.flatnonzero(self._scaled)
        self._by_price = rows[np.lexsort((rows, price[rows]))]
        n = len(table)
        self._stays = np.zeros(n, dtype=np.int64)  # of each node so far
        self._joins = np.full(n, np.inf)
        self._asked_as = np.zeros(n, dtype=np.int64)
        self._warned = np.full(n, np.inf)
        self._last_held = np.full(n, start)
        self._held = np.zeros(n, dtype=np.bool_)  # as of the last scan
        self._requests = 0
        self._turn = self.turn_at(start) - 1
        self._decided = True
        self._expires = np.inf
        self._plan: ScaleUp | None = None
        self._packed: Packed | None = None
        there = self._scaled & ~self._is(ABSENT)
        self.initial = tuple(self._stay(row, start) for row in np.flatnonzero(there).tolist())

    # -- when to look

    def turn_at(self, time: float) -> int:
        """The number of the first scan that is not before `time`."""
        turn = math.ceil(time / self.period)
        while (turn - 1) * self.period >= time:
            turn -= 1
        while turn * self.period < time:
            turn += 1
        return turn

    def next_scan(self, event: float) -> int | None:
        """The next scan that can decide anything, if nothing happens before `event`; None for none ever.

        The scans in between see what the last one saw, and it decided nothing.
        """
        if self._decided:
            return self._turn + 1
        time = min(event, self._expires)
        return None if time == np.inf else max(self._turn + 1, self.turn_at(time))

    # -- nodes that come and go by hand

    def is_coming(self, row: int, now: float) -> bool:
        """Whether a node was asked for and has not joined."""
        return bool(now < self._joins[row] < np.inf)

    def add(self, row: int, now: float) -> Stay:
        """The stay of an absent node that joins without having been asked for."""
        self._held[row] = False
        return self._stay(row, now)

    def remove(self, row: int) -> None:
        """A node leaves, whatever was planned for it."""
        self._held[row] = False
        self._joins[row] = self._warned[row] = np.inf

    # -- a scan

    def scan(self, turn: int) -> Decision:
        """Look at the run as it is after the cycle of instant `turn` · period."""
        now = turn * self.period
        if turn - 1 > self._turn:
            self._last_held[self._held] = (turn - 1) * self.period  # of the scans left out, nothing has changed before the last
        asked, needed = self._scale_up(now)
        there = ~self._is(ABSENT)
        self._held = there & (needed | (self.run.world.hardware.resident[self._number] >= 0))
        self._last_held[self._held] = now
        leaving = self._scale_down(now, there)
        self._turn, self._decided = turn, bool(asked or leaving)
        return Decision(asked, leaving)

    def _scale_up(self, now: float) -> tuple[tuple[Stay, ...], npt.NDArray[np.bool_]]:
        """The nodes asked for, and which nodes the waiting jobs are going to need."""
        world = self.run.world
        if not world.count[WAITING]:
            return (), np.zeros(len(self._number), dtype=np.bool_)
        plan, address = self._prepared(now)
        opened = int(plan_scale_up(self.run.address, address, MOST_JOBS))
        end = int(plan.number[USABLE])
        rows = world.cluster.row_of[plan.usable[end - opened : end]].tolist()
        asked = tuple(self._ask(row, now) for row in rows)
        return asked, plan.needed[self._number]

    def _ask(self, row: int, now: float) -> Stay:
        scaling = self._scalings[int(self._group[row])]
        self._requests += 1
        self._asked_as[row] = self._requests
        return self._stay(row, now + (0.0 if scaling is None else scaling.boot))

    def _stay(self, row: int, joins: float) -> Stay:
        """A node joins, or is there at the start."""
        stay = Stay(row, joins)
        scaling = self._scalings[int(self._group[row])]
        if scaling is not None and scaling.spot is not None:
            life = self._surprise(row) * scaling.spot.mean_life
            life = max(1, round(life * 1000)) / 1000  # whole milliseconds, as everything that is drawn of hardware
            grace = min(scaling.spot.notice, life)
            warned = joins + (life - grace)
            stay = Stay(row, joins, warned, grace, warned + grace)
        self._stays[row] += 1
        self._joins[row], self._last_held[row], self._warned[row] = joins, joins, stay.warned
        return stay

    def _surprise(self, row: int) -> float:
        """-log u of the next stay of a node: exponential with mean 1, from seed, name and number of the stay alone."""
        key = component_keys(self.seed, "spot", [self._names[row]])
        bits = int(numbered_keys(key, self._stays[row : row + 1])[0]) >> 11
        return -math.log((bits + 1) * 2.0**-53)

    def _scale_down(self, now: float, there: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        """The rows of the nodes that leave: idle for long enough, the latest of a group first, as long as the group keeps its least."""
        stays = there & (self._warned > now)
        leaving: list[int] = []
        self._expires = np.inf
        expires = self._last_held + self._idle
        for group, least in enumerate(self._least):
            if self._scalings[group] is None:
                continue
            of_group = stays & (self._group == group)
            idle = np.flatnonzero(of_group & ~self._held)
            spare = int(of_group.sum()) - least
            if spare <= 0 or not len(idle):
                continue
            over = idle[expires[idle] <= now]
            gone = over[::-1][:spare].tolist()
            leaving += gone
            self._joins[gone] = self._warned[gone] = np.inf
            if len(gone) < spare:
                self._expires = min(self._expires, float(expires[np.setdiff1d(idle, over)].min(initial=np.inf)))
        return tuple(sorted(leaving))

    # -- the state that gangs are placed on

    def _is(self, bits: int) -> npt.NDArray[np.bool_]:
        """bool[N], by row: the nodes with any of these bits of health."""
        found: npt.NDArray[np.bool_] = self.run.world.hardware.health[self._number] & bits != 0
        return found

    def _prepared(self, now: float) -> tuple[ScaleUp, int]:
        """The plan before its first job, and where compiled code finds it."""
        absent = self._is(ABSENT)
        sound = ~self._is(CORDONED | GIVEN_UP)
        asked_for = absent & sound & (self._joins > now) & (self._joins < np.inf)
        booting = np.flatnonzero(asked_for)
        booting = booting[np.argsort(self._asked_as[booting], kind="stable")]
        spare = self._by_price[(absent & sound & ~asked_for)[self._by_price]]
        world = self.run.world
        open_now = np.flatnonzero(world.hardware.health & SHUT == 0)  # in the tie order
        plan = self._scratch()
        for copy, array in zip(plan.nodes, world.nodes, strict=True):
            np.copyto(copy, array)
        plan.nodes.free[self._number[absent & sound], CPU] += OFFLINE
        usable = np.concatenate([open_now, self._number[booting]])
        plan.usable[: len(usable)] = usable
        plan.absent[: len(spare)] = self._number[spare]
        plan.number[USABLE], plan.number[SPARE], plan.number[OPENED] = len(usable), len(spare), 0
        if self._packed is None or self._packed.content is not plan:
            self._packed = pack(plan)
        return plan, self._packed.address

    def _scratch(self) -> ScaleUp:
        """Arrays of the lengths needed; those of the last scan where they still are."""
        world = self.run.world
        n, classes, widest = len(self._number), len(world.classes.ask), world.widest
        plan = self._plan
        if plan is None or len(plan.cursor) != classes or len(plan.node) != widest:
            fresh: dict[str, Any] = {
                "nodes": Nodes(*(np.empty_like(array) for array in world.nodes)),
                "usable": np.empty(n, dtype=np.int32),
                "absent": np.empty(n, dtype=np.int32),
                "opened": np.zeros(n, dtype=np.bool_),
                "needed": np.zeros(n, dtype=np.bool_),
                "cursor": np.zeros(classes, dtype=np.int64),
                "beyond": np.zeros(classes, dtype=np.int64),
                "node": np.empty(widest, dtype=np.int32),
                "device": np.empty(widest, dtype=np.int32),
                "number": np.zeros(4, dtype=np.int64) if plan is None else plan.number,
            }
            plan = ScaleUp(**fresh)
        self._plan = plan
        return plan
