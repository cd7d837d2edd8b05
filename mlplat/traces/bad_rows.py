"""The book of bad rows that a reader keeps: raise the first of them, or leave them all out and list them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ..errors import InputError, MlplatError, OptionError

Errors = Literal["raise", "skip"]

MAX_LISTED = 10_000
"""The bad rows of a trace that are kept as errors; those beyond are counted only."""


class SkippedRows(tuple[MlplatError, ...]):
    """The errors of the rows that were left out, in order of line: the first `MAX_LISTED`, and in `total` the number of all.

    >>> rows = SkippedRows.of([InputError("bad", line=7)], total=3)
    >>> len(rows), rows.total
    (1, 3)
    """

    total: int

    @classmethod
    def of(cls, errors: Iterable[MlplatError], total: int) -> SkippedRows:
        """The listed errors and the number of all bad rows."""
        rows = cls(errors)
        rows.total = total
        return rows


def check_errors(errors: object) -> None:
    """Raises OptionError unless `errors` is `"raise"` or `"skip"`."""
    if errors not in ("raise", "skip"):
        raise OptionError(f"errors={errors!r}: expected 'raise' or 'skip'")


def skipped_total(skipped: tuple[MlplatError, ...]) -> int:
    """How many rows were left out, listed or not."""
    return int(getattr(skipped, "total", len(skipped)))


class BadRows:
    """Collects the bad rows of one file. A row is entered once, with the first thing that is wrong with it.
    `close` raises the first under `errors="raise"`.

    >>> bad = BadRows("jobs.csv", errors="skip")
    >>> bad.add("is no number", line=3, column="duration", value="soon", expected="seconds")
    >>> [str(error) for error in bad.close()]
    ["jobs.csv, line 3, column 'duration': is no number (found 'soon'); expected seconds"]
    """

    def __init__(self, path: str, errors: Errors) -> None:
        self.path, self.errors = path, errors
        self._found: list[InputError] = []
        self._total = 0

    @property
    def room(self) -> int:
        """How many errors are worth making: one for raising, else as many as are listed."""
        return 1 if self.errors == "raise" else MAX_LISTED

    def add(
        self, problem: str, *, line: int | None = None, column: str | None = None, value: Any = None, expected: str | None = None
    ) -> None:
        """Enter one bad row."""
        self._total += 1
        self._found.append(InputError(problem, path=self.path, line=line, column=column, value=value, expected=expected))
        if len(self._found) >= 2 * self.room:
            self._keep_the_first()

    def count(self, rows: int) -> None:
        """Enter rows that are bad and not listed."""
        self._total += rows

    def close(self) -> tuple[MlplatError, ...]:
        """Raises the error of the first bad line under `errors="raise"`; else the listed errors in order of line."""
        if not self._total:
            return ()
        self._keep_the_first()
        if self.errors == "raise":
            raise self._found[0]
        return SkippedRows.of(self._found, self._total)

    def _keep_the_first(self) -> None:
        """What is beyond the room has that many before it in the file, so that it will never be told."""
        self._found.sort(key=lambda error: error.line or 0)
        del self._found[self.room :]
