"""How much of the start of a run is not yet typical: the rule MSER-5."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .samples import Floats, Values, sample

BATCH = 5
LAST = 5
"""Batches at the end that no truncation may leave alone: means of so few are small by chance."""


class WarmUp(NamedTuple):
    """What to leave out: the first `observations` of `of`. `settled`: False where the run is too short to tell:
    the rule would leave out more than half of it, or there are fewer than 50 observations.

    >>> found = warm_up([0] * 5 + [5, 6, 5, 4, 5] * 20)
    >>> found.observations, found.of
    (5, 105)
    """

    observations: int
    of: int
    settled: bool


def mser5(series: Values) -> int:
    """How many observations to leave out at the start of a run that begins in an untypical state, such as empty.

    MSER (White, Simulation 69, 1997) truncates where the remaining observations give the smallest estimated standard error of their mean,
    Σ (x - mean)² / (n - d)²; MSER-5 applies it to means of five (White, Cobb and Spratt, WSC 2000). The result is a multiple of five and
    at most half of the series. With several replications, give the mean over them at each position: it shows the transient best (Hoad,
    Robinson and Davies, JORS 61, 2010). Raises OptionError for what is no row of finite numbers.

    >>> mser5([0, 1, 2, 3, 4] + [5, 6, 5, 4, 5] * 20)
    5
    """
    return warm_up(series).observations


def warm_up(series: Values) -> WarmUp:
    """As `mser5`, and whether the run is long enough to tell.

    >>> warm_up([0] * 5 + [5, 6, 5, 4, 5] * 20)
    WarmUp(observations=5, of=105, settled=True)
    >>> warm_up(range(100)).settled
    False
    """
    row = sample("series", series, 0)
    batches = len(row) // BATCH
    if batches < 2:
        return WarmUp(0, len(row), False)
    error = standard_error_squares(row[: batches * BATCH].reshape(batches, BATCH).mean(axis=1))
    most = batches // 2
    best = int(np.argmin(error[: max(1, batches - LAST)]))
    settled = best <= most and batches >= 2 * LAST
    return WarmUp(BATCH * (best if best <= most else int(np.argmin(error[: most + 1]))), len(row), settled)


def standard_error_squares(means: Floats) -> Floats:
    """MSER's figure for each truncation, 0 to n - 1: of what stays, the sum of squares about its mean over the square of its number.

    >>> standard_error_squares(np.array([9.0, 1.0, 3.0])).round(3).tolist()
    [3.852, 0.5, 0.0]
    """
    left = np.arange(len(means), 0, -1.0)
    centred = means - means[len(means) // 2 :].mean()  # so that the squares of what is typical are small, and do not cancel
    sums, squares = (np.cumsum(values[::-1])[::-1] for values in (centred, centred**2))
    about = squares - sums**2 / left
    about[about <= left * (8 * np.finfo(float).eps * np.abs(means).max()) ** 2] = 0.0  # rounding
    error: Floats = about / left**2
    return error
