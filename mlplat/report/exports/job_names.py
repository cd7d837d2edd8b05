"""What jobs are called in exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def job_names(jobs: pl.DataFrame) -> pl.Series:
    """What each job is called: its id in the source, else its row."""
    import polars as pl

    if "job_id" in jobs.columns:
        return jobs["job_id"].cast(pl.String).fill_null("")
    return ("job " + jobs["job"].cast(pl.String)).alias("job_id") if len(jobs) else pl.Series("job_id", [], dtype=pl.String)
