"""Real traces through the whole library:

nothing is lost, times and utilization are what independent arithmetic gives, EASY helps, runs repeat.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from datetime import datetime
from functools import cache
from pathlib import Path

import numba
import numpy as np
import polars as pl
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.traces import read_trace, scale_load
from mlplat.workload import JobTrace

from .independent_fifo import start_times

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

PHILLY, NASA, LCG = "philly/philly.csv", "swf/NASA-iPSC-1993-3.1-cln.swf.zip", "swf/LCG.swf.gz"
PODS, NODES = "openb/openb_pod_list_default.csv", "openb/openb_node_list_gpu_node.csv"
LCG_POOL = "pool:24515cpu"  # its header's MaxProcs
RUNS = [
    (PHILLY, "96x8xV100", "fifo", "best-fit"),
    (PHILLY, "96x8xV100", "easy", "best-fit"),
    (PHILLY, "96x8xV100", "sjf", "gpu-packing"),
    (PHILLY, "pool:768gpu", "fifo", "best-fit"),
    (PODS, NODES, "fifo", "fgd"),
    (PODS, NODES, "loss", "fgd"),
    (NASA, "pool:128cpu", "fifo", "best-fit"),
    (NASA, "pool:128cpu", "easy", "best-fit"),
    (NASA, "16x8cpu", "fifo", "worst-fit"),
    (NASA, "16x8cpu", "easy", "first-fit"),
    (LCG, LCG_POOL, "fifo", "best-fit"),
    (LCG, "pool:1200cpu", "best-effort-fifo", "best-fit"),
]
every_run = pytest.mark.parametrize(("file", "cluster", "queue", "placement"), RUNS, ids=["-".join(run).replace("/", ".") for run in RUNS])


@cache
def trace_of(path: Path) -> JobTrace:
    return read_trace(path)


def spec_of(data: Path, cluster: str) -> ClusterSpec:
    return ClusterSpec.from_openb(data / cluster) if cluster == NODES else ClusterSpec.parse(cluster)


@cache
def run(data: Path, file: str, cluster: str, queue: str, placement: str) -> Result:
    return replay(spec_of(data, cluster), trace_of(data / file), queue=queue, placement=placement)


def raw_jobs(path: Path) -> list[tuple[float, float, int]]:
    """(submit, duration, processors or devices) of each line, without the library's readers."""
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        when = [datetime.fromisoformat(row["timestamp"]) for row in rows]
        first = min(when)
        return [((t - first).total_seconds(), float(row["duration"]), int(row["num_gpus"])) for t, row in zip(when, rows, strict=True)]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode()
    else:
        with gzip.open(path, "rt") as stream:
            text = stream.read()
    fields = [line.split() for line in io.StringIO(text) if line.strip() and not line.startswith(";")]
    return [(float(f[1]), float(f[3]), int(f[4])) for f in fields]


@every_run
def test_every_job_is_accounted_for_and_runs_its_time_once(shared_data: Path, file: str, cluster: str, queue: str, placement: str) -> None:
    result = run(shared_data, file, cluster, queue, placement)
    trace, jobs, figures = result.trace, result.jobs, result.summary()
    assert len(jobs) == len(trace) == figures["completed"] + figures["rejected"] + figures["unfinished"]
    assert figures["unfinished"] == 0 and figures["rejected"] == 0
    assert np.array_equal(jobs["end_s"].to_numpy(), jobs["start_s"].to_numpy() + trace.duration)
    assert (jobs["wait_s"].to_numpy() >= 0).all()
    placed = result.attempts.group_by("job").agg(pl.col("replicas").sum()).sort("job")
    assert placed["replicas"].to_list() == jobs["replicas"].to_list()
    events = result.events["event"].value_counts().sort("event")
    assert dict(events.rows()) == {"submitted": len(trace), "started": len(trace), "completed": len(trace)}


@every_run
def test_utilization_is_work_over_capacity_and_makespan(shared_data: Path, file: str, cluster: str, queue: str, placement: str) -> None:
    result = run(shared_data, file, cluster, queue, placement)
    trace, figures, capacity = result.trace, result.summary(), result.spec.capacity()
    makespan = float(result.jobs["end_s"].max()) - float(trace.submit.min())  # type: ignore[arg-type]
    assert figures["makespan_s"] == pytest.approx(makespan, rel=1e-12)
    if capacity["gpus"]:
        work = float((trace.gpu_milli * trace.duration).sum()) / 1000
        expected = work / capacity["gpus"] / makespan
        assert figures["gpu_utilization"] == pytest.approx(expected, rel=1e-9)
    else:
        work = float((trace.width("cpu_milli") * trace.duration).sum())
        expected = work / capacity["cpu_milli"] / makespan
        assert figures["cpu_utilization"] == pytest.approx(expected, rel=1e-9)
    assert 0 < expected <= 1


