"""Pod lists in the form of the openb trace (Alibaba, cluster-trace-gpu-v2023): one CSV row a pod."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import polars as pl

from ..resources import DEVICE_MILLI
from ..workload import JobTrace
from .bad_rows import BadRows, Errors, check_errors
from .request_codes import request_codes
from .separated_text import read_table
from .source_bytes import Source, read_source
from .table import MAX_WIDTH, Seconds, Table
from .trace_reader import Dropped, TraceReader, header_names, require_columns, require_jobs

COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
TIMES = ("creation_time", "deletion_time", "scheduled_time")


class OpenbReader(TraceReader):
    """Pods become jobs of one replica that are never split.

    A pod with `num_gpu` 0 uses the CPU only (`gpu_milli` and `gpu_spec` are ignored); one with `num_gpu` 1 and `gpu_milli` below 1000
    takes that share of one device; any other takes `num_gpu` whole devices. `gpu_spec` lists the models that will do (`T4|P100`).

    The submission is `creation_time`, the duration `deletion_time` − `scheduled_time`. Pods that were never scheduled or never deleted are
    dropped. A file without the three times (as the published `multigpu` lists) gives all pods, in the file's order, submitted at second 0
    with infinite duration.
    """

    name = "openb"
    summary = "pods of the Alibaba GPU cluster trace v2023 (CSV)"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the header."""
        return {"cpu_milli", "num_gpu", "gpu_milli"} <= header_names(first_line)

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The pods with their recorded times. Raises InputError."""
        table, columns = _pods(source, errors, TIMES)
        timed = require_columns(source.path, table.frame.columns, TIMES)
        if timed:
            dropped, submit, duration = _recorded(table)
        else:
            dropped, submit, duration = Dropped(~table.bad), np.zeros(len(table)), np.full(len(table), np.inf)
        return _trace(source, table, columns, dropped, submit[dropped.keep], duration[dropped.keep])


def read_openb_pods(path: str | os.PathLike[str], *, errors: Errors = "raise") -> JobTrace:
    """Every pod of the file, in its order, as the arrival stream of the published experiments: submitted at 0, 1, 2, … s, never ending.

    Recorded times are not looked at, so pods that were never scheduled are among them. Row i of the trace is row i of the file (counted
    from 0 below the header), which is what the published orders refer to. Raises InputError.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pods.csv")
    >>> _ = path.write_text("name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\\np-0,4000,1024,1,500,\\np-1,8000,2048,8,1000,\\n")
    >>> read_openb_pods(path).submit.tolist()
    [0.0, 1.0]
    """
    check_errors(errors)
    source = read_source(path)
    table, columns = _pods(source, errors, ())
    count = int(np.count_nonzero(~table.bad))
    return _trace(source, table, columns, Dropped(~table.bad), np.arange(count, dtype=np.float64), np.full(count, np.inf))


def _pods(source: Source, errors: Errors, times: tuple[str, ...]) -> tuple[Table, dict[str, Any]]:
    """The rows of the file and what each asks for."""
    table = read_table(source, BadRows(source.path, errors), required=COLUMNS, optional=("gpu_spec", *times))
    table.refuse((table.texts("name") == "").to_numpy(), "name", "the pod has no name", "a name")
    columns: dict[str, Any] = {"cpu_milli": table.integers("cpu_milli"), "memory_mib": table.integers("memory_mib")}
    count = table.integers("num_gpu", high=MAX_WIDTH)
    milli = np.minimum(table.integers("gpu_milli", low=1, where=count > 0), DEVICE_MILLI)
    share = (count == 1) & (milli < DEVICE_MILLI)
    columns |= {"gpus": np.where(share, 0, count), "gpu_milli": np.where(share, milli, 0)}
    if table.has("gpu_spec"):
        columns["models"] = table.texts("gpu_spec").set(pl.Series(count == 0), "")
    return table, columns


def _recorded(table: Table) -> tuple[Dropped, Seconds, Seconds]:
    """What is dropped, and submission and run time of each pod."""
    unscheduled, undeleted = table.blank("scheduled_time"), table.blank("deletion_time")
    submit = table.seconds("creation_time")
    start = table.seconds("scheduled_time", where=~unscheduled)
    end = table.seconds("deletion_time", where=~undeleted)
    ran = ~unscheduled & ~undeleted
    table.refuse(ran & (end < start), "deletion_time", "the pod is deleted before it is scheduled", "a time not before scheduled_time")
    dropped = Dropped(~table.bad)
    dropped.leave_out(unscheduled, "never scheduled")
    dropped.leave_out(undeleted, "never deleted")
    return dropped, submit, end - start


def _trace(source: Source, table: Table, columns: dict[str, Any], dropped: Dropped, submit: Seconds, duration: Seconds) -> JobTrace:
    skipped = table.close()
    require_jobs(len(table), source.path, {}, len(skipped))
    codes, requests = request_codes({name: pl.Series(column).filter(dropped.keep) for name, column in columns.items()})
    return JobTrace.build(
        submit=submit,
        duration=duration,
        request=codes,
        requests=requests,
        job_id=table.texts("name").filter(dropped.keep).to_numpy(),
        source=source.path,
        split="never",
        dropped=dropped.by_reason,
        skipped=skipped,
    )
