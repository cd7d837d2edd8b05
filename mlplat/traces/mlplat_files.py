"""mlplat's own CSV and Parquet: every column of a `JobTrace` by name. `write_trace` and the readers of what it writes."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..errors import InputError, OptionError, shown
from ..resources import DEVICE_MILLI
from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .request_codes import group_codes, request_codes
from .separated_text import read_table
from .source_bytes import MAX_BYTES, Source
from .table import MAX_AMOUNT, MAX_TEXT, MAX_WIDTH, Table
from .trace_reader import TraceReader, header_names, require_jobs

TIMES = ("submit", "duration")
AMOUNTS = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli", "mig")
LAST = ("last_cpu_milli", "last_memory_mib", "last_disk_mib", "last_gpus")
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("job_id", "", "the job's name; without the column, jobs are known by their row"),
    ("submit", "s", "submission, from the start of the run; required"),
    ("duration", "s", "run time, `inf` for a service that never ends; required"),
    ("estimate", "s", "what the scheduler is told, never below the duration; default: the duration"),
    ("replicas", "", "size of the gang; default 1"),
    ("cpu_milli", "milli-cores", "of one replica; default 0, as the amounts below"),
    ("memory_mib", "MiB", "of one replica"),
    ("disk_mib", "MiB", "of one replica"),
    ("gpus", "", "whole devices of one replica"),
    ("gpu_milli", "milli", "share of one device of one replica"),
    ("mig", "", "MIG profile of one replica, such as `3g.20gb`"),
    ("models", "", "device models that will do, such as `T4|P100`; default any"),
    ("priority", "", "higher is more important; default 0"),
    ("group", "", "user, team or virtual cluster"),
    ("last_cpu_milli", "milli-cores", "of the last replica, where it differs from the others; so the three below"),
    ("last_memory_mib", "MiB", "of the last replica"),
    ("last_disk_mib", "MiB", "of the last replica"),
    ("last_gpus", "", "of the last replica"),
    ("origin", "Unix s", "the moment of second 0, the same in every row; default 0"),
    ("split", "", "how jobs may be spread over nodes, the same in every row: `never`, `nodes`, `cores`; default `never`"),
)
"""Name, unit and meaning of each column."""

_NAMES = tuple(name for name, _, _ in COLUMNS)


class CsvReader(TraceReader):
    """mlplat's own CSV. Needs `submit`, `duration` and at least one amount; other columns have defaults, unknown ones are ignored."""

    name = "csv"
    summary = "mlplat's own columns as CSV"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the header."""
        return set(TIMES) <= header_names(first_line)

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError."""
        return _trace(read_table(source, BadRows(source.path, errors), required=TIMES, optional=_NAMES), source)


class ParquetReader(TraceReader):
    """mlplat's own columns as Parquet. In messages, `line` is the row counted from 1."""

    name = "parquet"
    summary = "mlplat's own columns as Parquet"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the magic bytes."""
        return first_line.startswith("PAR1")

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError."""
        frame = _parquet(source)
        missing = [name for name in TIMES if name not in frame.columns]
        if missing:
            raise InputError(
                f"lacks the column {', '.join(missing)}", path=source.path, value=",".join(frame.columns), expected=",".join(TIMES)
            )
        return _trace(Table(frame, BadRows(source.path, errors), first_line=1), source)


