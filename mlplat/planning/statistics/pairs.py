"""The difference of two alternatives that were run on the same random numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .interval import Interval
from .means import student
from .samples import Values, level, pairs


@dataclass(frozen=True, slots=True)
class Paired(Interval):
    """The interval of a mean difference a - b. `p_value`: of no difference, two-sided. `correlation`: of the two over the replications.
    `narrowing`: how many times wider the interval would be if each alternative had been given random numbers of its own.

    >>> difference = paired([10.2, 12.1, 9.8], [9.1, 11.2, 8.9])
    >>> round(difference.estimate, 3), difference.p_value < 0.05, difference.narrowing > 1
    (0.967, True, True)
    """

    p_value: float
    correlation: float
    narrowing: float

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold: None for an infinite narrowing."""
        narrowing = self.narrowing if math.isfinite(self.narrowing) else None
        return Interval.to_dict(self) | {"p_value": self.p_value, "correlation": self.correlation, "narrowing": narrowing}


def paired(a: Values, b: Values, confidence: float = 0.95) -> Paired:
    """The mean of the differences a - b, one for each replication, by Student's interval of the differences (Law 2015, 10.2.1).

    Under common random numbers, a[i] and b[i] come from the same arrivals, durations and failures, so that most of their variation is the
    same and falls out of the difference. Differences of different replications must be independent. Raises OptionError for fewer than two
    pairs or rows of different lengths.

    >>> paired([10.2, 12.1, 9.8], [9.1, 11.2, 8.9]).excludes_zero
    True
    """
    one, other = pairs(a, b)
    sure, apart, n = level(confidence), one - other, len(one)
    rounding = 1e-14 * max(float(np.abs(one).max()), float(np.abs(other).max()))
    apart[np.abs(apart) <= rounding] = 0.0
    mean, error = float(apart.mean()), float(apart.std(ddof=1)) / math.sqrt(n)
    if error <= rounding:
        error = 0.0
    half = student(n - 1, sure) * error
    spread = float(one.std(ddof=1)), float(other.std(ddof=1))
    both = float(np.cov(one, other)[0, 1]) / (spread[0] * spread[1]) if spread[0] * spread[1] > 0 else 0.0
    apiece = math.hypot(*spread) / math.sqrt(n)
    narrowing = apiece / error if error else (math.inf if apiece else 1.0)
    return Paired(mean, mean - half, mean + half, sure, n, p_of_mean(mean, error, n - 1), both, narrowing)


def p_of_mean(mean: float, error: float, freedom: int) -> float:
    """Two-sided p-value of a mean of 0, Student's test. Without any variation: 1 for 0, and 0 for anything else.

    >>> round(p_of_mean(2.093, 1.0, 19), 3)
    0.05
    """
    if not error > 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr

    return min(1.0, 2 * float(stdtr(freedom, -abs(mean / error))))
