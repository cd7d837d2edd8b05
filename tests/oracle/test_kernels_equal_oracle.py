"""The scheduler against its naive twin: every queue policy × placement policy × tie rule, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .comparison import PLACEMENTS, QUEUES, library_jobs, library_policy, library_records, oracle_jobs, replay
from .naive_jobs import NaiveJob
from .naive_scheduler import schedule
from .naive_state import empty_cluster, fits
from .strategies import clusters, tie_rules, traces

# A hundred pairs share the time of the folder: 25 examples each in the `ci` profile, 1,250 in `deep`.
EXAMPLES = settings().max_examples * 5 // 12


def assert_equal_to_oracle(spec: ClusterSpec, trace: JobTrace, queue: str, placement: str, **options: Any) -> None:
    """Run both; states, reasons, times and records must be the same."""
    expected = schedule(spec, trace, queue=queue, policy=PLACEMENTS[placement], **options)
    result = replay(spec, trace, queue=queue, placement=library_policy(placement), **options)
    undisputed = [not last_replica_alone_is_at_fault(spec, job) for job in expected.jobs]
    assert reasons_where(undisputed, library_jobs(result)) == reasons_where(undisputed, oracle_jobs(expected))
    assert library_records(result) == expected.records()


def last_replica_alone_is_at_fault(spec: ClusterSpec, job: NaiveJob) -> bool:
    """Whether some node holds one `request` but none holds the `last_request`: the reason has its own test below."""
    empty = empty_cluster(spec)
    return any(fits(node, job.request) for node in empty) and not any(fits(node, job.last_request) for node in empty)


def reasons_where(undisputed: list[bool], rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of jobs, without the reason where it is not compared."""
    return [(state, reason if sure else "", *times) for sure, (state, reason, *times) in zip(undisputed, rows, strict=True)]


def test_the_reason_of_a_gang_whose_request_fits_but_whose_last_request_fits_nowhere_is_gang() -> None:
    trace = JobTrace.build(
        submit=[0], duration=[1], request=[0], last_request=[1], replicas=[2], requests=[ResourceRequest(cpus=1), ResourceRequest(cpus=9)]
    )
    assert_reason(ClusterSpec.uniform(nodes=1, cpus=2), trace, "GANG")


def test_the_reason_of_a_gang_is_that_of_its_request_if_that_fits_nowhere() -> None:
    trace = JobTrace.build(
        submit=[0], duration=[1], request=[1], last_request=[0], replicas=[2], requests=[ResourceRequest(cpus=1), ResourceRequest(cpus=9)]
    )
    assert_reason(ClusterSpec.uniform(nodes=1, cpus=2), trace, "CPU")


def assert_reason(spec: ClusterSpec, trace: JobTrace, reason: str) -> None:
    """Library and oracle reject the first job for this reason."""
    assert schedule(spec, trace).outcomes[0].reason == reason
    assert replay(spec, trace, placement="first-fit").jobs["reason"].to_list() == [reason]


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("queue", QUEUES)
def test_replay_equals_the_naive_oracle(queue: str, placement: str) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace = data.draw(traces(spec), label="trace")
        ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
        until = data.draw(st.sampled_from((None, None, None, 0.0, 3.0, 7.5)), label="until")
        seed = data.draw(st.integers(0, 3), label="seed")
        assert_equal_to_oracle(spec, trace, queue, placement, ties=ties, until=until, seed=seed)

    compare()
