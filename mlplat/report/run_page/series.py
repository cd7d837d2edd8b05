"""Queue and use of the cluster at instants at which they changed: what the strip above the map draws, and what the page offers as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ...resources import UNLIMITED

if TYPE_CHECKING:
    from ...runs.run_frames import RunFrames

MOST_PARTS = 800


def series(run: RunFrames) -> pl.DataFrame:
    """Columns `time_s`, `waiting`, `running`, and `gpu_part`, `cpu_part`, `memory_part` where the cluster has so much of them, after each
    instant. Of a long run the time is cut into 800 parts, and of each are here the last instant and those with the most waiting jobs and
    the most held devices.
    """
    frame = run.timeline
    if len(frame) > 3 * MOST_PARTS:
        first, last = float(frame["time_s"][0]), float(frame["time_s"][-1])
        part = ((pl.col("time_s") - first) * (MOST_PARTS / max(last - first, 1e-9))).cast(pl.Int64).alias("part")
        row = pl.col("row")
        picked = (
            frame.with_row_index("row")
            .group_by(part)
            .agg(last=row.last(), queue=row.gather(pl.col("waiting").arg_max()), held=row.gather(pl.col("gpu_milli").arg_max()))
        )
        rows = pl.concat([picked["last"], picked["queue"].explode(), picked["held"].explode()]).unique().sort()
        frame = frame[rows.to_list()]
    capacity = run.spec.capacity()
    amounts = {"gpu": ("gpu_milli", capacity["gpus"] * 1000), "cpu": ("cpu_milli", capacity["cpu_milli"])}
    amounts["memory"] = ("memory_mib", capacity["memory_mib"])
    parts = [(pl.col(name) / whole).alias(f"{kind}_part") for kind, (name, whole) in amounts.items() if 0 < whole < UNLIMITED]
    return frame.select("time_s", "waiting", "running", *parts)
