"""Tests of a quantile of latency: whether it is longer in one sample than in another, or than it should be. No distribution is assumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .clustering import counted
from .error_rates import binomial_greater, binomial_less

if TYPE_CHECKING:
    from .observations import Floats


def rank_of(quantile: float, total: int) -> int:
    """The place, from 1, of a quantile among `total` sorted numbers."""
    return min(total, max(1, math.ceil(quantile * total - 1e-9)))


def quantile_of(values: Floats, quantile: float) -> float:
    """The quantile of a sample, one of its numbers."""
    import numpy as np

    rank = rank_of(quantile, values.size)
    return float(np.partition(values, rank - 1)[rank - 1])


def exceedances_greater(above: int, total: int, rank: int, of_others: int) -> float:
    """P value of "no longer than in the other sample": that at least `above` of `total` are beyond number `rank` of `of_others`.

    The exceedance test (Mathisen, Annals of Mathematical Statistics 14, 1943; Balakrishnan and Ng, "Precedence-Type Tests and
    Applications", 2006). Of two samples of one continuous distribution all orders are equally likely, and `above` or more are beyond that
    number exactly where the longest `of_others - rank + above` of all have at least `above` of the first sample. Ties make it smaller.
    """
    from scipy.stats import hypergeom

    return float(hypergeom.sf(above - 1, total + of_others, total, of_others - rank + above)) if above else 1.0


def exceedances_less(above: int, total: int, rank: int, of_others: int) -> float:
    """P value of "no shorter than in the other sample": that at most `above` of `total` are beyond number `rank` of `of_others`."""
    from scipy.stats import hypergeom

    if above >= total:
        return 1.0
    return float(hypergeom.cdf(above, total + of_others, total, of_others - rank + above + 1))


def longer(new_s: Floats, at_s: Floats, old_s: Floats, old_at_s: Floats, quantile: float, by: float, level: float) -> float:
    """P value of "the quantile is longer by at most the share `by`" against "by more".

    `new_s`, `old_s`: latencies without NaN; `at_s`, `old_at_s`: when they were. `level`: at which the test is made
    (`design_effect`). Exact for independent latencies that differ in scale.
    """
    bound = (1.0 + by) * quantile_of(old_s, quantile)
    seen = counted(at_s, new_s > bound, level, up=False)
    others = counted(old_at_s, old_s > quantile_of(old_s, quantile), level, up=True)
    return exceedances_greater(seen.hits, seen.total, rank_of(quantile, others.total), others.total)


def shorter(new_s: Floats, at_s: Floats, old_s: Floats, old_at_s: Floats, quantile: float, by: float, level: float) -> float:
    """P value of "the quantile is longer by at least the share `by`" against "by less", which shows that it is not inferior."""
    bound = (1.0 + by) * quantile_of(old_s, quantile)
    seen = counted(at_s, new_s >= bound, level, up=True)
    others = counted(old_at_s, old_s > quantile_of(old_s, quantile), level, up=False)
    return exceedances_less(seen.hits, seen.total, rank_of(quantile, others.total), others.total)


def longer_than(new_s: Floats, at_s: Floats, bound_s: float, quantile: float, level: float) -> float:
    """P value of "the quantile is at most `bound_s`" against "longer": the quantile test (Conover, "Practical Nonparametric Statistics",
    1999), which is binomial.
    """
    seen = counted(at_s, new_s > bound_s, level, up=False)
    return binomial_greater(seen.hits, seen.total, 1.0 - quantile)


def shorter_than(new_s: Floats, at_s: Floats, bound_s: float, quantile: float, level: float) -> float:
    """P value of "the quantile is at least `bound_s`" against "shorter"."""
    seen = counted(at_s, new_s >= bound_s, level, up=True)
    return binomial_less(seen.hits, seen.total, 1.0 - quantile)
