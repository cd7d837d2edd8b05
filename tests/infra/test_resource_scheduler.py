"""The Resource Scheduler's rows of the capabilities, S-23 to S-30, each seen in a small run. (The oracle's tests hold every decision.)"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import QUEUES, queue_policy
from mlplat.infra.resource_scheduler import ResourceScheduler

GPU = mp.ResourceRequest(cpus=1, gpus=1)


def trace_of(rows: list[dict[str, Any]], requests: list[mp.ResourceRequest]) -> mp.JobTrace:
    """A trace from rows with `submit`, `duration`, and what else differs from the defaults."""
    names = {name for row in rows for name in row}
    defaults = {"request": 0, "replicas": 1, "priority": 0}
    columns = {name: [row.get(name, defaults.get(name, 0)) for row in rows] for name in names | {"request"}}
    return mp.JobTrace.build(**columns, requests=requests)


def test_s14_capacity_is_the_sum_of_the_nodes_whatever_befalls_them() -> None:
    sim = mp.Simulation(seed=1)
    cluster = mp.Cluster(sim, mp.ClusterSpec.parse("3x8xV100"), scrape_period=None)
    for i in range(4):
        cluster.endpoint.submit(mp.Workload(f"w-{i}", {"cpus": 4, "gpus": 3}, duration="1h"))
    sim.at(600, cluster.hardware.crash, "node-1")
    sim.at(900, cluster.hardware.restore, "node-1")
    for time in (0.5, 300, 601, 700, 901, 4000, 8000):
        sim.run(until=time)
        held: dict[int, int] = {}
        for record in cluster.workloads.values():
            if record.status.value in ("running", "starting", "stopping"):
                for part in cluster.scheduler.held_by(record.job):
                    held[part.node] = held.get(part.node, 0) + 3 * part.replicas
        assert all(cluster.scheduler.free(node)["gpus"] + held.get(node, 0) == 8 for node in range(3))
    assert all(record.status.value == "succeeded" for record in cluster.workloads.values())


def test_s23_what_no_node_could_ever_hold_is_rejected_with_each_failing_dimension() -> None:
    spec = mp.ClusterSpec.uniform(nodes=2, cpus=8, memory_gib=16, disk_gib=0, gpus=2, gpu_model="T4")
    requests = [
        mp.ResourceRequest(cpus=9, memory_gib=17),
        mp.ResourceRequest(gpus=1, models=("V100",)),
        mp.ResourceRequest(cpus=8, memory_gib=16, gpus=2),
        mp.ResourceRequest(cpus=8),
    ]
    rows = [{"submit": 0, "duration": 1, "request": i, "replicas": 3 if i == 3 else 1} for i in range(4)]
    jobs = mp.replay(spec, trace_of(rows, requests)).jobs
    assert jobs["reason"].to_list() == ["CPU|MEMORY", "GPU_MODEL", "", "GANG"]
    assert jobs["state"].to_list() == ["rejected", "rejected", "completed", "rejected"]


def test_s24_ties_go_to_the_first_node() -> None:
    jobs = trace_of([{"submit": 0, "duration": 1}] * 3, [GPU])
    result = mp.replay(mp.ClusterSpec.parse("3x1xT4"), jobs)
    assert result.attempts["node"].to_list() == [0, 1, 2]


@pytest.mark.parametrize("queue", [name for name in QUEUES if name != "loss"])
def test_s25_two_gangs_that_each_half_fit_do_not_block_each_other_for_ever(queue: str) -> None:
    rows = [{"submit": 0, "duration": 10, "replicas": 4}, {"submit": 0, "duration": 10, "replicas": 3}, {"submit": 1, "duration": 1}]
    result = mp.replay(mp.ClusterSpec.parse("2x2xT4"), trace_of(rows, [GPU]), queue=queue)
    assert result.jobs["state"].to_list() == ["completed"] * 3
    whole = result.attempts.group_by("job", "attempt").agg(held=mp_sum("replicas"))
    assert set(whole.filter(whole["job"] == 0)["held"]) == {4}


def mp_sum(name: str) -> Any:
    """The sum of a column."""
    import polars as pl

    return pl.col(name).sum()


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=2, max_size=6), st.integers(1, 4))
def test_s26_no_victim_is_preempted_in_vain(running: list[tuple[int, int]], wanted: int) -> None:
    """Giving any one victim back would make the preemptor unplaceable; only lower priority is preempted."""
    requests = [mp.ResourceRequest(gpus=k) for k in (1, 2, 3, 4)]
    rows = [{"submit": 0, "duration": 1000, "request": k - 1, "priority": p} for k, p in running]
    rows.append({"submit": 100, "duration": 10, "request": wanted - 1, "priority": 2})
    spec = mp.ClusterSpec.parse("2x4xT4")
    result = mp.replay(spec, trace_of(rows, requests), queue="priority", until=100)
    attempts = result.attempts.filter((result.attempts["outcome"] == "preempted") & (result.attempts["end_s"] == 100))
    victims = [(row["job"], row["node"]) for row in attempts.to_dicts()]
    head = len(rows) - 1
    started = result.jobs["state"][head] == "running"
    assert all(running[job][1] < 2 for job, _ in victims)
    assert started or not victims
    if victims:
        free = {0: 4, 1: 4}
        for row in result.attempts.to_dicts():
            if row["outcome"] == "running" and row["job"] != head and row["start_s"] < 100:
                free[row["node"]] -= running[row["job"]][0]
        for job, node in victims:
            assert all(free[n] - (running[job][0] if n == node else 0) < wanted for n in free)


def test_s27_backfill_does_not_delay_the_head() -> None:
    rows = [
        {"submit": 0, "duration": 10, "replicas": 3},
        {"submit": 1, "duration": 10, "replicas": 4},
        {"submit": 2, "duration": 8},
        {"submit": 3, "duration": 20},
    ]
    spec, trace = mp.ClusterSpec.parse("2x2xT4"), trace_of(rows, [GPU])
    starts = {queue: mp.replay(spec, trace, queue=queue).jobs["start_s"].to_list() for queue in ("fifo", "easy")}
    assert starts["fifo"][1] == starts["easy"][1] == 10
    assert (starts["easy"][2], starts["easy"][3]) == (2, 20)


@pytest.mark.parametrize("queue", ["fifo", "easy", "conservative"])
def test_s29_once_arrivals_stop_everything_feasible_runs(queue: str) -> None:
    trace = mp.traces.synthetic(jobs=300, seed=5)
    spec = mp.ClusterSpec.parse("6x8xV100")
    jobs = mp.replay(spec, trace, queue=queue).jobs
    assert set(jobs["state"].to_list()) <= {"completed", "rejected"}
    assert all(row["reason"] for row in jobs.to_dicts() if row["state"] == "rejected")


def test_s29_a_gang_that_small_jobs_overtake_is_served_after_its_patience() -> None:
    """Without it a stream of single jobs would keep the two nodes from ever being free together."""
    rows = [{"submit": 0, "duration": 10}, {"submit": 1, "duration": 10, "replicas": 2}]
    rows += [{"submit": 5.0 + 5 * i, "duration": 10} for i in range(40)]
    spec = mp.ClusterSpec.parse("2x1xT4")
    start = {
        patience: mp.replay(spec, trace_of(rows, [GPU]), queue=queue_policy("best-effort-fifo", patience=patience)).jobs["start_s"][1]
        for patience in ("30s", "1d")
    }
    assert 31 <= start["30s"] <= 60 < 200 <= start["1d"]


def test_what_comes_of_a_job_is_told_once_in_order() -> None:
    sim = mp.Simulation()
    nodes = mp.ClusterSpec.parse("1x2xT4").nodes()
    scheduler = ResourceScheduler(sim.env, nodes, queue_policy("priority"), placement_policy("best-fit"))
    told: list[tuple[float, str, int]] = []
    scheduler.on_started = lambda job: told.append((sim.now, "started", job))
    scheduler.on_ended = lambda job, outcome: told.append((sim.now, outcome.name, job))
    scheduler.on_rejected = lambda job: told.append((sim.now, "rejected", job))
    two = mp.ResourceRequest(gpus=2)
    low = scheduler.submit(two, duration=100.0)
    sim.at(10, lambda: scheduler.submit(two, duration=5.0, priority=1))
    sim.at(10, lambda: scheduler.submit(mp.ResourceRequest(gpus=3), duration=5.0))
    sim.run()
    assert told == [
        (0.0, "started", low), (10.0, "PREEMPTED", low), (10.0, "rejected", 2), (10.0, "started", 1),
        (15.0, "COMPLETED", 1), (15.0, "started", low), (105.0, "COMPLETED", low),
    ]  # fmt: skip


def test_groups_have_their_weights_on_a_live_cluster_too() -> None:
    policy = queue_policy("drf", weights={"a": 2.0})
    sim = mp.Simulation()
    cluster = mp.Cluster(sim, mp.ClusterSpec.uniform(nodes=3, cpus=4, memory_gib=16), queue=policy, scrape_period=None)
    zones = ["b"] * 6 + ["a"] * 6
    works = [mp.Workload(f"w{i}", {"cpus": 4}, duration="1h", zone=zone) for i, zone in enumerate(zones)]
    handles = [cluster.endpoint.submit(work) for work in works]
    too_large = cluster.endpoint.submit(mp.Workload("large", {"cpus": 5}, duration="1h", zone="a"))
    sim.run(until="1s")
    running = [zone for zone, handle in zip(zones, handles, strict=True) if handle.status.value == "running"]
    assert sorted(running) == ["a", "a", "b"] and too_large.status.value == "rejected"


def test_a_job_of_las_falls_to_the_second_queue_while_its_environments_start() -> None:
    sim = mp.Simulation()
    spec = mp.ClusterSpec.parse("1x1xV100")
    cluster = mp.Cluster(sim, spec, queue=queue_policy("las", threshold="10s"), start_overhead="100s", scrape_period=None)
    first = cluster.endpoint.submit(mp.Workload("first", {"gpus": 1}, duration="1h"))
    second = []
    sim.at(20, lambda: second.append(cluster.endpoint.submit(mp.Workload("second", {"gpus": 1}, duration="5s"))))
    sim.run(until=21)
    assert (first.status.value, second[0].status.value) == ("pending", "starting")
