"""Intervals for proportions and from resamples, without a library's quantile functions, whose last digits depend on the machine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

from ...errors import OptionError
from .parameters import number, whole

PER_ROOT_TWO_PI = float.fromhex("0x1.9884533d43651p-2")


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of Wilson (1927) for a proportion; within 0 and 1 also where all or none succeed. Raises OptionError.

    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    n = whole("trials", trials, least=1)
    share = whole("successes", successes, least=0, most=n) / n
    z = normal_quantile(0.5 + _level(level) / 2.0)
    middle = (share + z * z / (2 * n)) / (1.0 + z * z / n)
    half = z / (1.0 + z * z / n) * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    return max(middle - half, 0.0) if successes else 0.0, min(middle + half, 1.0) if successes < n else 1.0


def percentile_interval(values: Iterable[float], level: float = 0.95) -> tuple[float, float]:
    """The percentiles of resamples between which lies `level` of them: order statistics, none in between. NaN is left out.

    Raises OptionError for fewer than 20 numbers.

    >>> percentile_interval(range(1, 1000), 0.95)
    (25.0, 975.0)
    """
    found = sorted(float(value) for value in values if not math.isnan(value))
    if len(found) < 20:
        raise OptionError(f"{len(found)} resamples with a value; expected at least 20")
    tail = max(round((1.0 - _level(level)) / 2.0 * (len(found) + 1)), 1)
    return found[tail - 1], found[-tail]


@cache
def normal_quantile(p: float) -> float:
    """The number below which a standard normal variable stays with probability p, 0.5 ≤ p < 1, to 15 digits: by bisection.

    >>> round(normal_quantile(0.975), 12)
    1.95996398454
    """
    if not 0.5 <= p < 1.0:
        raise OptionError(f"p={p!r}: expected 0.5 ≤ p < 1")
    low, high = 0.0, 9.0
    while True:
        middle = (low + high) / 2.0
        if middle in (low, high):
            return middle
        if _normal_below(middle) < p:
            low = middle
        else:
            high = middle


def _normal_below(z: float) -> float:
    """Φ(z) = ½ + φ(z) (z + z³/3 + z⁵/(3·5) + …), all terms of one sign (Marsaglia 2004)."""
    from .portable import exp

    term, total, k = z, z, 1
    while True:
        k += 2
        term = term * z * z / k
        if total + term == total:
            return 0.5 + total * PER_ROOT_TWO_PI * float(exp([-0.5 * z * z])[0])
        total += term


def _level(level: float) -> float:
    if not 0.0 < number("level", level, least=0.0) < 1.0:
        raise OptionError(f"level={level!r}: expected a number between 0 and 1")
    return float(level)
