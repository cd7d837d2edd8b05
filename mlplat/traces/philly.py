"""Training jobs of the Philly trace (Microsoft) in the form of one CSV row a job: timestamp, duration, num_gpus, gpu_time, cluster."""

from __future__ import annotations

from typing import Any

from .table import MAX_WIDTH, Table
from .table_reader import TableReader


class PhillyReader(TableReader):
    """Jobs ask for whole GPUs and nothing else, and may be spread over nodes. `cluster` (the virtual cluster) is the group.

    Submissions count from the earliest; its Unix time, with `timestamp` read as UTC, is the trace's `origin`. `gpu_time` is not needed.
    """

    name = "philly"
    summary = "training jobs of the Microsoft Philly trace (CSV)"
    required = ("timestamp", "duration", "num_gpus")
    optional = ("cluster",)
    split = "nodes"
    calendar = True

    def jobs(self, table: Table) -> dict[str, Any]:
        """The columns of the jobs."""
        columns: dict[str, Any] = {
            "submit": table.moments("timestamp"),
            "duration": table.seconds("duration"),
            "gpus": table.integers("num_gpus", low=1, high=MAX_WIDTH),
        }
        return columns | ({"group": table.texts("cluster")} if table.has("cluster") else {})
