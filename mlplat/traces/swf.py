"""The Standard Workload Format 2.2 of the Parallel Workloads Archive: 18 numbers a line, comments after `;`, -1 for what is unknown.

Format: https://www.cs.huji.ac.il/labs/parallel/workload/swf.html
"""

from __future__ import annotations

import re

import numpy as np

from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .request_codes import group_codes, request_codes
from .source_bytes import Source
from .swf_lines import read_swf_lines
from .table import MAX_AMOUNT, Integers, Table
from .trace_reader import Dropped, TraceReader, require_jobs

MAX_PROCESSORS = 2**24

_UNIX_START = re.compile(r";\s*UnixStartTime:\s*(\d{1,11})\s*$", re.ASCII)
_ROW = re.compile(r"\s*(?:[-+.\deE]+\s+){17}[-+.\deE]+\s*$", re.ASCII)


class SwfReader(TraceReader):
    """Jobs ask for processors (CPU cores), may be spread over nodes core by core, and belong to the group of their user (field 12).

    The width is the allocated processors (field 5) or, where those are unknown, the requested (field 8). Memory is asked for only where
    field 10 (requested) or 7 (used), in KB per processor, states it. The estimate is the requested time (field 9), or the run time where
    that
    is unknown, and never below the run time. Jobs without a run time or a width are dropped. `origin` is the header's UnixStartTime.
    """

    name = "swf"
    summary = "Standard Workload Format 2.2 of the Parallel Workloads Archive"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the suffix, a comment, or a line of 18 numbers."""
        return name.lower().endswith(".swf") or first_line.startswith(";") or _ROW.match(first_line) is not None

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError."""
        table, header = read_swf_lines(source, BadRows(source.path, errors))
        numbers = table.texts("job number")
        submit = table.seconds("submit time")
        run = table.seconds("run time", low=-1)
        width = _width(table)
        asked = table.seconds("requested time", low=-1)
        memory = _memory(table, width)
        users = table.texts("user")
        dropped = Dropped(~table.bad)
        dropped.leave_out((run < 0), "run time unknown")
        dropped.leave_out(width <= 0, "processors unknown")
        skipped = table.close()
        require_jobs(len(table), source.path, {}, len(skipped))
        keep = dropped.keep
        request, requests = request_codes({"cpu_milli": 1000 * width[keep], "memory_mib": memory[keep]})
        group, groups = group_codes(users.filter(keep))
        start = next((match[1] for line in header if (match := _UNIX_START.match(line))), "0")
        return JobTrace.build(
            submit=submit[keep],
            duration=run[keep],
            estimate=np.maximum(run, asked)[keep],
            request=request,
            requests=requests,
            group=group,
            groups=groups,
            job_id=numbers.filter(keep).to_numpy(),
            origin=float(start),
            source=source.path,
            split="cores",
            dropped=dropped.by_reason,
            skipped=skipped,
            header=header,
        )


def _width(table: Table) -> Integers:
    allocated = table.integers("allocated processors", low=-1, high=MAX_PROCESSORS)
    requested = table.integers("requested processors", low=-1, high=MAX_PROCESSORS, where=allocated <= 0)
    return np.where(allocated > 0, allocated, requested)


def _memory(table: Table, width: Integers) -> Integers:
    """MiB of the job, rounded up; 0 where none is stated."""
    requested = table.seconds("requested memory", low=-1)
    used = table.seconds("used memory", low=-1)
    per_processor = np.where(requested > 0, requested, np.maximum(used, 0))
    mib = np.ceil(per_processor * np.maximum(width, 0) / 1024)
    stated = "requested memory" if (requested > 0).any() else "used memory"
    table.refuse(mib > MAX_AMOUNT, stated, "more memory than can be simulated", f"at most {MAX_AMOUNT} MiB for the job")
    return np.minimum(mib, MAX_AMOUNT).astype(np.int64)
