"""How long a window should be, so that a daily cycle is no drift (A-7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .....errors import OptionError
from .....units import seconds
from .deciding import DriftRule, decide
from .reference import Reference
from .verdict import Outcome

if TYPE_CHECKING:
    import polars as pl

    from .....units import Duration

PARTS = (24, 12, 8, 6, 4, 3, 2, 1)
"""Into which the cycle is cut, the shortest windows first."""


class LengthTried(NamedTuple):
    """Windows of one length, cut out of the sample itself. `insufficient`: how many were below the minimum."""

    length_s: float
    windows: int
    insufficient: int
    alarms: int


class WindowAdvice(NamedTuple):
    """`length_s`: the shortest length that gave no alarm without drift and windows that suffice, in seconds; None where no length did, for
    example since the sample does not cover the cycle. `tried`: all lengths up to that one, the shortest first."""

    length_s: float | None
    tried: tuple[LengthTried, ...]

    def __str__(self) -> str:
        if self.length_s is None:
            return "no length of window suffices"
        return f"windows of {self.length_s:g} s"


def recommend_window(sample: pl.DataFrame, time: str, *, cycle: Duration = "1d", rule: DriftRule | None = None) -> WindowAdvice:
    """The shortest window that is like the whole sample, which has to cover at least one cycle.

    `sample`: rows without drift, such as a full day before training. `time`: its column of seconds. Windows of 1/24 of the cycle up to all
    of it are compared with the sample: if the hours of a day differ, windows of hours are alarms although nothing has changed, and only one
    that covers the cycle is none. Raises OptionError without that column.

    >>> import numpy as np
    >>> import polars as pl
    >>> hours = np.random.default_rng(0).uniform(0, 86_400, 20_000)
    >>> sample = pl.DataFrame({"t": hours, "x": np.random.default_rng(1).normal(size=20_000)})
    >>> print(recommend_window(sample, "t"))
    windows of 3600 s
    """
    import numpy as np
    import polars as pl

    rule = rule or DriftRule()
    period = seconds(cycle)
    if not isinstance(sample, pl.DataFrame) or time not in sample.columns or not sample.schema[time].is_numeric():
        raise OptionError(f"time={time!r}: expected the name of a column of seconds in a polars frame")
    at = sample.get_column(time).cast(pl.Float64).to_numpy()
    if not np.isfinite(at).all():
        raise OptionError(f"column {time!r}: expected seconds in every row")
    features = sample.drop(time)
    reference = Reference.of(features)
    tried: list[LengthTried] = []
    for parts in PARTS:
        length = period / parts
        one = _tried(features, at, reference, length, rule)
        tried.append(one)
        if one.windows and one.insufficient == one.alarms == 0 and one.windows * length >= period * (1 - 1e-9):
            return WindowAdvice(length, tuple(tried))
    return WindowAdvice(None, tuple(tried))


def _tried(features: pl.DataFrame, at: Any, reference: Reference, length: float, rule: DriftRule) -> LengthTried:
    """Windows of this length from the first row on; one that the sample does not fill to nine tenths is left out."""
    import numpy as np

    if not len(at):
        return LengthTried(length, 0, 0, 0)
    first, last = float(at.min()), float(at.max())
    number = ((at - first) // length).astype(np.int64)
    whole = int((last - first) / length + 0.1)
    outcomes = [decide(reference, features.filter(number == i), rule).outcome for i in range(whole)]
    return LengthTried(length, whole, outcomes.count(Outcome.INSUFFICIENT), outcomes.count(Outcome.DRIFT))
