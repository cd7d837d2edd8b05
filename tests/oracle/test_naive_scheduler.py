"""The oracle itself against cases computed by hand."""

from __future__ import annotations

import math

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .naive_jobs import jobs_of
from .naive_placement import GOLDEN, NaivePlacer, Policy, balanced_score, draw, fragment, mix, typical_requests
from .naive_scheduler import NaiveSchedule, schedule
from .naive_state import devices_with_room, empty_cluster, fits, give_back, minimum, take


def one_core_cluster(nodes: int = 1, cpus: int = 2) -> ClusterSpec:
    return ClusterSpec.uniform(nodes=nodes, cpus=cpus, memory_gib=8, disk_gib=0)


def core_jobs(*rows: tuple[float, float, int], estimate: list[float] | None = None) -> JobTrace:
    """Jobs of (submit, duration, cores)."""
    return JobTrace.build(
        submit=[r[0] for r in rows],
        duration=[r[1] for r in rows],
        estimate=estimate,
        request=range(len(rows)),
        requests=[ResourceRequest(cpus=r[2]) for r in rows],
    )


def starts(run: NaiveSchedule) -> list[float | None]:
    return [o.start for o in run.outcomes]


def placer(spec: ClusterSpec, policy: Policy | str, ties: str = "node-order") -> NaivePlacer:
    return NaivePlacer(Policy(policy) if isinstance(policy, str) else policy, ties, 0, empty_cluster(spec), [])


A100 = {"name": "a", "cpus": 8, "memory": "64GiB", "gpus": 1, "gpu_model": "A100-40", "mig": True}


# -- events and queues


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        # Two cores: a uses one for 4 s; b needs both; c and d need one, for 6 s and 4 s.
        ("fifo", [0, 4, 5, 5]),
        ("best-effort-fifo", [0, 8, 0, 4]),  # a ends at 4: b does not fit, d does, until 8; c ends at 6; at 8 both cores are free
        ("sjf", [1, 0, 5, 1]),  # b is the shortest; then a and d side by side; c is the longest
        ("easy", [0, 4, 5, 0]),
        ("loss", [0, None, 0, None]),
    ],
)
def test_queue_policies_start_jobs_as_computed_by_hand(queue: str, expected: list[float | None]) -> None:
    trace = core_jobs((0, 4, 1), (0, 1, 2), (0, 6, 1), (0, 4, 1))
    assert starts(schedule(one_core_cluster(), trace, queue=queue)) == expected


def test_sjf_goes_by_estimate_then_submission() -> None:
    trace = core_jobs((0, 1, 2), (0, 5, 2), (0, 1, 2), (0, 3, 2), estimate=[9, 5, 5, 3])
    assert starts(schedule(one_core_cluster(), trace, queue="sjf")) == [9, 3, 8, 0]


def test_zero_duration_jobs_complete_in_their_own_instant_and_a_further_cycle_follows() -> None:
    run = schedule(one_core_cluster(), core_jobs((1, 0, 2), (1, 0, 2), (1, 2, 2)))
    assert starts(run) == [1, 1, 1]
    assert [o.end for o in run.outcomes] == [1, 1, 3]


def test_completions_come_before_arrivals_of_the_same_instant() -> None:
    assert starts(schedule(one_core_cluster(), core_jobs((0, 3, 2), (3, 1, 2)), queue="loss")) == [0, 3]


def test_nothing_happens_after_the_horizon() -> None:
    run = schedule(one_core_cluster(), core_jobs((0, 3, 2), (1, 3, 2), (2, 1, 2), (5, 1, 1)), until=4.0)
    assert [(o.state, o.start, o.end) for o in run.outcomes] == [
        ("completed", 0, 3),
        ("running", 3, None),
        ("waiting", None, None),
        ("pending", None, None),
    ]


