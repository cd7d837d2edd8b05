"""A quantile of independent figures, without assumptions about how they are distributed."""

from __future__ import annotations

import math

import numpy as np

from .interval import Interval
from .samples import Values, between, level, sample


def quantile_interval(values: Values, q: float, confidence: float = 0.95) -> Interval:
    """The interval between two order statistics of independent figures (David and Nagaraja, Order Statistics, 2003, section 7.1).

    Of n figures, the number below the quantile is binomial with n and `q`: the bounds are the largest figure that is above the quantile
    with probability at most (1 - confidence) / 2, and the smallest that is below it so seldom. The interval therefore holds
    the quantile at least as often as it says, of any continuous distribution. Where n is too small for a bound it is infinite: for the
    upper one of the 95th percentile, at 95 %, below 72 figures. The estimate interpolates linearly.

    The figures must be independent: waits of the jobs of one run are not (`batch_quantile`). Raises OptionError.

    >>> print(quantile_interval(range(1, 1001), 0.95))
    950 (95 % 936–964)
    """
    row, part, sure = np.sort(sample("values", values)), between("q", q, 0.0, 1.0), level(confidence)
    below, above = order_statistics(len(row), part, sure)
    estimate = float(np.quantile(row, part))
    low = -math.inf if below is None else min(float(row[below - 1]), estimate)
    high = math.inf if above is None else max(float(row[above - 1]), estimate)
    return Interval(estimate, low, high, sure, len(row))


def order_statistics(n: int, q: float, confidence: float) -> tuple[int | None, int | None]:
    """Ranks (1 to n) of the lower and the upper bound, None where no rank will do.

    >>> order_statistics(100, 0.5, 0.95), order_statistics(20, 0.95, 0.95)
    ((40, 61), (17, None))
    """
    from scipy.special import bdtr, bdtrc

    ranks, tail = np.arange(1, n + 1), (1 - confidence) / 2 * (1 + 1e-12)
    low = np.flatnonzero(bdtr(ranks - 1, n, q) <= tail)  # fewer than `rank` figures below the quantile
    high = np.flatnonzero(bdtrc(ranks - 1, n, q) <= tail)  # at least `rank` of them
    return (int(ranks[low[-1]]) if len(low) else None), (int(ranks[high[0]]) if len(high) else None)
