"""Columns of frames as the drift tests take them: finite numbers, or counts of categories, and how many values are missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .....errors import OptionError, printable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    Floats: TypeAlias = npt.NDArray[np.float64]
    Counts: TypeAlias = npt.NDArray[np.int64]
    Frame: TypeAlias = pl.DataFrame | Mapping[str, Any]


class ColumnKind(StrEnum):
    """What a column holds, and what a drift test is for. `JOINT`: all numeric columns together. `OTHER`: times, lists and the like."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    JOINT = "joint"
    OTHER = "other"


class ColumnData(NamedTuple):
    """One column of a frame. `numbers`: of numeric columns as they stand, float64, NaN where missing. `counts`: rows by category, in order
    of their names. `missing`: nulls, NaN and infinities. What does not apply is empty."""

    name: str
    kind: ColumnKind
    rows: int
    missing: int
    numbers: Floats
    counts: Mapping[str, int]

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing


def read_columns(frame: Frame, kinds: Mapping[str, ColumnKind | str] | None = None) -> dict[str, ColumnData]:
    """The columns of a polars frame, or of a mapping of names to arrays. `kinds`: of columns that are not to be taken as they look, such as
    codes that are numbers. Raises OptionError for columns of unequal length and for what is no frame.

    >>> read_columns({"x": [1.0, None, 3.0], "country": ["fr", "de", "fr"]})["country"].counts
    {'de': 1, 'fr': 2}
    """
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        series = {name: frame.get_column(name) for name in frame.columns}
    elif isinstance(frame, Mapping):
        series = {name: _series(name, values) for name, values in frame.items()}
    else:
        raise OptionError(f"a {type(frame).__name__} as frame; expected a polars frame, or a mapping of names to arrays")
    lengths = {len(each) for each in series.values()}
    if len(lengths) > 1:
        raise OptionError(f"columns of {', '.join(f'{n:,}' for n in sorted(lengths))} rows; expected the same number in each")
    wanted = {name: ColumnKind(kind) for name, kind in (kinds or {}).items()}
    return {name: _column(name, each, wanted.get(name)) for name, each in series.items()}


def _series(name: object, values: Any) -> pl.Series:
    import numpy as np
    import polars as pl

    if not isinstance(name, str):
        raise OptionError(f"a {type(name).__name__} as name of a column; expected text")
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise OptionError(f"column {printable(name)!r}: an array of {values.ndim} dimensions; expected one")
    try:
        return pl.Series(name, values, strict=False)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        raise OptionError(f"column {printable(name)!r}: a {type(values).__name__}; expected numbers or text, one for each row") from None


def _column(name: str, series: pl.Series, wanted: ColumnKind | None) -> ColumnData:
    import numpy as np
    import polars as pl

    kind, rows = kind_of(series.dtype), len(series)
    if wanted is ColumnKind.CATEGORICAL and kind is ColumnKind.NUMERIC:
        series, kind = _codes(series), ColumnKind.CATEGORICAL
    nothing = np.empty(0)
    if kind is ColumnKind.NUMERIC:
        numbers = series.cast(pl.Float64).fill_null(math.nan).to_numpy()
        missing = int(rows - np.count_nonzero(np.isfinite(numbers)))
        return ColumnData(name, kind, rows, missing, numbers, {})
    if kind is ColumnKind.CATEGORICAL:
        found = series.drop_nulls().cast(pl.String).value_counts().sort(pl.nth(0))
        counts = dict(zip(found.to_series(0).to_list(), found.to_series(1).to_list(), strict=True))
        return ColumnData(name, kind, rows, rows - sum(counts.values()), nothing, counts)
    return ColumnData(name, kind, rows, series.null_count(), nothing, {})


def kind_of(dtype: Any) -> ColumnKind:
    """What a column of this type of polars holds. A column of nothing but nulls counts as numeric."""
    import polars as pl

    if dtype.is_numeric() or dtype == pl.Null:
        return ColumnKind.NUMERIC
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
        return ColumnKind.CATEGORICAL
    return ColumnKind.OTHER


def _codes(series: pl.Series) -> pl.Series:
    """Numbers as names of categories: 3 and 3.0 are one."""
    import polars as pl

    if not series.dtype.is_float():
        return series.cast(pl.String)
    whole = series.fill_nan(None)
    return pl.Series(series.name, [None if v is None else str(int(v)) if v.is_integer() else repr(v) for v in whole], dtype=pl.String)


def finite_sorted(numbers: Floats) -> Floats:
    """The finite ones among the numbers, the least first."""
    import numpy as np

    return np.sort(numbers[np.isfinite(numbers)])
