"""Artificial clusters: figures as functions of the counts, monotone or not, under common random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlplat.planning.search.cheapest import Found, cheapest
from mlplat.planning.search.goals import Goal
from mlplat.planning.search.runs import Runs
from mlplat.planning.search.space import Space
from mlplat.planning.search.verdicts import Judging
from tests.oracle.naive_planning import Figures, exhaustive

Evaluate = Callable[[tuple[int, ...], int], Figures]


@dataclass(frozen=True)
class Case:
    """A space, its figures and goals, and how many replications."""

    space: Space
    evaluate: Evaluate
    goals: tuple[tuple[str, str, float], ...]
    replications: int = 3

    def search(self, *, most: int | None = None, start: tuple[int, ...] | None = None, ceiling: float | None = None) -> tuple[Found, Runs]:
        runs = Runs(lambda wanted: [self.evaluate(*one) for one in wanted], most=most)
        judging = Judging(runs, [Goal(*goal) for goal in self.goals], self.replications, 0.95)
        return cheapest(self.space, judging, start=start, ceiling=ceiling), runs

    def exhaustive(self) -> tuple[int, ...] | None:
        ranges = [range(a, b + 1) for a, b in zip(self.space.least, self.space.most, strict=True)]
        return exhaustive(ranges, self.space.prices, self.evaluate, self.goals, self.replications)


def waits(speeds: Sequence[float], load: float, *, noise: float = 0.0, bump: float = 0.0, seed: int = 0) -> Evaluate:
    """A wait that falls with the nodes, and a utilization. `noise`: of replications; `bump`: of each choice, which breaks the order."""

    def evaluate(counts: tuple[int, ...], replication: int) -> Figures:
        chance = float(np.random.default_rng([seed, replication]).normal())
        own = float(np.random.default_rng([seed, 10**6, *counts]).normal()) if bump else 0.0
        busy = load / max(sum(s * c for s, c in zip(speeds, counts, strict=True)), 1e-9)
        return {"mean_wait": 100 * busy**4 * math.exp(noise * chance + bump * own), "gpu_utilization": min(1.0, busy)}

    return evaluate