def test_an_infinite_job_never_ends_and_the_jobs_behind_it_wait() -> None:
    run = schedule(one_core_cluster(), core_jobs((0, math.inf, 2), (0, 1, 1)))
    assert [o.state for o in run.outcomes] == ["running", "waiting"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (ResourceRequest(cpus=3), "CPU"),
        (ResourceRequest(cpus=3, memory_gib=9, disk_gib=1), "CPU|MEMORY|DISK"),
        (ResourceRequest(gpus=1), "GPU_MODEL"),
        (ResourceRequest(cpus=2), ""),
    ],
)
def test_rejections_name_the_dimensions_at_fault(request_: ResourceRequest, reason: str) -> None:
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[request_])
    assert schedule(one_core_cluster(), trace).outcomes[0].reason == reason


def test_rejections_of_device_requests_and_gangs() -> None:
    spec = ClusterSpec.model_validate(
        {"groups": [A100, {"name": "t", "cpus": 4, "memory": "8GiB", "gpus": 2, "gpu_model": "T4"}, {"name": "c", "cpus": 32}]}
    )
    wanted = [
        (ResourceRequest(gpus=3), "GPU_COUNT"),
        (ResourceRequest(gpus=1, models=["A100-40"]), "GPU_COUNT"),
        (ResourceRequest(gpus=1, models=["K80"]), "GPU_MODEL"),
        (ResourceRequest(mig="3g.20gb", models=["T4"]), "MIG_PROFILE"),
        (ResourceRequest(mig="9g.1gb"), "MIG_PROFILE"),
        (ResourceRequest(cpus=16, gpus=1), "COMBINATION"),
        (ResourceRequest(cpus=33, gpus=3), "CPU|GPU_COUNT"),
        (ResourceRequest(cpus=4, gpus=1), "GANG"),  # one would fit, two do not
    ]
    replicas = [2 if reason == "GANG" else 1 for _, reason in wanted]
    n = len(wanted)
    trace = JobTrace.build(submit=[0] * n, duration=[1] * n, request=range(n), replicas=replicas, requests=[r for r, _ in wanted])
    assert [o.reason for o in schedule(spec, trace).outcomes] == [reason for _, reason in wanted]


# -- gangs and splitting


def test_gangs_start_all_at_once_or_not_at_all() -> None:
    trace = JobTrace.build(submit=[0, 0, 0], duration=[5, 1, 1], request=[0, 0, 0], replicas=[1, 2, 1], requests=[ResourceRequest(cpus=2)])
    run = schedule(one_core_cluster(nodes=2), trace)
    assert starts(run) == [0, 5, 6]
    assert run.records() == [(0, 0, -1, -1, 1), (1, 0, -1, -1, 1), (1, 1, -1, -1, 1), (2, 0, -1, -1, 1)]


def test_equal_replicas_side_by_side_are_one_record_and_shares_are_not() -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=4, gpu_model="T4")
    asked = [ResourceRequest(gpus=1), ResourceRequest(gpu_milli=600)]
    trace = JobTrace.build(submit=[0, 0], duration=[1, 1], request=[0, 1], replicas=[2, 2], requests=asked)
    assert schedule(spec, trace).records() == [(0, 0, 0, -1, 2), (1, 0, 2, -1, 1), (1, 0, 3, -1, 1)]


def test_a_job_wider_than_a_node_is_split_over_nodes_with_the_rest_last() -> None:
    spec = ClusterSpec.uniform(nodes=3, cpus=64, gpus=4, gpu_model="T4")
    asked = ResourceRequest(cpu_milli=10001, memory_mib=10, gpus=10)
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[asked], split="nodes")
    job = jobs_of(trace, spec, empty_cluster(spec))[0]
    assert (job.replicas, job.request.gpus, job.last_request.gpus) == (3, 4, 2)
    assert (job.request.cpu_milli, job.request.memory_mib) == (4001, 4)  # 4000.4 and 4
    assert (job.last_request.cpu_milli, job.last_request.memory_mib) == (2001, 2)  # 2000.2 and 2


def test_a_job_of_cores_is_split_into_single_cores() -> None:
    spec = one_core_cluster(nodes=2)
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[ResourceRequest(cpus=3, memory_mib=10)], split="cores")
    job = jobs_of(trace, spec, empty_cluster(spec))[0]
    assert (job.replicas, job.request, job.last_request) == (
        3,
        ResourceRequest(cpus=1, memory_mib=4),
        ResourceRequest(cpus=1, memory_mib=4),
    )
    assert schedule(spec, trace).records() == [(0, 0, -1, -1, 2), (0, 1, -1, -1, 1)]