def _parquet(source: Source) -> pl.DataFrame:
    try:
        wanted = [name for name in pl.read_parquet_schema(io.BytesIO(source.data)) if name in _NAMES]
        rows = int(pl.scan_parquet(io.BytesIO(source.data)).select(pl.len()).collect().item())
        if rows * len(wanted) * 8 > MAX_BYTES:  # equal values shrink to nothing, so the size of the file says little
            raise InputError(f"has {rows:,} rows", path=source.path, expected=f"at most {MAX_BYTES // (8 * len(wanted)):,}")
        return pl.read_parquet(io.BytesIO(source.data), columns=wanted, use_statistics=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise InputError(f"is not a Parquet file that can be read: {shown(error)}", path=source.path) from None


def _trace(table: Table, source: Source) -> JobTrace:
    if not any(table.has(name) for name in AMOUNTS):
        problem = f"lacks a column of amounts: one of {', '.join(AMOUNTS)}"
        raise InputError(problem, path=source.path, line=1, value=",".join(table.frame.columns), expected="at least one of them")
    rows = len(table)
    submit = table.seconds("submit")
    duration = table.seconds("duration", infinite=True)
    estimate = duration
    if table.has("estimate"):
        estimate = table.seconds("estimate", empty=0.0, infinite=True)
    replicas = table.integers("replicas", low=1, high=MAX_WIDTH, empty=1) if table.has("replicas") else np.ones(rows, dtype=np.int64)
    priority = np.zeros(rows, dtype=np.int64)
    if table.has("priority"):
        priority = table.integers("priority", low=-(2**31), high=2**31 - 1, empty=0)
    first = _amounts(table)
    last = _last(table, first)
    groups = table.texts("group") if table.has("group") else None
    ids = table.texts("job_id") if table.has("job_id") else None
    origin = _constant(table, table.seconds("origin", empty=0.0), "origin", 0.0) if table.has("origin") else 0.0
    split = _constant(table, table.texts("split").to_numpy(), "split", "") or "never" if table.has("split") else "never"
    if split not in ("never", "nodes", "cores"):
        table.refuse(np.ones(rows, dtype=bool), "split", "unknown way to split", "never, nodes or cores")
    keep = ~table.bad
    skipped = table.close()
    require_jobs(rows, source.path, {}, len(skipped))
    codes, requests = request_codes({name: _kept(column, keep) for name, column in first.items()})
    last_codes, last_requests = (codes, []) if last is None else request_codes({name: _kept(column, keep) for name, column in last.items()})
    group, names = (np.zeros(int(keep.sum()), dtype=np.int32), ("",)) if groups is None else group_codes(groups.filter(keep))
    return JobTrace.build(
        submit=submit[keep],
        duration=duration[keep],
        estimate=np.maximum(estimate, duration)[keep],
        request=codes,
        requests=[*requests, *last_requests],
        replicas=replicas[keep],
        last_request=codes if last is None else last_codes + len(requests),
        priority=priority[keep],
        group=group,
        groups=names,
        job_id=None if ids is None else ids.filter(keep).to_numpy(),
        origin=float(origin),
        source=source.path,
        split=split,
        skipped=skipped,
    )


def _kept(column: Any, keep: Any) -> Any:
    return column.filter(keep) if isinstance(column, pl.Series) else column[keep]


def _amounts(table: Table) -> dict[str, Any]:
    columns: dict[str, Any] = {name: table.integers(name, empty=0) for name in ("cpu_milli", "memory_mib", "disk_mib") if table.has(name)}
    if table.has("gpus"):
        columns["gpus"] = table.integers("gpus", high=MAX_WIDTH, empty=0)
    if table.has("gpu_milli"):
        columns["gpu_milli"] = table.integers("gpu_milli", high=DEVICE_MILLI - 1, empty=0)
    for name in ("mig", "models"):
        if table.has(name):
            columns[name] = table.texts(name)
    kinds = np.zeros(len(table), dtype=np.int64)
    for name in ("gpus", "gpu_milli", "mig"):
        if name in columns:
            kinds += (columns[name] != "").to_numpy() if name == "mig" else columns[name] > 0
    named = next((name for name in ("mig", "gpu_milli", "gpus") if name in columns), "gpus")
    table.refuse(kinds > 1, named, "devices asked for in several ways", "only one of gpus, gpu_milli and mig")
    return columns


def _last(table: Table, first: dict[str, Any]) -> dict[str, Any] | None:
    """The amounts of the last replica, or None where no column says that it differs."""
    present = [name for name in LAST if table.has(name)]
    if not present:
        return None
    last = dict(first)
    for name in present:
        amount = name.removeprefix("last_")
        same = first.get(amount, np.zeros(len(table), dtype=np.int64))
        stated = ~table.blank(name)
        last[amount] = np.where(stated, table.integers(name, where=stated, high=MAX_WIDTH if amount == "gpus" else MAX_AMOUNT), same)
    if "last_gpus" in present:
        share = np.zeros(len(table), dtype=bool)
        if "gpu_milli" in first:
            share |= first["gpu_milli"] > 0
        if "mig" in first:
            share |= (first["mig"] != "").to_numpy()
        table.refuse(share & (last["gpus"] > 0), "last_gpus", "devices asked for in several ways", "none beside gpu_milli or mig")
    return last


def _constant(table: Table, values: Any, column: str, empty: Any) -> Any:
    """The one value of a column that must not vary."""
    good = np.flatnonzero(~table.bad)
    if not len(good):
        return empty
    first = values[good[0]]
    table.refuse(values != first, column, "differs from the rows above", f"{first!s} as in the rows above")
    return first


def write_trace(trace: JobTrace, path: str | os.PathLike[str]) -> None:
    """Write a trace as CSV or Parquet, by the suffix; `read_trace` gives back the same jobs, exactly. An existing file is replaced.

    Raises OptionError for another suffix and for names that no text file can hold, InputError where the file cannot be written.

    >>> import pathlib, tempfile
    >>> from mlplat.traces import read_trace, synthetic
    >>> trace, path = synthetic(50, seed=1), pathlib.Path(tempfile.mkdtemp(), "jobs.parquet")
    >>> write_trace(trace, path)
    >>> bool((read_trace(path).duration == trace.duration).all())
    True
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise OptionError(f"cannot tell how to write {shown(path)!r}; expected a name that ends in .csv or .parquet")
    frame = _frame(trace)
    for name, column in ((name, frame[name]) for name in frame.columns if frame[name].dtype == pl.String):
        if ((column.str.len_chars() > MAX_TEXT) | column.str.contains("\0", literal=True)).any():
            raise OptionError(f"column {name!r} has text that cannot be written; expected at most {MAX_TEXT} characters and no NUL")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # so that a file is there as a whole or not at all
    try:
        with part.open("xb") as stream:
            if suffix == ".csv":
                frame.write_csv(stream)
            else:
                frame.write_parquet(stream)
        part.replace(target)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=shown(path)) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _frame(trace: JobTrace) -> pl.DataFrame:
    """The columns of a trace that say something, texts null where empty (an empty text would be written with quotes)."""
    frame = trace.to_polars()
    if trace.job_id is None:
        frame = frame.drop("job_id")
    differs = trace.last_request != trace.request
    if differs.any():
        amounts = [(name, trace.per_request(name.removeprefix("last_"))) for name in LAST]
        others = [(r.gpu_milli, r.mig, r.models) for r in trace.requests]
        for first, last in {(int(a), int(b)) for a, b in zip(trace.request[differs], trace.last_request[differs], strict=True)}:
            if others[first] != others[last]:
                raise OptionError(
                    f"the last replica asks for {trace.requests[last]}, the others for {trace.requests[first]}: cannot be written"
                )
        frame = frame.with_columns([pl.Series(name, amount[trace.last_request]) for name, amount in amounts])
    if trace.origin:
        frame = frame.with_columns(origin=pl.lit(float(trace.origin)))
    if trace.split != "never":
        frame = frame.with_columns(split=pl.lit(trace.split))
    texts = [name for name in frame.columns if frame[name].dtype == pl.String]
    return frame.with_columns([pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts])
