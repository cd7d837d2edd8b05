"""Baselines from data, and the intervals with which quality and latency are judged."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlplat.errors import OptionError
from mlplat.platform.artifacts.metadata.baselines import baseline_content
from mlplat.platform.automation.monitoring import Metric, baseline_of
from mlplat.platform.automation.monitoring import latency as latencies
from mlplat.platform.automation.monitoring import quality as qualities
from mlplat.platform.automation.monitoring.baseline import distribution
from mlplat.platform.automation.monitoring.drift.columns import read_columns
from mlplat.platform.automation.monitoring.drift.reference_columns import column_of_distribution
from mlplat.streams import stream

VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(-2, 2)), min_size=1, max_size=60),
    st.lists(st.one_of(st.none(), st.sampled_from("abc")), min_size=1, max_size=60),
)


@given(VALUES)
def test_a_distribution_holds_every_row_and_comes_back_from_the_metadata_store(values: list[object]) -> None:
    column = read_columns({"x": values})["x"]
    given_ = distribution(column)
    baseline_content({"x": given_}, {}, {}, {})
    back = column_of_distribution("x", given_, 10)
    if back is None:
        assert column.present == 0
    else:
        assert (back.present, back.missing) == (column.present, column.missing)


def test_baselines_are_of_frames_and_arrays_alike() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, None], "c": ["a", None, "b"], "t": [[1], [2], [3]]})
    found = baseline_of(frame, pl.DataFrame({"p": [1, 0, 1]}), [1, 1, 1], metrics=("accuracy", "mae", "mse"), latency_s=[0.1, 0.2])
    assert list(found["features"]) == ["x", "c"] and found["features"]["c"]["categories"] == {"a": 1, "b": 1}
    assert found["quality"]["accuracy"]["value"] == pytest.approx(2 / 3) and found["quality"]["mae"]["value"] == pytest.approx(1 / 3)
    assert found["latency"]["p95"] == 0.2 and found["latency"]["n"] == 2
    for wrong in ({"labels": [1]}, {"labels": [1, 1]}):
        with pytest.raises(OptionError, match="expected"):
            baseline_of({"x": [1.0]}, {"p": [1]} if len(wrong["labels"]) > 1 else None, **wrong)


def test_intervals_are_those_of_the_books() -> None:
    low, high = stats.binomtest(45, 50).proportion_ci(0.99, "wilson")
    assert qualities.interval(Metric.ACCURACY, [1.0] * 45 + [0.0] * 5, 0.01) == pytest.approx((0.9, low, high), abs=1e-10)
    errors = stream(0, "test").gamma(2, 1, 40).tolist()
    wanted = stats.t.interval(0.95, 39, np.mean(errors), stats.sem(errors))
    assert qualities.interval(Metric.MAE, errors, 0.05)[1:] == pytest.approx(wanted, abs=1e-10)
    assert qualities.interval(Metric.MAE, [2.0], 0.05) == (2.0, 0.0, 2.0)


def test_quality_keeps_its_level_and_the_captured_value_is_a_sample_too() -> None:
    random, alarms, runs = stream(1, "test"), 0, 400
    for _ in range(runs):
        captured = qualities.captured_quality(Metric.ACCURACY, (random.random(300) < 0.9).tolist(), [True] * 300)
        scores = (random.random(300) < 0.9).astype(float).tolist()
        alarms += qualities.judge(Metric.ACCURACY, scores, captured, alpha=0.01, minimum=100, floor=0.0).outcome == "degraded"
    assert alarms <= stats.binom.ppf(0.99, runs, 0.01)


@pytest.mark.parametrize("captured", [0.9, {"value": 0.9}, {"value": 0.9, "low": 0.88, "high": 0.92}, {"value": 0.9, "n": 800}])
def test_a_captured_value_may_come_with_an_interval_or_a_number_of_answers(captured: object) -> None:
    worse = qualities.judge(Metric.ACCURACY, [1.0] * 160 + [0.0] * 40, captured, alpha=0.01, minimum=100, floor=0.02)
    same = qualities.judge(Metric.ACCURACY, [1.0] * 179 + [0.0] * 21, captured, alpha=0.01, minimum=100, floor=0.02)
    assert (worse.outcome, same.outcome) == ("degraded", "steady")
    errors = qualities.judge(Metric.MAE, [2.0, 2.1] * 60, captured, alpha=0.01, minimum=100, floor=0.02)
    assert errors.outcome == "degraded" and errors.value > errors.captured


@pytest.mark.parametrize("captured", [None, True, "good", {}, {"value": "x"}])
def test_what_is_no_captured_value_is_insufficient(captured: object) -> None:
    verdict = qualities.judge(Metric.ACCURACY, [1.0] * 200, captured, alpha=0.01, minimum=100, floor=0.02)
    assert (verdict.outcome, verdict.reason, math.isnan(verdict.value)) == ("insufficient", "quality_not_captured", True)


def test_a_small_loss_that_is_sure_is_below_the_floor() -> None:
    scores = [1.0] * 89_500 + [0.0] * 10_500
    assert qualities.judge(Metric.ACCURACY, scores, 0.9, alpha=0.01, minimum=100, floor=0.02).outcome == "steady"
    assert qualities.judge(Metric.ACCURACY, scores, 0.9, alpha=0.01, minimum=100, floor=0.0).outcome == "degraded"


def test_answers_that_cannot_be_compared_are_wrong_and_no_error() -> None:
    assert qualities.scores(Metric.ACCURACY, ["a", None], ["a", 1]) == [1.0, 0.0]
    assert qualities.scores(Metric.MSE, ["a", 3, float("nan")], [1, 1.0, 1]) == [4.0]
    assert qualities.captured_quality(Metric.MAE, ["a"], ["b"]) == {}


def test_the_interval_of_a_percentile_covers_it() -> None:
    random, covered, true = stream(2, "test"), 0, stats.expon.ppf(0.95)
    for _ in range(400):
        low, high = latencies.quantile_interval(np.sort(random.exponential(size=300)), 0.05)
        covered += low <= true <= high
    assert covered >= stats.binom.ppf(0.01, 400, 0.95)


def test_latency_is_compared_on_the_hardware_that_was_captured() -> None:
    random = stream(3, "test")
    captured = latencies.captured_latency(random.gamma(2, 1, 1_000), "A100")
    same, slow = random.gamma(2, 1, 400).tolist(), random.gamma(2, 3, 400).tolist()
    options = {"alpha": 0.01, "floor": 1.2}
    assert latencies.judge({"A100": same, "T4": slow}, captured, **options).outcome == "steady"
    other = latencies.judge({"T4": slow}, captured, **options)
    assert (other.outcome, other.same_hardware, other.hardware) == ("slow", False, "T4")
    assert latencies.judge({"A100": same[:99]}, captured, **options).reason == "too_few_answers"
    for lacking in ({}, {"p95": 0}, {"p95": "x"}):
        verdict = latencies.judge({"": same}, lacking, **options)
        assert (verdict.outcome, verdict.reason) == ("insufficient", "latency_not_captured")
    assert str(latencies.judge({"": slow}, {"p95": 5.0}, **options)).startswith("slow: P95")
    assert latencies.captured_latency([]) == {}
