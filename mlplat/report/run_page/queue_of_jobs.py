"""What the frames say of how each job came to start: who waited when it came, and who left the node it started on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runs.run_frames import RunFrames


def after(run: RunFrames, instants: npt.NDArray[np.float64], column: str) -> npt.NDArray[np.int64]:
    """int64[k]: a column of the frame `timeline` after everything at each instant."""
    times, values = run.timeline["time_s"].to_numpy(), run.timeline[column].to_numpy()
    place = np.searchsorted(times, instants, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0) if len(times) else np.zeros(len(instants), dtype=np.int64)


def waiting_before(run: RunFrames, rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """int64[k]: for each of these jobs, how many waited just before the instant at which it was submitted."""
    times, values = run.timeline["time_s"].to_numpy(), run.timeline["waiting"].to_numpy()
    if not len(times):
        return np.zeros(len(rows), dtype=np.int64)
    place = np.searchsorted(times, run.jobs["submit_s"].to_numpy()[rows], side="left") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0)


def made_room(run: RunFrames, rows: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """int64[k] and float64[k]: for each of these jobs the row of another that gave back room last, by the start, on the node where the
    first replica went, and when that was; -1 and NaN where there was none.
    """
    first = run.attempts.filter(pl.col("attempt") == 0).group_by("job", maintain_order=True).first().select("job", "node", at="start_s")
    wanted = pl.DataFrame({"job": rows}).with_row_index("place").join(first, on="job").sort("at")
    kept = pl.col("end_s") > pl.col("start_s")  # one that ends as it starts has kept room from nobody
    ended = run.attempts.filter(kept).select("node", left="job", ended="end_s", at="end_s").sort("at")
    found = wanted.join_asof(ended, on="at", by="node", strategy="backward", check_sortedness=False)
    found = found.filter(pl.col("left").is_not_null())
    by, when = np.full(len(rows), -1, dtype=np.int64), np.full(len(rows), np.nan)
    place = found["place"].to_numpy()
    by[place], when[place] = found["left"].to_numpy(), found["ended"].to_numpy()
    return by, when
