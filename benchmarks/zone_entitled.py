"""Whether somebody waits to whom room is due: the first job of a lane, entitled by its guarantee, that would be placed if borrowers left.

Reckoned from docs/quotas.md with first fit. Nothing is said where it is not plain: gangs of unlike replicas, MIG, nodes that are not well,
quotas that may do more than reclaim their own, cohorts that have borrowed themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplat.infra.kernels.state import STARTED, JobState, Queue
from mlplat.infra.quotas import Quota

if TYPE_CHECKING:
    from benchmarks.zone_steps import Steps

Array = np.ndarray[Any, Any]
DEVICE_MASK = (1 << 24) - 1


class Room:
    """Free amounts by row, from which what jobs hold can be taken off."""

    def __init__(self, steps: Steps) -> None:
        self.steps, world = steps, steps.run_.world
        place = steps.number_of
        seen = steps.look(0.0)
        self.held = seen.held
        self.free = steps.room.capacity.copy()
        np.subtract.at(self.free, self.held.node, steps.room.amounts[self.held.request] * self.held.replicas[:, None])
        self.device = world.nodes.device[place].copy()
        self.owner = world.nodes.owner[place]

    def without(self, job: int) -> None:
        """A job has gone."""
        room = self.steps.room
        for i in np.flatnonzero(self.held.job == job).tolist():
            row, request = self.held.node[i], self.held.request[i]
            self.free[row] += room.amounts[request] * self.held.replicas[i]
            if room.whole[request]:
                self.device[row][self.owner[row] == job] = 1000
            elif room.share[request]:
                self.device[row, int(self.held.where[i]) & DEVICE_MASK] += room.share[request] * self.held.replicas[i]

    def holds(self, request: int, replicas: int, rows: Array) -> bool:
        """Whether so many replicas fit on these nodes, one after the other."""
        room = self.steps.room
        each = room.amounts[request]
        rows = rows & room.allowed[request]
        some = each > 0
        count = np.full(len(rows), replicas)
        if some.any():
            count = np.minimum(count, (self.free[:, some] // each[some]).min(axis=1))
        if room.whole[request]:
            count = np.minimum(count, (self.device == 1000).sum(axis=1) // room.whole[request])
        elif room.share[request]:
            count = np.minimum(count, (self.device // room.share[request]).sum(axis=1))
        return int(np.maximum(0, count)[rows].sum()) >= replicas


class Entitled:
    """Looks for jobs to whom room is due after an instant in which nothing has started, so that every lane has been tried as it is now."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.looked = 0
        """How many jobs were looked at."""

    def wrong(self, claims: tuple[int, ...]) -> Iterator[str]:
        steps, world = self.steps, self.steps.run_.world
        tree, state = steps.tree, world.log.state
        waiting = [job for job in np.flatnonzero((state == JobState.WAITING) | (state == JobState.HELD)).tolist() if job not in claims]
        if not waiting or (steps.health & 31).any() or steps.down.any():
            return
        gangs = steps.run_.gangs
        heads: dict[tuple[int, int], int] = {}
        by_shape = world.queue in (Queue.BEST_EFFORT_FIFO, Queue.DRF)
        for job in sorted(waiting, key=self._place):
            heads.setdefault((int(steps.leaf[job]), int(world.jobs.gang[job, 3]) if by_shape else 0), job)
        jobs, ask, use = steps.charged(claims)
        for job in heads.values():
            leaf = int(steps.leaf[job])
            one = tree.described[leaf - 1]
            assert isinstance(one, Quota)
            request = gangs.requests[gangs.request[job]]
            if one.suspended or gangs.request[job] != gangs.last_request[job] or request.mig or one.borrow_within != "never":
                continue
            for flavor in tree.flavors_of(leaf):
                need = tree.ask(steps.base[[job]], np.array([flavor]))[0]
                asks = (need > 0) & tree.guaranteed
                if asks.any() and (use[leaf] + need <= tree.guarantee[leaf])[asks].all() and self._all_within(use, leaf, need, asks):
                    self.looked += 1
                    if self._is_due(job, leaf, flavor, need, asks, (jobs, ask, use.copy()), one):
                        yield f"job {job} of quota {leaf} waits, is within its guarantee, and would fit if borrowers left"

    def _place(self, job: int) -> tuple[float, int]:
        world = self.steps.run_.world
        if world.queue == Queue.SJF:
            return float(world.jobs.estimate[job]), job
        return (-float(self.steps.run_.trace.priority[job]), job) if world.queue == Queue.PRIORITY else (0.0, job)

    def _all_within(self, use: Array, leaf: int, need: Array, asks: Array) -> bool:
        """Whether, with the job, no node above its quota has borrowed."""
        tree = self.steps.tree
        with_it = np.where(np.array(tree.is_leaf)[:, None], use, 0)
        with_it[leaf] += need
        with_it = tree.spread(with_it)
        return all((with_it[node] <= tree.brought[node])[asks].all() for node in tree.way[leaf][:-1])

    def _is_due(self, job: int, leaf: int, flavor: int, need: Array, asks: Array, charged: tuple[Array, Array, Array], one: Quota) -> bool:
        steps = self.steps
        tree, world, priority = steps.tree, steps.run_.world, steps.run_.trace.priority
        gangs = steps.run_.gangs
        jobs, ask, use = charged
        owner = tree.owner_of_nodes()
        rows = ((owner < 0) | (owner == leaf)) & (steps.health == 0)
        if flavor >= 0:
            rows &= tree.parts.flavor == flavor
        room = Room(steps)
        lost = steps.lost()
        own = np.where(np.array(tree.is_leaf)[:, None], use, 0)

        def fits() -> bool:
            available = tree.available(tree.spread(own.copy()), lost)[leaf]
            enough = bool((need <= available)[need > 0].all())
            return enough and room.holds(int(gangs.request[job]), int(gangs.replicas[job]), rows)

        if fits():
            return True
        if one.reclaim == "never":
            return False
        made = int(world.count[STARTED])
        holding = [k for k in range(made) if np.isnan(world.attempts.end[k])]
        place = {int(j): i for i, j in enumerate(jobs.tolist())}

        def leave(who: int) -> None:
            own[steps.leaf[who]] -= ask[place[who]]
            room.without(who)

        running = []
        for attempt in holding:
            who = int(world.log.order[attempt])
            if np.isnan(world.attempts.stop[attempt]):
                running.append((int(priority[who]), -attempt, who))
            else:
                leave(who)
        if fits():
            return True
        for spare_only in (True, False):
            for level, _, who in sorted(running):
                other = int(steps.leaf[who])
                if other == leaf or own[other].sum() == 0 or (one.reclaim == "lower-priority" and level >= priority[job]):
                    continue
                if who in place and self._may_leave(own, leaf, other, ask[place[who]], asks, spare_only):
                    leave(who)
                    del place[who]
                    if fits():
                        return True
        return False

    def _may_leave(self, own: Array, leaf: int, other: int, amount: Array, asks: Array, spare_only: bool) -> bool:
        tree = self.steps.tree
        use = tree.spread(own.copy())
        _, theirs = tree.branches(leaf, other)
        way = tree.way[other][: tree.way[other].index(theirs) + 1]
        asks = asks & (amount > 0)
        if not all(((use[node] > tree.brought[node]) & asks).any() for node in way):
            return False
        if not spare_only:
            return True
        less = own.copy()
        less[other] -= amount
        less = tree.spread(less)
        matters = (amount > 0) & tree.guaranteed
        return all((less[node] >= tree.brought[node])[matters].all() for node in way)
