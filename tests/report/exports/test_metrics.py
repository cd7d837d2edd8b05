"""Metrics of runs say what the run says, in texts that strict readers take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlplat.errors import OptionError
from mlplat.report.exports import openmetrics, prometheus_text
from mlplat.runs.result import Result

from .metric_texts import read_openmetrics, read_prometheus


def test_the_final_state_is_that_of_the_summary(run: Result) -> None:
    families = read_prometheus(prometheus_text(run))
    states = {sample.labels: sample.value for sample in families["mlplat_run_jobs"].samples}
    assert sum(states.values()) == run.summary()["jobs"]
    assert states['{state="completed"}'] == run.summary()["completed"]
    used = {sample.labels: sample.value for sample in families["mlplat_run_utilization_ratio"].samples}
    assert used['{resource="gpu"}'] == run.summary()["gpu_utilization"]
    busy = families["mlplat_node_device_seconds_total"].samples
    assert [sample.value for sample in busy] == run.nodes["gpu_busy_s"].to_list()
    assert any('node="c<b>-0"' in sample.labels for sample in busy)


def test_series_hold_the_timeline_at_regular_times(run: Result, tmp_path: Path) -> None:
    about = openmetrics(run, tmp_path / "run.txt", step="1m", epoch="2026-03-01T00:00:00Z")
    families = read_openmetrics((tmp_path / "run.txt").read_text(encoding="utf-8"))
    grid = np.arange(101) * 60.0
    assert about == {"samples": sum(len(f.samples) for f in families.values()), "series_samples": 101, "step_s": 60.0}
    waiting = families["mlplat_jobs_waiting"].samples
    assert [float(sample.time) - 1772323200 for sample in waiting] == grid.tolist()
    for time, sample in zip(grid, waiting, strict=True):
        known = run.timeline.filter(pl.col("time_s") <= time)["waiting"]
        assert sample.value == (known[-1] if len(known) else 0)
    assert families["mlplat_allocated_memory_bytes"].unit == "bytes"
    ends = {sample.labels: sample.value for sample in families["mlplat_job_events"].samples if float(sample.time) == 1772323200 + 6000}
    counted = run.events.filter(pl.col("time_s") <= 6000)["event"].cast(pl.String).value_counts()
    assert ends == {f'{{event="{name}"}}': count for name, count in counted.iter_rows()}


def test_too_fine_a_step_is_refused(run: Result, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="more than 100,000 samples"):
        openmetrics(run, tmp_path / "run.txt", step="10ms")
    with pytest.raises(OptionError, match="more than 100,000 samples"):
        openmetrics(run, tmp_path / "run.txt", step=0)
    assert openmetrics(run, tmp_path / "run.txt")["step_s"] == 15.0
