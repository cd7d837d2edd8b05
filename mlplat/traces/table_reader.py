"""`TableReader`: readers of text files with a header and one row a job, of which only the columns differ."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl

from ..errors import OptionError, UnknownNameError
from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .request_codes import group_codes, request_codes
from .separated_text import read_table
from .source_bytes import Source
from .table import Table
from .trace_reader import TraceReader, header_names, require_jobs

AMOUNTS = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli", "mig", "models")
COLUMNS = ("job_id", "submit", "duration", "estimate", "replicas", "priority", "group", *AMOUNTS)
"""What `TableReader.jobs` may return, in the units of mlplat's own files: seconds, milli-cores, MiB."""


class TableReader(TraceReader):
    """Reads tables: a header, and a row for each job. Subclass it, name the columns, and say in `jobs` what they mean.

    `required`: columns that the file must have. `optional`: further ones that `jobs` looks at. `separator`: between cells. `split`: how
    jobs may be spread over nodes, as of `JobTrace`. `calendar`: whether `submit` is in Unix seconds; it is then counted from the first
    submission, whose moment becomes the `origin` of the trace.

    >>> class Nightly(TableReader):
    ...     name, summary = "nightly", "minutes of nightly jobs of one device"
    ...     required, separator = ("minutes",), ";"
    ...     def jobs(self, table):
    ...         minutes = table.seconds("minutes")
    ...         return {"submit": 0 * minutes, "duration": 60 * minutes, "gpus": 1}
    >>> Nightly().read(Source("jobs.txt", "jobs.txt", b"minutes;owner\\n5;ann\\n90;bob\\n"), "raise").duration.tolist()
    [300.0, 5400.0]
    """

    required: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ()
    separator: ClassVar[str] = ","
    split: ClassVar[Literal["never", "nodes", "cores"]] = "never"
    calendar: ClassVar[bool] = False

    @abc.abstractmethod
    def jobs(self, table: Table) -> Mapping[str, Any]:
        """The columns of the jobs by their names in `COLUMNS`, each with a value for every row of the table, or one for all.

        `submit`, `duration` and an amount are needed. `table` reads and checks cells (`seconds`, `moments`, `integers`, `texts`): a cell
        that it refuses makes its row a bad one, which is left out or raised as the caller of `read_trace` asked for.
        """

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the header, which has the required columns."""
        return set(self.required) <= header_names(first_line, self.separator)

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError, and OptionError, UnknownNameError for what `jobs` returns."""
        bad_rows = BadRows(source.path, errors)
        table = read_table(source, bad_rows, required=self.required, optional=self.optional, separator=self.separator)
        columns = self._checked(self.jobs(table), len(table))
        keep = ~table.bad
        skipped = table.close()
        require_jobs(len(table), source.path, {}, len(skipped))
        kept = {name: column.filter(keep) if isinstance(column, pl.Series) else column[keep] for name, column in columns.items()}
        request, requests = request_codes({name: kept.pop(name) for name in AMOUNTS if name in kept})
        group, groups = group_codes(pl.Series(kept.pop("group"))) if "group" in kept else (None, ("",))
        ids = pl.Series(kept.pop("job_id")).to_numpy() if "job_id" in kept else None
        submit = np.asarray(kept.pop("submit"), dtype=np.float64)
        origin = float(submit.min()) if self.calendar and len(submit) else 0.0
        return JobTrace.build(
            submit=submit - origin,
            request=request,
            requests=requests,
            group=group,
            groups=groups,
            job_id=ids,
            origin=origin,
            source=source.path,
            split=self.split,
            skipped=skipped,
            **kept,
        )

    def _checked(self, given: Mapping[str, Any], rows: int) -> dict[str, Any]:
        """Columns of the length of the table. What is wrong with them is a mistake of the reader, not of the file."""
        reader = f"{type(self).__name__}.jobs"
        if not isinstance(given, Mapping):
            raise OptionError(f"{reader}: returned a {type(given).__name__}; expected a mapping with any of {', '.join(COLUMNS)}")
        for name in given:
            if name not in COLUMNS:
                raise UnknownNameError(f"column from {reader}", name, COLUMNS)
        lacking = [name for name in ("submit", "duration") if name not in given]
        if lacking or not any(name in given for name in AMOUNTS):
            lacking += [] if any(name in given for name in AMOUNTS) else [f"one of {', '.join(AMOUNTS)}"]
            raise OptionError(f"{reader}: returned no {' and no '.join(lacking)}")
        columns = {}
        for name, value in given.items():
            column = value if isinstance(value, pl.Series) else np.asarray(value)
            columns[name] = np.repeat(column, rows) if isinstance(column, np.ndarray) and column.ndim == 0 else column
            if len(columns[name]) != rows:
                raise OptionError(f"{reader}: {name} has {len(columns[name]):,} values; expected {rows:,}, one for each row")
        return columns
