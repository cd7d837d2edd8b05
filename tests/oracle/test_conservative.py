"""Conservative backfilling: textbook cases drawn by hand, the naive twin on generated ones, and what a first reservation promises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.infra.kernels.interruptible_loop import run_interruptible
from mlplat.infra.kernels.plan_state import VALID
from mlplat.infra.kernels.state import FULL, RECORDS, RUNS, STARTED
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.world import Run, build_run
from mlplat.resources import ResourceRequest
from mlplat.runs.driving import drive
from mlplat.traces import read_trace, scale_load
from mlplat.workload import JobTrace

from .comparison import PLACEMENTS, library_jobs, library_policy, library_records, oracle_jobs, replay
from .naive_scheduler import schedule
from .strategies import clusters, tie_rules, traces

EXAMPLES = settings().max_examples * 5 // 12


def jobs(*rows: tuple[float, float, int], replicas: Sequence[int] | None = None, estimate: Sequence[float] | None = None) -> JobTrace:
    """Jobs of (submit, duration, cores of each replica)."""
    return JobTrace.build(
        submit=[r[0] for r in rows],
        duration=[r[1] for r in rows],
        estimate=estimate,
        replicas=replicas,
        request=range(len(rows)),
        requests=[ResourceRequest(cpus=r[2]) for r in rows],
    )


def started(spec: ClusterSpec, trace: JobTrace, placement: str = "first-fit", **options: Any) -> list[float | None]:
    """Start times, which library and oracle must agree on."""
    result = replay(spec, trace, queue=queue_policy("conservative", **options), placement=placement)
    times: list[float | None] = result.jobs["start_s"].to_list()
    assert times == [o.start for o in schedule(spec, trace, queue="conservative", policy=placement, **options).outcomes]
    return times


def machine(cores: int) -> ClusterSpec:
    return ClusterSpec.uniform(nodes=1, cpus=cores)


def with_durations(trace: JobTrace, ends: Sequence[int], *, late: bool) -> JobTrace:
    """Jobs of whole positive durations, that are estimated exactly, or every third of them too long."""
    duration = np.array([1.0 + length for length in ends])
    slack = np.where(np.arange(len(ends)) % 3 == 0, 4.0, 0.0) if late else 0.0
    return trace.with_columns(duration=duration, estimate=duration + slack)


# One machine of 4 processors; time goes to the right. Under EASY only the head b has a reservation, and d, which leaves it its processors,
# is started at once: c has to wait for it.
#
#   a: 3 wide, 4 long   b: 2 wide, 4 long   c: 4 wide, 4 long   d: 1 wide, 10 long
#
#   conservative                 EASY
#   4 │        cccc              4 │ddddddddddcccc
#   3 │aaaa    cccc              3 │aaaa      cccc
#   2 │aaaabbbbcccc              2 │aaaabbbb  cccc
#   1 │aaaabbbbccccdddd…         1 │aaaabbbb  cccc
#     └────────────────            └──────────────


def test_every_waiting_job_keeps_its_reservation_and_not_the_head_alone() -> None:
    trace = jobs((0, 4, 3), (0, 4, 2), (0, 4, 4), (0, 10, 1))
    assert started(machine(4), trace) == [0, 4, 8, 12]
    assert replay(machine(4), trace, queue="easy", placement="first-fit").jobs["start_s"].to_list() == [0, 4, 10, 0]


def test_a_hole_before_a_reservation_is_filled_to_the_last_moment_and_not_beyond() -> None:
    assert started(machine(2), jobs((0, 4, 1), (0, 1, 2), (0, 4, 1))) == [0, 4, 0]
    assert started(machine(2), jobs((0, 4, 1), (0, 1, 2), (0, math.nextafter(4, 5), 1))) == [0, 4, 5]


def test_jobs_beyond_the_depth_have_no_reservation_and_wait() -> None:
    trace = jobs((0, 4, 2), (0, 4, 2), (0, 4, 2), (0, 1, 1))
    spec = machine(3)
    assert started(spec, trace) == [0, 4, 8, 0]
    assert started(spec, trace, depth=2) == [0, 4, 8, 8]


def test_an_early_end_lets_reservations_move_forward() -> None:
    assert started(machine(2), jobs((0, 2, 1), (0, 1, 2), (0, 9, 1), estimate=[8, 1, 9])) == [0, 2, 3]


def test_behind_a_job_that_never_ends_others_start_if_they_fit_beside_it() -> None:
    assert started(machine(2), jobs((0, math.inf, 1), (0, 1, 2), (0, 3, 1), (1, 50, 1))) == [0, None, 0, 3]


def test_a_moment_taken_by_a_job_without_a_span_is_no_room_lost_later() -> None:
    # z takes the fourth core for no time; c begins beside a as soon as b ends, and d is started as it will be over by then.
    trace = jobs((0, 9, 1), (0, 0, 1), (0, 5, 1), (0, 1, 3), (0, 5, 1))
    result = replay(machine(4), trace, queue="conservative", placement="first-fit")
    assert result.jobs["start_s"].to_list() == [0, 0, 0, 5, 0]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_replay_equals_the_naive_oracle_on_a_busy_cluster(placement: str) -> None:
    # Durations above 0 and mostly exact estimates: plans are kept from cycle to cycle, and made anew where they must be.
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        spec = data.draw(clusters(), label="spec")
        trace = data.draw(traces(spec, exact=True, equal_gangs=data.draw(st.booleans())), label="trace")
        ends = data.draw(st.lists(st.integers(0, data.draw(st.sampled_from((3, 9, 40)))), min_size=len(trace), max_size=len(trace)))
        trace = with_durations(trace, ends, late=data.draw(st.integers(0, 3)) == 0)
        depth = data.draw(st.sampled_from((1000, 1000, 1000, 3)), label="depth")
        clock = data.draw(st.sampled_from(("replay", "replay", "simpy")), label="clock")
        ties = data.draw(tie_rules(len(spec.nodes())), label="ties")
        expected = schedule(spec, trace, queue="conservative", policy=PLACEMENTS[placement], ties=ties, depth=depth)
        queue = queue_policy("conservative", depth=depth)
        result = replay(spec, trace, queue=queue, placement=library_policy(placement), ties=ties, clock=clock)
        assert library_records(result) == expected.records()
        assert [row[2:] for row in library_jobs(result)] == [row[2:] for row in oracle_jobs(expected)]

    compare()


# -- what a first reservation promises


def run_and_promises(spec: ClusterSpec, trace: JobTrace, placement: str, **options: Any) -> tuple[Run, np.ndarray[Any, Any]]:
    """A finished run, and the first reservation of each job."""
    run = build_run(spec.nodes(), trace, queue_policy("conservative", **options), placement_policy(placement))
    drive(run)
    return run, run.world.reservation.first_promise


def test_on_one_node_with_exact_estimates_a_job_starts_exactly_at_its_first_reservation() -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec = machine(data.draw(st.integers(2, 8)))
        trace = data.draw(traces(spec, exact=True, equal_gangs=True))
        trace = with_durations(trace, data.draw(st.lists(st.integers(0, 9), min_size=len(trace), max_size=len(trace))), late=False)
        run, promised = run_and_promises(spec, trace, "first-fit")
        begun = ~np.isnan(run.world.log.start)
        assert np.array_equal(promised[begun], run.world.log.start[begun])

    check()


# Two nodes of 3 processors, worst-fit. At 1, b is given node 0 and c node 1, both at 5, when a ends.
#
#   a: 2 wide on both nodes, 5 long   b: 2 wide, 1 long   c: 3 wide, 1 long   d: submitted at 2, 1 wide, 5 long
#
#   node 0   3 │  ddddd          node 1   3 │      c
#            2 │aaaaa                     2 │aaaaabc
#            1 │aaaaa                     1 │aaaaabc
#
# d is started beside both. But then node 0 has 2 processors left at 5 and node 1 has 3, where b goes now, and c has to wait for it.


def test_on_several_nodes_a_job_that_overtakes_may_move_a_placement_and_with_it_a_later_reservation() -> None:
    trace = jobs((0, 5, 2), (1, 1, 2), (1, 1, 3), (2, 5, 1), replicas=[2, 1, 1, 1])
    run, promised = run_and_promises(ClusterSpec.uniform(nodes=2, cpus=3), trace, "worst-fit")
    assert promised.tolist() == [0, 5, 5, 2]
    assert run.world.log.start.tolist() == [0, 5, 6, 2]
    assert started(ClusterSpec.uniform(nodes=2, cpus=3), trace, placement="worst-fit") == [0, 5, 6, 2]


def with_plans_made_anew(run: Run) -> Run:
    """Let a run happen, with nothing kept of the plan of an earlier cycle."""
    while (status := run_interruptible(run.address, math.inf, 1)) in (RUNS, FULL):
        if status == FULL:
            run.grow()
        run.world.plan.number[VALID] = 0
    return run


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
@pytest.mark.parametrize("placement", ["best-fit", "random", "fgd", "topology"])
def test_a_plan_that_is_kept_is_the_plan_that_would_be_made_anew(shared_data: Path, placement: str) -> None:
    trace = scale_load(read_trace(shared_data / "swf/NASA-iPSC-1993-3.1-cln.swf.zip"), 2.0).take(range(6000))
    spec = ClusterSpec.parse("16x8cpu")
    kept, anew = (build_run(spec.nodes(), trace, queue_policy("conservative"), placement_policy(placement)) for _ in range(2))
    drive(kept)
    with_plans_made_anew(anew)
    started, records = kept.world.count[STARTED], kept.world.count[RECORDS]
    assert started == len(trace)
    assert np.array_equal(kept.world.log.start, anew.world.log.start)
    assert np.array_equal(kept.world.log.order[:started], anew.world.log.order[:started])
    assert np.array_equal(kept.world.log.records[:records], anew.world.log.records[:records])


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")
def test_both_clocks_agree_on_a_real_trace(shared_data: Path) -> None:
    trace, spec = read_trace(shared_data / "swf/NASA-iPSC-1993-3.1-cln.swf.zip"), ClusterSpec.parse("16x8cpu")
    compiled, live = (replay(spec, trace, queue="conservative", placement="best-fit", clock=clock) for clock in ("replay", "simpy"))
    assert live.fingerprint == compiled.fingerprint
    assert compiled.summary()["completed"] == len(trace)
