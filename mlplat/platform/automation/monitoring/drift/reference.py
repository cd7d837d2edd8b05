"""`Reference`: what windows are compared with, sorted and counted once, from a frame or from the baseline of a model version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from .....errors import OptionError
from .columns import ColumnKind, read_columns
from .joint_sample import JointSample
from .reference_columns import ReferenceColumn, column_of, column_of_distribution

if TYPE_CHECKING:
    from ....artifacts.metadata.baselines import Baseline
    from .columns import Frame

PREDICTION = "prediction:"
"""Stands before the names of predictions among the columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A sample that windows are compared with. Read-only; made by `of` or `of_baseline`, and good for any number of windows.

    `columns`: by name. `rows`: of the sample. `left_out`: columns that are neither numbers nor categories. `joint`: rows for the tests of
    all numeric columns together; None where only bins are known.

    >>> reference = Reference.of({"age": [31.0, 42.0, 57.0], "country": ["fr", "de", "fr"]})
    >>> reference.rows, {name: str(column.kind) for name, column in reference.columns.items()}
    (3, {'age': 'numeric', 'country': 'categorical'})
    """

    columns: Mapping[str, ReferenceColumn]
    rows: int
    left_out: tuple[str, ...] = ()
    joint: JointSample | None = None

    @classmethod
    def of(cls, frame: Frame, *, kinds: Mapping[str, ColumnKind | str] | None = None, bins: int = 10) -> Self:
        """Of a frame. `kinds`: of columns that are not what they look like. `bins`: cells of equal size of each numeric column.

        Raises OptionError for columns of unequal length, and for fewer than 2 bins.
        """
        if bins < 2:
            raise OptionError(f"bins={bins}: expected at least 2")
        data = read_columns(frame, kinds)
        columns = {name: column_of(each, bins) for name, each in data.items() if each.kind is not ColumnKind.OTHER}
        rows = next((each.rows for each in data.values()), 0)
        left_out = tuple(name for name, each in data.items() if each.kind is ColumnKind.OTHER)
        return cls(columns, rows, left_out, JointSample.of(data))

    @classmethod
    def of_baseline(cls, baseline: Baseline, *, bins: int = 10) -> Self:
        """Of a baseline in the Metadata Store: its features by their names, its predictions as `prediction:NAME`.

        A distribution with neither counts of bins nor of categories is in `left_out`. `missing` is a share of all rows, with or without a
        value; how many these are follows from it, or is said by `rows`.
        """
        given: dict[str, Mapping[str, Any]] = dict(baseline.features)
        given |= {PREDICTION + name: each for name, each in baseline.predictions.items()}
        found = {name: column_of_distribution(name, each, bins) for name, each in given.items()}
        columns = {name: column for name, column in found.items() if column is not None}
        rows = max((column.rows for column in columns.values()), default=0)
        return cls(columns, rows, tuple(name for name, column in found.items() if column is None))

    def __str__(self) -> str:
        return f"{self.rows:,} rows, {len(self.columns)} columns"

    __repr__ = __str__
