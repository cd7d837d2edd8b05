"""Planning the slow way: every choice of counts is run and judged, and the cheapest that meets all taken. From docs/planning/plans.md."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence

from scipy import stats

Figures = dict[str, float]


def meets(runs: Sequence[Figures], goals: Sequence[tuple[str, str, float]], confidence: float) -> bool:
    """Whether the one-sided confidence bound of the mean of every figure is on the right side."""
    for name, relation, bound in goals:
        sign = 1.0 if relation == "<=" else -1.0
        values = [sign * run[name] for run in runs]
        mean, n = statistics.fmean(values), len(values)
        spread = statistics.stdev(values) if n > 1 else 0.0
        if mean + (stats.t.ppf(confidence, n - 1) * spread / n**0.5 if spread else 0.0) > sign * bound:
            return False
    return True


def exhaustive(
    ranges: Sequence[range],
    prices: Sequence[float],
    evaluate: Callable[[tuple[int, ...], int], Figures],
    goals: Sequence[tuple[str, str, float]],
    replications: int,
    confidence: float = 0.95,
) -> tuple[int, ...] | None:
    """The cheapest choice that meets all, of as cheap ones that with fewest nodes, then with fewest of the groups named first."""
    best = None
    for counts in itertools.product(*ranges):
        if meets([evaluate(counts, r) for r in range(replications)], goals, confidence):
            key = (round(sum(c * p for c, p in zip(counts, prices, strict=True)), 2), sum(counts), counts)
            best = key if best is None else min(best, key)
    return None if best is None else best[2]
