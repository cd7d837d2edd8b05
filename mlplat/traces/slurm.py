"""Accounting records of Slurm, as `sacct -P` prints them: cells apart by `|`, a header with the names of the fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from ..errors import InputError
from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .request_codes import group_codes, request_codes
from .separated_text import read_table
from .slurm_cells import NO_LIMIT, UNKNOWN, UNLIMITED_TIME, device_types, elapsed_seconds, resource, size_mib
from .source_bytes import Source
from .table import MAX_AMOUNT, MAX_SECONDS, MAX_WIDTH, Integers, Mask, Seconds, Table
from .trace_reader import Dropped, TraceReader, header_names, require_jobs

REQUIRED = ("JobID", "Submit")
TRES = ("AllocTRES", "ReqTRES")
CPUS = ("NCPUS", "AllocCPUS", "ReqCPUS")
OPTIONAL = (
    "User", "Account", "Start", "End", "ElapsedRaw", "Elapsed", "TimelimitRaw", "Timelimit", *TRES, "NNodes", "AllocNodes", *CPUS,
    "ReqMem", "State", "Priority",
)  # fmt: skip
MAX_CORES = 2**24

_NEVER_STARTED = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD")
_STILL_RUNNING = ("RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "STOPPED")


class SlurmReader(TraceReader):
    """Takes the fields that are there; needs `JobID`, `Submit`, one of `ElapsedRaw`, `Elapsed` or `Start` with `End`, and one of `NCPUS`,
    `AllocTRES` or `ReqTRES` (what was allocated goes before what was asked for).

    Steps (`123.batch`) are not jobs and are passed over. A job on `NNodes` nodes is a gang of so many replicas with an even share each, the
    last taking the remainder. The time limit is the estimate, `UNLIMITED` an infinite one. The group is the account, or the user.
    Jobs that never started, are still running, or whose submission is not known are dropped. Times are read as UTC and count from the
    earliest
    submission, whose Unix time is `origin`.
    """

    name = "slurm"
    summary = "accounting records of Slurm (sacct -P)"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the header."""
        return set(REQUIRED) <= header_names(first_line, "|")

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError."""
        table = read_table(source, BadRows(source.path, errors), required=REQUIRED, optional=OPTIONAL, separator="|", quotes=False)
        _require_amounts(table, source.path)
        jobs = _jobs_only(table)
        dropped, submit, duration = _times(jobs)
        columns, replicas, last = _amounts(jobs, dropped.keep)
        estimate = _estimates(jobs, duration, dropped.keep)
        ids = jobs.texts("JobID")
        by = next((name for name in ("Account", "User") if jobs.has(name)), None)
        groups = jobs.texts(by) if by else None
        keep = dropped.keep & ~jobs.bad
        skipped = jobs.close()
        require_jobs(len(table), source.path, {}, len(skipped))
        origin = float(submit[keep].min()) if keep.any() else 0.0
        columns["models"] = columns["models"].filter(keep)
        columns |= {name: columns[name][keep] for name in last}
        codes, requests = request_codes(columns)
        last_codes, last_requests = codes, list(requests)
        if (replicas[keep] > 1).any():
            last_codes, last_requests = request_codes(columns | {name: column[keep] for name, column in last.items()})
        group, names = (np.zeros(int(keep.sum()), dtype=np.int32), ("",)) if groups is None else group_codes(groups.filter(keep))
        devices = any(request.gpus for request in requests)
        return JobTrace.build(
            submit=submit[keep] - origin,
            duration=duration[keep],
            estimate=estimate[keep],
            request=codes,
            requests=[*requests, *last_requests],
            last_request=last_codes + len(requests),
            replicas=replicas[keep],
            group=group,
            groups=names,
            job_id=ids.filter(keep).to_numpy(),
            origin=origin,
            source=source.path,
            split="never" if jobs.has("NNodes") or jobs.has("AllocNodes") else "nodes" if devices else "cores",
            dropped=dropped.by_reason,
            skipped=skipped,
        )


def _require_amounts(table: Table, path: str) -> None:
    header = "|".join(table.frame.columns)
    if not (table.has("ElapsedRaw") or table.has("Elapsed") or table.has("Start", "End")):
        raise InputError("the header lacks the run time", path=path, line=1, value=header, expected="ElapsedRaw, Elapsed, or Start and End")
    if not any(table.has(name) for name in (*CPUS, *TRES)):
        raise InputError("the header lacks the resources", path=path, line=1, value=header, expected="NCPUS, AllocTRES or ReqTRES")


def _jobs_only(table: Table) -> Table:
    """The table without the steps of jobs."""
    job = ~(table.frame["JobID"].str.contains(".", literal=True).fill_null(False)).to_numpy()
    return table.only(job)


def _times(table: Table) -> tuple[Dropped, Seconds, Seconds]:
    """What is dropped, and submission (Unix) and run time of each job."""
    dropped = Dropped(np.ones(len(table), dtype=bool))
    tests = (
        ("Submit", UNKNOWN[1:], "submission unknown"),
        ("State", _NEVER_STARTED, "never started"),
        ("Start", UNKNOWN, "never started"),
        ("State", _STILL_RUNNING, "still running"),
        ("End", UNKNOWN, "still running"),
    )
    present = [(column, words, reason) for column, words, reason in tests if table.has(column)]
    cells = [
        pl.col(column).fill_null("").str.strip_chars().is_in(list(words)).alias(str(i)) for i, (column, words, _) in enumerate(present)
    ]
    for rows, (_, _, reason) in zip(table.frame.select(cells), present, strict=True):
        dropped.leave_out(rows.to_numpy(), reason)
    submit = table.moments("Submit", where=dropped.keep)
    if table.has("ElapsedRaw"):
        return dropped, submit, table.seconds("ElapsedRaw", where=dropped.keep)
    if table.has("Elapsed"):
        elapsed = elapsed_seconds(table.texts("Elapsed"))
        return dropped, submit, _checked(table, "Elapsed", elapsed, MAX_SECONDS, dropped.keep, "a time such as 1-02:30:00")
    start, end = table.moments("Start", where=dropped.keep), table.moments("End", where=dropped.keep)
    table.refuse(dropped.keep & (end < start), "End", "the job ends before it starts", "a time not before Start")
    return dropped, submit, np.maximum(end - start, 0)


def _checked(table: Table, column: str, values: pl.Series, high: float, where: Mask, expected: str) -> Seconds:
    """Numbers made of a column's cells; null and what is not from 0 to `high` is bad."""
    numbers = values.to_numpy().astype(np.float64)
    with np.errstate(invalid="ignore"):
        bad = ~((numbers >= 0) & (numbers <= high)) & where
    table.refuse(bad, column, "bad value", expected)
    numbers[bad | ~where] = 0
    return numbers


