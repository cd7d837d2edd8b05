"""Runs in which nodes come and go: the scans of the autoscaler between the events of a clock, and what the nodes cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..infra.autoscaling import Autoscaler, Autoscaling, Planned, price_of
from ..infra.cluster_arrays import numbers_of_rows
from ..infra.kernels.attempt_state import Incident
from ..infra.kernels.autoscaling import next_instant
from ..infra.kernels.state import NEXT_INCIDENT, STATUS
from .failing import LONGEST_RUN_S
from .simpy_interruptible import TracePlayer

if TYPE_CHECKING:
    import polars as pl

    from ..hardware.cluster_spec import ClusterSpec
    from ..infra.incidents import Incidents
    from ..infra.world import Run
    from .result import Result

Floats = npt.NDArray[Any]


class Scaled:
    """The autoscaler of a run on either clock, and the incidents that follow from what it decides.

    The run's list of incidents is what has happened, and then what is known of the future: of outages, and of nodes that come and go.
    """

    def __init__(self, run: Run, spec: ClusterSpec, options: Autoscaling, seed: int) -> None:
        self.run = run
        self.autoscaler = Autoscaler(spec, run, options, seed)
        self._longest = LONGEST_RUN_S + float(run.trace.submit.max(initial=0.0))
        self._outages = self._known()
        self._planned: list[Planned] = []
        self._unseen = math.inf
        """The first instant that no scan has followed yet, when the run was last let go on."""
        self._room: tuple[Floats, ...] | None = None
        self._number = numbers_of_rows(run.world.cluster.row_of)
        for stay in self.autoscaler.initial:
            self._planned += stay.incidents(arrival=False)
        self._merge(-math.inf)

    def scanning(self, go_on: Callable[[float], None], peek: Callable[[], float]) -> Callable[[float], None]:
        """`go_on(until)` with the scans in between; `peek()` gives the time of the next event."""

        def go_on_scanning(until: float) -> None:
            run, autoscaler = self.run, self.autoscaler
            while not run.is_over():
                turn = autoscaler.next_scan(min(peek(), self._unseen))
                time = math.inf if turn is None else turn * autoscaler.period
                if time > until or turn is None:
                    break
                if time > self._longest:
                    raise OptionError("after 100 years jobs still have not completed, nodes come and go so often: give until=")
                go_on(time)
                run.check()
                if run.world.count[STATUS] != 0 or run.is_over():
                    return
                self._unseen = math.inf
                self._scan(turn)
            if (event := peek()) <= until:
                self._unseen = min(self._unseen, event)
            go_on(until)

        return go_on_scanning

    def _scan(self, turn: int) -> None:
        decision = self.autoscaler.scan(turn)
        if not decision.asked and not decision.leaving:
            return
        now = turn * self.autoscaler.period
        gone = set(decision.leaving)
        self._planned = [planned for planned in self._planned if planned.time > now and planned.node not in gone]
        for stay in decision.asked:
            self._planned += stay.incidents()
        self._planned += [Planned(now, int(Incident.LEAVE), node) for node in decision.leaving]
        self._merge(now)

    def meet(self, found: Incidents, known: float) -> None:
        """Take a longer list of outages' incidents, the first part of which, up to `known`, is the present one."""
        later = found.time > known
        fresh = (found.time[later], found.code[later], self._number[found.node[later]], found.device[later], found.grace[later])
        self._outages = tuple(np.concatenate([old, new]) for old, new in zip(self._outages, fresh, strict=True))
        self._planned = [planned for planned in self._planned if planned.time > known]
        self._merge(known)

    def _known(self) -> tuple[Floats, ...]:
        hardware = self.run.world.hardware
        return hardware.time, hardware.code, hardware.node, hardware.device, hardware.grace

    def _merge(self, now: float) -> None:
        """Write the run's list anew: what has happened, then what is to come, in the order of incidents."""
        happened = int(self.run.world.count[NEXT_INCIDENT])
        to_come = self._outages[0] > now
        planned = self._planned
        mine = (
            np.array([p.time for p in planned], dtype=np.float64),
            np.array([p.code for p in planned], dtype=np.int8),
            self._number[np.array([p.node for p in planned], dtype=np.int64)],
            np.full(len(planned), -1, dtype=np.int32),
            np.array([p.grace for p in planned], dtype=np.float64),
        )
        time, code, node, device, grace = (np.concatenate([a[to_come], b]) for a, b in zip(self._outages, mine, strict=True))
        order = np.lexsort((device, self.run.world.cluster.row_of[node], code, time))
        end = happened + len(order)
        room = self._room_for(happened, end)
        for column, values in zip(room, (time, code, node, device, grace), strict=True):
            column[happened:end] = values[order]
        room[0][end:], room[1][end:] = np.inf, -1

    def _room_for(self, happened: int, end: int) -> tuple[Floats, ...]:
        """The columns of the run's list, long enough; what is behind its end never happens. They grow by doubling, since a world that gets
        other arrays has to be packed anew.
        """
        if self._room is None or len(self._room[0]) < end:
            names = ("time", "code", "node", "device", "grace")
            longer = tuple(np.zeros(2 * end + 64, dtype=column.dtype) for column in self._known())
            for new, old in zip(longer, self._known(), strict=True):
                new[:happened] = old[:happened]
            self.run.change(hardware=self.run.world.hardware._replace(**dict(zip(names, longer, strict=True))))
            self._room = longer
        return self._room


