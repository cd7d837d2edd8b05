"""One long run: its mean and its quantiles from batches of figures that follow each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import OptionError
from .interval import Interval
from .means import student
from .samples import Floats, Values, between, level, sample, whole

BATCHES = 20
"""Schmeiser (Operations Research 30, 1982): more than 30 batches gain almost nothing, fewer than 10 cost much width."""

SUSPICIOUS = 0.05


@dataclass(frozen=True, slots=True)
class BatchInterval(Interval):
    """An interval from `n` batches of `size` figures each; the first `left_out` figures did not fill a batch.

    `correlation`: of each batch with the next. `p_independent`: how often independent batches would look so much alike their neighbours
    (von Neumann 1941); where it is small the batches are too short and the interval too narrow: run longer.

    >>> import numpy as np
    >>> found = batch_means(np.random.default_rng(0).normal(100, 1, size=2_000))
    >>> found.size, found.trusted
    (100, True)
    """

    size: int
    left_out: int
    correlation: float
    p_independent: float

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against independent batches, at 5 %."""
        return self.p_independent >= SUSPICIOUS

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        own = {name: getattr(self, name) for name in ("size", "left_out", "correlation", "p_independent", "trusted")}
        return Interval.to_dict(self) | own

    def __str__(self) -> str:
        warning = "" if self.trusted else "; batches depend on each other, the interval is too narrow: run longer"
        return f"{self.text()}, {self.n} batches of {self.size:,}{warning}"


def batch_means(series: Values, batches: int | None = None, confidence: float = 0.95) -> BatchInterval:
    """The mean of a long stationary series whose figures depend on their neighbours: batch means (Conway 1963; Law 2015, 9.5.3).

    The means of long batches are nearly independent and normal, so Student's interval of them holds the mean. `batches` is 20 if not
    given. Leave the warm-up out first (`mser5`). Raises OptionError where there are not two figures for each batch.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=20_000)
    >>> print(batch_means(np.convolve(noise, np.ones(50), "valid") + 100))
    100.24 (95 % 99.42–101.07), 20 batches of 997
    """
    row, size, left_out = _cut(series, batches)
    means = row.reshape(-1, size).mean(axis=1)
    return _from_batches(float(means.mean()), means, size, left_out, confidence)


def batch_quantile(series: Values, q: float, batches: int | None = None, confidence: float = 0.95) -> BatchInterval:
    """A quantile of a long stationary series, by sectioning (Asmussen and Glynn, Stochastic Simulation, 2007, III.5a).

    The estimate is the quantile of the whole series, which is biased less than those of the batches; how far theirs lie from it gives the
    width. Raises OptionError where there are not two figures for each batch.

    >>> import numpy as np
    >>> print(batch_quantile(np.random.default_rng(0).exponential(size=20_000), 0.5))
    0.687 (95 % 0.673–0.702), 20 batches of 1,000
    """
    part, (row, size, left_out) = between("q", q, 0.0, 1.0), _cut(series, batches)
    return _from_batches(float(np.quantile(row, part)), np.quantile(row.reshape(-1, size), part, axis=1), size, left_out, confidence)


def _cut(series: Values, batches: int | None) -> tuple[Floats, int, int]:
    """The end of the series that fills the batches, the size of a batch, and how many figures before it are left out."""
    row, count = sample("series", series), BATCHES if batches is None else whole("batches", batches, 2)
    size = len(row) // count
    if size < 2:
        raise OptionError(f"series: {len(row)} figures for {count} batches; expected at least {2 * count}")
    left_out = len(row) - count * size
    return row[left_out:], size, left_out


def _from_batches(estimate: float, figures: Floats, size: int, left_out: int, confidence: float) -> BatchInterval:
    sure, n = level(confidence), len(figures)
    half = student(n - 1, sure) * math.sqrt(float(((figures - estimate) ** 2).sum()) / (n - 1) / n)
    correlation, p = neighbours(figures)
    return BatchInterval(estimate, estimate - half, estimate + half, sure, n, size, left_out, correlation, p)


def neighbours(figures: Floats) -> tuple[float, float]:
    """Correlation of each figure with the next, and the p-value of independence against likeness: von Neumann's ratio of the mean square
    successive difference to the variance (Annals of Mathematical Statistics 12, 1941), by its normal approximation.

    >>> import numpy as np
    >>> [round(value, 3) for value in neighbours(np.arange(20.0))]
    [0.85, 0.0]
    """
    from scipy.special import ndtr

    apart, n = figures - figures.mean(), len(figures)
    squares = float((apart**2).sum())
    if not squares > 0:
        return 0.0, 1.0
    ends = float(apart[0] ** 2 + apart[-1] ** 2) / 2
    follow = float((apart[1:] * apart[:-1]).sum())
    likeness = (follow + ends) / squares  # 1 - (successive differences) / (2 · squares)
    return follow / squares, float(ndtr(-likeness * math.sqrt((n * n - 1) / (n - 2)))) if n > 2 else 1.0
