"""The mean of independent figures, one for each replication."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .interval import Interval
from .samples import Values, level, sample


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    """The interval of Student (Biometrika 6, 1908): mean ± t · s / √n, for independent figures that are close to normal.

    Figures of replications are independent, and close to normal where each is a mean over many jobs. At least two; raises OptionError.

    >>> print(mean_interval([10.1, 9.7, 10.4, 10.0]))
    10.05 (95 % 9.59–10.51)
    """
    row, sure = sample("values", values, 2), level(confidence)
    return Interval(*one_sided(row.tolist(), (1 + sure) / 2), sure, len(row))


def one_sided(values: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Mean, and its lower and its upper bound, each at this one-sided confidence; all the same for equal figures, and for a single one.

    >>> [round(x, 3) for x in one_sided([1.0, 2.0, 3.0], 0.95)]
    [2.0, 0.314, 3.686]
    """
    n = len(values)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else 0.0
    half = student(n - 1, 2 * confidence - 1) * spread / math.sqrt(n) if spread else 0.0
    return mean, mean - half, mean + half


def student(freedom: float, confidence: float) -> float:
    """The number t of degrees of freedom `freedom` within which, on both sides of 0, Student's variable lies with this probability.

    >>> round(student(19, 0.95), 4)
    2.093
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))
