"""The cases of the fault campaign cover what they should, follow from seed and number alone, and shrink."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import failures, fault_cases, fault_live, faults, live
from benchmarks.fault_cases import INF, PLACEMENTS, QUEUES, Fault, FaultCase, Job
from benchmarks.fault_invariants import Violation
from benchmarks.fault_live import Call, LiveCase, Work
from mlplat.infra.placement import PLACEMENTS as KNOWN_PLACEMENTS
from mlplat.infra.queueing import QUEUES as KNOWN_QUEUES

CASES = [fault_cases.make_case(5, index) for index in range(400)]
LIVE_CASES = [fault_live.make_case(5, index) for index in range(200)]


def test_every_queue_and_placement_policy_is_drawn() -> None:
    assert set(QUEUES) == set(KNOWN_QUEUES) and set(PLACEMENTS) == set(KNOWN_PLACEMENTS)
    assert {case.queue for case in CASES} == set(QUEUES) and {case.placement for case in CASES} == set(PLACEMENTS)
    assert {case.queue for case in LIVE_CASES} == set(QUEUES)


def test_clusters_have_mig_devices_shares_racks_and_pools() -> None:
    groups = [group for case in CASES for group in case.groups]
    assert any(group.get("mig") for group in groups) and any(group.get("racks") == ("west", "east") for group in groups)
    asked = [request for case in CASES for request in case.requests]
    assert all(any(request.get(kind) for request in asked) for kind in ("gpus", "gpu_milli", "mig", "models", "disk_mib"))
    assert {case.pool for case in CASES} == {"", *fault_cases.POOLS}


def test_workloads_have_gangs_unlike_last_replicas_priorities_groups_and_services() -> None:
    jobs = [job for case in CASES for job in case.jobs]
    assert any(job.replicas > 1 and job.last != job.request for job in jobs) and any(job.duration == INF for job in jobs)
    assert {job.priority for job in jobs} == {-2, 0, 1, 5} and {job.group for job in jobs} == {0, 1, 2}
    assert any(job.duration == 0 for job in jobs) and any(job.estimate > job.duration for job in jobs)


def test_every_kind_of_fault_is_drawn_and_nodes_flap() -> None:
    drawn = [fault for case in CASES for fault in case.faults]
    assert {fault.kind for fault in drawn} == {"node", "partition", "device", "maintenance", "rack"}
    assert any(sum(fault.node == 0 and fault.kind == "node" for fault in case.faults) >= 3 for case in CASES)
    assert any(case.damping for case in CASES)
    calls = {call.verb for case in LIVE_CASES for call in case.calls}
    assert calls >= {"crash", "cut_off", "restore", "fail_device", "repair_device", "drain", "cordon", "uncordon", "delete", "scale"}


def test_every_option_is_at_times_off_its_default() -> None:
    usual = FaultCase()
    for option in fault_cases.OPTIONS:
        assert any(getattr(case, option) != getattr(usual, option) for case in CASES), option


@pytest.mark.parametrize("index", [0, 9, 17, 39])
def test_a_case_follows_from_seed_and_number_and_its_repr_makes_it_again(index: int) -> None:
    case = faults.make_case(7, index)
    names = {"INF": INF, "FaultCase": FaultCase, "Fault": Fault, "Job": Job, "LiveCase": LiveCase, "Work": Work, "Call": Call}
    assert isinstance(case, LiveCase) == (index % 10 == 9)
    assert case == faults.make_case(7, index) == eval(repr(case), names) and case != faults.make_case(8, index)


def test_smaller_cases_can_be_run() -> None:
    for case in (fault_cases.make_case(1, 2), fault_live.make_case(1, 4)):
        smaller = [*(fault_live if isinstance(case, LiveCase) else fault_cases).smaller(case)]  # type: ignore[arg-type]
        assert smaller and all(faults.run_case(simpler).violation is None for simpler in smaller[::3])


def test_shrinking_keeps_only_what_the_violation_needs() -> None:
    case = next(case for case in CASES if any(job.priority == 5 for job in case.jobs) and len(case.faults) > 2 and len(case.groups) > 1)

    def urgent_jobs_are_wrong(tried: FaultCase, index: int) -> faults.Outcome:
        wrong = any(job.priority == 5 for job in tried.jobs)
        return faults.Outcome(Violation("urgent", 0.0, "") if wrong else None, 0, 0, 0)

    small, _ = replace(faults.CAMPAIGN, run=urgent_jobs_are_wrong).shrink(case, Violation("urgent", 0.0, ""))
    assert [job.priority for job in small.jobs] == [5] and not small.faults and small.queue == "fifo"
    assert len(small.groups) == 1 and small.groups[0]["count"] == 1 and len(small.requests) == 1


def test_dropping_a_node_moves_the_faults_of_later_nodes_up() -> None:
    groups = [{"name": "a", "count": 1, "cpu_milli": 1000}, {"name": "b", "count": 2, "cpu_milli": 2000}]
    case = FaultCase(groups=groups, faults=[Fault("node", 0, 1, 2), Fault("node", 2, 3, 4)], ties="ranks", ranks=[2, 0, 1])
    without_a, without_c = [tried for tried in fault_cases.smaller(case) if tried.groups != case.groups]
    assert [fault.node for fault in without_a.faults] == [1] and without_a.ranks == [0, 1]
    assert [fault.node for fault in without_c.faults] == [0] and without_c.ranks == [1, 0] and without_c.groups[1]["count"] == 1


def test_the_live_benchmark_measures_each_kind_of_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert live.main(["--smoke", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert all(figures[f"{arrivals}_log_{log}"]["best_per_second"] > 0 for arrivals in live.ARRIVALS for log in live.LOGS)
    assert live.missed({"spread_log_all": {"best_per_second": 24_999.0}}) == [
        "spread_log_all: 24,999 workloads a second; required at least 25,000"
    ]


def test_the_failures_benchmark_measures_pairs_and_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.main(["--smoke", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["failures"]["restarts"] >= 0 and [row["queue"] for row in figures["policies"]] == [*failures.POLICIES]
    assert len(failures.missed(slow())) == 2


def slow() -> dict[str, object]:
    """Figures that are not good enough."""
    return {"failures": {"engine_ratio": 2.1, "whole_ratio": 1.0}, "policies": [{"queue": "las", "jobs_per_second": 199_999.0}]}