@every_run
def test_no_more_is_held_than_there_is_and_nothing_is_held_at_the_end(
    shared_data: Path, file: str, cluster: str, queue: str, placement: str
) -> None:
    result = run(shared_data, file, cluster, queue, placement)
    line, capacity = result.timeline, result.spec.capacity()
    assert line["gpu_milli"].max() <= 1000 * capacity["gpus"]  # type: ignore[operator]
    assert line["cpu_milli"].max() <= capacity["cpu_milli"]
    assert line.row(-1)[1:] == (0, 0, 0, 0, 0)
    assert min(line[name].min() for name in ("waiting", "running", "cpu_milli", "gpu_milli")) >= 0  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("file", "cluster", "queue", "placement"), [r for r in RUNS if r[2] == "fifo"], ids=lambda value: value.replace("/", ".")
)
def test_fifo_starts_in_order_of_submission(shared_data: Path, file: str, cluster: str, queue: str, placement: str) -> None:
    result = run(shared_data, file, cluster, queue, placement)
    assert result.jobs["start_s"].is_sorted()
    assert result.attempts["job"].is_sorted()


@pytest.mark.parametrize(
    ("file", "unit", "processors"),
    [(PHILLY, "gpu", 768), (PHILLY, "gpu", 700), (NASA, "cpu", 128), (LCG, "cpu", 24515), (LCG, "cpu", 1200)],
    ids=str,
)
def test_fifo_on_a_pool_starts_jobs_when_an_independent_scheduler_does(shared_data: Path, file: str, unit: str, processors: int) -> None:
    jobs = sorted(raw_jobs(shared_data / file), key=lambda job: job[0])
    expected = start_times(jobs, processors)
    result = replay(ClusterSpec.parse(f"pool:{processors}{unit}"), trace_of(shared_data / file))
    submit = np.array([job[0] for job in jobs])
    assert np.array_equal(result.jobs["submit_s"].to_numpy(), submit - (0 if result.trace.submit[0] == submit[0] else submit[0]))
    assert np.array_equal(result.jobs["wait_s"].to_numpy(), np.array(expected) - submit)  # whole seconds, so exact
    assert len(expected) == len(result.trace)


def test_the_independent_scheduler_is_itself_right_on_a_case_worked_by_hand() -> None:
    assert start_times([(0, 10, 3), (2, 20, 2), (5, 5, 4), (5, 1, 1), (50, 1, 4)], 4) == [0, 10, 30, 35, 50]


def test_a_hundred_and_twenty_eight_cores_are_the_same_however_they_are_cut(shared_data: Path) -> None:
    pool, nodes = (
        run(shared_data, NASA, cluster, "fifo", p).jobs for cluster, p in (("pool:128cpu", "best-fit"), ("16x8cpu", "worst-fit"))
    )
    assert pool["start_s"].equals(nodes["start_s"])  # single cores go anywhere


@pytest.mark.parametrize(
    ("file", "cluster"), [(PHILLY, "96x8xV100"), (NASA, "pool:128cpu"), (NASA, "12x11cpu")], ids=lambda v: v.replace("/", ".")
)
def test_backfilling_shortens_the_mean_wait(shared_data: Path, file: str, cluster: str) -> None:
    fifo, easy = (run(shared_data, file, cluster, queue, "best-fit").summary()["wait_mean_s"] for queue in ("fifo", "easy"))
    assert 0 < easy < fifo


def test_shortest_first_shortens_the_mean_wait_further(shared_data: Path) -> None:
    fifo, sjf = (
        run(shared_data, PHILLY, "96x8xV100", queue, p).summary()["wait_mean_s"]
        for queue, p in (("fifo", "best-fit"), ("sjf", "gpu-packing"))
    )
    assert sjf < fifo


def test_philly_waits_about_as_long_on_nodes_as_on_a_pool_and_never_less(shared_data: Path) -> None:
    nodes, pool = (
        run(shared_data, PHILLY, cluster, "fifo", "best-fit").jobs["start_s"].to_numpy() for cluster in ("96x8xV100", "pool:768gpu")
    )
    assert (nodes >= pool).all()
    assert (nodes > pool).any()


@pytest.mark.parametrize(("file", "cluster", "queue", "placement"), [RUNS[1], RUNS[4], RUNS[9]], ids=["philly", "openb", "nasa"])
def test_a_second_run_has_the_same_fingerprint(shared_data: Path, file: str, cluster: str, queue: str, placement: str) -> None:
    again = replay(spec_of(shared_data, cluster), read_trace(shared_data / file), queue=queue, placement=placement)
    assert again.fingerprint == run(shared_data, file, cluster, queue, placement).fingerprint


def test_both_clocks_agree_on_a_real_trace(shared_data: Path) -> None:
    trace, spec = trace_of(shared_data / NASA), ClusterSpec.parse("16x8cpu")
    live = replay(spec, trace, queue="easy", placement="first-fit", clock="simpy")
    assert live.fingerprint == run(shared_data, NASA, "16x8cpu", "easy", "first-fit").fingerprint


def test_openb_counts_and_queues_at_six_times_its_load(shared_data: Path) -> None:
    with (shared_data / PODS).open() as stream:
        pods = list(csv.DictReader(stream))
    trace = trace_of(shared_data / PODS)
    never = sum(not pod["scheduled_time"] for pod in pods)
    assert len(trace) == len(pods) - never and sum(trace.dropped.values()) == never
    busy = scale_load(trace, 6.0)
    fifo, relaxed = (replay(spec_of(shared_data, NODES), busy, queue=queue, placement="fgd") for queue in ("fifo", "best-effort-fifo"))
    assert fifo.summary()["completed"] == relaxed.summary()["completed"] == len(trace)
    assert fifo.jobs["start_s"].is_sorted()
    assert relaxed.summary()["wait_mean_s"] <= fifo.summary()["wait_mean_s"]
