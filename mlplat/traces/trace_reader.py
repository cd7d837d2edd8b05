"""The extension point for trace formats: `TraceReader`."""

from __future__ import annotations

import abc
from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from ..workload import JobTrace
from .bad_rows import Errors
from .source_bytes import Source
from .table import Mask


class TraceReader(abc.ABC):
    """Reads one format of trace. Subclass it and pass an instance as `format` to read a format that mlplat does not know.

    `read` gets the bytes of the file and returns a `JobTrace`. What is wrong with the file as a whole is an InputError. What is wrong
    with a row is entered in a `BadRows` (most easily through a `Table`), so that both `errors="raise"` and `"skip"` work. What the format
    itself marks as unknown is left out and counted by reason in `JobTrace.dropped`.

    >>> from mlplat.traces import FORMATS
    >>> FORMATS["philly"].recognizes("jobs.csv", "num_gpus;submit_time"), isinstance(FORMATS["swf"], TraceReader)
    (False, True)
    """

    name: str
    """The name that `format` takes."""
    summary: str
    """What the format is, in a few words."""

    @abc.abstractmethod
    def recognizes(self, name: str, first_line: str) -> bool:
        """Whether a file of this name (without `.gz` or `.zip`) that begins with this line is of the format."""

    @abc.abstractmethod
    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs of the file. Raises InputError."""


class Dropped:
    """Counts the rows that a format marks as unknown, by reason; a row counts once, under the first reason given.

    >>> import numpy as np
    >>> dropped = Dropped(np.array([True, True, False]))
    >>> dropped.leave_out(np.array([True, False, True]), "never started")
    >>> dropped.keep.tolist(), dropped.by_reason
    ([False, True, False], {'never started': 1})
    """

    def __init__(self, good: Mask) -> None:
        self.keep = good.copy()
        self.by_reason: dict[str, int] = {}

    def leave_out(self, rows: Mask, reason: str) -> None:
        """Leave out those of the rows that are still kept."""
        count = int(np.count_nonzero(rows & self.keep))
        if count:
            self.by_reason[reason] = count
            self.keep &= ~rows


def header_names(first_line: str, separator: str = ",") -> set[str]:
    """The column names in the first line of a file.

    >>> sorted(header_names('a, "b"'))
    ['a', 'b']
    """
    return {cell.strip().strip('"').strip() for cell in first_line.removeprefix("\ufeff").split(separator)}


def require_jobs(count: int, path: str, dropped: dict[str, int], skipped: int) -> None:
    """Raises InputError where a file has no row at all that became a job or was left out for a reason."""
    if not count and not dropped and not skipped:
        raise InputError("has no jobs", path=path, expected="a row for each job")


def require_columns(path: str, present: Iterable[str], wanted: tuple[str, ...]) -> bool:
    """True where all `wanted` columns are present, False where none is. Raises InputError in between."""
    have = set(present)
    missing = [column for column in wanted if column not in have]
    if missing and len(missing) < len(wanted):
        raise InputError(f"the header lacks {', '.join(missing)}", path=path, line=1, expected=f"all of {', '.join(wanted)}, or none")
    return not missing
