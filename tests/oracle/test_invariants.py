"""What must hold of every run, read from the result frames: nothing over-committed, every job in one state, nothing after the horizon."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .comparison import PLACEMENTS, QUEUES, library_policy, replay
from .naive_jobs import NaiveJob, jobs_of
from .naive_state import FULL, NaiveNode, empty_cluster, milli_of
from .strategies import clusters, tie_rules, traces

EXAMPLES = max(20, settings().max_examples * 2 // 3)
STATES = {"pending", "waiting", "running", "completed", "rejected", "lost"}


@dataclass(frozen=True)
class Held:
    """One record of `attempts` with the request of its replicas."""

    job: int
    node: int
    device: int
    mig_start: int
    replicas: int
    request: ResourceRequest
    start: float
    end: float


def a_run(data: st.DataObject, queue: str) -> tuple[ClusterSpec, JobTrace, Result, float]:
    """Any run under a queue policy, and its horizon."""
    spec = data.draw(clusters(), label="spec")
    trace = data.draw(traces(spec), label="trace")
    placement = data.draw(st.sampled_from(sorted(PLACEMENTS)), label="placement")
    ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
    until = data.draw(st.sampled_from((None, None, None, 2.0, 7.5)), label="until")
    result = replay(spec, trace, queue=queue, placement=library_policy(placement), ties=ties, until=until, seed=1)
    return spec, trace, result, math.inf if until is None else until


def held(result: Result, jobs: list[NaiveJob]) -> list[Held]:
    """The records; a job's last replica has its own request."""
    found = []
    seen: Counter[int] = Counter()
    for row in result.attempts.iter_rows(named=True):
        job = jobs[row["job"]]
        seen[row["job"]] += row["replicas"]
        last = seen[row["job"]] == job.replicas
        request = job.last_request if last else job.request
        assert row["replicas"] == 1 or not last or job.request == job.last_request
        end = math.inf if row["end_s"] is None else row["end_s"]
        found.append(Held(row["job"], row["node"], row["device"], row["mig_start"], row["replicas"], request, row["start_s"], end))
    for job_row, replicas in seen.items():
        assert replicas == jobs[job_row].replicas
    return found


def check_node(node: NaiveNode, records: list[Held]) -> None:
    """The records that a node holds at one moment fit on it together."""
    for dimension, attribute in (("cpu", "cpu_milli"), ("memory", "memory_mib"), ("disk", "disk_mib")):
        assert sum(r.replicas * getattr(r.request, attribute) for r in records) <= node.capacity[dimension]
    devices = len(node.free_milli)
    whole = [r for r in records if r.request.gpus]
    shared: Counter[int] = Counter()
    positions: Counter[tuple[int, int]] = Counter()
    for r in records:
        if not (r.request.gpus or r.request.gpu_milli or r.request.mig):
            assert (r.device, r.mig_start) == (-1, -1)
            continue
        assert 0 <= r.device < devices
        assert not r.request.models or node.model in r.request.models
        assert node.mig == bool(r.request.mig)
        if r.request.gpu_milli:
            assert r.replicas == 1
            shared[r.device] += r.request.gpu_milli
        if r.request.mig:
            profile = node.profiles[r.request.mig]
            assert r.mig_start in profile.starts
            positions.update((r.device, p) for p in range(r.mig_start, r.mig_start + profile.span))
    assert all(milli <= FULL for milli in shared.values())
    assert all(count == 1 for count in positions.values())
    lowest = [r.device for r in whole]
    assert len(set(lowest)) == len(lowest)
    assert not set(lowest) & set(shared)
    assert sum(r.replicas * r.request.gpus for r in whole) + len(shared) <= devices


