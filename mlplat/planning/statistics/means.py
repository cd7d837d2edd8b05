"""The mean of independent figures, one for each replication."""

from __future__ import annotations

import math

from .interval import Interval
from .samples import Values, level, sample


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    """The interval of Student (Biometrika 6, 1908): mean ± t · s / √n, for independent figures that are close to normal.

    Figures of replications are independent, and close to normal where each is a mean over many jobs. At least two; raises OptionError.

    >>> print(mean_interval([10.1, 9.7, 10.4, 10.0]))
    10.05 (95 % 9.59–10.51)
    """
    row, sure = sample("values", values, 2), level(confidence)
    mean, half = float(row.mean()), student(len(row) - 1, sure) * float(row.std(ddof=1)) / math.sqrt(len(row))
    return Interval(mean, mean - half, mean + half, sure, len(row))


def student(freedom: float, confidence: float) -> float:
    """The number t of degrees of freedom `freedom` within which, on both sides of 0, Student's variable lies with this probability.

    >>> round(student(19, 0.95), 4)
    2.093
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))
