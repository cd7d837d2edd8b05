"""The comparisons that benchmarks measure against do the same work as the engine: same start times, every event."""

from __future__ import annotations

import heapq
import math
from collections import deque
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import heap_baseline, simpy_baseline
from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace


def naive_starts(submit: list[float], duration: list[float], gpus: list[int], nodes: int, per_node: int) -> list[float]:
    """Strict FIFO and best fit from the definitions: a list of events and a scan of all nodes."""
    free, starts, waiting = [per_node] * nodes, [math.nan] * len(submit), deque[int]()
    running: list[tuple[float, int, list[tuple[int, int]]]] = []
    arrived = 0
    while arrived < len(submit) or (running and running[0][0] < math.inf):
        now = min([running[0][0]] if running else [math.inf], [submit[arrived]] if arrived < len(submit) else [math.inf])[0]
        while running and running[0][0] == now:
            for node, devices in heapq.heappop(running)[2]:
                free[node] += devices
        while arrived < len(submit) and submit[arrived] == now:
            if gpus[arrived] <= nodes * per_node:
                waiting.append(arrived)
            arrived += 1
        while waiting:
            job, state, taken = waiting[0], free.copy(), []
            for first in range(0, gpus[job], per_node):
                need = min(per_node, gpus[job] - first)
                best = min((node for node in range(nodes) if state[node] >= need), key=lambda node: (state[node], node), default=None)
                if best is None:
                    break
                state[best] -= need
                taken.append((best, need))
            else:
                free, starts[job] = state, now
                heapq.heappush(running, (now + duration[job], waiting.popleft(), taken))
                continue
            break
    return starts


JOBS = st.tuples(
    st.one_of(st.integers(0, 6).map(float), st.floats(0, 50)),
    st.one_of(st.integers(0, 5).map(float), st.floats(0, 20), st.just(math.inf)),
    st.integers(1, 14),
)


@given(st.lists(JOBS, max_size=30), st.integers(1, 4))
def test_the_simpy_baseline_starts_jobs_when_the_definitions_say(jobs: list[tuple[float, float, int]], nodes: int) -> None:
    jobs = sorted(jobs, key=lambda job: job[0])
    submit, duration, gpus = ([job[i] for job in jobs] for i in range(3))
    expected = naive_starts(submit, duration, gpus, nodes, 4)
    assert np.array_equal(simpy_baseline.run(submit, duration, gpus, nodes, 4), expected, equal_nan=True)


def test_completions_come_before_the_arrivals_of_the_same_instant() -> None:
    # 8 devices: job 1 takes over from job 0 at 5, job 2 (zero seconds) at 7, and job 3 at the same instant
    starts = simpy_baseline.run([0, 5, 6, 6], [5, 2, 0, 1], [8, 8, 8, 8], nodes=1)
    assert starts.tolist() == [0, 5, 7, 7]


def test_best_fit_fills_the_fullest_node_and_leaves_whole_nodes_to_gangs() -> None:
    # 3, then 5 onto the same node, so that the gang of 16 finds two free nodes; 20 waits for its 4 devices beside two whole nodes
    assert simpy_baseline.run([0, 0, 0, 0], [9, 8, 7, 1], [3, 5, 16, 20], nodes=3).tolist() == [0, 0, 0, 8]


def test_a_blocked_head_blocks_all_and_a_job_too_wide_for_the_cluster_blocks_none() -> None:
    starts = simpy_baseline.run([0, 1, 2, 3], [10, 1, 1, 1], [7, 17, 16, 1], nodes=2)
    assert np.array_equal(starts, [0, math.nan, 10, 11], equal_nan=True)


def test_a_job_that_never_ends_keeps_its_devices() -> None:
    assert np.array_equal(simpy_baseline.run([0, 1], [math.inf, 1], [8, 1], nodes=1), [0, math.nan], equal_nan=True)


