"""Training jobs of the Philly trace (Microsoft) in the form of one CSV row a job: timestamp, duration, num_gpus, gpu_time, cluster."""

from __future__ import annotations

import numpy as np

from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .request_codes import group_codes, request_codes
from .separated_text import read_table
from .source_bytes import Source
from .table import MAX_WIDTH
from .trace_reader import TraceReader, header_names, require_jobs

COLUMNS = ("timestamp", "duration", "num_gpus")


class PhillyReader(TraceReader):
    """Jobs ask for whole GPUs and nothing else, and may be spread over nodes. `cluster` (the virtual cluster) is the group.

    Submissions count from the earliest; its Unix time, with `timestamp` read as UTC, is the trace's `origin`. `gpu_time` is not needed.
    """

    name = "philly"
    summary = "training jobs of the Microsoft Philly trace (CSV)"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the header."""
        return set(COLUMNS) <= header_names(first_line)

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The jobs in order of submission. Raises InputError."""
        table = read_table(source, BadRows(source.path, errors), required=COLUMNS, optional=("cluster",))
        submit = table.moments("timestamp")
        duration = table.seconds("duration")
        gpus = table.integers("num_gpus", low=1, high=MAX_WIDTH)
        groups = table.texts("cluster") if table.has("cluster") else None
        keep = ~table.bad
        skipped = table.close()
        require_jobs(len(table), source.path, {}, len(skipped))
        origin = float(submit[keep].min()) if keep.any() else 0.0
        request, requests = request_codes({"gpus": gpus[keep]})
        group, names = (np.zeros(int(keep.sum()), dtype=np.int32), ("",)) if groups is None else group_codes(groups.filter(keep))
        return JobTrace.build(
            submit=submit[keep] - origin,
            duration=duration[keep],
            request=request,
            requests=requests,
            group=group,
            groups=names,
            origin=origin,
            source=source.path,
            split="nodes",
            skipped=skipped,
        )
