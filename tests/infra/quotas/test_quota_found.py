"""Faults of quotas that were found by the campaign of zones (benchmarks/zone_schedules.py), each in its smallest case."""

from __future__ import annotations

import numpy as np

import mlplat as mp
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.quotas import Cohort, Quota
from mlplat.infra.world import build_run
from mlplat.runs.driving import drive


def trace(*jobs: tuple[float, float, int, str], requests: list[mp.ResourceRequest]) -> mp.JobTrace:
    """Jobs: submit, duration, request, group."""
    groups = sorted({group for *_, group in jobs} | {"a", "b"})
    return mp.JobTrace.build(
        submit=[job[0] for job in jobs],
        duration=[job[1] for job in jobs],
        request=[job[2] for job in jobs],
        group=[groups.index(job[3]) for job in jobs],
        groups=groups,
        requests=requests,
    )


def test_a_hard_guarantee_inside_a_cohort_is_not_in_the_common_pool() -> None:
    spec = mp.ClusterSpec.parse("1x8xV100")
    jobs = trace((0, 10, 0, "a"), (0, 10, 0, "a"), requests=[mp.ResourceRequest(gpus=4)])
    zones = [Cohort("research"), Quota("b", guarantee={"gpus": 4}, lend={"gpus": 0}, cohort="research")]
    assert mp.replay(spec, jobs, zones=zones).jobs["start_s"].to_list() == [0.0, 10.0]


def test_a_trace_of_one_job_keeps_its_request_where_nodes_are_reserved() -> None:
    spec = mp.ClusterSpec.parse("2x8xV100")
    zones = [Quota("b", reserve={"nodes": 1})]
    jobs = trace((0, 10, 0, "a"), requests=[mp.ResourceRequest(gpus=4), mp.ResourceRequest(gpus=1)])
    run = build_run(spec.nodes(), jobs, queue_policy("fifo"), placement_policy("best-fit"), quotas=zones)
    before = run.world.quotas.base.copy()
    drive(run)
    assert run.world.jobs.gang[0, 0] != before[0, 0] and np.array_equal(run.world.quotas.base, before)


def test_room_for_a_gang_is_reclaimed_where_a_part_of_it_fits_already_and_it_is_placed_by_topology() -> None:
    spec = mp.ClusterSpec.parse("1x2xV100")
    jobs = trace((0, 20, 0, "a"), (12, 6, 1, "b"), requests=[mp.ResourceRequest(gpus=1), mp.ResourceRequest(gpus=1)])
    jobs = jobs.with_columns(replicas=[1, 2])
    result = mp.replay(spec, jobs, zones=[Quota("b", guarantee={"gpus": 2})], placement="topology")
    assert result.jobs["start_s"].to_list() == [0.0, 12.0] and result.zones["reclaimed"].to_list() == [0, 1]


def test_a_job_is_rejected_where_all_nodes_are_reserved_for_others() -> None:
    spec = mp.ClusterSpec.parse("1x2xV100")
    jobs = trace((0, 5, 0, "a"), (0, 5, 0, "b"), requests=[mp.ResourceRequest(gpus=1)])
    result = mp.replay(spec, jobs, zones=[Quota("b", reserve={"nodes": 1})])
    assert result.jobs["state"].to_list() == ["rejected", "completed"] and result.jobs["reason"][0] == "QUOTA"


def test_fair_sharing_inside_a_cohort_to_which_all_is_guaranteed_stops_nobody_in_turn() -> None:
    spec = mp.ClusterSpec.parse("1x4xV100")
    jobs = trace((0, 20, 0, "a"), (1, 9, 0, "a"), (5, 2, 0, "b"), requests=[mp.ResourceRequest(gpus=2)])
    zones = [Cohort("k"), Quota("a", guarantee={"gpus": 3}, cohort="k"), Quota("b", guarantee={"gpus": 1}, cohort="k")]
    result = mp.replay(spec, jobs, zones=zones, queue="drf")
    assert len(result.attempts) == 3 and result.jobs["start_s"].to_list() == [0.0, 1.0, 10.0]


def test_a_job_too_large_for_the_quota_in_one_flavor_and_for_the_nodes_in_the_other_is_rejected() -> None:
    """It waited for ever, and all of its lane behind it."""
    groups = [{"name": "big", "count": 1, "gpus": 8, "gpu_model": "A100"}, {"name": "small", "count": 4, "gpus": 2, "gpu_model": "T4"}]
    spec = mp.ClusterSpec.model_validate({"name": "two", "groups": groups})
    quota = mp.Quota("a", limit={"big": {"gpus": 4}}, flavors=("big", "small"))
    requests = [mp.ResourceRequest(gpus=6), mp.ResourceRequest(gpus=2)]
    trace = mp.JobTrace.build(submit=[0, 1], duration=[5, 5], request=[0, 1], requests=requests, groups=("a",))
    found = mp.replay(spec, trace, zones=[quota]).jobs
    assert found["state"].to_list() == ["rejected", "completed"]
    assert found["reason"].to_list() == ["QUOTA", ""]
    cluster = mp.Cluster(mp.Simulation(), spec, quotas=[quota])
    large, small = (
        cluster.endpoint.submit(mp.Workload(name, {"gpus": gpus}, duration="5s", zone="a")) for name, gpus in (("large", 6), ("small", 2))
    )
    cluster.sim.run(until="10s")
    assert (large.status.value, large.reason) == ("rejected", "QUOTA")
    assert small.status.value == "succeeded"
