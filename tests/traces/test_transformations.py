"""Traces made from traces."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlplat import traces
from mlplat.errors import MlplatError, OptionError
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace


@pytest.fixture
def trace() -> JobTrace:
    """Ten jobs, one a minute, of one to ten seconds."""
    return JobTrace.build(
        submit=np.arange(10) * 60.0,
        duration=np.arange(1, 11),
        request=np.arange(10) % 2,
        requests=[ResourceRequest(cpus=1), ResourceRequest(gpus=2)],
        group=np.arange(10) % 3,
        groups=("a", "b", "c"),
        job_id=np.array([f"j{i}" for i in range(10)], dtype=object),
        origin=1e9,
        source="made",
        split="nodes",
        dropped={"unknown": 3},
    )


def _ids(trace: JobTrace) -> list[str]:
    return [trace.id_of(i) for i in range(len(trace))]


def test_a_slice_holds_its_start_and_not_its_end(trace: JobTrace) -> None:
    cut = traces.slice(trace, "1m", timedelta(minutes=3))
    assert _ids(cut) == ["j1", "j2"] and cut.submit.tolist() == [0, 60] and cut.origin == 1e9 + 60
    assert (cut.source, cut.split, cut.dropped) == ("made", "nodes", {"unknown": 3})
    assert _ids(traces.slice(trace, 500)) == ["j9"] and len(traces.slice(trace)) == 10 and len(traces.slice(trace, "1d")) == 0


def test_scaling_the_load_divides_the_times_between_submissions(trace: JobTrace) -> None:
    denser = traces.scale_load(traces.shift(trace, 100), 2)
    assert denser.submit.tolist() == [100 + 30 * i for i in range(10)] and denser.duration.tolist() == trace.duration.tolist()
    load = traces.describe(trace).load_gpus
    assert load is not None and traces.describe(denser).load_gpus == pytest.approx(2 * load)


def test_a_shift_keeps_the_calendar(trace: JobTrace) -> None:
    later = traces.shift(trace, "1h")
    assert later.submit[0] == 3600 and later.origin == 1e9 - 3600
    assert traces.shift(later, -3600).to_polars().equals(trace.to_polars())


def test_a_sample_is_without_replacement_in_order_and_repeatable(trace: JobTrace) -> None:
    some = traces.sample(trace, n=5, seed=3)
    assert len(set(_ids(some))) == 5 and _ids(some) == sorted(_ids(some)) == _ids(traces.sample(trace, 0.5, seed=3))
    assert len({tuple(_ids(traces.sample(trace, n=5, seed=seed))) for seed in range(20)}) > 10
    assert _ids(traces.sample(trace, n=10)) == _ids(trace) and len(traces.sample(trace, 0.0)) == 0


def test_a_sample_takes_every_job_equally_often(trace: JobTrace) -> None:
    counts = np.zeros(10)
    for seed in range(1000):
        counts[[int(name[1:]) for name in _ids(traces.sample(trace, n=3, seed=seed))]] += 1
    assert (abs(counts - 300) < 5 * math.sqrt(300 * 0.7)).all()


def test_a_filter_takes_an_expression_a_function_or_a_mask(trace: JobTrace) -> None:
    wanted = ["j1", "j3", "j5", "j7", "j9"]
    assert _ids(traces.filter(trace, pl.col("gpus") > 0)) == wanted
    assert _ids(traces.filter(trace, lambda frame: frame["gpus"] > 0)) == wanted
    assert _ids(traces.filter(trace, trace.width("gpus") > 0)) == wanted
    kept = traces.filter(trace, pl.col("group") == "b")
    assert kept.submit.tolist() == [60, 240, 420] and kept.origin == 1e9


def test_a_null_of_a_predicate_is_no(trace: JobTrace) -> None:
    assert _ids(traces.filter(trace, pl.when(pl.col("gpus") > 0).then(True))) == ["j1", "j3", "j5", "j7", "j9"]


def test_reorder_gives_an_arrival_stream_with_clones(trace: JobTrace) -> None:
    arrivals = traces.reorder(trace, [9, 0, 0, 5])
    assert _ids(arrivals) == ["j9", "j0", "j0", "j5"] and arrivals.submit.tolist() == [0, 1, 2, 3]
    assert arrivals.duration.tolist() == [10, 1, 1, 6] and len(traces.reorder(trace, [])) == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("slice", {"start": 5, "end": 5}), ("slice", {"start": "soon"}), ("slice", {"start": -1}), ("scale_load", {"factor": 0}),
        ("scale_load", {"factor": -1}), ("scale_load", {"factor": math.nan}), ("scale_load", {"factor": math.inf}), ("scale_load",
        {"factor": "2"}),
        ("scale_load", {"factor": 1e-320}), ("shift", {"by": -1}), ("shift", {"by": math.nan}), ("shift", {"by": True}), ("sample", {}),
        ("sample", {"fraction": 1.5}), ("sample", {"fraction": "half"}), ("sample", {"n": 11}), ("sample", {"n": -1}), ("sample", {"n":
        2.5}),
        ("sample", {"fraction": 0.5, "n": 5}), ("sample", {"n": 1, "seed": -1}), ("filter", {"predicate": pl.col("nothing") > 0}),
        ("filter", {"predicate": pl.col("gpus")}), ("filter", {"predicate": [True]}), ("filter", {"predicate": lambda frame: 5}),
        ("reorder", {"rows": [10]}), ("reorder", {"rows": [-1]}), ("reorder", {"rows": [0.5]}), ("reorder", {"rows": [[0]]}),
    ],
)  # fmt: skip
def test_arguments_that_mean_nothing_are_refused(trace: JobTrace, name: str, arguments: dict[str, Any]) -> None:
    before = trace.to_polars()
    with pytest.raises(OptionError):
        getattr(traces, name)(trace, **arguments)
    assert trace.to_polars().equals(before)


def test_a_trace_without_jobs_can_be_transformed(trace: JobTrace) -> None:
    empty = trace.take([])
    for made in (
        traces.slice(empty),
        traces.scale_load(empty, 2),
        traces.shift(empty, 5),
        traces.sample(empty, 0.5),
        traces.reorder(empty, []),
    ):
        assert len(made) == 0
    with pytest.raises(MlplatError):
        traces.reorder(empty, [0])


def test_a_window_of_a_real_trace_holds_what_a_count_says(shared_data: Path) -> None:
    whole = traces.read_trace(shared_data / "philly" / "philly.csv")
    week = traces.slice(whole, "30d", "37d")
    assert len(week) == sum(30 * 86400 <= t < 37 * 86400 for t in whole.submit.tolist()) and week.submit[0] < 3600 and week.span < 7 * 86400
