"""How good predictions are: accuracy, AUC, log loss, root mean squared error, R²; intervals, and two models on the same rows.

All of it is portable. Intervals: of accuracy Wilson's, else percentiles of a bootstrap (Efron 1979), resamples drawn by a seed.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import OptionError, UnknownNameError, printable
from .data import random_bits
from .intervals import percentile_interval, wilson_interval
from .matrices import labels, target
from .parameters import number, whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CLEAREST = 2.0**-52
"""The least probability that log loss takes, as in scikit-learn."""


class Measure(StrEnum):
    """A measure of quality."""

    ACCURACY = "accuracy"
    AUC = "auc"
    LOG_LOSS = "log_loss"
    RMSE = "rmse"
    R2 = "r2"


CLASSIFICATION = (Measure.ACCURACY, Measure.AUC, Measure.LOG_LOSS)
"""They take the probabilities of label 1; the others numbers."""
LOWER_IS_BETTER = (Measure.LOG_LOSS, Measure.RMSE)


class Measured(NamedTuple):
    """A value of a `measure`, and the interval from `low` to `high` that covers the true one with probability `level`."""

    measure: Measure
    value: float
    low: float
    high: float
    level: float
    rows: int

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.4f} ({self.level:.0%}: {self.low:.4f} to {self.high:.4f}, {self.rows:,} rows)"


class Comparison(NamedTuple):
    """Two models on the same rows. `difference`: by how much the `second` is better (below 0: worse); `low` to `high`: its interval."""

    measure: Measure
    first: float
    second: float
    difference: float
    low: float
    high: float
    level: float
    rows: int

    @property
    def better(self) -> bool:
        """Whether the second is better, and not by chance."""
        return self.low > 0.0

    @property
    def worse(self) -> bool:
        """Whether the second is worse, and not by chance."""
        return self.high < 0.0

    def not_worse(self, margin: float = 0.0) -> bool:
        """Whether the second is at most `margin` worse, and not by chance (non-inferiority): the whole interval says so."""
        return self.low >= -number("margin", margin, least=0.0)

    def __str__(self) -> str:
        word = "better" if self.better else "worse" if self.worse else "not told apart"
        return (
            f"{self.measure} {self.first:.4f} and {self.second:.4f}: the second is {word} "
            f"(by {self.difference:.4f}; {self.level:.0%}: {self.low:.4f} to {self.high:.4f}, {self.rows:,} rows)"
        )


def score(measure: str, y: Any, predicted: Any) -> float:
    """The value of a measure. `predicted`: probabilities of label 1, or numbers for rmse and r2. Raises OptionError, UnknownNameError.

    >>> score("auc", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return _Rows(_measure(measure), y, predicted).value(None)


def measure(measure: str, y: Any, predicted: Any, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> Measured:
    """The value of a measure with its interval. Raises OptionError, UnknownNameError.

    >>> print(measure("accuracy", [0, 1, 1, 1], [0.1, 0.9, 0.8, 0.3]))
    accuracy 0.7500 (95%: 0.3006 to 0.9544, 4 rows)
    """
    name = _measure(measure)
    rows = _Rows(name, y, predicted)
    value = rows.value(None)
    if name is Measure.ACCURACY:
        low, high = wilson_interval(rows.right(), rows.count, level)
    else:
        found = [rows.value(counts) for counts in _resampled(rows, resamples, seed)]
        low, high = percentile_interval(found, level)
    return Measured(name, value, low, high, level, rows.count)


def compare(measure: str, y: Any, first: Any, second: Any, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Two models' predictions of the same rows, by a paired bootstrap: each resample takes the same rows of both. Raises as `measure`.

    >>> verdict = compare("rmse", [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 9.0], [1.0, 2.0, 3.0, 4.5])
    >>> verdict.difference, verdict.not_worse()
    (2.25, True)
    """
    name = _measure(measure)
    one, two = _Rows(name, y, first, "first"), _Rows(name, y, second, "second")
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    here, there = one.value(None), two.value(None)
    found = [sign * (two.value(counts) - one.value(counts)) for counts in _resampled(one, resamples, seed)]
    low, high = percentile_interval(found, level)
    return Comparison(name, here, there, sign * (there - here), low, high, level, one.count)


def _measure(name: object) -> Measure:
    if name not in {each.value for each in Measure}:
        raise UnknownNameError("measure", printable(str(name)[:60]), [each.value for each in Measure])
    return Measure(str(name))


class _Rows:
    """What a measure needs of each row, made once for all resamples."""

    def __init__(self, measure: Measure, y: Any, predicted: Any, name: str = "predicted") -> None:
        import numpy as np

        from .kernels.measures import log_losses, squared_errors

        self.measure = measure
        count = len(y)
        if not count:
            raise OptionError("y: no rows; expected at least one")
        self.count = count
        self.once = np.ones(count, dtype=np.int64)
        self.y = labels(y, count) if measure in CLASSIFICATION else target(y, count)
        p = target(predicted, count, name)
        if measure in (Measure.ACCURACY, Measure.LOG_LOSS) and not ((p >= 0.0) & (p <= 1.0)).all():
            raise OptionError(f"{name}: {p.min()} to {p.max()}; expected probabilities of label 1")
        self.values = np.empty(count)
        match measure:
            case Measure.ACCURACY:
                self.values[:] = (p > 0.5) == (self.y == 1.0)
            case Measure.AUC:
                self.scores, self.order = p, np.argsort(p, kind="stable")
                if self.y.min() == self.y.max():
                    raise OptionError(f"y: every label is {self.y[0]:g}; expected both 0 and 1")
            case Measure.LOG_LOSS:
                log_losses(self.y, p, CLEAREST, self.values)
            case Measure.RMSE | Measure.R2:
                squared_errors(self.y, p, self.values)
                if measure is Measure.R2 and self.y.min() == self.y.max():
                    raise OptionError("y: all values are the same; R² is defined where they differ")

    def strata(self) -> list[npt.NDArray[np.int64]]:
        """Groups of rows of which each resample has as many as there are: for AUC the two labels, else all rows."""
        import numpy as np

        if self.measure is Measure.AUC:
            return [np.flatnonzero(self.y == label) for label in (0.0, 1.0)]
        return [np.arange(self.count)]

    def right(self) -> int:
        """Rows that were predicted right."""
        return int(self.values.sum())

    def value(self, counts: npt.NDArray[np.int64] | None) -> float:
        """The measure, each row counted so often. NaN for R² of rows that are all the same."""
        from .kernels.measures import add_values, area_under_curve, squares_about_mean

        counts = self.once if counts is None else counts
        if self.measure is Measure.AUC:
            return float(area_under_curve(self.y, self.scores, self.order, counts))
        total = float(add_values(self.values, counts))
        if self.measure is Measure.RMSE:
            return math.sqrt(total / self.count)
        if self.measure is Measure.R2:
            about = float(squares_about_mean(self.y, counts))
            return 1.0 - total / about if about > 0.0 else math.nan
        return total / self.count


def _resampled(rows: _Rows, resamples: int, seed: int) -> Any:
    import numpy as np

    from .kernels.measures import draw_counts

    strata = rows.strata()
    for each in range(whole("resamples", resamples, least=20)):
        counts = np.zeros(rows.count, dtype=np.int64)
        bits = random_bits(seed, f"training/bootstrap/{each}", rows.count)
        at = 0
        for stratum in strata:
            drawn = np.empty(len(stratum), dtype=np.int64)
            draw_counts(bits[at : at + len(stratum)], drawn)
            counts[stratum] = drawn
            at += len(stratum)
        yield counts
