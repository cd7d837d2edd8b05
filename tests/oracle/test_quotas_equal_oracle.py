"""Runs under quotas against their naive twin, on both clocks: every queue policy that goes with quotas, with failures and without."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .comparison import PLACEMENTS, library_jobs, library_policy, oracle_attempts, oracle_jobs, oracle_work
from .interrupted_runs import library_attempts, library_work, run_interrupted
from .naive_attempts import NO_CHECKPOINTS
from .naive_quota_checks import check_reclaims
from .naive_quota_tree import BY_FLAVOR, ROOT, NaiveQuota
from .naive_scheduler import NaiveSchedule, schedule
from .quota_strategies import QUEUES, crowded_clusters, quota_cases
from .strategies import clusters, tie_rules
from .test_kernels_equal_oracle import last_replica_alone_is_at_fault, reasons_where

EXAMPLES = settings().max_examples * 5 // 3
"""With 20 tests, 2,000 schedules in CI and 100,000 under the deep profile."""
CLOCKS = ("replay", "simpy")
CASES = [(failures, flavors) for failures in (False, True) for flavors in (False, True)]
NAMES = ["alone", "flavors", "failures", "failures and flavors"]


def assert_equal_on_both_clocks(case: dict[str, Any]) -> NaiveSchedule:
    """The oracle, the compiled clock and SimPy's: states, times, attempts, records, work."""
    placement, options = case["placement"], {key: value for key, value in case.items() if key not in ("spec", "placement")}
    expected = schedule(case["spec"], policy=PLACEMENTS[placement], **options)
    assert expected.quotas is not None
    check_reclaims(expected.quotas)
    undisputed = [not last_replica_alone_is_at_fault(case["spec"], job) for job in expected.jobs]
    results = [run_interrupted(case["spec"], placement=library_policy(placement), clock=clock, **options) for clock in CLOCKS]
    for result in results:
        assert charged(result) == charged_in_oracle(expected)
        assert reasons_where(undisputed, library_jobs(result)) == reasons_where(undisputed, oracle_jobs(expected))
        assert library_attempts(result) == oracle_attempts(expected)
        if case["until"] is not None or not result.attempts["end_s"].has_nulls():
            assert library_work(result) == oracle_work(expected, options["checkpoint"], case["until"])
    assert results[0].fingerprint == results[1].fingerprint
    for frame in ("jobs", "attempts", "nodes", "timeline", "events"):
        assert getattr(results[0], frame).equals(getattr(results[1], frame), null_equal=True)
    return expected


def charged(result: Result) -> list[list[int]]:
    """What is charged at the end of a run, to the root and everything below it, in the dimensions without flavors."""
    return result._run.world.quotas.use[:, : len(BY_FLAVOR) + 1].tolist()  # type: ignore[no-any-return]


def charged_in_oracle(schedule: NaiveSchedule) -> list[list[float]]:
    """The oracle's side of `charged`."""
    assert schedule.quotas is not None
    books = schedule.quotas.books()
    return [[books.use(name, d) for d in (*BY_FLAVOR, "environments")] for name in (ROOT, *schedule.quotas.tree.nodes)]


@st.composite
def whole_cases(draw: Any, queue: str, *, failures: bool, flavors: bool) -> dict[str, Any]:
    """Everything that a run under quotas is told."""
    spec = draw(st.one_of(clusters(), crowded_clusters(), crowded_clusters()))
    return {
        "spec": spec,
        "queue": queue,
        "placement": draw(st.sampled_from(("first-fit", "first-fit", "best-fit", *PLACEMENTS))),
        "ties": draw(tie_rules(len(spec.nodes()))),
        "seed": draw(st.integers(0, 3)),
        **draw(quota_cases(spec, queue, failures=failures, flavors=flavors)),
    }


@pytest.mark.parametrize(("failures", "flavors"), CASES, ids=NAMES)
@pytest.mark.parametrize("queue", QUEUES)
def test_runs_under_quotas_equal_the_naive_oracle_on_both_clocks(queue: str, failures: bool, flavors: bool) -> None:
    @settings(max_examples=EXAMPLES)
    @given(whole_cases(queue, failures=failures, flavors=flavors))
    def compare(case: dict[str, Any]) -> None:
        assert_equal_on_both_clocks(case)

    compare()


def test_a_run_of_one_job_tries_its_flavors_one_after_the_other() -> None:
    """The first has a hard guarantee of another quota on it, the second has room."""
    groups = [{"name": name, "count": 1, "cpu_milli": 8000, "gpus": 4, "gpu_model": "T4"} for name in ("own", "spot")]
    trace = JobTrace.build(submit=[0], duration=[5], request=[0], requests=[ResourceRequest(gpus=2)], group=[0], groups=("a",))
    a = NaiveQuota("a", groups=("a",), flavors=("own", "spot"))
    owner = NaiveQuota("b", guarantee={"own/gpu": 4000}, lend={"own/gpu": 0}, groups=("b",), flavors=("own",))
    case = {"queue": "drf", "fair_preemption": (), "ties": "node-order", "until": None, "checkpoint": NO_CHECKPOINTS, "quotas": [a, owner]}
    found = assert_equal_on_both_clocks(
        {"spec": ClusterSpec.model_validate({"groups": groups}), "placement": "first-fit", "trace": trace, **case}
    )
    assert [replica.node for replica in found.attempts[0].replicas] == [1]
