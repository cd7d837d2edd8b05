"""Runs under quotas against their naive twin, on both clocks: every queue policy that goes with quotas, with failures and without."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .comparison import PLACEMENTS, library_jobs, library_policy, oracle_attempts, oracle_jobs, oracle_work
from .interrupted_runs import library_attempts, library_work, run_interrupted
from .naive_quota_checks import check_reclaims
from .naive_scheduler import NaiveSchedule, schedule
from .quota_strategies import QUEUES, crowded_clusters, quota_cases
from .strategies import clusters, tie_rules
from .test_kernels_equal_oracle import last_replica_alone_is_at_fault, reasons_where

EXAMPLES = settings().max_examples
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
        assert reasons_where(undisputed, library_jobs(result)) == reasons_where(undisputed, oracle_jobs(expected))
        assert library_attempts(result) == oracle_attempts(expected)
        if case["until"] is not None or not result.attempts["end_s"].has_nulls():
            assert library_work(result) == oracle_work(expected, options["checkpoint"], case["until"])
    assert results[0].fingerprint == results[1].fingerprint
    for frame in ("jobs", "attempts", "nodes", "timeline", "events"):
        assert getattr(results[0], frame).equals(getattr(results[1], frame), null_equal=True)
    return expected


@st.composite
def whole_cases(draw: Any, queue: str, *, failures: bool, flavors: bool) -> dict[str, Any]:
    """Everything that a run under quotas is told."""
    spec = draw(st.one_of(clusters(), crowded_clusters(), crowded_clusters()))
    return {
        "spec": spec,
        "queue": queue,
        "placement": draw(st.sampled_from(("first-fit", "first-fit", "best-fit", *PLACEMENTS))),
        "ties": draw(tie_rules(len(spec.nodes()))),
        "until": draw(st.sampled_from((None, None, 3.0, 7.5, 20.0))),
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
