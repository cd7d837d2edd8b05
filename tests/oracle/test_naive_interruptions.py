"""The oracle against interruptions computed by hand: checkpoints, incidents, graces, scrapes and limits."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

from .comparison import oracle_attempts, oracle_ends, oracle_work
from .naive_attempts import NaiveAttempt, NaiveCheckpoint, span, work_until
from .naive_incidents import CORDON, CRASH, DEVICE_DOWN, DEVICE_UP, DRAIN, LOST, NODE_UP, PARTITION, UNCORDON
from .naive_scheduler import NaiveSchedule, schedule
from .naive_state import break_device, empty_cluster, fits, give_back, mend_device, take

EVERY_3 = NaiveCheckpoint(interval=3, write=1, restart=2)


def machines(nodes: int = 1, cpus: int = 2) -> ClusterSpec:
    return ClusterSpec.uniform(nodes=nodes, cpus=cpus, memory_gib=8, disk_gib=0)


def jobs(*rows: tuple[float, float, int], **columns: Any) -> JobTrace:
    """Jobs of (submit, duration, cores of each replica)."""
    asked = [ResourceRequest(cpus=r[2]) for r in rows]
    return JobTrace.build(submit=[r[0] for r in rows], duration=[r[1] for r in rows], request=range(len(rows)), requests=asked, **columns)


def rows(run: NaiveSchedule) -> list[tuple[Any, ...]]:
    """(job, attempt, start, stop, end, outcome) in order of start."""
    return [(a.job, a.number, a.start, a.stop, a.end, a.outcome) for a in run.attempts]


def work(run: NaiveSchedule) -> list[tuple[float, float]]:
    """(saved, lost) in order of start."""
    return [(a.saved, a.lost) for a in run.attempts]


# -- checkpoints


def test_checkpoints_are_written_after_full_intervals_but_not_at_the_end() -> None:
    assert [span(2, r, EVERY_3) for r in (0, 3, 9, 10, math.inf)] == [2, 5, 2 + 9 + 2, 2 + 10 + 3, math.inf]
    assert span(2, 10, NaiveCheckpoint(math.inf, 1, 2)) == 12


@pytest.mark.parametrize(
    ("stop", "done", "saved"),
    # Two seconds of lead, then: 3 of work, 1 of writing, 3, 1, 3, 1, and the last second of work.
    [(1, 0, 0), (2, 0, 0), (4, 2, 0), (5.5, 3, 0), (6, 3, 3), (7, 4, 3), (14, 9, 9), (14.5, 9.5, 9), (90, 10, 9)],
)
def test_work_done_and_saved_when_an_attempt_stops(stop: float, done: float, saved: float) -> None:
    attempt = NaiveAttempt(0, 1, 0, lead=2, work=10, completion=15, estimated_end=15)
    assert work_until(attempt, stop, EVERY_3) == (done, saved)


def test_without_checkpoints_all_work_is_done_and_none_saved() -> None:
    attempt = NaiveAttempt(0, 0, 1, lead=0, work=10, completion=11, estimated_end=11)
    assert work_until(attempt, 5, NaiveCheckpoint(write=1)) == (4, 0)


def test_an_interrupted_job_goes_on_from_its_last_checkpoint_after_the_restart_time() -> None:
    incidents = [(7, CRASH, 0), (7, LOST, 0), (9, NODE_UP, 0)]
    run = schedule(machines(), jobs((0, 10, 2)), incidents=incidents, checkpoint=EVERY_3)
    # At 7: one checkpoint of 3 s complete at 4, three more seconds done. Left: 7, with two checkpoints: 9 + 2 + 7 + 2.
    assert rows(run) == [(0, 0, 0, 7, 7, "node"), (0, 1, 9, 20, 20, "completed")]
    assert work(run) == [(3, 3), (7, 0)]
    assert (run.outcomes[0].start, run.outcomes[0].end) == (0, 20)


def test_checkpoints_make_the_expected_span_longer_that_easy_reads() -> None:
    # c fits before the head b in 4 s of work, but not with the checkpoint of 1 s after 2 s.
    trace = jobs((0, 4, 1), (0, 1, 2), (0, 4, 1))
    assert [o.start for o in schedule(machines(), trace, queue="easy").outcomes] == [0, 4, 0]
    run = schedule(machines(), jobs((0, 2, 1), (0, 1, 2), (0, 2.5, 1)), queue="easy", checkpoint=NaiveCheckpoint(2, 1, 0))
    assert [o.start for o in run.outcomes] == [0, 2, 3]


# -- nodes


def test_a_crash_stops_work_and_the_room_is_held_until_the_node_is_given_up() -> None:
    run = schedule(machines(), jobs((0, 10, 1), (4, 1, 2)), incidents=[(3, CRASH, 0), (5, LOST, 0), (8, NODE_UP, 0)])
    assert rows(run) == [(0, 0, 0, 3, 5, "node"), (0, 1, 8, 18, 18, "completed"), (1, 0, 18, 19, 19, "completed")]
    assert work(run)[0] == (0, 3)
    assert oracle_ends(run) == [(0, 0), (0, 1), (1, 0)]


def test_a_job_placed_on_a_node_that_crashed_unnoticed_never_begins() -> None:
    run = schedule(machines(2), jobs((2, 3, 2)), incidents=[(1, CRASH, 0), (4, LOST, 0)], checkpoint=NaiveCheckpoint(restart=1))
    assert rows(run) == [(0, 0, 2, 2, 4, "node"), (0, 1, 4, 8, 8, "completed")]
    assert [row[2] for row in oracle_attempts(run)] == [0, 1]
    assert work(run)[0] == (0, 0)


def test_a_crash_that_nobody_noticed_interrupts_when_the_node_is_back() -> None:
    run = schedule(machines(), jobs((0, 10, 2)), incidents=[(3, CRASH, 0), (6, NODE_UP, 0)])
    assert rows(run) == [(0, 0, 0, 3, 6, "node"), (0, 1, 6, 16, 16, "completed")]


def test_a_completion_comes_before_a_crash_of_the_same_instant() -> None:
    run = schedule(machines(), jobs((0, 3, 2)), incidents=[(3, CRASH, 0), (3, LOST, 0)])
    assert rows(run) == [(0, 0, 0, 3, 3, "completed")]


def test_a_job_that_finished_behind_a_partition_completes_when_it_heals() -> None:
    run = schedule(machines(), jobs((0, 4, 1), (0, 10, 1), (0, 1, 1)), incidents=[(1, PARTITION, 0), (6, NODE_UP, 0)])
    assert rows(run) == [(0, 0, 0, 6, 6, "completed"), (1, 0, 0, 10, 10, "completed"), (2, 0, 6, 7, 7, "completed")]


def test_jobs_behind_a_partition_are_fenced_when_the_node_is_given_up() -> None:
    run = schedule(machines(2), jobs((0, 4, 1), (0, 10, 1)), incidents=[(1, PARTITION, 0), (5, LOST, 0)])
    # The first had finished unseen at 4.
    assert rows(run)[:2] == [(0, 0, 0, 4, 5, "fenced"), (1, 0, 0, 5, 5, "fenced")]
    assert rows(run)[2:] == [(0, 1, 5, 9, 9, "completed"), (1, 1, 5, 15, 15, "completed")]
    assert work(run)[:2] == [(0, 4), (0, 5)]


def test_a_gang_over_a_partition_stops_and_is_fenced_when_it_heals() -> None:
    run = schedule(machines(2), jobs((0, 10, 2), replicas=[2]), incidents=[(1, PARTITION, 0), (3, NODE_UP, 0)])
    assert rows(run) == [(0, 0, 0, 1, 3, "fenced"), (0, 1, 3, 13, 13, "completed")]


def test_an_interrupted_job_keeps_its_place() -> None:
    run = schedule(machines(), jobs((0, 10, 2), (1, 1, 2)), incidents=[(3, CRASH, 0), (3, LOST, 0), (4, NODE_UP, 0)])
    assert [o.end for o in run.outcomes] == [14, 15]


# -- devices


def test_a_device_that_fails_interrupts_its_users_only_and_is_out_until_it_is_up() -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=2, gpu_model="T4")
    trace = JobTrace.build(submit=[0, 0], duration=[9, 9], request=[0, 0], requests=[ResourceRequest(gpus=1)])
    run = schedule(spec, trace, incidents=[(2, DEVICE_DOWN, 0, 1), (5, DEVICE_UP, 0, 1)])
    assert rows(run) == [(0, 0, 0, 9, 9, "completed"), (1, 0, 0, 2, 2, "device"), (1, 1, 5, 14, 14, "completed")]
    assert [row[3] for row in oracle_attempts(run)] == [0, 1, 1]


def test_a_broken_device_has_no_room_and_remembers_what_is_given_back() -> None:
    node = empty_cluster(ClusterSpec.uniform(nodes=1, gpus=2, gpu_model="T4"))[0]
    held = take(node, ResourceRequest(gpus=1), -1)
    break_device(node, 0)
    assert (node.free_gpu, fits(node, ResourceRequest(gpus=1)), fits(node, ResourceRequest(gpus=2))) == (1000, True, False)
    give_back(node, held)
    assert node.free_milli == [0, 1000]
    mend_device(node, 0)
    assert node.free_milli == [1000, 1000]


# -- cordon, drain, grace


def test_a_cordoned_node_keeps_its_jobs_and_takes_no_new_ones() -> None:
    run = schedule(machines(2), jobs((0, 5, 1), (2, 1, 1), (4, 1, 1)), incidents=[(1, CORDON, 0), (4, UNCORDON, 0)])
    assert [(a.start, a.end, a.replicas[0].node) for a in run.attempts] == [(0, 5, 0), (2, 3, 1), (4, 5, 0)]


@pytest.mark.parametrize(
    ("write", "grace", "end", "saved"),
    [(0, 0, 2, 2), (0.5, 1, 2.5, 2), (1, 1, 3, 2), (2, 1, 3, 0), (2, 0, 2, 0)],
)
def test_a_drained_job_saves_all_if_its_grace_is_long_enough(write: float, grace: float, end: float, saved: float) -> None:
    incidents = [(1, CORDON, 0), (2, DRAIN, 0, -1, grace)]
    run = schedule(machines(2), jobs((0, 5, 2)), incidents=incidents, checkpoint=NaiveCheckpoint(math.inf, write, 1))
    assert rows(run)[0] == (0, 0, 0, 2, end, "drained")
    assert work(run)[0] == (saved, 2 - saved)
    assert rows(run)[1] == (0, 1, end, end + 1 + 5 - saved, end + 1 + 5 - saved, "completed")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ([(3, CRASH, 0), (4, LOST, 0)], (2, 4, "drained")),
        ([(3, PARTITION, 0), (4, LOST, 0)], (2, 4, "drained")),
        ([(3, DEVICE_DOWN, 0, 0)], (2, 3, "drained")),
        ([(3, CRASH, 0), (4, NODE_UP, 0)], (2, 5, "drained")),  # unnoticed: its room is given back at the end of its grace
        ([(3, CRASH, 0), (9, LOST, 0)], (2, 5, "drained")),
    ],
)
def test_a_failure_ends_the_writing_of_the_last_checkpoint(failure: list[Any], expected: tuple[Any, ...]) -> None:
    spec = ClusterSpec.uniform(nodes=1, gpus=1, gpu_model="T4")
    trace = JobTrace.build(submit=[0], duration=[9], request=[0], requests=[ResourceRequest(gpus=1)])
    run = schedule(spec, trace, incidents=[(2, DRAIN, 0, -1, 9), *failure], checkpoint=NaiveCheckpoint(write=3), until=5)
    assert rows(run)[0][3:] == expected
    assert work(run)[0] == (0, 2)


def test_a_job_that_stopped_in_a_crash_has_nothing_to_write_when_it_is_drained() -> None:
    incidents = [(2, CRASH, 0), (3, DRAIN, 0, -1, 5), (9, LOST, 0)]
    run = schedule(machines(), jobs((0, 9, 2)), incidents=incidents, checkpoint=NaiveCheckpoint(write=1))
    assert rows(run)[0] == (0, 0, 0, 2, 3, "node")
    assert work(run)[0] == (0, 2)


def test_a_job_fails_after_too_many_failures_and_drains_do_not_count() -> None:
    crashes = [(t + k, code, 0) for t in (3, 6) for k, code in enumerate((CRASH, NODE_UP))]
    drained = [(1, DRAIN, 0, -1, 0), *crashes]
    for most, state in ((0, "failed"), (1, "failed"), (2, "completed"), (None, "completed")):
        run = schedule(machines(), jobs((0, 9, 2)), incidents=drained, max_restarts=most)
        assert run.outcomes[0].state == state
        assert run.outcomes[0].reason == ("RESTARTS" if state == "failed" else "")
        assert len(run.attempts) == {0: 2, 1: 3, 2: 4, None: 4}[most]


def test_work_of_what_still_runs_is_counted_up_to_the_horizon() -> None:
    run = schedule(machines(), jobs((0, 9, 1), (0, 1, 1)), until=4.0)
    assert oracle_work(run, NaiveCheckpoint(), until=4.0) == [(0, 0, 4, 0), (1, 0, 1, 0)]
    assert rows(run)[0] == (0, 0, 0, None, None, "running")


# -- stale state, limits


def test_freed_room_is_seen_at_the_next_scrape() -> None:
    run = schedule(machines(), jobs((0, 3, 2), (0, 5, 2), (0, 1, 2)), scrape=5.0)
    assert [(o.start, o.end) for o in run.outcomes] == [(0, 3), (5, 10), (10, 11)]
    assert [(a.stop, a.end) for a in run.attempts] == [(3, 5), (10, 10), (11, 15)]


def test_what_a_failure_ends_is_seen_at_once_and_a_limit_counts_a_job_until_its_attempt_has_ended() -> None:
    run = schedule(machines(), jobs((0, 3, 2)), scrape=5.0, incidents=[(1, CRASH, 0), (2, NODE_UP, 0)])
    assert rows(run) == [(0, 0, 0, 1, 2, "node"), (0, 1, 2, 5, 5, "completed")]
    limited = schedule(machines(4), jobs((0, 3, 2), (0, 1, 2), groups=("a",)), scrape=5.0, limits={"a": {"cpu": 2000}})
    assert [o.start for o in limited.outcomes] == [0, 5]


def test_a_job_above_a_limit_is_rejected_and_one_for_which_there_is_no_room_is_held() -> None:
    trace = jobs((0, 4, 2), (0, 1, 1), (0, 1, 3), (0, 1, 1), (0, 1, 1), group=[0, 0, 0, 1, 0], groups=("a", "b"))
    run = schedule(machines(cpus=8), trace, limits={"a": {"cpu": 2000}})
    assert [(o.state, o.reason, o.start) for o in run.outcomes] == [
        ("completed", "", 0),
        ("completed", "", 4),
        ("rejected", "QUOTA", None),
        ("completed", "", 0),
        ("completed", "", 4),
    ]


def test_a_held_job_holds_the_later_ones_of_its_group_and_blocks_nobody_else() -> None:
    trace = jobs((0, 4, 1), (0, 1, 2), (0, 1, 1), (1, 1, 4), group=[0, 0, 0, 1], groups=("a", "b"))
    run = schedule(machines(cpus=5), trace, limits={"a": {"cpu": 2000}}, until=4.0)
    assert [(o.state, o.start) for o in run.outcomes] == [("completed", 0), ("running", 4), ("held", None), ("completed", 1)]


def test_an_interrupted_job_stays_admitted() -> None:
    trace = jobs((0, 4, 2), (0, 1, 2), groups=("a",))
    run = schedule(machines(), trace, limits={"a": {"cpu": 2000}}, incidents=[(1, DRAIN, 0, -1, 0)], checkpoint=NaiveCheckpoint(write=1))
    assert [o.start for o in run.outcomes] == [0, 5]
