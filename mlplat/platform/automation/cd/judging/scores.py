"""Tests of quality: whether answers are worse in one sample than in another, or than they should be. Scores are the better the higher."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .error_rates import binomial_greater, binomial_less, less_than, more_than, upper_tail

if TYPE_CHECKING:
    from .observations import Floats


def is_binary(*samples: Floats) -> bool:
    """Whether all scores are 0 or 1."""
    return all(bool(((sample == 0.0) | (sample == 1.0)).all()) for sample in samples)


def lower(new: Floats, old: Floats, by: float) -> float:
    """P value of "the mean is lower by at most `by`" against "by more".

    Scores of 0 and 1 are counted (`error_rates.more_than`), others compared by the test of Welch (Biometrika 34, 1947), which allows
    unequal variances.
    """
    if is_binary(new, old):
        return more_than(int((new == 0).sum()), new.size, int((old == 0).sum()), old.size, by)
    return _welch(new, old, by)[1]


def not_lower(new: Floats, old: Floats, by: float) -> float:
    """P value of "the mean is lower by at least `by`" against "by less", which shows that it is not inferior."""
    if is_binary(new, old):
        return less_than(int((new == 0).sum()), new.size, int((old == 0).sum()), old.size, by)
    return _welch(new, old, by)[0]


def lower_than(new: Floats, bound: float) -> float:
    """P value of "the mean is at least `bound`" against "lower": binomial for scores of 0 and 1, else the test of Student."""
    if is_binary(new):
        return binomial_greater(int((new == 0).sum()), new.size, min(1.0, max(0.0, 1.0 - bound)))
    return _student(new, bound)[1]


def not_lower_than(new: Floats, bound: float) -> float:
    """P value of "the mean is at most `bound`" against "higher"."""
    if is_binary(new):
        return binomial_less(int((new == 0).sum()), new.size, min(1.0, max(0.0, 1.0 - bound)))
    return _student(new, bound)[0]


def _welch(new: Floats, old: Floats, by: float) -> tuple[float, float]:
    if new.size < 2 or old.size < 2:
        return 1.0, 1.0
    parts = [float(sample.var(ddof=1)) / sample.size for sample in (new, old)]
    freedom = sum(parts) ** 2 / sum(p**2 / (s.size - 1) for p, s in zip(parts, (new, old), strict=True)) if sum(parts) > 0 else math.inf
    return _tails(float(new.mean() - old.mean()) + by, math.sqrt(sum(parts)), freedom)


def _student(sample: Floats, bound: float) -> tuple[float, float]:
    if sample.size < 2:
        return 1.0, 1.0
    return _tails(float(sample.mean()) - bound, math.sqrt(float(sample.var(ddof=1)) / sample.size), sample.size - 1)


def _tails(gap: float, error: float, freedom: float) -> tuple[float, float]:
    """P values of a mean that is not higher, and of one that is not lower, than expected."""
    if not error > 0:
        return (0.0 if gap > 0 else 1.0), (0.0 if gap < 0 else 1.0)
    z = gap / error
    if math.isinf(freedom):
        return upper_tail(z), upper_tail(-z)
    from scipy.special import stdtr

    return float(stdtr(freedom, -z)), float(stdtr(freedom, z))
