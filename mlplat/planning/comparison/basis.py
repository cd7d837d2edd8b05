"""What a comparison can speak of: one trace exactly, replications that were drawn, or resampled blocks of a recorded trace."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from ..statistics import Interval, paired
from ..statistics.samples import Floats

Basis = Literal["exact", "replications", "resampled"]

SAID: dict[Basis, str] = {
    "exact": "Nothing is drawn at random: the differences are exact for these jobs, and say nothing of others.",
    "replications": "Paired over {n} replications: the same jobs and failures for all policies. Intervals: Student's, {level} each.",
    "resampled": "Paired over {n} traces made of blocks of the recorded one. Intervals: where {level} of such traces lie.",
}


class Difference(NamedTuple):
    """`p_value`: of no difference; None where nothing is random. `narrowing`: how many times wider the interval would be if each policy
    had been given random numbers of its own; None where that is not finite.
    """

    interval: Interval
    p_value: float | None
    narrowing: float | None


def difference(basis: Basis, own: Floats, base: Floats, confidence: float) -> Difference:
    """The difference own - base over pairs of runs.

    Where blocks of a recorded trace are drawn, more draws tell better how much the difference varies between such traces, and do not make
    it vary less. Student's interval of the mean would shrink to nothing, as if days that were never recorded had been seen; so the bounds
    are percentiles of the differences (Efron, Annals of Statistics 7, 1979), and the p-value counts the traces on which the other policy
    is ahead, as (count + 1) / (n + 1), two-sided (Davison and Hinkley, Bootstrap Methods, 1997, 4.2.3).

    >>> difference("exact", np.array([3.0]), np.array([1.0]), 0.95).interval.estimate
    2.0
    """
    apart = own - base
    apart[np.abs(apart) <= 1e-12 * np.maximum(np.abs(own), np.abs(base))] = 0.0  # rounding
    if basis == "exact":
        value = float(apart[0])
        return Difference(Interval(value, value, value, confidence, 1), None, None)
    found = paired(base + apart, base, confidence)
    narrowing = found.narrowing if np.isfinite(found.narrowing) else None
    if basis == "replications":
        return Difference(Interval(found.estimate, found.low, found.high, confidence, found.n), found.p_value, narrowing)
    low, high = np.quantile(apart, ((1 - confidence) / 2, (1 + confidence) / 2)).tolist()
    others = min(int((apart <= 0).sum()), int((apart >= 0).sum()))
    interval = Interval(found.estimate, min(low, found.estimate), max(high, found.estimate), confidence, found.n)
    return Difference(interval, min(1.0, 2 * (others + 1) / (found.n + 1)), narrowing)
