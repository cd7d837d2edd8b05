"""`Buffer`: rows of one model version that are in no closed window yet; `Live`: all that a watch holds in memory only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .drift.reference import PREDICTION
from .watches import META

if TYPE_CHECKING:
    import polars as pl

MOST_REMEMBERED = 200_000
"""Requests of a watch whose answers are remembered for late labels."""


class Buffer:
    """Rows in the order of their arrival, with what was seen and lost beside them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.seen = self.lost = 0

    def frame(self) -> pl.DataFrame:
        """All rows; a column that some rows lack is null there, one of mixed values is text."""
        import polars as pl

        names = list(dict.fromkeys((*META, *(name for row in self.rows for name in row))))
        return pl.DataFrame([series(name, [row.get(name) for row in self.rows]) for name in names])


class Live:
    """Of one watch. `answers`: version and first prediction by request. `scored`: predictions and labels by version, not judged yet."""

    def __init__(self) -> None:
        self.buffers: dict[str, Buffer] = {}
        self.answers: dict[str, tuple[str, Any]] = {}
        self.scored: dict[str, list[tuple[str, Any, Any]]] = {}
        self.tick: Any = None

    def remember(self, row: dict[str, Any]) -> None:
        """The answer of a request, in place of the oldest if there are too many."""
        first = next((value for name, value in row.items() if name.startswith(PREDICTION)), None)
        self.answers[row["request"]] = (row["version"], first)
        if len(self.answers) > MOST_REMEMBERED:
            del self.answers[next(iter(self.answers))]


def series(name: str, values: list[Any]) -> pl.Series:
    """A column of whatever values: of their own type where they have one, else of text."""
    import polars as pl

    present = [value for value in values if value is not None]
    kinds = {float if type(value) is int else type(value) for value in present}
    if len(kinds) > 1 or not kinds <= {bool, float, str}:
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    if kinds == {float} and not all(type(value) is int and abs(value) < 2**63 for value in present):
        return pl.Series(name, [None if value is None else _float(value) for value in values], dtype=pl.Float64)
    return pl.Series(name, values, dtype=None if kinds else pl.Float64)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
