"""What must hold at every event of a run under zones, from the log of attempts alone and in plain arrays (docs/quotas.md).

Each start and each end of an attempt is an event, in the order in which they happened; what zones use between two of them follows from
what the attempts that hold room ask for. `Told` is what the log does not say: which jobs had a claim after an instant.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fault_invariants import Violation
from benchmarks.zone_tree import Tree, asked_amounts
from mlplat.infra.incidents import Incidents
from mlplat.infra.kernels.attempt_state import Incident, Outcome
from mlplat.infra.kernels.state import NODE, RECORDS, STARTED, JobState, Reason
from mlplat.infra.quotas import Quota
from mlplat.infra.world import Run

Array = np.ndarray[Any, Any]
CLOSE = 1e-9
LEAVING = (Outcome.COMPLETED, Outcome.PREEMPTED, Outcome.DRAINED, Outcome.RECLAIMED)
"""Outcomes of those who were to give their room back; what had crashed unnoticed counts as in use."""
UNHOLDING = {int(Incident.NODE_UP), int(Incident.LOST)}


class Told(NamedTuple):
    """When (instants, ascending) claims changed, and which jobs had one from then on."""

    times: list[float]
    claims: list[tuple[int, ...]]

    def note(self, now: float, claims: tuple[int, ...]) -> None:
        """These jobs have a claim after an instant."""
        if claims != (self.claims[-1] if self.claims else ()):
            self.times.append(now)
            self.claims.append(claims)

    def around(self, now: float) -> set[int]:
        """Those that had one before an instant, or after it."""
        place = int(np.searchsorted(self.times, now, side="right")) - 1
        found = set(self.claims[place]) if place >= 0 else set()
        if place >= 0 and self.times[place] == now and place > 0:
            found |= set(self.claims[place - 1])
        return found


class ZoneLog:
    """A run of A attempts read as E events: `job`, `start`, `stop`, `end`, `outcome`, `by` [A]; `ask` [A, R]; `at` [E], times; `of` [E],
    the attempt; `sign` [E], 1 for a start; `use` [E + 1, T, R], before each event and after the last.
    """

    def __init__(self, run: Run, tree: Tree, found: Incidents | None = None, told: Told | None = None, horizon: float = np.inf) -> None:
        self.run, self.tree, self.told, self.horizon = run, tree, told or Told([], []), horizon
        world = run.world
        made = int(world.count[STARTED])
        self.job = world.log.order[:made].astype(np.int64)
        log = world.attempts
        self.start, self.stop, self.end = log.start[:made], log.stop[:made], log.end[:made]
        self.outcome, self.by = log.outcome[:made], log.by[:made]
        self.leaf = tree.leaf_of(run.trace.groups)[run.trace.group] if len(run.trace) else np.zeros(0, dtype=np.int32)
        self.base = asked_amounts(run)
        first, records = log.first[:made], world.log.records[: int(world.count[RECORDS])]
        self.row = np.asarray(world.cluster.row_of)[records[:, NODE]]
        self.attempt_of = np.repeat(np.arange(made), np.diff(np.append(first, len(records))))
        self.flavor = tree.parts.flavor[self.row[first]] if made else np.zeros(0, dtype=np.int32)
        self.ask = tree.ask(self.base[self.job], self.flavor)
        ended = np.flatnonzero(~np.isnan(self.end))
        number = np.concatenate([log.began_as[:made], log.ended_as[ended]])
        order = np.argsort(number, kind="stable")
        self.of = np.concatenate([np.arange(made), ended])[order]
        self.sign = np.repeat([1, -1], [made, len(ended)])[order]
        self.at = np.where(self.sign > 0, self.start[self.of], self.end[self.of])
        self.lost_at, self.lost = self._losses(found)

    def _leaves(self) -> Iterator[tuple[bool, Any]]:
        yield False, None
        for one in self.tree.described:
            yield isinstance(one, Quota), one

    def _losses(self, found: Incidents | None) -> tuple[Array, Array]:
        """Times, and what the cluster is smaller by from each on."""
        times, lost, gone = [-np.inf], [np.zeros_like(self.tree.capacity)], set()
        for time, code, row in zip(found.time.tolist(), found.code.tolist(), found.node.tolist(), strict=True) if found is not None else ():
            if code in UNHOLDING and (row in gone) != (code == Incident.LOST):
                gone ^= {row}
                change = self.tree.of_node[row] * (1 if code == Incident.LOST else -1)
                times.append(time)
                lost.append(lost[-1] + change)
        return np.array(times), np.array(lost)

    @cached_property
    def use(self) -> Array:
        """int64[E + 1, T, R]."""
        found = np.zeros((len(self.of) + 1, len(self.tree.parent), len(self.tree.capacity)), dtype=np.int64)
        found[np.arange(1, len(found)), self.leaf[self.job[self.of]]] = self.ask[self.of] * self.sign[:, None]
        return self.tree.spread(np.cumsum(found, axis=0))

    def wrong(self) -> Violation | None:
        """The first thing that is wrong."""
        for rule in (self._order, self._limits, self._starts, self._borrowing, self._nodes, self._victims, self._bounds, self._jobs):
            for time, detail in rule():
                return Violation(rule.__name__.strip("_"), time, detail)
        return None

    def _order(self) -> Iterator[tuple[float, str]]:
        if (back := np.diff(self.at) < 0).any():
            yield float(self.at[back.argmax()]), "an event comes after a later one"

    def _limits(self) -> Iterator[tuple[float, str]]:
        """Nobody uses more than its limit, nor more than is promised to it and the common pool together."""
        most = np.maximum(self.tree.limit, self.tree.kept)
        yield from self._first(self.use > most, "uses more than its limit")
        if len(self.lost) == 1:
            yield from self._first((self.use > self.tree.brought)[:, :1], "is promised less than it uses")
            for leaf in np.flatnonzero((self.tree.kept > 0).any(axis=1) & np.array(self.tree.is_leaf)).tolist():
                leaves = [node for node, is_leaf in enumerate(self.tree.is_leaf) if is_leaf and node != leaf]
                others = self.use[:, leaves].sum(axis=1)
                over = (others > self.tree.capacity - self.tree.kept[leaf]) & (self.tree.kept[leaf] > 0) & ~self.tree.oversold
                yield from self._first(over[:, None], f"has zones beside {leaf} that use what it does not lend")

    def _first(self, wrong: Array, what: str) -> Iterator[tuple[float, str]]:
        if wrong.any():
            event, node, column = np.argwhere(wrong)[0].tolist()
            yield float(self.at[event - 1]), f"node {node} {what} in column {column}: {self.use[event, :, column].tolist()}"

    def _starts(self) -> Iterator[tuple[float, str]]:
        """What starts fits its quota."""
        starts = np.flatnonzero(self.sign > 0)
        attempt = self.of[starts]
        lost = self.lost[np.searchsorted(self.lost_at, self.at[starts], side="right") - 1]
        for begin in range(0, len(starts), 20_000):
            part = slice(begin, begin + 20_000)
            available = self.tree.available(self.use[starts[part]], lost[part])
            leaf, ask = self.leaf[self.job[attempt[part]]], self.ask[attempt[part]]
            wrong = (ask > available[np.arange(len(leaf)), leaf]) & (ask > 0)
            if wrong.any():
                place, column = np.argwhere(wrong)[0].tolist()
                which = attempt[part][place]
                has = available[place, leaf[place], column]
                yield float(self.start[which]), f"job {self.job[which]} starts, asks for {ask[place, column]} in column {column}, has {has}"

    def _borrowing(self) -> Iterator[tuple[float, str]]:
        """At every node of the tree: what its children have borrowed is no more than others lend, it has of its own, and borrows itself."""
        if len(self.lost) > 1:
            return
        tree = self.tree
        for node in sorted(set(tree.parent) - {-1}):
            children = [child for child in range(len(tree.parent)) if tree.parent[child] == node]
            use, brought, kept = self.use[:, children], tree.brought[children], tree.kept[children]
            beyond = np.maximum(0, use - brought).sum(axis=1)
            lendable = np.maximum(0, np.minimum(brought - kept, brought - use)).sum(axis=1)
            above = np.maximum(0, self.use[:, node] - tree.brought[node])
            wrong = (beyond > tree.guarantee[node] + lendable + above) & tree.guaranteed
            yield from self._first(wrong[:, None], f"(below {node}) has borrowed more than is lent")

    def _nodes(self) -> Iterator[tuple[float, str]]:
        """Reserved nodes are for whom they are reserved for, and a job is on nodes of one of its quota's flavors."""
        owner = self.tree.owner_of_nodes()[self.row]
        leaf = self.leaf[self.job[self.attempt_of]]
        if (odd := (owner >= 0) & (owner != leaf)).any():
            which = self.attempt_of[odd.argmax()]
            yield float(self.start[which]), f"job {self.job[which]} is on node {self.row[odd.argmax()]}, which is reserved for another"
        flavor = self.flavor[self.attempt_of]
        if (odd := (flavor >= 0) & (self.tree.parts.flavor[self.row] != flavor)).any():
            yield float(self.start[self.attempt_of[odd.argmax()]]), f"job {self.job[self.attempt_of[odd.argmax()]]} is in two flavors"
        for node in np.unique(self.leaf).tolist():
            mine = self.leaf[self.job] == node
            if not np.isin(self.flavor[mine], self.tree.flavors_of(node)).all():
                yield math.nan, f"a job of quota {node} is in a flavor that is not its own"

    def most_used(self, now: float) -> Array:
        """int64[T, R]: no less than what each node was charged for at any time in an instant, without what jobs hold that had stopped."""
        begin, end = (int(np.searchsorted(self.at, now, side=side)) for side in ("left", "right"))
        leaf = np.array(self.tree.is_leaf)
        most = np.where(leaf[:, None], self.use[begin : end + 1].max(axis=0), 0)
        stopping = np.flatnonzero((self.stop < now) & ~(self.end <= now) & np.isin(self.outcome, LEAVING))
        np.subtract.at(most, self.leaf[self.job[stopping]], self.ask[stopping])
        for job in self.told.around(now):
            flavors = self.tree.flavors_of(int(self.leaf[job]))
            most[self.leaf[job]] += self.tree.ask(np.repeat(self.base[[job]], len(flavors), axis=0), np.array(flavors)).max(axis=0)
        return self.tree.spread(most)

    @cached_property
    def reclaims(self) -> dict[tuple[int, float], list[int]]:
        """Attempts that were stopped for a job of another quota, by job and instant."""
        found: dict[tuple[int, float], list[int]] = defaultdict(list)
        for attempt in np.flatnonzero(self.outcome == Outcome.RECLAIMED).tolist():
            found[int(self.by[attempt]), float(self.stop[attempt])].append(attempt)
        return dict(found)

    def _victims(self) -> Iterator[tuple[float, str]]:
        """Who was stopped for another quota had borrowed, and so had all up to where the two meet."""
        tree = self.tree
        for (job, now), victims in self.reclaims.items():
            quota = int(self.leaf[job])
            flavors = tree.flavors_of(quota)
            ask = tree.ask(np.repeat(self.base[[job]], len(flavors), axis=0), np.array(flavors)).max(axis=0)
            asks = (ask > 0) & tree.guaranteed
            if len(set(self.job[victims].tolist())) < len(victims):
                continue  # fair sharing gave back and took again at one instant: what was used at each turn is not in the log
            most = self.most_used(now)
            for leaf in {int(self.leaf[self.job[attempt]]) for attempt in victims}:
                mine = [attempt for attempt in victims if self.leaf[self.job[attempt]] == leaf]
                if leaf == quota:
                    yield now, f"job {job} of quota {quota} reclaims from its own"
                    continue
                rest = self.ask[mine].sum(axis=0) - self.ask[mine]
                if not ((most[leaf] - rest > tree.brought[leaf]) & asks).any():
                    yield now, f"quota {leaf} has not borrowed, and jobs {self.job[mine].tolist()} are stopped for job {job}"
                _, theirs = tree.branches(quota, leaf)
                for node in tree.way[leaf][: tree.way[leaf].index(theirs) + 1]:
                    if not ((most[node] > tree.brought[node]) & asks).any():
                        yield now, f"node {node} has not borrowed, and jobs {self.job[mine].tolist()} are stopped for job {job}"
            one = tree.described[quota - 1]
            assert isinstance(one, Quota)
            if one.reclaim == "never" and one.borrow_within == "never":
                yield now, f"quota {quota} reclaims nothing, and job {job} has stopped jobs {self.job[victims].tolist()}"

    def noticed(self, time: float) -> float:
        """When the scheduler learns of it."""
        period = float(self.run.world.options.scrape)
        return time if period == 0 else max(time, math.ceil(time / period) * period)

    def _bounds(self) -> Iterator[tuple[float, str]]:
        """For whom others were stopped, starts within `reclaim_within` and the scrape delay, or when those have gone that were leaving
        anyway, unless hardware has failed meanwhile; under fair sharing, which may take back at once what it gave, it starts at all."""
        fair = self.run.world.quotas.by_share
        incidents = self.run.world.hardware.time
        for (job, now), victims in self.reclaims.items():
            one = self.tree.described[int(self.leaf[job]) - 1]
            assert isinstance(one, Quota)
            bound = self.noticed(now + one.reclaim_within)
            leaving = (self.stop <= now) & (self.end > now)
            leaving[victims] = False
            bound = max(bound, float(self.end[leaving].max(initial=0.0)))
            starts = self.start[(self.job == job) & (self.start >= now)]
            late = not len(starts) or (starts.min() > bound * (1 + CLOSE) and not fair)
            excused = (
                ((incidents > now) & (incidents <= bound)).any() or bound > self.horizon or (np.isnan(self.end) & (self.stop <= now)).any()
            )
            if late and not excused:
                when = f"at {starts.min():g}" if len(starts) else "never"
                yield now, f"jobs {self.job[victims].tolist()} are stopped for job {job}, which starts {when} and not by {bound:g}"

    def _jobs(self) -> Iterator[tuple[float, str]]:
        """Jobs complete once and do all their work; one that is rejected for its quota asks for more than it could ever have."""
        world = self.run.world
        state, count = world.log.state, len(world.jobs.submit)
        done = np.bincount(self.job[self.outcome == Outcome.COMPLETED], minlength=count)
        if not np.array_equal(done, (state == JobState.COMPLETED).astype(np.int64)):
            yield math.nan, f"job {(done != (state == JobState.COMPLETED)).argmax()} did not complete as often as its state says"
        saved = np.bincount(self.job, weights=world.attempts.saved[: len(self.job)], minlength=count)
        duration = self.run.trace.duration
        if (odd := (state == JobState.COMPLETED) & (np.abs(saved - duration) > CLOSE * (1 + duration))).any():
            yield math.nan, f"job {odd.argmax()} completed with {saved[odd.argmax()]} s of its work done"
        arrived = self.run.trace.submit <= world.clock[0]
        refused = (world.log.reason == Reason.QUOTA) & arrived
        too_much = np.ones(count, dtype=np.bool_)
        for leaf in np.unique(self.leaf).tolist():
            mine = self.leaf == leaf
            for flavor in self.tree.flavors_of(leaf):
                ask = self.tree.ask(self.base[mine], np.full(int(mine.sum()), flavor))
                too_much[mine] &= ((ask > self.tree.potential[leaf]) & (ask > 0)).any(axis=1)
        other = arrived & (state == JobState.REJECTED) & ~refused
        divided = self.tree.parts.each != ((-1, -1),)  # then the nodes that are open to a job may be too few for it
        if (odd := arrived & (refused != (too_much & ~other)) & ~(refused & divided)).any():
            yield math.nan, f"job {odd.argmax()} was{'' if refused[odd.argmax()] else ' not'} rejected for its quota"