@pytest.mark.parametrize("queue", QUEUES)
def test_no_node_and_no_device_is_ever_over_committed(queue: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec, trace, result, _ = a_run(data, queue)
        empty = empty_cluster(spec)
        records = held(result, jobs_of(trace, spec, empty))
        for t in sorted({r.start for r in records}):
            at_once = [r for r in records if r.start <= t < r.end]
            for node in empty:
                check_node(node, [r for r in at_once if r.node == node.index])

    check()


@pytest.mark.parametrize("queue", QUEUES)
def test_every_job_is_in_exactly_one_state_and_its_times_say_the_same(queue: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        _, trace, result, until = a_run(data, queue)
        rows = result.jobs.to_dicts()
        assert [row["job"] for row in rows] == list(range(len(trace)))
        placed = set(result.attempts["job"].to_list())
        for i, row in enumerate(rows):
            state, start, end = row["state"], row["start_s"], row["end_s"]
            assert state in STATES
            assert (start is not None) == (state in ("running", "completed")) == (i in placed)
            assert (end is not None) == (state == "completed")
            assert (row["reason"] != "") == (state in ("rejected", "lost"))
            assert (row["submit_s"] > until) == (state == "pending")
            if start is not None:
                assert start >= row["submit_s"]
                assert row["wait_s"] == start - row["submit_s"]
            if state == "completed":
                assert end == start + trace.duration[i]
            if state == "running":
                assert start + trace.duration[i] > until or math.isinf(trace.duration[i])
            assert state != "lost" or queue == "loss"
        figures, counted = result.summary(), Counter(row["state"] for row in rows)
        assert figures["jobs"] == len(rows)
        assert figures["completed"] == counted["completed"]
        assert figures["rejected"] == counted["rejected"] + counted["lost"]
        assert figures["unfinished"] == counted["pending"] + counted["waiting"] + counted["running"]

    check()


@pytest.mark.parametrize("queue", QUEUES)
def test_busy_time_is_width_times_time_over_all_jobs(queue: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec, trace, result, _ = a_run(data, queue)
        empty = empty_cluster(spec)
        records = held(result, jobs_of(trace, spec, empty))
        cores = memory = devices = 0.0
        for r in records:
            seconds = min(r.end, result.end_s) - r.start
            uses_gpu = r.request.gpus or r.request.gpu_milli or r.request.mig
            cores += r.replicas * r.request.cpu_milli / 1000 * seconds
            memory += r.replicas * r.request.memory_mib / 1024 * seconds
            devices += r.replicas * (milli_of(empty[r.node], r.request) if uses_gpu else 0) / 1000 * seconds
        totals = result.nodes.select("cpu_busy_s", "memory_busy_s", "gpu_busy_s").sum().row(0)
        assert totals == pytest.approx((cores, memory, devices), rel=1e-12, abs=1e-9)

    check()


@pytest.mark.parametrize("queue", QUEUES)
def test_the_timeline_is_what_the_jobs_say(queue: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec, trace, result, _ = a_run(data, queue)
        empty = empty_cluster(spec)
        records = held(result, jobs_of(trace, spec, empty))
        jobs = result.jobs.to_dicts()
        for row in result.timeline.to_dicts():
            t = row["time_s"]
            arrived = [j for j in jobs if j["submit_s"] <= t and j["state"] not in ("rejected", "lost")]
            waiting = [j for j in arrived if j["start_s"] is None or j["start_s"] > t]
            running = [j for j in arrived if j not in waiting and (j["end_s"] is None or j["end_s"] > t)]
            assert (row["waiting"], row["running"]) == (len(waiting), len(running))
            on_now = [r for r in records if r.start <= t < r.end]
            assert row["cpu_milli"] == sum(r.replicas * r.request.cpu_milli for r in on_now)
            assert row["memory_mib"] == sum(r.replicas * r.request.memory_mib for r in on_now)

    check()


def test_fifo_starts_jobs_in_order_of_submission() -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        _, _, result, _ = a_run(data, "fifo")
        queued = [row for row in result.jobs.to_dicts() if row["state"] not in ("rejected", "pending")]
        starts: list[Any] = [math.inf if row["start_s"] is None else row["start_s"] for row in queued]
        assert starts == sorted(starts)
        order = result.attempts["job"].to_list()
        assert order == sorted(order)

    check()


@pytest.mark.parametrize("queue", QUEUES)
def test_nothing_happens_after_the_horizon(queue: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace = data.draw(traces(spec), label="trace")
        until = data.draw(st.sampled_from((0.0, 1.0, 2.0, 5.0, 7.5)), label="until")
        cut = replay(spec, trace, queue=queue, until=until)
        times = [
            *cut.jobs["start_s"].drop_nulls(),
            *cut.jobs["end_s"].drop_nulls(),
            *cut.events["time_s"],
            *cut.timeline["time_s"],
        ]
        assert all(t <= until for t in times)
        # And up to the horizon it is the same run as without one.
        whole = replay(spec, trace, queue=queue)
        for cut_row, row in zip(cut.jobs.to_dicts(), whole.jobs.to_dicts(), strict=True):
            for name in ("start_s", "end_s"):
                assert cut_row[name] == (row[name] if row[name] is not None and row[name] <= until else None)

    check()