def _estimates(table: Table, duration: Seconds, where: Mask) -> Seconds:
    column = next((name for name in ("TimelimitRaw", "Timelimit") if table.has(name)), None)
    if column is None:
        return duration
    cells = table.texts(column).str.strip_chars()
    unlimited = (cells.str.to_uppercase() == UNLIMITED_TIME).to_numpy()
    stated = ~unlimited & ~cells.is_in(list(NO_LIMIT)).to_numpy() & where
    limit = elapsed_seconds(cells) if column == "Timelimit" else cells.cast(pl.Float64, strict=False) * 60
    expected = (
        "a time such as 1-02:30:00, UNLIMITED or Partition_Limit" if column == "Timelimit" else "minutes, UNLIMITED or Partition_Limit"
    )
    estimate = _checked(table, column, limit, MAX_SECONDS, stated, expected)
    estimate[unlimited] = np.inf
    return np.maximum(estimate, duration)


def _amounts(table: Table, where: Mask) -> tuple[dict[str, Any], Integers, dict[str, Integers]]:
    """The amounts of each replica, how many replicas there are, and what the last replica asks for instead."""
    column = next((name for name in ("NNodes", "AllocNodes") if table.has(name)), None)
    ones = np.ones(len(table), dtype=np.int64)
    replicas = ones if column is None else np.maximum(table.integers(column, low=1, high=MAX_WIDTH, where=where), 1)
    tres = _tres(table)
    cores = _cores(table, tres, where)
    memory = _memory(table, tres, cores, replicas, where)
    gpus, models = _gpus(table, tres, where)
    share = {"cpu_milli": 1000 * (cores // replicas), "memory_mib": memory // replicas, "gpus": gpus // replicas}
    totals = {"cpu_milli": 1000 * cores, "memory_mib": memory, "gpus": gpus}
    last = {name: total - share[name] * (replicas - 1) for name, total in totals.items()}
    return share | {"models": models}, replicas, last


def _tres(table: Table) -> tuple[str, pl.Series]:
    """The allocated resources of each job, or the requested where none were; and the column they stand in."""
    present = [name for name in TRES if table.has(name)]
    if not present:
        return "", pl.Series([""] * len(table), dtype=pl.String)
    merged = table.texts(present[0])
    for name in present[1:]:
        merged = merged.set(merged.str.strip_chars() == "", None).fill_null(table.texts(name))
    column = " or ".join(present)
    table.frame = table.frame.with_columns(merged.alias(column))  # so that a message shows the list that is at fault
    return column, merged


def _cores(table: Table, tres: tuple[str, pl.Series], where: Mask) -> Integers:
    column = next((name for name in CPUS if table.has(name)), None)
    if column is not None:
        return table.integers(column, low=0, high=MAX_CORES, where=where)
    return _whole(table, tres[0], resource(tres[1], "cpu"), MAX_CORES, where, "cpu=<cores>")


def _whole(table: Table, column: str, cells: pl.Series, high: int, where: Mask, expected: str, *, needed: bool = True) -> Integers:
    stated = where if needed else where & cells.is_not_null().to_numpy()
    numbers = cells.cast(pl.Int64, strict=False)
    whole: Integers = _checked(table, column, numbers, high, stated, expected).astype(np.int64)
    return whole


def _memory(table: Table, tres: tuple[str, pl.Series], cores: Integers, nodes: Integers, where: Mask) -> Integers:
    """MiB of the whole job: from the resources, else from ReqMem; 0 where neither says."""
    listed = resource(tres[1], "mem")
    column, cells = tres[0], listed
    if table.has("ReqMem"):
        asked = table.texts("ReqMem")
        column, cells = "ReqMem" if listed.is_null().any() else tres[0], listed.fill_null(asked)
    stated = where & ~cells.fill_null("").str.strip_chars().is_in(["", "0", "?"]).to_numpy()
    sizes, per = size_mib(cells.fill_null(""))
    factor: Any = np.select([(per == "c").fill_null(False).to_numpy(), (per == "n").fill_null(False).to_numpy()], [cores, nodes], 1)
    total = np.ceil(_checked(table, column, sizes, MAX_AMOUNT, stated, "a size such as 16G or 4000M") * factor)
    table.refuse(total > MAX_AMOUNT, column, "more memory than can be simulated", f"at most {MAX_AMOUNT} MiB for the job")
    mib: Integers = np.minimum(total, MAX_AMOUNT).astype(np.int64)
    return mib


def _gpus(table: Table, tres: tuple[str, pl.Series], where: Mask) -> tuple[Integers, pl.Series]:
    """Devices of the whole job and the model that it asks for, if it names one."""
    typed = device_types(tres[1])
    counts = typed["count"].fill_null(resource(tres[1], "gres/gpu"))
    gpus = _whole(table, tres[0], counts, MAX_WIDTH, where, "gres/gpu=<devices>", needed=False)
    table.refuse(where & typed["several"].to_numpy(), tres[0], "devices of several types", "devices of one type in a job")
    return gpus, typed["type"].fill_null("").set(pl.Series(gpus == 0), "")