def test_arrivals_keep_their_time_to_the_last_bit() -> None:
    rng = np.random.default_rng(5)
    for scale in (1e-3, 1.0, 1e4):
        submit = np.cumsum(rng.exponential(scale, 2000) * rng.integers(0, 2, 2000) ** 3)
        submit[1000:] *= 3
        assert np.array_equal(simpy_baseline.run(submit, np.zeros(2000), np.ones(2000, dtype=int)), submit)
    for _ in range(300):  # gaps longer than all time before them, where the difference of two floats is not exact
        pair = np.sort(rng.random(2))
        assert np.array_equal(simpy_baseline.run(pair, [0, 0], [1, 1]), pair)


def test_the_simpy_baseline_equals_the_engine_on_real_jobs(shared_data: Path) -> None:
    jobs = pl.read_csv(shared_data / "philly" / "philly.csv", try_parse_dates=True).drop_nulls()
    jobs = jobs.sort("timestamp", maintain_order=True).head(5000)
    gpus = jobs["num_gpus"].cast(pl.Int64).to_numpy()
    widths, request = np.unique(gpus, return_inverse=True)
    trace = JobTrace.build(
        submit=(jobs["timestamp"] - jobs["timestamp"][0]).dt.total_seconds().to_numpy(),
        duration=jobs["duration"].to_numpy(),
        request=request,
        requests=[ResourceRequest(gpus=int(width)) for width in widths],
        split="nodes",
    )
    nodes = 24  # a quarter of the cluster, so that jobs wait
    result = replay(ClusterSpec.parse(f"{nodes}x8xV100"), trace, queue="fifo", placement="best-fit")
    expected = result.jobs["start_s"].to_numpy()
    starts = simpy_baseline.run(trace.submit, trace.duration, gpus, nodes=nodes)
    assert (starts > trace.submit).any()
    assert np.array_equal(starts, expected, equal_nan=True)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=60))
def test_the_heap_baseline_counts_every_completion(jobs: list[tuple[float, float]]) -> None:
    starts = np.sort([start for start, _ in jobs])
    ends = starts + [duration for _, duration in jobs]
    assert heap_baseline.run_merged(starts, ends) == len(jobs)


def test_the_heap_baseline_takes_completions_out_in_order_of_time_then_job() -> None:
    rng = np.random.default_rng(1)
    ends = rng.integers(0, 50, 400).astype(float)
    keys, jobs, size, popped = np.empty(400), np.empty(400, dtype=np.int32), 0, []
    for job, end in enumerate(ends):
        size = heap_baseline._push(keys, jobs, size, end, job)
    while size:
        popped.append((keys[0], jobs[0]))
        size = heap_baseline._pop(keys, jobs, size)
    assert popped == sorted(zip(ends, range(400), strict=True))


def test_an_infinite_end_never_comes() -> None:
    assert heap_baseline.run_merged([0.0, 1.0], [np.inf, 2.0]) == 1
    assert heap_baseline.run_merged([], []) == 0


@pytest.mark.parametrize(("starts", "ends"), [([1.0, 0.0], [2.0, 2.0]), ([0.0], [1.0, 2.0]), ([1.0], [0.5]), ([0.0], [math.nan])])
def test_the_heap_baseline_refuses_times_that_no_replay_has(starts: list[float], ends: list[float]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        heap_baseline.run_merged(starts, ends)


def test_the_simpy_baseline_refuses_jobs_out_of_order() -> None:
    with pytest.raises(ValueError, match="order"):
        simpy_baseline.run([1, 0], [1, 1], [1, 1])


def test_one_event_queue_takes_every_arrival_and_every_completion_that_comes() -> None:
    assert heap_baseline.run([0.0, 0.0, 3.0], [0.0, 5.0, 5.0], [5.0, 6.0, np.inf]) == 5
    assert heap_baseline.run([], [], []) == 0
    with pytest.raises(ValueError, match="as many"):
        heap_baseline.run([0.0], [0.0, 1.0], [1.0, 2.0])
