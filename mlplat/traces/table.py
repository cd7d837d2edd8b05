"""A table of cells on its way to becoming jobs: columns are read as numbers, times or text at once, and rows that do not fit are marked.

No Python runs per row: a bad row is found by a mask over the column, and only then are its line and cell looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..errors import InputError, MlplatError
from .bad_rows import BadRows

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]

MAX_AMOUNT = 2**40
"""The largest amount in one cell: totals over the widest gang still fit an int64."""
MAX_WIDTH = 2**20
"""The most devices or replicas of one job."""
MAX_SECONDS = 1e12
"""The latest time; beyond it a float64 no longer tells milliseconds apart."""
MAX_TEXT = 1000

_TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f")


class Table:
    """The rows of one file. `frame` holds a String column (null where the cell is empty) or a typed one for each column of the file.

    `lines`: the 1-based line of each row; None where row i stands in line i + `first_line`.
    """

    def __init__(self, frame: pl.DataFrame, bad_rows: BadRows, *, lines: Integers | None = None, first_line: int = 2) -> None:
        self.frame, self.bad_rows = frame, bad_rows
        self.bad: Mask = np.zeros(frame.height, dtype=bool)
        self._lines, self._first_line = lines, first_line

    def __len__(self) -> int:
        return self.frame.height

    def has(self, *columns: str) -> bool:
        """Whether the file has all these columns."""
        return all(column in self.frame.columns for column in columns)

    def line(self, row: int) -> int:
        """The line of the file that a row stands in."""
        return row + self._first_line if self._lines is None else int(self._lines[row])

    def only(self, rows: Mask) -> Table:
        """A table of some of the rows, which keeps their lines and enters bad rows in the same book."""
        lines = np.arange(len(self)) + self._first_line if self._lines is None else self._lines
        return Table(self.frame.filter(rows), self.bad_rows, lines=lines[rows])

    def refuse(self, rows: Mask, column: str, problem: str, expected: str) -> None:
        """Mark rows as bad because of what stands in `column`. Rows that are bad already stay as they were entered."""
        fresh = rows & ~self.bad
        if not fresh.any():
            return
        index = np.flatnonzero(fresh)
        self.bad |= fresh
        listed = index[: self.bad_rows.room]
        values = self.frame[column].gather(listed).to_list() if self.has(column) else [None] * len(listed)
        for row, value in zip(listed.tolist(), values, strict=True):
            self.bad_rows.add(problem, line=self.line(row), column=column, value="" if value is None else value, expected=expected)
        self.bad_rows.count(len(index) - len(listed))

    def close(self) -> tuple[MlplatError, ...]:
        """The rows left out; raises the first of them under `errors="raise"`."""
        return self.bad_rows.close()

    def blank(self, column: str) -> Mask:
        """Rows whose cell is empty."""
        cells = pl.col(column)
        empty = (cells.str.strip_chars() == "").fill_null(True) if self.frame[column].dtype == pl.String else cells.is_null()
        return self.frame.select(empty.alias("empty"))["empty"].to_numpy()

    def integers(
        self, column: str, low: int = 0, high: int = MAX_AMOUNT, *, empty: int | None = None, where: Mask | None = None
    ) -> Integers:
        """Whole numbers from `low` to `high`; `empty` stands for an empty cell, which is bad without it. Rows outside `where` read 0."""
        numbers = self._numbers(column).to_numpy()
        with np.errstate(invalid="ignore"):
            valid = (numbers >= low) & (numbers <= high)
            if numbers.dtype.kind == "f":  # the limits are below 2**53, so that float64 holds every whole number within them
                valid &= numbers == np.floor(numbers)
        values = np.where(valid, numbers, 0).astype(np.int64)
        self._settle(column, values, valid, empty, where, f"a whole number from {low} to {high}")
        return values

    def seconds(
        self, column: str, *, low: float = 0.0, empty: float | None = None, where: Mask | None = None, infinite: bool = False
    ) -> Seconds:
        """A column of seconds from `low` to `MAX_SECONDS`, or infinite where that is allowed."""
        values = self._numbers(column).to_numpy().astype(np.float64)
        with np.errstate(invalid="ignore"):
            valid = (values >= low) & (values <= MAX_SECONDS)
        expected = f"seconds from {low:g} to {MAX_SECONDS:g}"
        if infinite:
            valid |= values == np.inf
            expected += ", or inf"
        self._settle(column, values, valid, empty, where, expected)
        return values

    def moments(self, column: str, *, where: Mask | None = None) -> Seconds:
        """A column of points in time (`2017-10-09 07:01:55`, read as UTC) as Unix seconds; 0 outside `where`."""
        cells = self._text(column)
        times = cells.str.to_datetime(_TIME_FORMATS[0], time_unit="us", strict=False)
        for form in _TIME_FORMATS[1:]:
            if not times.null_count():
                break
            times = times.fill_null(cells.str.strip_chars().str.to_datetime(form, time_unit="us", strict=False))
        values = times.cast(pl.Int64).to_numpy() / 1e6
        with np.errstate(invalid="ignore"):
            valid = values >= 0
        self._settle(column, values, valid, None, where, "a time since 1970 such as 2017-10-09 07:01:55")
        return values

    def texts(self, column: str) -> pl.Series:
        """A column of text of at most 1,000 characters, empty where the cell is."""
        cells = self._text(column)
        if cells.null_count():
            cells = cells.fill_null("")
        if len(cells) and cells.str.len_bytes().max() > MAX_TEXT:  # type: ignore[operator]
            long = (cells.str.len_chars() > MAX_TEXT).to_numpy()
            self.refuse(long, column, "the text is too long", f"at most {MAX_TEXT} characters")
            cells = cells.str.slice(0, MAX_TEXT)
        return cells

    def _settle(self, column: str, values: Any, valid: Mask, empty: float | None, where: Mask | None, expected: str) -> None:
        """Fill empty cells, enter the bad ones, and set to 0 what must not be used."""
        bad = ~valid
        if bad.any():
            if empty is not None:
                blank = self.blank(column)
                values[blank] = empty
                bad &= ~blank
            if where is not None:
                bad &= where
            self.refuse(bad, column, "bad value", expected)
            values[bad if where is None else bad | ~where] = 0
        elif where is not None:
            values[~where] = 0

    def _text(self, column: str) -> pl.Series:
        cells = self.frame[column]
        if cells.dtype == pl.String:
            return cells
        if cells.dtype in (pl.Categorical, pl.Enum, pl.Null) or cells.dtype.is_integer():
            return cells.cast(pl.String)
        raise self._wrong_type(column, cells, "text")

    def _numbers(self, column: str) -> pl.Series:
        """The cells as Int64 where all are whole, else as Float64; null where a cell is not a number."""
        cells = self.frame[column]
        if cells.dtype in (pl.Categorical, pl.Enum, pl.Null):
            cells = cells.cast(pl.String)
        if cells.dtype == pl.String:
            gaps = cells.null_count()
            numbers = cells.cast(pl.Int64, strict=False)
            if numbers.null_count() == gaps:
                return numbers
            numbers = cells.cast(pl.Float64, strict=False)
            return numbers if numbers.null_count() == gaps else cells.str.strip_chars().cast(pl.Float64, strict=False)
        if cells.dtype.is_numeric():
            return cells if cells.dtype in (pl.Int64, pl.Float64) else cells.cast(pl.Float64, strict=False)
        raise self._wrong_type(column, cells, "numbers")

    def _wrong_type(self, column: str, cells: pl.Series, expected: str) -> InputError:
        return InputError(f"the column is of type {cells.dtype}", path=self.bad_rows.path, column=column, expected=expected)
