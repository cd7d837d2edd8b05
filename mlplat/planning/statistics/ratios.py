"""The ratio of two means, such as cost for each completed job."""

from __future__ import annotations

import math

import numpy as np

from ...errors import OptionError
from .interval import Interval
from .means import student
from .samples import Values, level, pairs


def ratio_interval(a: Values, b: Values, confidence: float = 0.95) -> Interval:
    """mean(a) / mean(b) over pairs from the same replications, by Fieller's theorem (JRSS B 16, 1954).

    The ratios r that a test of "mean(a) = r · mean(b)" does not reject: the roots of a quadratic. The interval is not symmetric about the
    estimate. Where the pairs do not tell mean(b) from 0, no finite interval has the confidence, and both bounds are infinite. Raises
    OptionError for fewer than two pairs, rows of different lengths, or a mean of `b` of 0.

    >>> print(ratio_interval([10, 12, 11, 13], [5, 6.5, 5.2, 6]))
    2.03 (95 % 1.80–2.30)
    """
    top, bottom = pairs(a, b)
    sure, n = level(confidence), len(top)
    x, y = float(top.mean()), float(bottom.mean())
    if y == 0:
        raise OptionError("b has a mean of 0; expected a denominator other than 0")
    square = student(n - 1, sure) ** 2 / n
    (xx, xy), (_, yy) = np.cov(top, bottom).tolist()
    lead, middle, last = y * y - square * yy, x * y - square * xy, x * x - square * xx
    if not lead > 0:
        return Interval(x / y, -math.inf, math.inf, sure, n)
    root = math.sqrt(max(0.0, middle * middle - lead * last))
    low, high = (middle - root) / lead, (middle + root) / lead
    return Interval(x / y, min(low, x / y), max(high, x / y), sure, n)
