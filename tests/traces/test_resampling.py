"""Traces drawn by block, put together, and with other requests for small jobs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.resources import ResourceRequest
from mlplat.traces import merge, replace_shares, resample, synthetic
from mlplat.workload import JobTrace

DAY = 86400.0


def days(counts: list[int], *, start: float = 0.0) -> JobTrace:
    """So many jobs on each day, evenly over it; the duration is 1 + the number of the day."""
    submit = [start + day * DAY + (i + 0.5) * DAY / count for day, count in enumerate(counts) for i in range(count)]
    duration = [1.0 + day for day, count in enumerate(counts) for _ in range(count)]
    return JobTrace.build(submit=submit, duration=duration, request=[0] * len(submit), requests=[ResourceRequest(cpus=1)])


@given(counts=st.lists(st.integers(100, 140), min_size=2, max_size=6), seed=st.integers(0, 1000), length=st.floats(0.3, 9))
def test_each_day_of_a_resampled_trace_is_a_whole_day_of_the_source(counts: list[int], seed: int, length: float) -> None:
    source = days(counts)
    drawn = resample(source, "1d", length=length * DAY, seed=seed)
    naive: list[tuple[float, float]] = []
    for place in range(int(np.ceil(length))):
        there = (drawn.submit >= place * DAY) & (drawn.submit < (place + 1) * DAY)
        day = int(drawn.duration[there][0]) - 1
        own = source.submit[(source.submit >= day * DAY) & (source.submit < (day + 1) * DAY)] - day * DAY
        naive += [(at + place * DAY, 1.0 + day) for at in own.tolist() if at + place * DAY < length * DAY]
    assert drawn.submit.tolist() == pytest.approx([at for at, _ in naive])
    assert drawn.duration.tolist() == [duration for _, duration in naive]
    assert (np.diff(drawn.submit) >= 0).all()


def test_resampling_is_drawn_from_the_seed_and_keeps_the_mean() -> None:
    source = synthetic(days=14, gpus=64, seed=3)
    assert resample(source, "1w", seed=1).submit.tolist() == resample(source, "1w", seed=1).submit.tolist()
    sizes = [len(resample(source, "1d", seed=seed)) for seed in range(200)]
    assert len(set(sizes)) > 20 and np.mean(sizes) == pytest.approx(len(source), rel=0.05)


def test_blocks_begin_with_the_first_submission() -> None:
    drawn = resample(days([100, 100, 100], start=5 * DAY), "1d", seed=1)
    assert drawn.submit[0] < DAY and len(drawn) == 300


@pytest.mark.parametrize("block", ["0s", "9d", "3d", "soon"])
def test_blocks_that_cannot_be_drawn_from_are_refused(block: str) -> None:
    with pytest.raises(OptionError):
        resample(days([9, 9, 9]), block)


def test_a_trace_without_jobs_cannot_be_resampled() -> None:
    with pytest.raises(OptionError, match="0 whole blocks"):
        resample(days([1]).take([]), "1d")
    with pytest.raises(OptionError, match="length"):
        resample(days([9, 9, 9]), "1d", length=0)


def test_merged_traces_have_all_jobs_in_order_with_their_groups_and_requests() -> None:
    one, other = synthetic(50, users=3, seed=1), synthetic(70, users=5, seed=2)
    both = merge([one, other])
    assert len(both) == 120 and set(both.groups) == {f"user-{rank}" for rank in range(1, 6)} and (np.diff(both.submit) >= 0).all()
    rows = sorted(zip(*(both.to_polars()[name].to_list() for name in ("submit", "duration", "gpus", "gpu_milli", "group")), strict=True))
    apart = [
        row
        for trace in (one, other)
        for row in zip(*(trace.to_polars()[name].to_list() for name in ("submit", "duration", "gpus", "gpu_milli", "group")), strict=True)
    ]
    assert rows == sorted(apart)


def test_what_cannot_be_merged_is_refused() -> None:
    with pytest.raises(OptionError, match="none"):
        merge([])
    with pytest.raises(OptionError, match="split"):
        merge([synthetic(5), days([3])])


def test_a_share_gets_the_smallest_instance_that_is_large_enough() -> None:
    requests = [ResourceRequest(gpu_milli=milli) for milli in (100, 143, 144, 600)] + [ResourceRequest(gpus=2), ResourceRequest(cpus=1)]
    trace = JobTrace.build(submit=range(6), duration=[1] * 6, request=range(6), requests=requests)
    given_ = [replace_shares(trace, {"2g.10gb": 286, "1g.5gb": 143}).requests[r] for r in (0, 0, 1, 2, 3, 4)]
    assert [(r.mig, r.gpus) for r in given_] == [("1g.5gb", 0), ("1g.5gb", 0), ("2g.10gb", 0), ("", 1), ("", 2), ("", 0)]
    assert {r.gpu_milli for r in replace_shares(trace).requests} == {0}
    with pytest.raises(OptionError, match="1g"):
        replace_shares(trace, {"1g.5gb": 2000})
