"""The figures of a run against slow recomputations from its frames, and the runs in which there is little or nothing to measure."""

from __future__ import annotations

import json
import math
import statistics
from typing import Any

import pytest

import mlplat as mp
from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .cases import cores, mixed
from .test_frames import every_run, run

KEYS = [
    "jobs", "completed", "rejected", "unfinished", "makespan_s", "wait_mean_s",
    "wait_p50_s", "wait_p95_s", "wait_p99_s", "jct_mean_s", "bounded_slowdown_mean", "cpu_utilization",
    "memory_utilization", "gpu_utilization", "gpu_allocation_final", "preemptions", "restarts", "lost_gpu_hours",
    "goodput", "engine_seconds", "jobs_per_second", "fingerprint", "queue", "placement",
    "clock", "seed", "version",
]  # fmt: skip
NOTHING = ["wait_mean_s", "wait_p50_s", "wait_p95_s", "wait_p99_s", "jct_mean_s", "bounded_slowdown_mean", "goodput"]


def interpolated(values: list[float], part: float) -> float:
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def figures_of(result: Result) -> dict[str, Any]:
    """The figures from the frames."""
    jobs = list(result.jobs.iter_rows(named=True))
    first, end = result.trace.submit[0], result.end_s
    waits = [row["wait_s"] for row in jobs if row["wait_s"] is not None]
    done = [row for row in jobs if row["state"] == "completed"]
    jct = [row["end_s"] - row["submit_s"] for row in done]
    duration = [row["end_s"] - row["start_s"] for row in done]
    table, period = result.spec.nodes(), end - first
    final = result.timeline["gpu_milli"][-1]
    return {
        "jobs": len(jobs),
        "completed": len(done),
        "rejected": sum(row["state"] in ("rejected", "lost") for row in jobs),
        "unfinished": sum(row["state"] in ("pending", "waiting", "running") for row in jobs),
        "makespan_s": period,
        "wait_mean_s": statistics.fmean(waits),
        "wait_p50_s": interpolated(waits, 0.5),
        "wait_p95_s": interpolated(waits, 0.95),
        "wait_p99_s": interpolated(waits, 0.99),
        "jct_mean_s": statistics.fmean(jct),
        "bounded_slowdown_mean": statistics.fmean(max(1.0, t / max(d, 10.0)) for t, d in zip(jct, duration, strict=True)),
        "cpu_utilization": result.nodes["cpu_busy_s"].sum() * 1000 / table.cpu_milli.sum() / period,
        "memory_utilization": result.nodes["memory_busy_s"].sum() * 1024 / table.memory_mib.sum() / period,
        "gpu_utilization": result.nodes["gpu_busy_s"].sum() / table.gpus.sum() / period,
        "gpu_allocation_final": final / 1000 / table.gpus.sum(),
        "preemptions": 0,
        "restarts": 0,
        "lost_gpu_hours": 0.0,
        "goodput": 1.0,
    }


@every_run
def test_figures_are_those_of_the_frames(queue: str, until: float | None) -> None:
    result = run(queue, until)
    figures = result.summary()
    for name, value in figures_of(result).items():
        assert figures[name] == pytest.approx(value, rel=1e-9), name
    assert figures["jobs_per_second"] == pytest.approx(400 / figures["engine_seconds"])
    assert (figures["queue"], figures["placement"], figures["clock"], figures["seed"]) == (queue, "worst-fit", "replay", 0)
    assert figures["version"] == mp.__version__


@every_run
def test_the_names_of_the_figures_are_the_documented_ones_in_their_order(queue: str, until: float | None) -> None:
    assert list(run(queue, until).summary()) == KEYS


@every_run
def test_figures_are_plain_json(queue: str, until: float | None) -> None:
    figures = run(queue, until).summary()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_a_hand_worked_run() -> None:
    # 0..10 runs, the second waits 8 s, the third (4 cores) waits for the second
    result = replay(ClusterSpec.parse("pool:4cpu"), cores([(0, 10, 3), (2, 20, 2), (5, 5, 4)]))
    figures = result.summary()
    assert result.jobs["start_s"].to_list() == [0, 10, 30]
    assert figures["wait_mean_s"] == (0 + 8 + 25) / 3
    assert figures["makespan_s"] == 35
    assert figures["jct_mean_s"] == (10 + 28 + 30) / 3
    assert figures["bounded_slowdown_mean"] == pytest.approx((1 + 28 / 20 + 30 / 10) / 3)
    assert figures["cpu_utilization"] == pytest.approx((30 + 40 + 20) / (4 * 35))
    assert figures["memory_utilization"] is figures["gpu_utilization"] is figures["goodput"] is None