# -- placement


def test_mig_instances_start_at_published_positions_only() -> None:
    node = empty_cluster(ClusterSpec.model_validate({"groups": [A100]}))[0]
    three, one = ResourceRequest(mig="3g.20gb"), ResourceRequest(mig="1g.5gb")
    first = take(node, one, 0)
    second = take(node, three, 0)
    assert (first.mig_start, second.mig_start, node.free_milli) == (0, 4, [1000 - 142 - 428])
    assert not fits(node, three)
    assert not fits(node, ResourceRequest(gpu_milli=100))
    give_back(node, first)
    assert take(node, three, 0).mig_start == 0


def test_scores_of_best_fit_and_the_published_variant() -> None:
    spec = ClusterSpec.model_validate(
        {"groups": [{"name": "a", "cpus": 8, "gpus": 2, "gpu_model": "T4"}, {"name": "b", "cpus": 16, "gpus": 4, "gpu_model": "T4"}]}
    )
    small = empty_cluster(spec)[0]
    asked = ResourceRequest(cpus=2, gpus=1)
    assert placer(spec, "best-fit").score(small, asked) == -(0.75 + 0.5)
    assert placer(spec, "worst-fit").score(small, asked) == 0.75 + 0.5
    # 100 · (1 − ½·6/16 − ½·1/4) = 100 · (1 − 0.1875 − 0.125) = 68.75
    assert placer(spec, Policy("best-fit", ("cpu", "gpu"), "cluster", 100)).score(small, asked) == 68
    # 1 · 2/8 + 1 · 1/2 = 0.75; by cluster 100 · (1 − (8/16 · 2/16 + 2/4 · 1/4)/2) = 100 · (1 − 0.09375)
    assert placer(spec, "dot-product").score(small, asked) == -0.75
    assert placer(spec, Policy("dot-product", ("cpu", "gpu"), "cluster", 100)).score(small, asked) == 90
    assert placer(spec, "least-allocated").score(small, asked) == (75 + 50) // 2
    assert placer(spec, "most-allocated").score(small, asked) == (25 + 50) // 2
    assert placer(spec, "balanced").score(small, asked) == 87  # spread 0.125


def test_balanced_spread_for_none_two_and_three_dimensions() -> None:
    assert balanced_score([]) == balanced_score([0.3]) == 100
    assert balanced_score([0.25, 0.75]) == 75
    assert balanced_score([0.0, 0.5, 1.0]) == 59  # sqrt(0.5 / 3) = 0.408


def test_gpu_packing_prefers_started_devices_then_started_nodes() -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=8, gpu_model="T4")
    node = empty_cluster(spec)[0]
    share, whole, p = ResourceRequest(gpu_milli=300), ResourceRequest(gpus=2), placer(spec, "gpu-packing")
    assert (p.score(node, share), p.score(node, ResourceRequest(cpus=1))) == (25, 0)
    take(node, ResourceRequest(gpu_milli=400), 5)
    assert p.score(node, share) == 100 - 6  # 600 free milli
    assert p.score(node, ResourceRequest(gpu_milli=700)) == 49  # one fully free device
    assert p.score(node, whole) == 48
    assert p.choose_device(node, share, 0.0) == 5


def test_gpu_clustering_prefers_its_own_kind() -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=4, gpu_model="T4")
    node, p = empty_cluster(spec)[0], placer(spec, "gpu-clustering")
    one, two = ResourceRequest(gpus=1), ResourceRequest(gpus=2)
    assert p.score(node, one) == 25
    take(node, ResourceRequest(cpus=1), -1)
    first = take(node, one, -1)
    assert (p.score(node, one), p.score(node, two)) == (75 + 6, 6)  # 25 · 1000 // 4000
    take(node, two, -1)
    assert p.score(node, one) == 50 + 18
    give_back(node, first)
    assert p.score(node, one) == 12


