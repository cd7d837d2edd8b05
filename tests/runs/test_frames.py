"""The frames of a result against each other and against slow recomputations from the definitions."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

import numpy as np
import polars as pl
import pytest

from mlplat.hardware import ClusterSpec
from mlplat.hardware.accelerators import accelerator
from mlplat.runs.columns import FRAMES
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.traces import synthetic
from mlplat.workload import JobTrace

from .cases import cores, mixed

RUNS = [("fifo", None), ("easy", None), ("sjf", 300.0), ("best-effort-fifo", 150.0), ("loss", None)]
every_run = pytest.mark.parametrize(("queue", "until"), RUNS)


@cache
def run(queue: str, until: float | None) -> Result:
    spec, trace = mixed()
    return replay(spec, trace, queue=queue, placement="worst-fit", until=until)


def held(result: Result, row: dict[str, int]) -> dict[str, int]:
    """What one record holds, from its job's request and its node's model."""
    request = result.trace.requests[result.trace.request[row["job"]]]
    milli = 1000 * request.gpus + request.gpu_milli
    if request.mig:
        geometry = accelerator(result.nodes["model"][row["node"]]).mig
        assert geometry is not None
        milli = geometry.profiles[request.mig].compute_slices * 1000 // 7
    amounts = {"cpu_milli": request.cpu_milli, "memory_mib": request.memory_mib, "gpu_milli": milli}
    return {name: amount * row["replicas"] for name, amount in amounts.items()}


@every_run
def test_columns_and_types_are_the_declared_ones(queue: str, until: float | None) -> None:
    result = run(queue, until)
    for name, declared in FRAMES.items():
        frame: pl.DataFrame = getattr(result, name)
        columns = [column for column in declared if column.name != "stopped_for"]  # of a run under zones
        assert frame.columns == [column.name for column in columns]
        assert {column.name: str(frame[column.name].dtype.base_type()) for column in columns} == {c.name: c.dtype for c in columns}


def test_a_trace_without_ids_gives_no_id_column() -> None:
    frame = replay(ClusterSpec.parse("1x1cpu"), cores([(0, 1, 1)])).jobs
    assert frame.columns == [column.name for column in FRAMES["jobs"] if column.name != "job_id"]


@every_run
def test_every_job_has_one_fate_and_times_that_go_with_it(queue: str, until: float | None) -> None:
    result = run(queue, until)
    end = result.end_s
    assert result.jobs["job"].to_list() == list(range(len(result.trace)))
    assert result.jobs["job_id"].to_list() == result.trace.job_id.tolist()
    assert result.jobs["group"].to_list() == [result.trace.groups[g] for g in result.trace.group]
    for row in result.jobs.iter_rows(named=True):
        job = row["job"]
        started, completed = row["start_s"] is not None, row["end_s"] is not None
        assert row["submit_s"] == result.trace.submit[job]
        assert row["replicas"] == result.trace.replicas[job]
        assert started == (row["state"] in ("running", "completed")) and completed == (row["state"] == "completed")
        assert bool(row["reason"]) == (row["state"] in ("rejected", "lost"))
        assert (row["state"] == "pending") == (row["submit_s"] > end)
        if started:
            assert row["submit_s"] <= row["start_s"] <= end
            assert row["wait_s"] == row["start_s"] - row["submit_s"]
            finish = row["start_s"] + result.trace.duration[job]
            assert row["end_s"] == (finish if finish <= end and finish < math.inf else None)
        else:
            assert row["wait_s"] is None


@every_run
def test_records_hold_all_replicas_of_what_started_and_of_nothing_else(queue: str, until: float | None) -> None:
    result = run(queue, until)
    replicas = result.attempts.group_by("job").agg(pl.col("replicas").sum(), pl.col("start_s").first(), pl.col("end_s").first())
    expected = result.jobs.filter(pl.col("start_s").is_not_null()).select("job", "replicas", "start_s", "end_s")
    assert replicas.sort("job").equals(expected)
    assert result.attempts["start_s"].is_sorted()
    assert set(result.attempts["attempt"]) == {0}
    asks = [result.trace.requests[result.trace.request[job]] for job in result.attempts["job"]]
    assert (result.attempts["device"] >= 0).to_list() == [ask.uses_gpu for ask in asks]
    assert (result.attempts["mig_start"] >= 0).to_list() == [bool(ask.mig) for ask in asks]


@every_run
def test_nodes_never_hold_more_than_they_have_and_busy_times_add_up(queue: str, until: float | None) -> None:
    result = run(queue, until)
    table, first = result.spec.nodes(), float(result.trace.submit[0])
    busy = np.zeros((len(table), 3))
    count = Counter(result.attempts["node"])
    changes: list[tuple[float, int, int, int, int, int]] = []
    for row in result.attempts.iter_rows(named=True):
        stop = result.end_s if row["end_s"] is None else row["end_s"]
        cpu, memory, gpu = held(result, row).values()
        busy[row["node"]] += np.array([cpu / 1000, memory / 1024, gpu / 1000]) * (stop - row["start_s"])
        if stop > row["start_s"]:
            changes += [(stop, 0, row["node"], -cpu, -memory, -gpu), (row["start_s"], 1, row["node"], cpu, memory, gpu)]
    used = np.zeros((len(table), 3), dtype=np.int64)
    capacity = np.stack([table.cpu_milli, table.memory_mib, table.gpus.astype(np.int64) * 1000], axis=1)
    for _, _, node, *amounts in sorted(changes):
        used[node] += amounts
        assert (used[node] <= capacity[node]).all() and (used[node] >= 0).all()
    frame = result.nodes
    assert frame["name"].to_list() == list(table.names)
    assert frame["jobs"].to_list() == [count[node] for node in range(len(table))]
    for i, name in enumerate(("cpu_busy_s", "memory_busy_s", "gpu_busy_s")):
        assert np.allclose(frame[name].to_numpy(), busy[:, i], rtol=1e-12)
    for node, share in enumerate(frame["gpu_utilization"]):
        assert share is None if not table.gpus[node] else share == pytest.approx(busy[node, 2] / table.gpus[node] / (result.end_s - first))


@every_run
def test_the_timeline_is_what_counting_at_each_instant_gives(queue: str, until: float | None) -> None:
    result = run(queue, until)
    amounts: Counter[tuple[int, str]] = Counter()
    for row in result.attempts.iter_rows(named=True):
        for name, amount in held(result, row).items():
            amounts[row["job"], name] += amount
    rows = [row for row in result.jobs.iter_rows(named=True) if row["state"] not in ("pending", "rejected", "lost")]
    instants = sorted({t for row in rows for t in (row["submit_s"], row["start_s"], row["end_s"]) if t is not None})
    assert result.timeline["time_s"].to_list() == instants
    for at in result.timeline.iter_rows(named=True):
        now = at["time_s"]
        running = [r for r in rows if r["start_s"] is not None and r["start_s"] <= now and (r["end_s"] is None or r["end_s"] > now)]
        assert at["running"] == len(running)
        assert at["waiting"] == sum(r["submit_s"] <= now and (r["start_s"] is None or r["start_s"] > now) for r in rows)
        for name in ("cpu_milli", "memory_mib", "gpu_milli"):
            assert at[name] == sum(amounts[r["job"], name] for r in running)


@every_run
def test_events_come_in_the_documented_order_and_tell_the_same_story_as_the_jobs(queue: str, until: float | None) -> None:
    result = run(queue, until)
    events = result.events
    assert events["time_s"].is_sorted()
    for name, column, states in (
        ("submitted", "submit_s", ("waiting", "running", "completed", "rejected", "lost")),
        ("started", "start_s", ("running", "completed")),
        ("completed", "end_s", ("completed",)),
        ("rejected", "submit_s", ("rejected",)),
        ("lost", "submit_s", ("lost",)),
    ):
        told = events.filter(pl.col("event") == name).select("job", "time_s").sort("job")
        expected = result.jobs.filter(pl.col("state").is_in(states)).select("job", pl.col(column).alias("time_s"))
        assert told.equals(expected), name
    place = {(row["event"], row["job"]): i for i, row in enumerate(events.iter_rows(named=True))}
    for (name, job), i in place.items():
        if name != "submitted":
            assert place["submitted", job] < i
        if name == "completed":
            assert place["started", job] < i
    started = events.filter(pl.col("event") == "started")["job"].to_list()
    assert started == list(dict.fromkeys(result.attempts["job"]))
    for _, instant in events.group_by("time_s", maintain_order=True):
        before_starts = [row for row in instant.iter_rows(named=True) if result.trace.duration[row["job"]] > 0]
        kinds = [row["event"] for row in before_starts if row["event"] in ("completed", "submitted", "started")]
        assert kinds == sorted(kinds, key=["completed", "submitted", "started"].index)
        for kind in ("completed", "submitted"):
            jobs = [row["job"] for row in before_starts if row["event"] == kind]
            assert jobs == sorted(jobs)


def _most_held(result: Result) -> int:
    held_now = most = 0
    for row in result.events.iter_rows(named=True):
        width = int(result.trace.width("cpu_milli")[row["job"]])
        held_now += {"started": width, "completed": -width}.get(row["event"], 0)
        most = max(most, held_now)
    return most


@pytest.mark.parametrize(
    "trace",
    [
        cores([(0, 0, 1), (0, 0, 1), (0, 5, 1)]),
        cores([(0, 3, 1), (3, 0, 1), (3, 0, 1), (3, 1, 1)]),
        cores([(1e9, 1e-9, 1), (1e9, 1e-9, 1)]),  # so short that the end is the start
    ],
    ids=["zero", "after another", "swallowed by rounding"],
)
def test_events_read_in_order_never_hold_more_than_the_cluster_has(trace: JobTrace) -> None:
    result = replay(ClusterSpec.parse("pool:1cpu"), trace)
    assert result.summary()["completed"] == len(trace)
    assert _most_held(result) == 1000
    for job in range(len(trace)):
        story = result.events.filter(pl.col("job") == job)["event"].to_list()
        assert story == ["submitted", "started", "completed"]


def test_jobs_that_were_split_are_counted_as_wide_as_they_were() -> None:
    spec = ClusterSpec.parse("12x4xV100")
    trace = synthetic(2000, gpus=48, widths={1: 0.5, 6: 0.3, 11: 0.2}, longest="4h", load=0.7, seed=2)
    result = replay(spec, trace)
    assert result.summary()["completed"] == len(trace)
    assert (result.jobs["replicas"] > 1).any()
    assert result.nodes["gpu_busy_s"].sum() == pytest.approx(float((trace.gpu_milli * trace.duration).sum()) / 1000, rel=1e-9)
    per_job = result.attempts.group_by("job").agg(pl.col("replicas").sum()).sort("job")
    assert per_job["replicas"].to_list() == result.jobs["replicas"].to_list()
    assert result.timeline["gpu_milli"].max() <= 48_000  # type: ignore[operator]
    assert result.timeline["gpu_milli"][-1] == 0
