"""EASY backfilling: textbook cases drawn by hand, and the promise to the head of the queue on generated ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .comparison import PLACEMENTS, library_jobs, library_policy, replay
from .naive_scheduler import NaiveSchedule, schedule
from .strategies import clusters, tie_rules, traces


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


def started(spec: ClusterSpec, trace: JobTrace, queue: str = "easy", placement: str = "first-fit") -> list[float | None]:
    """Start times, which library and oracle must agree on."""
    result = replay(spec, trace, queue=queue, placement=placement)
    times: list[float | None] = result.jobs["start_s"].to_list()
    assert times == [o.start for o in schedule(spec, trace, queue=queue, policy=placement).outcomes]
    return times


# One machine of 4 processors; time goes to the right.
#
#   a: 2 wide, 4 long   b: 4 wide, 2 long (the head, blocked until 4)   c: 2 wide, 4 long   d: 1 wide, 9 long
#
#   without backfill            with backfill
#   4 │    bb                   4 │ccccbb
#   3 │    bb                   3 │ccccbb
#   2 │aaaabbccccdddddd…        2 │aaaabb
#   1 │aaaabbcccc               1 │aaaabbdddddd…
#     └──────────                 └──────────


def test_backfill_fills_the_hole_before_the_head_without_moving_it() -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=4)
    trace = jobs((0, 4, 2), (0, 2, 4), (0, 4, 2), (0, 9, 1))
    assert started(spec, trace, "fifo") == [0, 4, 6, 6]
    assert started(spec, trace) == [0, 4, 0, 6]  # c ends just in time; d would hold a processor that b needs


# Processors the head leaves over may be held beyond its start ("extra nodes").
#
#   a: 3 wide, 4 long   b: 3 wide, 3 long   c: 1 wide, 9 long   d: 1 wide, 4 long
#
#   4 │ccccccccc
#   3 │aaaabbb
#   2 │aaaabbb
#   1 │aaaabbbdddd
#     └────────────


def test_backfill_may_outlast_the_shadow_time_on_what_the_head_leaves_over() -> None:
    trace = jobs((0, 4, 3), (0, 3, 3), (0, 9, 1), (0, 4, 1))
    assert started(ClusterSpec.uniform(nodes=1, cpus=4), trace) == [0, 4, 0, 7]


def test_what_is_left_over_is_given_away_once_only() -> None:
    # As above, but a is 2 wide, so two processors are free now and only one of them beyond the shadow time: c has it, d waits.
    trace = jobs((0, 4, 2), (0, 3, 3), (0, 9, 1), (0, 9, 1))
    assert started(ClusterSpec.uniform(nodes=1, cpus=4), trace) == [0, 4, 0, 7]


def test_a_job_that_ends_at_the_shadow_time_itself_is_backfilled_and_one_a_moment_longer_is_not() -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=2)
    assert started(spec, jobs((0, 4, 1), (0, 1, 2), (0, 4, 1))) == [0, 4, 0]
    assert started(spec, jobs((0, 4, 1), (0, 1, 2), (0, math.nextafter(4, 5), 1))) == [0, 4, 5]


# Two nodes of 4 processors. The head asks for one whole node.
#
#   node 0 │ a: 2 wide, 8 long           node 1 │ b: 2 wide, 3 long
#
# Two and two are free: 4 in total, yet neither node has 4. The head h (4 wide) gets node 1 at 3, so
# c (2 wide, 9 long) may run for as long as it likes on node 0 but not on node 1, and d (1 wide, 3 long) only fills the hole on node 1.
#
#   node 0   4 │ccccccccc        node 1   4 │   hh
#            3 │ccccccccc                 3 │dddhh
#            2 │aaaaaaaa                  2 │bbbhh
#            1 │aaaaaaaa                  1 │bbbhh


def two_nodes() -> ClusterSpec:
    return ClusterSpec.uniform(nodes=2, cpus=4)


def test_the_reservation_is_on_nodes_and_not_on_totals() -> None:
    trace = jobs((0, 8, 2), (0, 3, 2), (0, 2, 4), (0, 9, 2), (0, 3, 1))
    for placement in ("worst-fit", "least-allocated"):  # which put a and b apart
        result = replay(two_nodes(), trace, queue="easy", placement=placement)
        assert result.jobs["start_s"].to_list() == [0, 0, 3, 0, 0], placement
        assert result.attempts["node"].to_list() == [0, 1, 0, 1, 1], placement


def test_backfill_beside_the_head_is_refused_on_the_head_s_node_alone() -> None:
    # c takes node 0's rest; a second like it, e, could only go to node 1, where the head will be: it waits, though two are free there.
    trace = jobs((0, 8, 2), (0, 3, 2), (0, 2, 4), (0, 9, 2), (0, 9, 2))
    result = replay(two_nodes(), trace, queue="easy", placement="worst-fit")
    assert result.jobs["start_s"].to_list() == [0, 0, 3, 0, 5]


def test_a_gang_at_the_head_keeps_the_nodes_it_needs() -> None:
    # The head needs both nodes whole; nothing may outlast the later of the two ends, at 5.
    trace = jobs((0, 5, 4), (0, 1, 4), (0, 6, 1), (0, 5, 3), replicas=[1, 2, 1, 1])
    assert started(two_nodes(), trace) == [0, 5, 6, 0]


def test_behind_a_head_that_waits_for_a_service_everything_that_fits_may_start() -> None:
    trace = jobs((0, math.inf, 1), (0, 1, 2), (0, 3, 1), (1, 50, 1))
    assert started(ClusterSpec.uniform(nodes=1, cpus=2), trace) == [0, None, 0, 3]


def test_a_job_that_ends_before_its_estimate_lets_the_head_start_early() -> None:
    trace = jobs((0, 2, 1), (0, 1, 2), (0, 9, 1), estimate=[8, 1, 9])
    assert started(ClusterSpec.uniform(nodes=1, cpus=2), trace) == [0, 2, 3]


def test_all_jobs_that_end_at_the_shadow_time_are_given_back_and_not_only_as_many_as_the_head_needs() -> None:
    # Three jobs end at 1 and the head needs three of the four cores then: the fourth may be held beyond.
    trace = jobs((0, 1, 1), (0, 1, 1), (0, 1, 1), (0, 1, 1), (0, 2, 1), replicas=[1, 1, 1, 3, 1])
    assert started(ClusterSpec.uniform(nodes=2, cpus=2), trace) == [0, 0, 0, 1, 0]


def test_a_head_that_needs_most_of_the_running_jobs_to_end_is_not_overtaken() -> None:
    # Five of seven cores are busy until 1; the head needs six, so of the two free ones only one may be held beyond 1.
    trace = jobs(*[(0, 1, 1)] * 5, (0, 1, 6), (0, 2, 1), (0, 9, 1))
    assert started(ClusterSpec.uniform(nodes=1, cpus=7), trace) == [0, 0, 0, 0, 0, 1, 0, 2]


# -- the promise


def first_reservations(run: NaiveSchedule) -> dict[int, tuple[float, float]]:
    """Head -> (when it was first found blocked, the start it was then promised)."""
    first: dict[int, tuple[float, float]] = {}
    for reservation in run.reservations:
        first.setdefault(reservation.head, (reservation.time, reservation.shadow))
    return first


@pytest.mark.parametrize("placement", ["first-fit", "random", "best-fit", "worst-fit", "dot-product", "gpu-clustering", "fgd"])
@pytest.mark.parametrize("estimates", ["exact", "loose"])
def test_easy_never_delays_the_head_beyond_its_first_reservation(placement: str, estimates: str) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec, trace, options = a_case(data, exact=estimates == "exact")
        promised = first_reservations(schedule(spec, trace, queue="easy", policy=PLACEMENTS[placement], **options))
        assume(promised)
        result = replay(spec, trace, queue="easy", placement=library_policy(placement), **options)
        starts = result.jobs["start_s"].to_list()
        for head, (_, shadow) in promised.items():
            if shadow < math.inf:
                assert starts[head] is not None
                assert starts[head] <= shadow

    check()


@pytest.mark.parametrize("placement", ["first-fit", "best-fit", "gpu-packing"])
def test_with_exact_estimates_the_first_blocked_head_starts_no_later_than_under_fifo(placement: str) -> None:
    # Up to that moment both policies have done the same, and plain FIFO would start the head exactly at the time reserved.
    @given(st.data())
    def check(data: st.DataObject) -> None:
        spec, trace, options = a_case(data, exact=True)
        promised = first_reservations(schedule(spec, trace, queue="easy", policy=PLACEMENTS[placement], **options))
        assume(promised)
        head, (_, shadow) = next(iter(promised.items()))
        easy, fifo = (
            library_jobs(replay(spec, trace, queue=queue, placement=library_policy(placement), **options))[head][2]
            for queue in ("easy", "fifo")
        )
        if shadow < math.inf:
            assert fifo == shadow
            assert easy <= fifo
        else:
            assert fifo is None

    check()


def a_case(data: st.DataObject, *, exact: bool) -> tuple[ClusterSpec, JobTrace, dict[str, Any]]:
    """A cluster, a trace whose gangs are of equal replicas, and the other options of a run."""
    spec = data.draw(clusters(), label="spec")
    trace = data.draw(traces(spec, exact=exact, equal_gangs=True), label="trace")
    return spec, trace, {"ties": data.draw(tie_rules(len(spec.nodes())), label="ties")}
