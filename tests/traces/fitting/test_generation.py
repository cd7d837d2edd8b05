"""Traces from a model: as long, as dense and as reproducible as asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.traces.fitting import FittedWorkload
from mlplat.traces.fitting.generation import _choose_rows

from .models import flat_gaps, model

COLUMNS = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")


def bursty() -> FittedWorkload:
    """A model with all that one can have."""
    return model(
        arrivals={"variance": 1.2, "fast": 0.4, "fast_h": 1.0, "slow_h": 24.0, "per_hour": 20.0},
        bursts={"within_s": 60.0, "gaps_s": flat_gaps(60.0), "stay": 0.6, "alike": 0.5},
        sizes={1: 0.7, 5: 0.2, 60: 0.1},
    )


@given(seed=st.integers(0, 2**64), short=st.integers(1, 2000), more=st.integers(0, 2000))
def test_a_longer_trace_begins_with_the_shorter_one(seed: int, short: int, more: int) -> None:
    made = bursty()
    few, many = made.generate(short, seed=seed), made.generate(short + more, seed=seed)
    assert len(few) == short and len(many) == short + more
    for name in COLUMNS:
        assert np.array_equal(getattr(few, name), getattr(many, name)[:short]), name


@given(seed=st.integers(0, 2**64), days=st.floats(0.01, 20))
def test_so_many_days_are_the_first_jobs_of_more_days(seed: int, days: float) -> None:
    made = bursty()
    few, many = made.generate(days=days, seed=seed), made.generate(days=days + 3, seed=seed)
    assert (few.submit < days * 86400).all()
    inside = int((many.submit < days * 86400).sum())
    assert len(few) == inside
    for name in COLUMNS:
        assert np.array_equal(getattr(few, name), getattr(many, name)[:inside]), name


def test_times_are_whole_milliseconds_or_seconds() -> None:
    for resolution in (0.001, 1.0):
        trace = model(resolution_s=resolution).generate(2000, seed=1)
        for times in (trace.submit, trace.duration, trace.estimate):
            whole = np.rint(times) if resolution == 1.0 else np.rint(times * 1000) / 1000
            assert np.array_equal(times, whole)
        assert (trace.duration >= resolution).all()


def test_load_and_length_are_as_asked_for() -> None:
    plain = model()
    assert len(plain.generate(seed=1)) == pytest.approx(60 * 24 * 60, rel=0.02)
    assert len(plain.generate(days=10, load_factor=2.0, seed=1)) == pytest.approx(2 * 60 * 24 * 10, rel=0.03)
    assert len(plain.generate(days=1e-6, seed=1)) == 0
    first, second = (plain.generate(500, seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.submit, second.submit)
    assert np.array_equal(first.submit, plain.generate(500).submit)


def test_jobs_of_a_burst_are_alike() -> None:
    trace = model(bursts={"within_s": 9.0, "gaps_s": flat_gaps(9.0), "stay": 1.0, "alike": 1.0}, sizes={6: 1.0}).generate(6000, seed=2)
    values, counts = np.unique(trace.duration, return_counts=True)
    assert np.median(counts) == 6 and len(values) == pytest.approx(1000, rel=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": 10, "days": 2}, "not both"),
        ({"jobs": 0}, "jobs=0"),
        ({"jobs": True}, "jobs=True"),
        ({"days": -1}, "days=-1: expected a number above 0"),
        ({"days": "2"}, "days='2'"),
        ({"days": float("nan")}, "days=nan"),
        ({"days": 1e9}, "at most"),
        ({"load_factor": 0}, "load_factor=0"),
        ({"load_factor": 1e300}, "at most"),
        ({"seed": -1}, "seed"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        model().generate(**options)  # type: ignore[arg-type]


def test_choices_follow_the_weights_of_their_row_and_never_take_a_zero() -> None:
    rows = [[0.0, 1.0, 0.0], [1.0, 0.0], [3.0, 1.0]]
    uniform = np.random.default_rng(0).random(30_000)
    row = np.arange(30_000) % 3
    found = _choose_rows(rows, row, uniform)
    assert set(found[row == 0].tolist()) == {1} and set(found[row == 1].tolist()) == {3}
    assert (found[row == 2] == 5).mean() == pytest.approx(0.75, abs=0.02)
    edge = np.nextafter(1.0, 0.0)
    assert _choose_rows(rows, np.array([0, 1, 2]), np.full(3, edge)).tolist() == [1, 3, 6]
