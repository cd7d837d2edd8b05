"""`explain` of a replay under zones: why a job waited, with the numbers, and for whose sake jobs were stopped."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.infra.quotas.reasons import WaitReason
from mlplat.runs.columns import FRAMES
from mlplat.runs.explanation import Explanation
from mlplat.runs.result import Result

TWO = "2x8xV100"


def run(jobs: list[tuple[float, float, int, str]], zones: list[mp.Quota], spec: str = TWO, **options: Any) -> Result:
    """Jobs of (submission, seconds, devices, zone)."""
    sizes, groups = sorted({gpus for _, _, gpus, _ in jobs}), sorted({zone for *_, zone in jobs})
    trace = mp.JobTrace.build(
        submit=[job[0] for job in jobs],
        duration=[job[1] for job in jobs],
        request=[sizes.index(job[2]) for job in jobs],
        requests=[mp.ResourceRequest(gpus=gpus) for gpus in sizes],
        group=[groups.index(job[3]) for job in jobs],
        groups=groups,
        job_id=np.array([f"<{zone}-{i}>" for i, (*_, zone) in enumerate(jobs)]),
    )
    return mp.replay(mp.ClusterSpec.parse(spec), trace, zones=zones, **options)


def why(result: Result, job: int, reason: WaitReason) -> Explanation:
    """What is said of a job that waited for `reason`."""
    before = result.fingerprint
    told = result.explain(job)
    assert told.quota is not None and told.quota.reason == reason
    assert told.quota.waits_because in told.text
    assert "<" not in told._repr_html_().removeprefix("<p>").removesuffix("</p>")
    assert html.escape(told.quota.waits_because) in told._repr_html_()
    del result.fingerprint
    assert result.fingerprint == before
    return told


def test_a_limit() -> None:
    zones = [mp.Quota("a", limit={"gpus": 10})]
    jobs = [(0, 100, 6, "a"), (10, 100, 8, "a")]
    told = why(run(jobs, zones), 1, WaitReason.ZONE_LIMIT)
    assert "waited 1.5 min for room within its quota (at its arrival ZONE_LIMIT: quota 'a' uses 6 of 10 gpus, 8 more are" in told.text
    held = why(run(jobs, zones, until=50), 1, WaitReason.ZONE_LIMIT)
    assert "was still waiting at the end, after 40 s. ZONE_LIMIT" in held.text


def test_what_others_are_promised() -> None:
    zones = [mp.Quota("a"), mp.Quota("b", guarantee={"gpus": 12}, lend={"gpus": 2})]
    told = why(run([(0, 100, 2, "a"), (10, 100, 6, "a"), (99, 1, 1, "b")], zones), 1, WaitReason.NO_CAPACITY)
    assert told.quota is not None and [tuple(short) for short in told.quota.short] == [("gpus", 6, 4, 2, None)]
    never = run([(0, 100, 8, "a"), (99, 1, 1, "b")], zones).explain(0)
    assert never.quota is not None and never.reason == "QUOTA"
    assert "it asks for more than its quota could ever have, 8 gpus of 6 (QUOTA)" in never.text


def test_the_job_before_it_in_its_lane_and_no_other() -> None:
    zones = [mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b", guarantee={"gpus": 8})]
    result = run([(0, 100, 8, "a"), (0, 300, 8, "b"), (5, 50, 8, "b"), (10, 100, 8, "a"), (20, 100, 8, "a")], zones)
    told = why(result, 4, WaitReason.BEHIND)
    assert told.quota is not None and told.quota.behind == "<a-3>"
    assert (told.behind, told.behind_s, told.blocked_s, told.overtook) == (3, 80, 100, 0)  # job 2, of another lane, is not in question


def test_a_suspended_zone() -> None:
    told = why(run([(0, 100, 8, "a")], [mp.Quota("a", suspended=True)], until=50), 0, WaitReason.SUSPENDED)
    assert told.state == "waiting"


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_claim_with_those_who_leave(clock: str) -> None:
    zones = [mp.Quota("a", guarantee={"gpus": 8}, reclaim_within="45s"), mp.Quota("b")]
    result = run([(0, 900, 8, "b"), (0, 900, 8, "b"), (100, 600, 8, "a")], zones, checkpoint="every 10m write 30s", clock=clock)
    told = why(result, 2, WaitReason.CLAIMS)
    assert told.quota is not None and told.quota.entitled
    assert (told.quota.leaving, told.quota.until_s, told.quota.stopped) == (("<b-1>",), 130, ("<b-1>",))
    assert told.text.endswith("; had job <b-1> stopped.")
    victim = result.explain(1)
    assert victim.quota is not None and victim.quota.stopped_for == ("<a-2>",)
    assert "1 x reclaimed for job <a-2> of 'a'" in victim.text


def test_the_attempts_say_for_which_job_each_was_stopped() -> None:
    zones = [mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b")]
    jobs = [(0, 900, 8, "b"), (0, 900, 8, "b"), (100, 600, 8, "a")]
    attempts = run(jobs, zones).attempts
    assert attempts.filter(attempts["outcome"] == "reclaimed")["stopped_for"].to_list() == [2]
    assert attempts.filter(attempts["outcome"] != "reclaimed")["stopped_for"].null_count() == len(attempts) - 1
    assert list(attempts.columns) == [column.name for column in FRAMES["attempts"]]
    assert attempts.schema == run(jobs[:1], [mp.Quota("b")]).attempts.schema == run(jobs[:1], [mp.Quota("b")], until=0).attempts.schema
    trace = mp.JobTrace.build(submit=[0], duration=[9], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    assert "stopped_for" not in mp.replay(mp.ClusterSpec.parse(TWO), trace, queue="priority").attempts.columns


def test_fragmented_nodes_and_no_room() -> None:
    jobs = [(0, 900, 4, "b"), (0, 900, 4, "b"), (10, 600, 8, "a")]
    both = [mp.Quota("a", guarantee={"gpus": 8}), mp.Quota("b", guarantee={"gpus": 8})]
    told = why(run(jobs, both, placement="worst-fit"), 2, WaitReason.FRAGMENTED)
    assert told.quota is not None and told.quota.entitled and not told.quota.stopped
    plain = why(run(jobs, [mp.Quota("a"), mp.Quota("b")], placement="worst-fit"), 2, WaitReason.NO_ROOM)
    assert plain.quota is not None and not plain.quota.entitled


def test_a_job_that_was_stopped_and_waits_at_the_end_is_told_why_it_waits_now() -> None:
    zones = [mp.Quota("a", guarantee={"gpus": 16}), mp.Quota("b")]
    result = run([(0, 900, 8, "b"), (10, 600, 16, "a")], zones, spec="1x16xV100", until=100)
    told = why(result, 0, WaitReason.NO_CAPACITY)
    assert told.state == "waiting" and told.quota is not None and told.quota.stopped_for == ("<a-1>",)
    assert told.wait_s == 0


def test_feasible_nodes_are_those_that_the_zone_may_use() -> None:
    zones = [mp.Quota("a", reserve={"nodes": 1}), mp.Quota("b")]
    told = run([(0, 900, 4, "b"), (0, 900, 4, "a")], zones).explain(0)
    assert (told.node, told.feasible) == ("node-1", 1)


def test_without_zones_nothing_is_said_of_them() -> None:
    trace = mp.JobTrace.build(submit=[0], duration=[9], request=[0], requests=[mp.ResourceRequest(gpus=4)])
    told = mp.replay(mp.ClusterSpec.parse(TWO), trace).explain(0)
    assert told.quota is None and "entitled" not in told.text
