"""What the page of a run carries for its scripts: frames with a column a typed array, and names. docs/reports.md says what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ...errors import printable
from ...resources import UNLIMITED
from .choice import Choice
from .device_sets import device_sets
from .held_grid import grid_instants, held_grid
from .queue_of_jobs import after, made_room, waiting_before
from .series import series

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runs.run_frames import RunFrames


def contents(run: RunFrames, choice: Choice, explanations: Mapping[int, str]) -> dict[str, object]:
    """The data of the page by name. `explanations`: text by row of a job."""
    times = run.jobs["submit_s"]
    first = float(times[0]) if len(times) else 0.0
    table = run.spec.nodes()
    data: dict[str, object] = {
        "run": {
            "first": first,
            "end": max(first, run.end_s),
            "exact": choice.exact,
            "jobs": len(run.jobs),
            "racks": [printable(name) for name in table.racks],
        },
        "explanations": {str(row): text for row, text in explanations.items()},
        "jobs": _jobs(run, choice),
        "attempts": _attempts(run, choice, table.gpus),
        "nodes": _nodes(run),
        "series": series(run),
    }
    if len(run.zones):
        data["zones"] = run.zones
    if not choice.exact:
        instants = grid_instants(run, first)
        data["grid"] = held_grid(run, instants).ravel()
        found = {name: after(run, instants, name) for name in ("waiting", "running", "gpu_milli")}
        data["instants"] = pl.DataFrame({"time_s": instants} | found)
    return data


def _jobs(run: RunFrames, choice: Choice) -> pl.DataFrame:
    """The jobs of the choice, with `gone_s`: when it left queue and cluster for good (NaN if it did not), `ahead`: jobs that waited when it
    was submitted, `room_by`, `room_at_s`: the job that last left the node it started on, and when.
    """
    ahead = waiting_before(run, choice.rows)
    room_by, room_at = made_room(run, choice.rows)
    frame = run.jobs[choice.rows.tolist()] if not choice.exact else run.jobs
    last_end = run.attempts.group_by("job").agg(last=pl.col("end_s").max())
    over = pl.col("state").is_in(["completed", "failed", "cancelled"])
    return (
        frame.join(last_end, on="job", how="left", maintain_order="left")
        .with_columns(
            gone_s=pl.when(over).then(pl.coalesce("end_s", "last")),
            ahead=pl.Series(ahead),
            room_by=pl.Series(room_by),
            room_at_s=pl.Series(room_at, nan_to_null=True),
        )
        .drop("last")
    )


def _attempts(run: RunFrames, choice: Choice, gpus: npt.NDArray[np.int32]) -> pl.DataFrame:
    """The records of the jobs of the choice, with `devices`: a bit for each device held (`device_sets`)."""
    frame = run.attempts
    frame = frame.with_columns(devices=pl.Series(device_sets(frame, gpus, run.end_s))) if choice.exact else _of(frame, choice)
    return frame.drop("stop_s", "mig_start", "memory_mib")


def _of(frame: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    return frame.filter(pl.col("job").is_in(choice.rows.tolist())).with_columns(devices=pl.lit(0, pl.UInt32))


def _nodes(run: RunFrames) -> pl.DataFrame:
    """The frame `nodes` with rack and cores; a pool without limit has none."""
    table = run.spec.nodes()
    cores: Any = np.where(table.cpu_milli < UNLIMITED, table.cpu_milli, 0) / 1000
    return run.nodes.with_columns(rack=pl.Series(table.rack), cores=pl.Series(cores))
