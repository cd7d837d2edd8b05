"""Interrupted runs against their naive twin, on both clocks: every queue policy × placement policy × failure schedule, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .comparison import INTERRUPTING_QUEUES, PLACEMENTS, QUEUES, library_jobs, library_policy, oracle_attempts, oracle_jobs, oracle_work
from .failure_strategies import interrupted_cases
from .interrupted_runs import library_attempts, library_work, run_interrupted
from .naive_scheduler import schedule
from .strategies import clusters, tie_rules
from .test_kernels_equal_oracle import last_replica_alone_is_at_fault, reasons_where

EXAMPLES = settings().max_examples * 5 // 12
EVERY_QUEUE = (*QUEUES, *INTERRUPTING_QUEUES)


def assert_equal_on_both_clocks(spec: Any, trace: Any, queue: str, placement: str, **options: Any) -> None:
    """The oracle, the compiled clock and SimPy's: states, times, attempts, records, work."""
    expected = schedule(spec, trace, queue=queue, policy=PLACEMENTS[placement], **options)
    undisputed = [not last_replica_alone_is_at_fault(spec, job) for job in expected.jobs]
    results = [
        run_interrupted(spec, trace, queue=queue, placement=library_policy(placement), clock=c, **options) for c in ("replay", "simpy")
    ]
    for result in results:
        assert reasons_where(undisputed, library_jobs(result)) == reasons_where(undisputed, oracle_jobs(expected))
        assert library_attempts(result) == oracle_attempts(expected)
        if options.get("until") is not None or not result.attempts["end_s"].has_nulls():
            assert library_work(result) == oracle_work(expected, options["checkpoint"], options.get("until"))
    assert results[0].fingerprint == results[1].fingerprint
    for frame in ("jobs", "attempts", "nodes", "timeline", "events"):
        assert getattr(results[0], frame).equals(getattr(results[1], frame), null_equal=True)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("queue", EVERY_QUEUE)
def test_interrupted_runs_equal_the_naive_oracle_on_both_clocks(queue: str, placement: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace, options = data.draw(interrupted_cases(spec, queue), label="case")
        ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
        until = data.draw(st.sampled_from((None, None, 3.0, 7.5, 20.0)), label="until")
        seed = data.draw(st.integers(0, 3), label="seed")
        assert_equal_on_both_clocks(spec, trace, queue, placement, ties=ties, until=until, seed=seed, **options)

    compare()
