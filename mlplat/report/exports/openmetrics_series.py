"""A run as time series: queue, allocation and what became of jobs, at regular times."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ...context import Simulation
from ...errors import OptionError
from ...units import Duration, seconds
from .destination import Target, text_file
from .openmetrics_text import SeriesFamily, write_openmetrics

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runs.run_frames import RunFrames

MOST_SAMPLES = 100_000
"""Of one series."""
USUAL_SAMPLES = 5_000
"""Of one series, about, where no step is given."""
FINEST_STEP_S = 15.0
GAUGES = (
    ("mlplat_jobs_waiting", "", "Jobs that wait.", "waiting", 1.0),
    ("mlplat_jobs_running", "", "Jobs that run.", "running", 1.0),
    ("mlplat_allocated_cores", "cores", "Cores that jobs hold.", "cpu_milli", 1e-3),
    ("mlplat_allocated_memory_bytes", "bytes", "Memory that jobs hold.", "memory_mib", float(2**20)),
    ("mlplat_allocated_devices", "devices", "Accelerators that jobs hold.", "gpu_milli", 1e-3),
)


def openmetrics(
    run: RunFrames, path: Target, *, step: Duration | None = None, epoch: datetime | str | float = "2026-01-01T00:00:00Z"
) -> dict[str, Any]:
    """Write a run as OpenMetrics text with timestamps, packed by gzip where the name ends in `.gz`.

    `step`: time between samples; None for a round one that gives about 5,000, and 15 s at least. `epoch`: the date of second 0, as of
    `Simulation`. Returns `samples`, `series_samples` and `step_s`.
    Raises OptionError for more than 100,000 samples of a series, InputError.

    >>> import tempfile, mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     openmetrics(mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace), f"{folder}/run.txt", step="30s")["series_samples"]
    3
    """
    start = Simulation(epoch=epoch, log="none").epoch
    end = run.end_s
    every = _usual_step(end) if step is None else seconds(step)
    count = math.floor(end / every) + 1 if every > 0 else math.inf
    if count > MOST_SAMPLES:
        raise OptionError(
            f"step={step!r:.40}: the {end:g} s of the run would have more than {MOST_SAMPLES:,} samples; expected a longer one"
        )
    grid: npt.NDArray[np.float64] = np.arange(int(count), dtype=np.float64) * every
    with text_file(path) as stream:
        samples = write_openmetrics(_families(run, grid, start), stream)
    return {"samples": samples, "series_samples": int(count), "step_s": every}


def _usual_step(end: float) -> float:
    """1, 2 or 5 times a power of ten, or 15 s."""
    wanted = end / USUAL_SAMPLES
    if wanted <= FINEST_STEP_S:
        return FINEST_STEP_S
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= wanted)


def _families(run: RunFrames, grid: npt.NDArray[np.float64], epoch: float) -> list[SeriesFamily]:
    import polars as pl

    times = (epoch + grid).tolist()
    timeline = run.timeline
    place = np.searchsorted(timeline["time_s"].to_numpy(), grid, side="right") - 1
    families = []
    for name, unit, help, column, factor in GAUGES:
        known = timeline[column].to_numpy() * factor
        value = np.where(place >= 0, known[place], 0.0) if len(known) else np.zeros(len(grid))
        families.append(SeriesFamily(name, "gauge", unit, help, [((), list(zip(times, value.tolist(), strict=True)))]))
    by_event = []
    events = run.events.select("time_s", event=pl.col("event").cast(pl.String))
    for (event,), rows in sorted(events.partition_by("event", as_dict=True).items()):
        counts = np.searchsorted(rows["time_s"].to_numpy(), grid, side="right")
        by_event.append(((("event", str(event)),), list(zip(times, counts.astype(float).tolist(), strict=True))))
    families.append(SeriesFamily("mlplat_job_events", "counter", "", "Events of jobs so far, by kind.", by_event))
    return families
