"""What the campaign has found, each as the small case it was shrunk to."""

from __future__ import annotations

from benchmarks.fault_cases import INF, Fault, FaultCase, Job
from benchmarks.fault_live import Call, LiveCase, Work
from benchmarks.faults import Case, run_case

DEVICES = [{"name": "g", "count": 2, "cpu_milli": 4000, "memory_mib": 8192, "gpus": 4, "gpu_model": "V100-16"}]


def holds(case: Case) -> None:
    violation = run_case(case).violation
    assert violation is None, violation


def test_an_interrupted_job_leaves_no_cycle_behind_at_its_old_completion() -> None:
    holds(
        FaultCase(
            groups=[{"name": "g0", "count": 2, "cpu_milli": 4000, "memory_mib": 8192}],
            requests=[{"cpu_milli": 500, "memory_mib": 2730}],
            jobs=[
                Job(0.6000000000000001, 0.4, 0.4, 0, 0, 5),
                Job(0.7000000000000001, 0.9, 0.9, 0, 0, 1),
                Job(0.8, INF, INF, 0, 0, 1),
            ],
            faults=[Fault("node", 1, 1.2000000000000002, 1.7000000000000002)],
            queue="conservative",
            queue_options={"depth": 2},
            checkpoint=(0.1, 0.1, 0.30000000000000004),
        )
    )


def test_replicas_that_come_back_to_a_node_get_devices_of_their_own() -> None:
    asked = {"memory_mib": 682, "models": ("V100-16", "T4")}
    groups = [
        {"name": "g0", "count": 3, "cpu_milli": 4000, "memory_mib": 8192, "racks": 1, "gpus": 1, "gpu_model": "A100-40"},
        {"name": "g1", "count": 2, "cpu_milli": 4000, "memory_mib": 2048, "racks": 1, "gpus": 1, "gpu_model": "V100-16"},
        {"name": "g2", "count": 2, "cpu_milli": 4000, "memory_mib": 8192, "racks": 2, "gpus": 4, "gpu_model": "V100-16"},
    ]
    works = [
        Work(16.0, asked | {"cpu_milli": 2000, "gpus": 3}, {"duration": 3.0}),
        Work(16.0, asked | {"cpu_milli": 1000, "gpus": 2}, {"duration": 0.0}),
        Work(18.0, asked | {"cpu_milli": 1000, "gpus": 2}, {"replicas": 3, "duration": 13.0}),
    ]
    holds(LiveCase(groups=groups, works=works, placement="random", seed=790))


def test_a_mig_profile_that_no_model_knows_is_rejected_on_a_live_cluster() -> None:
    holds(LiveCase(groups=DEVICES, works=[Work(0.0, {"mig": "1g.5gb"}, {"duration": 1.0})]))


def test_deleting_what_has_completed_unnoticed_does_not_cancel_it() -> None:
    works = [Work(10.0, {"cpu_milli": 1000}, {"duration": 6.0})]
    holds(LiveCase(groups=DEVICES, works=works, calls=[Call(18.0, "delete", 0)], scrape_period=7.0, stale=True))


def test_a_queue_with_weights_takes_workloads_of_every_shape_on_a_live_cluster() -> None:
    weights = {"weights": {"a": 2.0}}
    works = [Work(0.0, {"cpu_milli": 1000}, {"zone": "a", "duration": 2.0}), Work(1.0, {"cpu_milli": 99_000}, {"zone": "b"})]
    holds(LiveCase(groups=DEVICES, works=works, queue="drf", queue_options=weights))


def test_nodes_still_come_and_go_after_the_policies_were_changed() -> None:
    groups = [{"name": "g", "count": 1, "cpu_milli": 4000, "memory_mib": 2048, "scaling": {"boot": 1.0}}]
    works = [Work(3.0, {"cpu_milli": 1000}, {"duration": 9.0})]
    holds(LiveCase(groups=groups, works=works, calls=[Call(0.0, "configure", 0, 7)], scan=1.0))


def test_a_scan_follows_what_happened_before_more_incidents_became_known() -> None:
    holds(
        FaultCase(
            groups=[{"name": "g0", "count": 1, "cpu_milli": 10000, "gpus": 4, "gpu_model": "T4", "scaling": {"boot": 0.3}}],
            requests=[{"gpus": 1}],
            jobs=[Job(0.3, 0.4, 0.4, 0, 0, 1)],
            faults=[Fault("node", 0, 0.7, INF)],
            detection=(0.0, 0.1),
            scan=0.07,
            known=(0.8,),
        )
    )


def test_what_waits_under_conservative_runs_once_a_taint_is_gone() -> None:
    groups = [{"name": "g", "count": 1, "cpu_milli": 4000, "memory_mib": 4096}]
    works = [Work(0.0, {"cpu_milli": 1000}, {"duration": None})]
    calls = [Call(14.0, "taint", 0, text="dedicated:NoSchedule"), Call(17.0, "cut_off", 0), Call(54.0, "untaint", 0, text="dedicated")]
    holds(LiveCase(groups=groups, works=works, calls=calls, queue="conservative"))


def test_a_reservation_under_conservative_leaves_a_node_that_is_tainted() -> None:
    groups = [{"name": "g", "count": 2, "cpu_milli": 4000, "memory_mib": 4096}]
    request = {"cpu_milli": 4000}
    works = [Work(0.0, request, {"duration": 4.0}), Work(0.0, request, {"duration": 9.0}), Work(1.0, request, {"duration": 1.0})]
    calls = [Call(2.0, "taint", node, text="dedicated:NoSchedule") for node in (0, 1)]
    holds(LiveCase(groups=groups, works=works, calls=calls, queue="conservative"))


def test_what_waits_for_room_that_has_not_been_scraped_since_it_was_left_is_not_stuck() -> None:
    one = {"count": 1, "cpu_milli": 4000, "memory_mib": 8192, "gpus": 1, "gpu_model": "V100-16"}
    device = {"cpu_milli": 2000, "gpus": 1}
    works = [
        Work(3.0, device, {"replicas": 3, "duration": 13.0, "image": "large:1"}),
        Work(3.0, device, {"duration": 9.0}),
        Work(9.0, device, {"duration": None}),
        Work(17.0, device, {"replicas": 2, "duration": 6.0, "image": "large:1"}),
        Work(19.0, device, {"replicas": 3, "duration": 13.0}),
    ]
    calls = [Call(8.0, "fail_device", 1, 0), Call(14.0, "crash", 2)]
    groups = [one | {"name": "g1"}, one | {"name": "g2", "count": 2}]
    holds(LiveCase(groups=groups, works=works, calls=calls, queue="srtf", scrape_period=7.0, stale=True))


def test_a_job_without_work_falls_to_the_second_queue_while_its_image_is_pulled() -> None:
    groups = [{"name": "g1", "count": 1, "cpu_milli": 2000, "memory_mib": 4096}]
    works = [Work(15.0, {"cpu_milli": 1000}, {"duration": 0.0, "image": "large:1"})]
    holds(LiveCase(groups=groups, works=works, queue="las", queue_options={"grace": 0.0, "threshold": 2.0}))