def test_an_empty_trace_has_no_figures_and_empty_frames() -> None:
    trace = JobTrace.build(submit=[], duration=[], request=[], requests=[])
    for clock in ("replay", "simpy"):
        result = replay(ClusterSpec.parse("2x4xT4"), trace, clock=clock)  # type: ignore[arg-type]
        figures = result.summary()
        assert [figures[name] for name in NOTHING] == [None] * len(NOTHING)
        assert [figures[name] for name in ("jobs", "completed", "rejected", "unfinished")] == [0] * 4
        assert figures["makespan_s"] == 0
        assert [len(getattr(result, name)) for name in ("jobs", "attempts", "timeline", "events", "nodes")] == [0, 0, 0, 0, 2]
        assert "0 of 0 jobs" in repr(result)
        assert "<table>" in result._repr_html_()


def test_a_single_job_of_no_duration_completes_as_it_starts() -> None:
    result = replay(ClusterSpec.parse("1x1xT4"), JobTrace.build(submit=[7], duration=[0], request=[0], requests=[ResourceRequest(gpus=1)]))
    assert result.jobs.select("start_s", "end_s", "wait_s", "state").row(0) == (7.0, 7.0, 0.0, "completed")
    figures = result.summary()
    assert figures["makespan_s"] == 0 and figures["bounded_slowdown_mean"] == 1.0 and figures["gpu_allocation_final"] == 0
    assert figures["gpu_utilization"] is None  # of no time at all
    assert result.timeline.rows() == [(7.0, 0, 0, 0, 0, 0)]


def test_a_job_that_never_ends_runs_to_the_end_and_the_next_waits() -> None:
    result = replay(ClusterSpec.parse("pool:2cpu"), cores([(0, math.inf, 2), (3, 1, 1)]))
    assert result.jobs["state"].to_list() == ["running", "waiting"]
    assert result.end_s == 3
    assert result.jobs["end_s"].to_list() == [None, None]
    assert result.summary()["unfinished"] == 2
    assert result.summary()["cpu_utilization"] == 1.0
    later = replay(ClusterSpec.parse("pool:2cpu"), cores([(0, math.inf, 2), (3, 1, 1)]), until="1h")
    assert later.nodes["cpu_busy_s"].to_list() == [7200.0]
    assert later.end_s == 3600


@pytest.mark.parametrize(
    ("until", "states"),
    [
        (0.0, ["running", "pending", "pending"]),
        (9.5, ["running", "waiting", "pending"]),
        (10.0, ["completed", "running", "running"]),
        (14.0, ["completed", "running", "completed"]),
        (15.0, ["completed", "completed", "completed"]),
        ("1d", ["completed", "completed", "completed"]),
    ],
)
def test_what_happens_at_the_horizon_happens_and_nothing_after_it(until: float | str, states: list[str]) -> None:
    trace = cores([(0, 10, 2), (4, 5, 1), (10, 4, 1)])
    for clock in ("replay", "simpy"):
        result = replay(ClusterSpec.parse("pool:2cpu"), trace, until=until, clock=clock)  # type: ignore[arg-type]
        assert result.jobs["state"].to_list() == states
        assert result.events["time_s"].max() <= result.end_s  # type: ignore[operator]


def test_a_horizon_before_the_first_job_leaves_all_pending() -> None:
    result = replay(ClusterSpec.parse("pool:2cpu"), cores([(5, 10, 2), (6, 5, 1)]), until=1)
    assert result.jobs["state"].to_list() == ["pending", "pending"]
    assert result.summary()["makespan_s"] == 0 and result.summary()["unfinished"] == 2
    assert len(result.timeline) == len(result.events) == 0


def test_a_run_with_a_horizon_begins_like_the_run_without() -> None:
    spec, trace = mixed()
    whole, part = replay(spec, trace, queue="easy"), replay(spec, trace, queue="easy", until=300)
    begun = whole.jobs["start_s"].to_numpy() <= 300
    assert part.jobs["start_s"].to_list() == [start if early else None for start, early in zip(whole.jobs["start_s"], begun, strict=True)]
