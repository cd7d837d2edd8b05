"""`JointSample`: rows of all numeric columns together, on one scale, for the tests that look at all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from .....streams import stream
from .columns import ColumnData, ColumnKind

if TYPE_CHECKING:
    from .columns import Floats

MOST_ROWS = 2_000
_FARTHEST = 8.0
_QUARTILES = 1.3489795003921634
"""Standard deviations between the quartiles of a normal distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class JointSample:
    """`rows`: float64, one line a row, on the scale of `centre` and `scale` of the columns `names`: median and quartiles of the reference.
    What is missing stands at the centre; what is more than 8 standard deviations away, at 8."""

    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    rows: Floats

    @classmethod
    def of(cls, data: Mapping[str, ColumnData]) -> Self | None:
        """Of the columns of a reference, at most 2,000 of its rows; None where no column has numbers."""
        import numpy as np

        columns = [each for each in data.values() if each.kind is ColumnKind.NUMERIC and each.present]
        if not columns:
            return None
        centre, scale = np.empty(len(columns)), np.empty(len(columns))
        for i, each in enumerate(columns):
            present = each.numbers[np.isfinite(each.numbers)]
            low, centre[i], high = np.quantile(present, (0.25, 0.5, 0.75), method="inverted_cdf")
            scale[i] = (high / 2 - low / 2) / _QUARTILES * 2 or min(float(np.std(present / 2)) * 2, np.finfo(float).max) or 1.0
        names = tuple(each.name for each in columns)
        empty = cls(names, centre, scale, np.empty((0, len(names))))
        return cls(names, centre, scale, empty.thinned(empty.scaled(data), MOST_ROWS))

    def scaled(self, data: Mapping[str, ColumnData]) -> Floats:
        """Rows of a window in the same form. A column that it does not have stands at the centre."""
        import numpy as np

        size = next((each.rows for each in data.values()), 0)
        rows = np.zeros((size, len(self.names)))
        for i, name in enumerate(self.names):
            if name in data and len(data[name].numbers) == size:
                numbers = np.clip(data[name].numbers, -1e300, 1e300) / self.scale[i] - self.centre[i] / self.scale[i]
                rows[:, i] = np.where(np.isfinite(data[name].numbers), np.clip(numbers, -_FARTHEST, _FARTHEST), 0.0)
        return rows

    @staticmethod
    def thinned(rows: Floats, most: int) -> Floats:
        """At most so many of the rows, drawn by a fixed seed: every k-th row would be biased where rows repeat in a rhythm."""
        import numpy as np

        if len(rows) <= most:
            return rows
        return rows[np.sort(stream(0, "drift.thinned").choice(len(rows), most, replace=False, shuffle=False))]
