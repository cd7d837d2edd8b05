"""`JointSample`: rows of all numeric columns together, on one scale, for the tests that look at all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from .....streams import stream
from .columns import ColumnData, ColumnKind
from .spread import spread

if TYPE_CHECKING:
    from .columns import Floats

MOST_ROWS = 2_000
_FARTHEST = 8.0


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
            centre[i] = np.quantile(present, 0.5, method="inverted_cdf")
            scale[i] = spread(present) or 1.0
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
                numbers = data[name].numbers
                with np.errstate(over="ignore"):
                    numbers = (np.where(np.isfinite(numbers), numbers, self.centre[i]) - self.centre[i]) / self.scale[i]
                rows[:, i] = np.clip(numbers, -_FARTHEST, _FARTHEST)
        return rows

    @staticmethod
    def thinned(rows: Floats, most: int) -> Floats:
        """At most so many of the rows, drawn by a fixed seed: every k-th row would be biased where rows repeat in a rhythm."""
        import numpy as np

        if len(rows) <= most:
            return rows
        return rows[np.sort(stream(0, "drift.thinned").choice(len(rows), most, replace=False, shuffle=False))]