def compiled_peek(run: Run) -> Callable[[], float]:
    """When the next thing happens on the compiled clock."""
    return lambda: float(next_instant(run.address))


class ScaledPlayer(TracePlayer):
    """Plays a trace whose list of incidents changes ahead of the one that is waited for."""

    awaited = math.inf
    """When the next incident is due, as far as the environment was told."""

    def play(self, until: float) -> None:
        """See `TracePlayer.play`."""
        if self._next_time() < self.awaited:
            self._next_incident(False)
        super().play(until)

    def peek(self) -> float:
        """When the next thing happens. Incidents that came into the list since the last call count."""
        return min(self.env.peek(), self._next_time())

    def _next_time(self) -> float:
        times, happened = self.run.world.hardware.time, int(self.run.world.count[NEXT_INCIDENT])
        return float(times[happened]) if happened < len(times) else math.inf

    def _next_incident(self, now: bool) -> None:
        if now and self.env.now != self.awaited:
            return  # an earlier one was put before it, and what comes after that was asked for anew
        super()._next_incident(now)
        self.awaited = self._next_time()


def cost(result: Result) -> pl.DataFrame:
    """What the nodes of a run cost, one row a group, in the order of the spec.

    `group`; `peak_nodes`, the most that were there at once; `node_hours`, from asking for a node until it left, or the end of the run;
    `price_per_hour` of a node, as spot machine where it is one; `cost_usd`. The run lasts from its first submission to its end. A group
    that is not scaled has all its nodes for all of the run.

    >>> import mlplat as mp
    >>> spec = mp.ClusterSpec.parse("2x4xT4")
    >>> trace = mp.JobTrace.build(submit=[0], duration=[5400], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    >>> cost(mp.replay(spec, trace))["node_hours"].to_list()
    [3.0]
    """
    import polars as pl

    run, spec = result._run, result.spec
    first = float(run.trace.submit[0]) if len(run.trace) else 0.0
    end = max(first, result.end_s)
    row, asked, joined, left = stays(run, spec, first, end)
    group = run.nodes.group[row]
    paid = np.clip(left, first, end) - np.clip(asked, first, end)
    hours = np.bincount(group, weights=paid, minlength=len(spec.groups)) / 3600.0
    prices = np.array([price_of(spec, each) for each in spec.groups])
    return pl.DataFrame(
        {
            "group": pl.Series([each.name for each in spec.groups], dtype=pl.String),
            "peak_nodes": [_peak(joined[group == g], left[group == g], end) for g in range(len(spec.groups))],
            "node_hours": hours,
            "price_per_hour": prices,
            "cost_usd": hours * prices,
        }
    )


def paid_seconds(run: Run, spec: ClusterSpec, end: float) -> Floats:
    """float64[N]: how long each node was there, from asking for it until it left, between the first submission and `end`."""
    first = float(run.trace.submit[0]) if len(run.trace) else 0.0
    row, asked, _, left = stays(run, spec, first, max(first, end))
    paid: Floats = np.clip(left, first, max(first, end)) - np.clip(asked, first, max(first, end))
    return np.bincount(row, weights=paid, minlength=len(run.nodes))


def stays(run: Run, spec: ClusterSpec, first: float, end: float) -> tuple[Floats, ...]:
    """Row, request, joining and leaving of each stay of a node by `end`; what goes on leaves at infinity."""
    there = np.ones(len(run.nodes), dtype=np.bool_)
    there[run.absent] = False
    rows = [(row, first, first, math.inf) for row in np.flatnonzero(there).tolist()]
    latest = {row: i for i, (row, *_) in enumerate(rows)}
    boot = [0.0 if group.scaling is None else group.scaling.boot for group in spec.groups]
    hardware, row_of = run.world.hardware, run.world.cluster.row_of
    picked = np.flatnonzero((hardware.code == Incident.JOIN) | (hardware.code == Incident.LEAVE))
    for time, code, row in zip(
        hardware.time[picked].tolist(), hardware.code[picked].tolist(), row_of[hardware.node[picked]].tolist(), strict=True
    ):
        if code == Incident.JOIN:
            latest[row] = len(rows)
            rows.append((row, time - boot[int(run.nodes.group[row])], time, math.inf))
        else:
            rows[latest[row]] = (*rows[latest[row]][:3], time)
    made = np.array(rows, dtype=np.float64).reshape(-1, 4)
    made = made[made[:, 1] <= end]
    return made[:, 0].astype(np.int64), made[:, 1], made[:, 2], made[:, 3]


def _peak(joined: Floats, left: Floats, end: float) -> int:
    """The most that were there at once; who leaves at an instant makes room for who joins."""
    times, changes = np.concatenate([joined, left]), np.repeat([1, -1], [len(joined), len(left)])
    seen = times <= end
    order = np.lexsort((changes[seen], times[seen]))
    return int(np.cumsum(changes[seen][order]).max(initial=0))
