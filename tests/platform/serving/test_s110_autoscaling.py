"""S-110: replicas follow the load between minimum and maximum, with stabilisation, and never beyond the limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.serving import Concurrency, Requests, ServingResult, Silence, Utilization, Version, serve


def steady(rate: float, until: float, first: float = 0.0) -> Requests:
    """Requests at equal distances, each of 1 s."""
    return Requests.build(np.arange(first, until, 1 / rate), 1.0)


def wanted(result: ServingResult) -> pl.DataFrame:
    """When another number was wanted, and which."""
    frame = result.timeline
    return frame.filter(frame["wanted"] != frame["wanted"].shift(1)).select("time_s", "wanted")


def test_s110_a_step_of_load_is_met_within_two_turns_and_the_cold_start() -> None:
    # From 1 to 28 requests there at once, 4 a replica: 7 replicas. The short window of 6 s sees half of it after 3 s, all of it after 6 s.
    step = Requests.build(np.concatenate((np.arange(0, 100, 1.0), np.arange(100, 300, 1 / 28))), 1.0)
    result = serve(Version("v1", slots=10, start="20s", limit=20, scale=Concurrency(target=4, least=1)), step, until=300)
    frame = result.timeline
    assert frame.filter(frame["wanted"] >= 7)["time_s"].min() <= 108.0
    assert frame.filter(frame["ready"] >= 7)["time_s"].min() <= 128.0
    assert frame.filter(frame["time_s"] < 100)["wanted"].max() == 1


def test_s110_utilization_meets_a_step_by_its_formula() -> None:
    # All slots busy, as a queue has built up: ratio 2, so twice as many each turn, until the queue is gone.
    step = Requests.build(np.concatenate((np.arange(0, 60, 2.5), np.arange(60, 400, 1 / 6))), 1.0)
    result = serve(Version("v1", limit=40, scale=Utilization(target=0.5)), step, until=400)
    assert wanted(result).rows()[:4] == [(75.0, 2), (90.0, 4), (105.0, 8), (120.0, 16)]
    assert result.timeline["time_s"].to_list()[-1] < 200


@pytest.mark.parametrize("scale", [Concurrency(target=3, least=1), Utilization(target=0.6)])
def test_s110_constant_load_causes_no_oscillation(scale: Any) -> None:
    result = serve(Version("v1", slots=5, limit=30, scale=scale), steady(12.0, 3600.0), until=3600)
    late = wanted(result).filter(pl.col("time_s") > 400)
    assert len(late) == 0
    assert result.timeline["wanted"].to_list()[-1] == 4


def test_s110_a_load_that_is_gone_is_stabilised_before_replicas_go() -> None:
    gone = Requests.build(np.arange(0, 200, 1 / 12), 1.0)
    result = serve(Version("v1", slots=5, limit=30, scale=Utilization(target=0.6, hold="300s")), gone, until=800)
    assert wanted(result).filter((pl.col("time_s") > 100) & (pl.col("wanted") < 4)).row(0) == (
        495.0,
        2,
    )  # the 20th turn after that of 195 s, the last to wish for 4


def test_s110_scales_to_zero_and_from_zero_with_the_first_request() -> None:
    requests = Requests.build([0.0, 500.0], 1.0)
    result = serve(Version("v1", start="7s", limit=3, scale=Concurrency(target=1)), requests, until=1000)
    frame = result.timeline
    assert frame.filter(pl.col("ready") == 0)["time_s"].min() == 62.0  # the first turn whose 60 s saw nothing
    woken = frame.filter(pl.col("time_s") == 500.0)
    assert woken["starting"].to_list() == [1]
    assert result.requests["start_s"].to_list() == [0.0, 507.0]
    assert frame["ready"].to_list()[-1] == 0


def test_s110_panic_does_not_shrink_until_it_is_over() -> None:
    burst = Requests.build(np.concatenate((np.arange(0, 60, 1.0), np.arange(60, 66, 1 / 40), np.arange(66, 300, 1.0))), 1.0)
    result = serve(Version("v1", slots=10, limit=30, scale=Concurrency(target=2, least=1)), burst, until=300)
    numbers = wanted(result).filter(pl.col("time_s") > 60).rows()
    up = [row for row in numbers if row[0] <= 66]
    assert [wish for _, wish in up] == sorted(wish for _, wish in up) and up[-1][1] > 20
    assert numbers[len(up)][0] == 126.0  # 60 s after 64 s, when it last was twice what was ready, are over


loads = st.lists(st.tuples(st.sampled_from([5.0, 20.0, 60.0]), st.sampled_from([0.0, 1.0, 8.0, 40.0])), min_size=1, max_size=4)
scalers = st.one_of(
    st.builds(
        Concurrency, target=st.sampled_from([0.5, 2.0]), least=st.integers(0, 2), most=st.sampled_from([None, 3]), period=st.just(2.0)
    ),
    st.builds(
        Utilization, target=st.sampled_from([0.3, 0.8]), least=st.integers(1, 2), most=st.sampled_from([None, 3]), hold=st.just(30.0)
    ),
)


@given(loads=loads, scale=scalers, limit=st.integers(2, 6), lost=st.lists(st.tuples(st.floats(0, 100), st.integers(0, 1)), max_size=4))
def test_s110_replicas_never_exceed_limit_and_maximum(loads: Any, scale: Any, limit: int, lost: Any) -> None:
    requests = Requests.varying(loads, service="exponential", mean=1.0, seed=1)
    version = Version("v1", replicas=2, limit=limit, start="3s", scale=scale)
    result = serve(version, requests, changes=[Silence(at, "v1", replica, 4.0) for at, replica in lost], until=150)
    frame = result.timeline
    assert (frame["ready"] + frame["starting"] + frame["draining"]).max() <= limit  # type: ignore[operator]
    later = frame.filter(pl.col("time_s") > 0)["wanted"]
    assert later.is_between(scale.least, min(limit, scale.most or limit)).all()
