"""The oracle's preemptive, fair and planning queue policies and its topology placement, against cases computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .naive_attempts import NaiveCheckpoint
from .naive_jobs import NaiveJob
from .naive_placement import NaivePlacer, Policy
from .naive_scheduler import schedule
from .naive_state import State, empty_cluster, take
from .test_naive_interruptions import jobs, machines, rows, work


def starts(trace: JobTrace, cpus: int = 2, **options: Any) -> list[float | None]:
    """First starts on one machine."""
    return [o.start for o in schedule(machines(cpus=cpus), trace, **options).outcomes]


# -- starvation


def test_an_overdue_job_is_not_overtaken_any_more() -> None:
    trace = jobs((0, 10, 1), (0, 1, 2), (1, 1, 1), (4, 1, 1), group=[0, 0, 1, 1], groups=("a", "b"))
    assert starts(trace, queue="best-effort-fifo") == [0, 10, 1, 4]
    assert starts(trace, queue="best-effort-fifo", patience=3) == [0, 10, 1, 11]
    assert starts(trace, queue="drf", patience=3) == [0, 10, 1, 11]


# -- priority


def test_the_highest_priority_goes_first_then_submission() -> None:
    trace = jobs((0, 1, 2), (0, 1, 2), (0, 1, 2), (0, 1, 2), priority=[0, 7, 7, -1])
    assert starts(trace, queue="priority") == [2, 0, 1, 3]


def test_victims_that_are_not_needed_are_spared() -> None:
    # In victim order: job 1 (the youngest of priority 0), job 0, job 2. Both must go for room to appear, but then 1 can stay.
    trace = jobs((0, 9, 2), (1, 9, 1), (2, 9, 1), (3, 1, 2), priority=[0, 0, 1, 5])
    run = schedule(machines(cpus=4), trace, queue="priority", checkpoint=NaiveCheckpoint(write=1))
    assert rows(run)[:4] == [
        (0, 0, 0, 3, 3, "preempted"),
        (1, 0, 1, 10, 10, "completed"),
        (2, 0, 2, 11, 11, "completed"),
        (3, 0, 3, 4, 4, "completed"),
    ]
    assert rows(run)[4:] == [(0, 1, 4, 13, 13, "completed")]


def test_nobody_is_preempted_for_equal_priority_or_in_vain() -> None:
    assert starts(jobs((0, 9, 2), (1, 1, 2), priority=[3, 3]), queue="priority") == [0, 9]
    trace = jobs((0, 9, 1), (0, 9, 1), (1, 1, 2), priority=[0, 5, 5])
    run = schedule(machines(), trace, queue="priority")
    assert [a.outcome for a in run.attempts] == ["completed"] * 3


def test_without_preemption_the_highest_priority_only_goes_first_of_those_that_wait() -> None:
    trace = jobs((0, 9, 2), (1, 5, 2), (2, 3, 2), priority=[0, 1, 2])
    assert starts(trace, queue="priority", preempt=False) == [0, 12, 9]
    assert starts(trace, queue="priority") == [0, 1, 2]


def test_a_preempted_job_keeps_its_room_while_it_writes_and_nobody_else_is_preempted_meanwhile() -> None:
    trace = jobs((0, 9, 1), (0, 9, 1), (1, 2, 1), (2, 1, 1), priority=[0, 0, 5, 4])
    run = schedule(machines(), trace, queue="priority", checkpoint=NaiveCheckpoint(write=2, restart=1), grace=5)
    # Job 1 is preempted at 1 and writes until 3; at 2 job 3 comes, behind job 2; once 2 has its room, 3 preempts job 0 at 3, until 5.
    assert rows(run)[:4] == [
        (0, 0, 0, 3, 5, "preempted"),
        (1, 0, 0, 1, 3, "preempted"),
        (2, 0, 3, 5, 5, "completed"),
        (3, 0, 5, 6, 6, "completed"),
    ]
    assert work(run)[:2] == [(3, 0), (1, 0)]
    assert rows(run)[4:] == [(0, 1, 5, 12, 12, "completed"), (1, 1, 6, 15, 15, "completed")]


def test_with_stale_state_preempted_room_is_free_at_the_next_scrape() -> None:
    trace = jobs((0, 9, 2), (1, 1, 2), priority=[0, 5])
    run = schedule(machines(), trace, queue="priority", scrape=4.0)
    assert [(a.job, a.start, a.end) for a in run.attempts] == [(0, 0, 4), (1, 4, 8), (0, 8, 16)]


# -- srtf


@pytest.mark.parametrize(("write", "end"), [(0.0, 12.0), (1.0, 13.0)])
def test_a_shorter_job_preempts_a_longer_one(write: float, end: float) -> None:
    run = schedule(machines(), jobs((0, 10, 2), (1, 2, 2)), queue="srtf", checkpoint=NaiveCheckpoint(write=write))
    assert rows(run) == [(0, 0, 0, 1, 1, "preempted"), (1, 0, 1, 3, 3, "completed"), (0, 1, 3, end, end, "completed")]


def test_what_ends_soon_is_not_preempted() -> None:
    assert starts(jobs((0, 10, 2), (8, 2, 2)), queue="srtf") == [0, 10]


def test_equally_long_jobs_do_not_preempt_each_other_however_sums_round() -> None:
    assert 0.3 + 0.1 - 0.3 > 0.1
    run = schedule(machines(), jobs((0.3, 0.1, 2), (0.3, 0.1, 2)), queue="srtf")
    assert [a.outcome for a in run.attempts] == ["completed"] * 2


# -- las


def test_a_job_falls_to_the_lower_level_and_is_preempted_then() -> None:
    run = schedule(machines(), jobs((0, 10, 2), (1, 2, 2)), queue="las", threshold=4)
    assert rows(run) == [(0, 0, 0, 4, 4, "preempted"), (1, 0, 4, 6, 6, "completed"), (0, 1, 6, 12, 12, "completed")]


def test_service_counts_devices_and_earlier_attempts() -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=2, gpu_model="T4")
    asked = [ResourceRequest(gpus=2)]
    trace = JobTrace.build(submit=[0, 2.5], duration=[10, 1], request=[0, 0], requests=asked)
    run = schedule(spec, trace, queue="las", threshold=8)
    assert rows(run)[0] == (0, 0, 0, 4, 4, "preempted")  # eight device-seconds
    drained = schedule(spec, trace, queue="las", threshold=8, incidents=[(1, 8, 0, -1, 0)])
    assert rows(drained)[:2] == [(0, 0, 0, 1, 1, "drained"), (0, 1, 1, 4, 4, "preempted")]


# -- drf


def test_groups_take_turns_by_dominant_share() -> None:
    eight = jobs(*[(0, 10, 1)] * 8, group=[0] * 4 + [1] * 4, groups=("a", "b"))
    assert starts(eight, cpus=4, queue="drf") == [0, 0, 10, 10, 0, 0, 10, 10]
    # By weight: a 0, b 0, then 1/12 against 1/4, 1/6 against 1/4: a has three of four.
    assert starts(eight, cpus=4, queue="drf", weights={"a": 3.0}, until=0.0) == [0, 0, 0, None, 0, None, None, None]


def test_a_group_whose_first_job_does_not_fit_is_left_out_and_the_other_goes_on() -> None:
    trace = jobs((0, 5, 2), (0, 1, 3), (0, 1, 1), (0, 1, 1), (0, 1, 1), group=[1, 0, 0, 1, 1], groups=("a", "b"))
    # a goes first: its three cores; then b's first job does not fit and b is left out, as a's next one takes the last core.
    assert starts(trace, cpus=4, queue="drf") == [1, 0, 0, 1, 1]


def test_memory_can_be_the_dominant_share() -> None:
    asked = [ResourceRequest(cpus=1, memory_gib=4), ResourceRequest(cpus=2)]
    trace = JobTrace.build(submit=[0] * 4, duration=[9] * 4, request=[0, 1, 0, 1], group=[0, 1, 0, 1], groups=("a", "b"), requests=asked)
    # Eight cores, 8 GiB. a has half the memory, b a quarter of the cores: b goes before a's second job.
    run = schedule(machines(cpus=8), trace, queue="drf")
    assert [a.job for a in run.attempts] == [0, 1, 3, 2]


# -- conservative


def test_every_waiting_job_has_a_reservation_that_later_ones_do_not_disturb() -> None:
    # Two of four cores until 4; then b on all four, until 6; then c on three, until 10. d (one core, long) fits beside c only, e before b.
    trace = jobs((0, 4, 2), (0, 2, 4), (0, 4, 3), (0, 20, 1), (0, 4, 2))
    assert starts(trace, cpus=4, queue="conservative") == [0, 4, 6, 6, 0]
    assert starts(trace, cpus=4, queue="conservative", depth=1) == [0, 4, 6, 10, 30]


def test_conservative_keeps_a_promise_that_easy_breaks() -> None:
    # After a: b (3 wide) beside it until 10, c needs all. d is one wide and long: easy looks at the head b only.
    trace = jobs((0, 4, 3), (0, 6, 3), (0, 1, 4), (0, 30, 1))
    assert starts(trace, cpus=4, queue="easy") == [0, 4, 30, 0]
    assert starts(trace, cpus=4, queue="conservative") == [0, 4, 10, 11]


def test_jobs_without_duration_start_in_a_plan_one_after_the_other() -> None:
    run = schedule(machines(), jobs((0, 0, 2), (0, 0, 2), (0, 1, 1)), queue="conservative")
    assert [(a.job, a.start, a.end) for a in run.attempts] == [(0, 0, 0), (1, 0, 0), (2, 0, 1)]


def test_a_job_without_duration_takes_nothing_of_the_plan_beyond_its_instant() -> None:
    # c needs five of six machines: at 1, on the first five, when b is expected to end; so d can have the sixth for good.
    trace = jobs((0, 0, 2), (0, 0, 2), (0, 3, 2), (0, 99, 2), replicas=[1, 1, 5, 1], estimate=[0, 1, 3, 99])
    run = schedule(machines(6), trace, queue="conservative")
    assert [(a.job, a.start, a.replicas[0].node) for a in run.attempts] == [(0, 0, 0), (1, 0, 1), (3, 0, 5), (2, 0, 0)]


# -- topology


def rooms(*free: int) -> tuple[State, NaivePlacer]:
    """Two racks of two nodes of four cores, on which so many are free."""
    spec = ClusterSpec.uniform(nodes=4, cpus=4, memory_gib=8, disk_gib=0, racks=2)
    state = empty_cluster(spec)
    for node, cores in zip(state, free, strict=True):
        take(node, ResourceRequest(cpus=4 - cores), -1)
    return state, NaivePlacer(Policy("topology"), "node-order", 0, empty_cluster(spec), [])


@pytest.mark.parametrize(
    ("free", "replicas", "nodes"),
    [
        ((4, 4, 4, 4), 1, [0]),
        ((4, 4, 3, 4), 6, [3, 3, 3, 3, 2, 2]),  # the smallest rack that holds six; in it no node does, so the largest is filled
        ((4, 4, 1, 2), 2, [3, 3]),  # in the smallest rack, the node that holds both
        ((4, 4, 2, 3), 2, [2, 2]),  # the smallest node that does
        ((4, 3, 4, 4), 9, [2, 2, 2, 2, 3, 3, 3, 3, 1]),  # the largest rack is filled; the ninth goes to the smallest node of the other
        ((1, 1, 1, 1), 5, None),
    ],
)
def test_a_gang_goes_to_the_fewest_racks_and_nodes(free: tuple[int, ...], replicas: int, nodes: list[int] | None) -> None:
    state, placer = rooms(*free)
    one = ResourceRequest(cpus=1)
    placed = placer.place_gang(state, NaiveJob(0, 1, 1, replicas, one, one), 0)
    assert (None if placed is None else [r.node for r in placed]) == nodes


@pytest.mark.parametrize(
    ("free", "cores", "nodes"),
    [
        ((2, 4, 4, 4), 2, [0, 0, 1]),  # not on the gang's node any more, but in its rack
        ((3, 4, 4, 4), 1, [0, 0, 0]),
        ((3, 3, 4, 4), 4, [0, 0, 2]),
        ((2, 1, 2, 1), 3, None),
    ],
)
def test_another_last_replica_stays_close_to_its_gang(free: tuple[int, ...], cores: int, nodes: list[int] | None) -> None:
    state, placer = rooms(*free)
    job = NaiveJob(0, 1, 1, 3, ResourceRequest(cpus=1), ResourceRequest(cpus=cores, memory_gib=1))
    placed = placer.place_gang(state, job, 0)
    assert (None if placed is None else [r.node for r in placed]) == nodes
    assert placed is not None or [node.free["cpu"] for node in state] == [cores * 1000 for cores in free]
