"""How the level of a whole rollout is spent: over its steps, metrics and looks, so that all of them together keep it."""

from __future__ import annotations


def level_at(alpha: float, steps: int, metrics: int, looks: int, look: int, power: float = 2.0) -> float:
    """The level of one test: of one metric, at look `look` (from 1) of `looks` within one of `steps`; 0 beyond the last look.

    `alpha / (steps * metrics)` for all looks of a metric within a step, of which `(look / looks) ** power` is spent by a look (Kim and
    DeMets, Biometrika 74, 1987: early looks get little). What a look may spend is used as its own level, so that the sum over all tests
    is `alpha`, and by Bonferroni's inequality an equal version is rolled back with at most that probability, however looks, metrics and
    steps depend on each other.

    >>> round(sum(level_at(0.05, 4, 3, 5, look) for look in range(1, 6)) * 12, 12)
    0.05
    """
    if look > looks:
        return 0.0
    spent: float = (look / looks) ** power - ((look - 1) / looks) ** power
    return alpha * spent / (steps * metrics)
