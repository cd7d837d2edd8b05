"""`explain`:

what a job waited for and where it went, on runs small enough to be worked by hand, and consistent with the frames on larger ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlplat.errors import OptionError
from mlplat.hardware import ClusterSpec, Outages
from mlplat.infra.placement import PLACEMENTS
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .cases import cores, mixed

POOL = ClusterSpec.parse("pool:4cpu")


def waiting_line(queue: str = "fifo", until: float | None = None) -> Result:
    """Four cores: job 0 holds three until 10, job 1 wants all, job 2 is short and narrow, job 3 long and narrow, job 4 can never run."""
    return replay(POOL, cores([(0, 10, 3), (1, 10, 4), (2, 5, 1), (3, 100, 1), (3, 1, 5)]), queue=queue, until=until)


def test_a_job_that_found_room_started_at_once() -> None:
    told = waiting_line().explain(0)
    assert (told.wait_s, told.behind, told.behind_s, told.blocked_s, told.overtook) == (0, None, 0, 0, 0)
    assert told.node == "pool" and told.feasible == 1 and told.state == "completed" and told.job_id == "0"
    assert "started at once" in told.text and "3 CPU" in told.text and "ran 10 s" in told.text


def test_the_head_waits_for_room_only() -> None:
    told = waiting_line().explain(1)
    assert (told.wait_s, told.behind, told.behind_s, told.blocked_s) == (9, None, 0, 9)
    assert "waited 9 s for room" in told.text


def test_under_fifo_a_job_waits_behind_the_head_then_for_room() -> None:
    told = waiting_line().explain(2)  # the head starts at 10 and takes everything until 20
    assert (told.wait_s, told.behind, told.behind_s, told.blocked_s, told.overtook) == (18, 1, 8, 10, 0)
    assert "8 s behind job 1 (4 CPU), then 10 s for room" in told.text
    last = waiting_line().explain(3)
    assert (last.wait_s, last.behind, last.behind_s, last.blocked_s) == (17, 2, 17, 0)


def test_under_easy_a_backfilled_job_is_said_to_be_ahead() -> None:
    told = waiting_line("easy").explain(2)
    assert (told.wait_s, told.behind, told.overtook) == (0, None, 1)
    assert "started at once, ahead of 1 earlier jobs" in told.text
    long = waiting_line("easy").explain(3)  # would delay the head, so it waits behind it
    assert (long.wait_s, long.behind, long.behind_s, long.blocked_s, long.overtook) == (17, 1, 7, 10, 0)


def test_under_shortest_first_ahead_means_shorter() -> None:
    result = replay(ClusterSpec.parse("pool:1cpu"), cores([(0, 10, 1), (1, 9, 1), (2, 3, 1), (3, 5, 1)]), queue="sjf")
    assert result.jobs["start_s"].to_list() == [0, 18, 10, 13]
    told = result.explain(1)
    assert (told.wait_s, told.behind, told.behind_s, told.blocked_s, told.overtook) == (17, 3, 12, 5, 0)
    assert result.explain(2).behind is None and result.explain(2).overtook == 0  # job 1 was submitted earlier, but is not before it


def test_a_rejected_job_is_told_the_dimensions() -> None:
    told = waiting_line().explain(4)
    assert (told.state, told.reason, told.wait_s, told.node, told.score, told.feasible) == ("rejected", "CPU", None, None, None, 0)
    assert "rejected" in told.text and "(CPU)" in told.text


def test_jobs_that_wait_at_the_end_and_jobs_that_never_came() -> None:
    result = waiting_line(until=2.5)
    waiting, pending, running = result.explain(2), result.explain(3), result.explain(0)
    assert waiting.state == "waiting" and waiting.wait_s is None and "after 0.5 s" in waiting.text
    assert pending.state == "pending" and "after the end of the run" in pending.text
    assert running.state == "running" and "still running at the end" in running.text


def test_a_lost_job_is_told_that_it_had_one_attempt() -> None:
    told = replay(POOL, cores([(0, 10, 3), (1, 1, 2)]), queue="loss").explain(1)
    assert (told.state, told.reason) == ("lost", "NO_ROOM")
    assert "one attempt" in told.text


@pytest.mark.parametrize("job", [-1, 5, "job-9", "", None, float("nan")], ids=repr)
def test_an_unknown_job_is_an_option_error(job: object) -> None:
    with pytest.raises(OptionError, match="no job"):
        waiting_line().explain(job)


def test_jobs_are_named_by_id_or_row() -> None:
    result = replay(*mixed(50))
    assert result.explain("job-0017") == result.explain(17)
    assert result.explain("job-0017").job_id == "job-0017"
    assert str(result.explain(17)) == result.explain(17).text


def test_node_score_and_feasible_nodes_are_those_of_the_moment() -> None:
    # Two nodes of four devices: the first holds 3, so one device fits on both and best fit takes the fuller, four fit on the second only.
    request = [ResourceRequest(gpus=3), ResourceRequest(gpus=1), ResourceRequest(gpus=4)]
    trace = JobTrace.build(submit=[0, 1, 2], duration=[9, 9, 9], request=[0, 1, 2], requests=request)
    result = replay(ClusterSpec.parse("2x4xT4"), trace, placement="best-fit")
    one, four = result.explain(1), result.explain(2)
    assert (one.node, one.feasible, one.score) == ("node-0", 2, -3.0)  # cpu, memory and disk are whole: one each; no device is left
    assert (four.node, four.feasible, four.score) == ("node-1", 1, -3.0)
    assert "best of 2 feasible" in one.text


def test_a_gang_is_explained_by_its_first_replica() -> None:
    trace = JobTrace.build(submit=[0], duration=[9], request=[0], requests=[ResourceRequest(gpus=4)], replicas=[3])
    told = replay(ClusterSpec.parse("4x4xT4"), trace).explain(0)
    assert told.node == "node-0" and told.feasible == 4
    assert "3 x 4 GPUs" in told.text and "2 more replicas followed" in told.text


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("queue", ["fifo", "easy"])
def test_explanations_agree_with_the_frames(queue: str, placement: str) -> None:
    result = replay(*mixed(), queue=queue, placement=placement, ties="random", seed=5)
    node = {row["job"]: row["node"] for row in reversed(result.attempts.rows(named=True))}
    before = result.fingerprint
    rng = np.random.default_rng(0)
    for job in rng.choice(len(result.trace), 25, replace=False).tolist():
        row, told = result.jobs.row(job, named=True), result.explain(job)
        assert (told.state, told.reason, told.wait_s) == (row["state"], row["reason"], row["wait_s"])
        if row["start_s"] is not None:
            assert told.node == result.nodes["name"][node[job]]
            assert told.behind_s + told.blocked_s == row["wait_s"]
            assert told.feasible >= 1 and told.score is not None and np.isfinite(told.score)
            if told.behind is not None:
                assert result.jobs["start_s"][told.behind] == row["submit_s"] + told.behind_s
    fresh = replay(*mixed(), queue=queue, placement=placement, ties="random", seed=5)
    assert fresh.fingerprint == before == result.fingerprint


@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo", "easy", "conservative", "sjf", "srtf", "priority", "drf", "las"])
@pytest.mark.parametrize("interrupted", [False, True])
def test_many_explanations_in_one_run_are_those_of_runs_of_their_own(queue: str, interrupted: bool) -> None:
    spec, trace = mixed(250)
    options: dict[str, Any] = {}
    if interrupted:
        options = {"failures": Outages.build(start=[50, 150, 250], end=[90, 190, 290], node=[0, 1, 2]), "checkpoint": "every 30s write 1s"}
    result = replay(spec, trace.with_columns(priority=np.arange(250) % 3), queue=queue, placement="random", seed=5, **options)
    found = result.explain_longest(12)
    waits = result.jobs.sort("wait_s", descending=True, nulls_last=True, maintain_order=True)
    assert list(found) == waits["job"][:12].to_list()
    assert found == {job: result.explain(job).text for job in found}
