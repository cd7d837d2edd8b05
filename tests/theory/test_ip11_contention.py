"""Zones under contention (IP-11): what victims lose, and that two zones do not take from each other in turn."""

from __future__ import annotations

import polars as pl
import pytest

import mlplat as mp

GPU = mp.ResourceRequest(gpus=1)
SPEC = mp.ClusterSpec.parse("1x8xV100")
HOUR = 3600.0


def jobs(groups: dict[str, tuple[int, float, float]]) -> mp.JobTrace:
    """By group: so many jobs of one GPU, from when, for how long (s)."""
    rows = [(at, duration, place) for place, (count, at, duration) in enumerate(groups.values()) for _ in range(count)]
    rows.sort(key=lambda row: row[0])
    submit, duration, group = zip(*rows, strict=True)
    return mp.JobTrace.build(
        submit=list(submit), duration=list(duration), request=[0] * len(rows), requests=[GPU], group=list(group), groups=tuple(groups)
    )


@pytest.mark.parametrize(("write", "lost"), [("20s", 0.0), ("60s", 0.0), ("90s", 600.0 - 2 * 90.0)])
def test_a11_4_a_victim_loses_what_it_did_since_its_last_checkpoint_and_nothing_where_the_grace_sufficed(write: str, lost: float) -> None:
    """Checkpoints every 30 minutes of work; at 70 minutes the third half hour has run 10 minutes, less the time of two writes."""
    trace = jobs({"b": (8, 0.0, 5 * HOUR), "a": (4, 70 * 60.0, HOUR)})
    zones = [mp.Quota("a", guarantee={"gpus": 4}, reclaim_within="60s"), mp.Quota("b", limit={"gpus": 8})]
    result = mp.replay(SPEC, trace, zones=zones, checkpoint=f"every 30m write {write}")
    stopped = result.attempts.filter(pl.col("outcome") == "reclaimed")
    assert stopped.height == 4
    assert stopped["lost_s"].to_list() == pytest.approx([lost] * 4)
    waits = result.jobs.filter(pl.col("group") == "a")["start_s"] - 70 * 60.0
    assert waits.max() == min(float(write[:-1]), 60.0)


@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo", "sjf", "priority", "drf"])
def test_a11_6_two_zones_that_both_want_all_do_not_take_from_each_other_in_turn(queue: str) -> None:
    trace = jobs({"a": (200, 0.0, HOUR), "b": (200, 600.0, HOUR)})
    zones = [mp.Quota(name, guarantee={"gpus": 4}) for name in ("a", "b")]
    result = mp.replay(SPEC, trace, queue=queue, zones=zones)
    stopped = result.attempts.filter(pl.col("outcome") == "reclaimed")
    assert stopped.height == 4 and stopped["end_s"].unique().to_list() == [600.0]
    assert result.jobs["state"].unique().to_list() == ["completed"]
    assert result.summary()["makespan_s"] == pytest.approx(50 * HOUR, rel=0.01)


def test_a11_6_each_turn_of_two_zones_that_come_and_go_serves_a_guarantee() -> None:
    """Each zone wants all of the cluster every third hour; what it has borrowed goes back when the other comes."""
    bursts = {name: [(offset + 3 * k) * HOUR for k in range(20)] for name, offset in (("a", 0.0), ("b", 0.5))}
    rows = sorted((at, place) for place, times in enumerate(bursts.values()) for at in times for _ in range(8))
    trace = mp.JobTrace.build(
        submit=[at for at, _ in rows],
        duration=[HOUR] * len(rows),
        request=[0] * len(rows),
        requests=[GPU],
        group=[place for _, place in rows],
        groups=("a", "b"),
    )
    zones = [mp.Quota(name, guarantee={"gpus": 4}) for name in ("a", "b")]
    result = mp.replay(SPEC, trace, zones=zones)
    stopped = result.attempts.filter(pl.col("outcome") == "reclaimed")
    assert stopped.height == 4 * 20  # the second zone takes its four back in each round, and nothing is taken from it
    assert set(stopped["end_s"].to_list()) == set(bursts["b"])
    assert result.jobs["state"].unique().to_list() == ["completed"]
