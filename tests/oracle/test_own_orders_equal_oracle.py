"""A user's own order of jobs against its naive twin, on both clocks, alone, with interruptions and under quotas, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.infra.queueing import QueuePolicy

from .comparison import PLACEMENTS, library_jobs, library_policy, library_records, oracle_attempts, oracle_jobs, replay
from .failure_strategies import interrupted_cases
from .interrupted_runs import library_attempts, run_interrupted
from .naive_scheduler import schedule
from .quota_strategies import crowded_clusters, quota_cases
from .strategies import clusters, tie_rules, traces
from .test_kernels_equal_oracle import last_replica_alone_is_at_fault, reasons_where

EXAMPLES = settings().max_examples * 5 // 12
GROUPS = ("b", "a")


def smallest(job: Any) -> float:
    return job.all_gpu_milli  # type: ignore[no-any-return]


def of_everything(job: Any) -> float:
    """Few values, so that ties are common; of the group both sides know its place."""
    place = job.group if isinstance(job.group, int) else GROUPS.index(job.group) if job.group in GROUPS else -1
    amounts = job.cpu_milli // 4000 + job.memory_mib // 4096 + job.disk_mib // 300 + job.gpus + job.gpu_milli // 500
    return float(place - job.priority + amounts - 2 * job.replicas + min(job.submit_s + job.estimate_s, 90.0) // 4)


class Own(QueuePolicy):
    groups = GROUPS

    def __init__(self, key: Any, blocks: bool) -> None:
        self.key, self.blocks = key, blocks


def assert_equal_on_both_clocks(spec: Any, trace: Any, key: Any, blocks: bool, placement: str, **options: Any) -> None:
    """The oracle, the compiled clock and SimPy's: states, times, attempts."""
    name = "own" if blocks else "own-best-effort"
    expected = schedule(spec, trace, queue=name, key=key, policy=PLACEMENTS[placement], **options)
    undisputed = [not last_replica_alone_is_at_fault(spec, job) for job in expected.jobs]
    fingerprints = set()
    for clock in ("replay", "simpy"):
        result = run_interrupted(spec, trace, queue=Own(key, blocks), placement=library_policy(placement), clock=clock, **options)  # type: ignore[arg-type]
        assert reasons_where(undisputed, library_jobs(result)) == reasons_where(undisputed, oracle_jobs(expected))
        assert library_attempts(result) == oracle_attempts(expected)
        fingerprints.add(result.fingerprint)
    assert len(fingerprints) == 1


@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "best effort"])
def test_an_own_order_equals_the_naive_oracle(blocks: bool) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace = data.draw(traces(spec), label="trace")
        expected = schedule(spec, trace, queue="own" if blocks else "own-best-effort", key=of_everything, policy=PLACEMENTS["best-fit"])
        result = replay(spec, trace, queue=Own(of_everything, blocks))
        assert library_records(result) == expected.records()
        assert result.jobs["start_s"].to_list() == [outcome.start for outcome in expected.outcomes]

    compare()


@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "best effort"])
@pytest.mark.parametrize("key", [smallest, of_everything])
def test_an_own_order_with_interruptions_equals_the_naive_oracle_on_both_clocks(key: Any, blocks: bool) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace, options = data.draw(interrupted_cases(spec, "fifo"), label="case")
        placement = data.draw(st.sampled_from(("first-fit", "best-fit", "worst-fit", "random")), label="placement")
        ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
        until = data.draw(st.sampled_from((None, None, 3.0, 7.5, 20.0)), label="until")
        assert_equal_on_both_clocks(spec, trace, key, blocks, placement, ties=ties, until=until, **options)

    compare()


@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "best effort"])
def test_an_own_order_under_quotas_equals_the_naive_oracle_on_both_clocks(blocks: bool) -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(st.one_of(clusters(), crowded_clusters()), label="spec")
        case = data.draw(quota_cases(spec, "fifo", failures=data.draw(st.booleans()), flavors=data.draw(st.booleans())), label="case")
        assert_equal_on_both_clocks(spec, case.pop("trace"), of_everything, blocks, "best-fit", **case)

    compare()