def test_fragments_of_a_node_by_typical_request() -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=4, gpus=3, gpu_model="T4")
    node = empty_cluster(spec)[0]
    take(node, ResourceRequest(cpus=1, gpu_milli=700), 1)  # free: 1000, 300, 1000
    cases = [
        (ResourceRequest(cpus=1), 2300),
        (ResourceRequest(cpus=1, gpu_milli=500), 300),
        (ResourceRequest(cpus=1, gpu_milli=300), 0),
        (ResourceRequest(cpus=4, gpu_milli=300), 2300),
        (ResourceRequest(cpus=1, gpus=2), 300),
        (ResourceRequest(cpus=1, gpus=3), 2300),
        (ResourceRequest(cpus=1, gpus=1, models=["V100-16"]), 2300),
        (ResourceRequest(cpus=1, mig="1g.5gb"), 2300),
    ]
    assert [fragment(node, request) for request, _ in cases] == [amount for _, amount in cases]
    mig = empty_cluster(ClusterSpec.model_validate({"groups": [A100 | {"gpus": 2}]}))[0]
    take(mig, ResourceRequest(mig="4g.20gb"), 0)
    assert fragment(mig, ResourceRequest(mig="4g.20gb")) == 429
    assert fragment(mig, ResourceRequest(mig="3g.20gb")) == 0
    assert fragment(mig, ResourceRequest(gpus=1)) == 1429


def test_fgd_score_is_the_truncated_sigmoid_of_the_gain() -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=8, gpus=2, gpu_model="T4")
    asked = ResourceRequest(cpus=1, gpu_milli=600)
    trace = JobTrace.build(submit=[0] * 3, duration=[1] * 3, request=[0, 0, 1], requests=[asked, ResourceRequest(cpus=1, gpus=1)])
    empty = empty_cluster(spec)
    p = NaivePlacer(Policy("fgd", levels=100), "node-order", 0, empty, jobs_of(trace, spec, empty))
    assert [(r.device_milli, n) for r, n in p.typical] == [(600, 2), (1000, 1)]
    # After: 400 and 1000 free. Both kinds find one device; the fragment is 400 for each of the three jobs: the gain is −400 of 1000 a job.
    assert p.score(empty[0], asked) == math.trunc(100 / (1 + math.exp(0.4))) == 40
    assert p.choose_device(empty[0], asked, 0.0) == 0


def test_typical_requests_cover_the_most_frequent_and_leave_memory_out() -> None:
    spec = ClusterSpec.parse("1x2xT4")
    asked = [ResourceRequest(cpus=c, memory_mib=m) for c, m in ((1, 5), (1, 9), (2, 0), (3, 0))]
    trace = JobTrace.build(submit=[0] * 6, duration=[1] * 6, request=[0, 1, 2, 3, 0, 3], requests=asked)
    empty = empty_cluster(spec)
    kept = [typical_requests(empty, jobs_of(trace, spec, empty), cover) for cover in (0.5, 0.51, 1.0)]
    assert [[(r.cpu_milli, n) for r, n in some] for some in kept] == [
        [(1000, 3)],
        [(1000, 3), (3000, 2)],
        [(1000, 3), (3000, 2), (2000, 1)],
    ]


def test_the_generator_is_splitmix64() -> None:
    assert mix(GOLDEN) == 0xE220A8397B1DCDAF  # the published first output for seed 0
    numbers = [draw(7, job, replica, kind) for job in range(20) for replica in range(5) for kind in range(2)]
    assert len(set(numbers)) == 200
    assert all(0 <= u < 1 for u in numbers)


def test_the_minimum_of_two_states_holds_what_either_holds() -> None:
    spec = ClusterSpec.model_validate({"groups": [A100]})
    now, then = empty_cluster(spec)[0], empty_cluster(spec)[0]
    take(now, ResourceRequest(cpus=2, mig="1g.5gb"), 0)
    take(then, ResourceRequest(cpus=1, mig="4g.20gb"), 0)
    both = minimum(now, then)
    assert (both.free["cpu"], both.free_milli, both.tags) == (6000, [429], ["mig-1g.5gb"])
    assert devices_with_room(both, ResourceRequest(mig="3g.20gb")) == [0]
    assert devices_with_room(both, ResourceRequest(mig="4g.20gb")) == []
