"""Which jobs of a run its page shows one by one: all of them, or of a large run those that are asked about first and an even sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runs.run_frames import RunFrames

MOST_RECORDS = 120_000
"""Jobs, and records of attempts, up to which a page has all of them: about 5 MB, and a Gantt chart that is drawn in a few milliseconds."""

SAMPLE_RECORDS = 60_000
"""About so many records has the page of a larger run."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`rows`: uint32[k], rows of the jobs that a page has, rising. `exact`: whether these are all. `text`: which they are and why."""

    rows: npt.NDArray[np.uint32]
    exact: bool
    text: str


def choose(run: RunFrames, most: int = MOST_RECORDS, sample: int = SAMPLE_RECORDS) -> Choice:
    """The jobs that the page of a run has. The same for the same run."""
    jobs, records = run.jobs, len(run.attempts)
    if len(jobs) <= most and records <= most:
        return Choice(jobs["job"].to_numpy(), True, f"All {len(jobs):,} jobs and their {records:,} records of attempts are in this page.")
    of_each = np.bincount(run.attempts["job"].to_numpy(), minlength=len(jobs))
    wanted = np.zeros(len(jobs), dtype=np.bool_)
    held = run.attempts.select("job", held=pl.col("gpu_milli") + pl.col("cpu_milli") / 1000).with_columns(
        pl.col("held") * (run.attempts["end_s"].fill_null(run.end_s) - run.attempts["start_s"])
    )
    use = np.bincount(held["job"].to_numpy(), weights=held["held"].to_numpy(), minlength=len(jobs))
    wait = jobs["wait_s"].fill_null(0.0).to_numpy()
    troubled = np.flatnonzero(((jobs["state"] != "completed") | (jobs["attempts"] > 1)).to_numpy())
    longest, worst = max(1, sample // 30), max(1, sample // 12)
    for places in (_most(wait, longest), _most(use, longest), troubled[:: max(1, -(-len(troubled) // worst))]):
        wanted[places] = True
    left = sample - int(of_each[wanted].sum())
    others = int(of_each[~wanted].sum() + np.count_nonzero(~wanted & (of_each == 0)))
    every = max(1, -(-others // left)) if left > 0 else len(jobs)
    wanted[::every] = True
    rows: npt.NDArray[np.uint32] = np.flatnonzero(wanted).astype(np.uint32)
    text = (
        f"The run has {len(jobs):,} jobs with {records:,} records of attempts, too many to be all in one page (at most {most:,}). In it, "
        f"exactly as they were, are {len(rows):,} jobs: the {longest:,} that waited longest, the {longest:,} that held most, up to "
        f"{worst:,} that were interrupted or did not complete, and every {every:,}th of all. Figures, tables and the map of the cluster "
        "are of all jobs."
    )
    return Choice(rows, False, text)


def _most(values: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """The places of the largest values above 0; of equal ones the first."""
    order = np.argsort(-values, kind="stable")[:count]
    return order[values[order] > 0]
