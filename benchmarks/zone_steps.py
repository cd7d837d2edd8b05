"""What must hold after every instant of a run under zones, where the scheduler's own state is looked at: what is charged, claims, earmarks,
lanes, and whether somebody waits to whom room is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.fault_invariants import Invariants
from benchmarks.fault_queues import wrong_residents
from benchmarks.zone_entitled import Entitled
from benchmarks.zone_invariants import Told
from benchmarks.zone_tree import Tree, asked_amounts
from mlplat.infra.incidents import Incidents
from mlplat.infra.kernels.attempt_state import EARMARKED, GIVEN_UP
from mlplat.infra.kernels.quota_state import CLAIMS
from mlplat.infra.kernels.state import JOB, NODE, RECORDS, RELEASES, STARTED, WAITING, JobState
from mlplat.infra.world import Run

Array = np.ndarray[Any, Any]


class Steps(Invariants):
    """Checks a run under quotas again and again. `whole`: also room, work and hardware, as in the campaign of faults."""

    def __init__(self, run: Run, tree: Tree, found: Incidents, *, whole: bool) -> None:
        variants = len(run.world.quotas.variant)
        super().__init__(run, run.gangs.requests * (variants + 1), found)
        self.tree, self.whole, self.told = tree, whole, Told([], [])
        self.leaf = tree.leaf_of(run.trace.groups)[run.trace.group]
        self.base = asked_amounts(run)
        self.flavored = np.array([bool(tree.is_leaf[i] and tree.flavors_of(i) != [-1]) for i in range(len(tree.parent))])
        self.claims: tuple[int, ...] = ()
        self.marked = np.zeros(len(run.nodes), dtype=np.bool_)
        self.started = self.records = 0
        self.releases = -1
        self.entitled = Entitled(self)

    def _rules(self, now: float) -> Iterator[tuple[str, Iterator[str]]]:
        world = self.run_.world
        quotas = world.quotas
        yield "nodes", self.nodes.follow(now)
        claims = tuple(quotas.claims[: quotas.number[CLAIMS]].tolist())
        self.told.note(now, claims)
        marked = quotas.planned_on[self.number_of] > 0
        yield "earmarks", self._earmarks(marked, claims)
        self.health[:] = np.where(marked, self.health | EARMARKED, self.health & ~EARMARKED)
        if self.whole:
            yield "time", self._time(now)
            yield "ledger", self._ledger()
            seen = self.look(now)
            yield "states", self._states(seen)
            yield "reasons", self._reasons(seen)
            yield "room", self._amounts(seen)
            yield "hardware", self._hardware(seen)
            yield "attempts", self._attempts(seen)
            yield "work", self._work(seen)
            yield "residents", wrong_residents(world, seen.holding, seen.record[:, NODE])
        yield "charges", self._charges(claims)
        yield "lanes", self._lanes(claims)
        made = int(world.count[STARTED])
        if made == self.started and claims == self.claims and world.count[RELEASES] != self.releases:
            yield "entitled", self.entitled.wrong(claims)
        self.claims, self.marked, self.started, self.records = claims, marked, made, int(world.count[RECORDS])
        self.releases = int(world.count[RELEASES])
        if self.whole:
            self._remember(seen)

    def _earmarks(self, marked: Array, claims: tuple[int, ...]) -> Iterator[str]:
        """Nodes are kept for those who have a claim, and nobody else starts there while claims are not tried anew."""
        world = self.run_.world
        if marked.any() and not claims:
            yield f"node {marked.argmax()} is kept, and nobody has a claim"
        if odd := np.flatnonzero(marked != (world.hardware.health[self.number_of] & EARMARKED != 0)).tolist():
            yield f"nodes {odd} are closed and in no plan, or in a plan and not closed"
        record = world.log.records[self.records : int(world.count[RECORDS])]
        rows = self.row_of[record[:, NODE]]
        kept = marked[rows] & self.marked[rows] & ~np.isin(record[:, JOB], self.claims)
        if kept.any() and self.releases == world.count[RELEASES]:
            yield f"job {record[kept.argmax(), JOB]} has started on node {rows[kept.argmax()]}, which is kept for others"

    def charged(self, claims: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Jobs that hold room, then those with a claim, and what each is charged for; and what every node of the tree uses."""
        world = self.run_.world
        made = int(world.count[STARTED])
        holding = np.flatnonzero(np.isnan(world.attempts.end[:made]))
        job = world.log.order[holding]
        flavor = self.tree.parts.flavor[self.row_of[world.log.records[world.attempts.first[holding], NODE]]]
        flavor = np.where(self.flavored[self.leaf[job]], flavor, -1)
        jobs = np.concatenate([job, np.array(claims, dtype=np.int64)]).astype(np.int64)
        flavors = np.concatenate([flavor, world.quotas.flavor[list(claims)]])
        ask = self.tree.ask(self.base[jobs], flavors)
        use = np.zeros_like(self.tree.brought)
        np.add.at(use, self.leaf[jobs], ask)
        return jobs, ask, self.tree.spread(use)

    def lost(self) -> Array:
        """int64[R]: what the cluster is smaller by."""
        lost: Array = self.tree.of_node[self.health & GIVEN_UP != 0].sum(axis=0)
        return lost

    def _charges(self, claims: tuple[int, ...]) -> Iterator[str]:
        """Each quota and cohort is charged for what its jobs hold and claim, to the unit."""
        quotas, state = self.run_.world.quotas, self.run_.world.log.state
        jobs, _, use = self.charged(claims)
        if not np.array_equal(use, quotas.use):
            node, column = np.argwhere(use != quotas.use)[0]
            has, right = quotas.use[node, column], use[node, column]
            yield f"node {node} is charged for {has} in column {column}, and its jobs hold and claim {right}"
        if sorted(jobs.tolist()) != np.flatnonzero(quotas.charged).tolist():
            yield f"jobs {np.flatnonzero(quotas.charged).tolist()} are charged, and {sorted(jobs.tolist())} hold room or claim it"
        if not np.isin(state[list(claims)], (JobState.WAITING, JobState.HELD)).all():
            yield f"of the jobs {claims}, which have a claim, not all wait"
        if not np.array_equal(self.tree.brought[0] - self.lost(), quotas.brought[0]):
            finite = self.tree.capacity < 2**59
            if not np.array_equal((self.tree.brought[0] - self.lost())[finite], quotas.brought[0][finite]):
                yield f"the cluster brings {quotas.brought[0].tolist()}; by its nodes {(self.tree.brought[0] - self.lost()).tolist()}"

    def _lanes(self, claims: tuple[int, ...]) -> Iterator[str]:
        """Who waits without a claim stands in the lane of its quota, nobody before those who go first."""
        world = self.run_.world
        quotas, state = world.quotas, world.log.state
        waiting = np.flatnonzero((state == JobState.WAITING) | (state == JobState.HELD))
        if world.count[WAITING] != len(waiting):
            yield f"{world.count[WAITING]} jobs are counted as waiting, and {len(waiting)} wait"
        found: list[int] = []
        for lane, top in enumerate(quotas.top.tolist()):
            line = [top] if top >= 0 else []
            for job in line:
                if quotas.lane[job] != lane or quotas.owner[lane] != self.leaf[job] or len(line) > len(state):
                    yield f"job {job} stands in a lane that is not its own"
                    return
                for behind in (int(quotas.left[job]), int(quotas.right[job])):
                    if behind >= 0:
                        line.append(behind)
                        if (quotas.key[behind], behind) < (quotas.key[job], job):
                            yield f"job {job} stands before job {behind} in a lane"
            if bool(line) != (quotas.slot[lane] >= 0):
                yield f"lane {lane} is counted among those in which jobs wait, or not, wrongly"
            found += line
        if sorted([*found, *claims]) != waiting.tolist():
            yield f"jobs {sorted(found)} stand in lanes and {claims} have claims, and {waiting.tolist()} wait"
