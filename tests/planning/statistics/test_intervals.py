"""Intervals of means, quantiles, batches, differences and ratios: what they are by definition, and what they refuse."""

from __future__ import annotations

import json
import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.planning.statistics import (
    Interval,
    batch_means,
    batch_quantile,
    mean_interval,
    paired,
    quantile_interval,
    ratio_interval,
)
from mlplat.planning.statistics.batches import neighbours
from mlplat.planning.statistics.means import student
from mlplat.planning.statistics.pairs import p_of_mean
from mlplat.planning.statistics.quantiles import order_statistics

from .naive import order_statistics as naive_ranks

NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
ROWS = st.lists(NUMBERS, min_size=2, max_size=40)
LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def test_students_quantiles_are_those_of_the_tables() -> None:
    assert [round(student(n, 0.95), 3) for n in (1, 4, 9, 30)] == [12.706, 2.776, 2.262, 2.042]
    assert round(student(9, 0.99), 3) == 3.250


@given(ROWS, LEVELS)
def test_an_interval_of_a_mean_is_students(values: list[float], confidence: float) -> None:
    found = mean_interval(values, confidence)
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    assert found.estimate == pytest.approx(mean, abs=1e-6)
    assert found.half_width == pytest.approx(student(len(values) - 1, confidence) * spread / math.sqrt(len(values)), rel=1e-6, abs=1e-6)
    assert found.n == len(values) and found.low <= found.estimate <= found.high


@given(ROWS, NUMBERS, st.floats(0.1, 100))
def test_an_interval_of_a_mean_moves_and_stretches_with_the_figures(values: list[float], shift: float, scale: float) -> None:
    found, moved = mean_interval(values), mean_interval([scale * v + shift for v in values])
    tolerance = 1e-8 * (1 + scale * max(map(abs, values)) + abs(shift))
    assert moved.low == pytest.approx(scale * found.low + shift, abs=tolerance)
    assert moved.high == pytest.approx(scale * found.high + shift, abs=tolerance)


@given(st.integers(1, 120), st.sampled_from([1, 5, 25, 50, 90, 95, 99]), st.sampled_from([50, 90, 95, 99]))
def test_ranks_of_a_quantile_are_those_of_the_binomial(n: int, q: int, confidence: int) -> None:
    found = order_statistics(n, q / 100, confidence / 100)
    assert found == naive_ranks(n, Fraction(q, 100), Fraction(100 - confidence, 200))


@given(st.lists(NUMBERS, min_size=1, max_size=80), st.floats(0.01, 0.99), LEVELS)
def test_bounds_of_a_quantile_are_figures_on_its_both_sides(values: list[float], q: float, confidence: float) -> None:
    found = quantile_interval(values, q, confidence)
    assert found.low <= found.estimate <= found.high
    assert found.estimate == pytest.approx(float(np.quantile(values, q)))
    for bound in (found.low, found.high):
        assert math.isinf(bound) or bound in values or bound == found.estimate


def test_a_bound_that_so_few_figures_cannot_give_is_infinite() -> None:
    assert math.isinf(quantile_interval(range(71), 0.95).high)
    few = quantile_interval(range(72), 0.95)
    assert few.high < math.inf
    unbounded = quantile_interval([1.0, 2.0], 0.5)
    assert (unbounded.low, unbounded.high) == (-math.inf, math.inf)
    assert str(unbounded) == "1.5 (95 % -∞ to ∞)"
    assert json.loads(json.dumps(unbounded.to_dict(), allow_nan=False))["low"] is None


def test_batches_are_the_end_of_the_series_and_their_means_are_taken() -> None:
    found = batch_means([99.0] + [1.0, 3.0] * 2 + [5.0, 7.0] * 2, batches=2)
    assert (found.n, found.size, found.left_out, found.estimate) == (2, 4, 1, 4.0)
    assert found.half_width == pytest.approx(student(1, 0.95) * statistics.stdev([2, 6]) / math.sqrt(2))
    assert batch_means(range(1000)).n == 20
    assert "20 batches of 50" in str(batch_means(range(1000)))


@given(st.lists(NUMBERS, min_size=40, max_size=200), st.integers(2, 20))
def test_batch_means_are_an_interval_of_the_mean_of_the_means(values: list[float], batches: int) -> None:
    found = batch_means(values, batches)
    size = len(values) // batches
    kept = values[len(values) - batches * size :]
    expected = mean_interval([statistics.fmean(kept[i : i + size]) for i in range(0, len(kept), size)])
    assert found.low == pytest.approx(expected.low, abs=1e-5) and found.high == pytest.approx(expected.high, abs=1e-5)
    assert found.left_out == len(values) - len(kept)


def test_a_batch_quantile_is_that_of_the_whole_series() -> None:
    values = np.random.default_rng(3).exponential(size=4000)
    found = batch_quantile(values, 0.9, batches=10)
    each = [float(np.quantile(part, 0.9)) for part in values.reshape(10, -1)]
    assert found.estimate == float(np.quantile(values, 0.9))
    error = math.sqrt(sum((x - found.estimate) ** 2 for x in each) / 9 / 10)
    assert found.half_width == pytest.approx(student(9, 0.95) * error)
    assert found.trusted and -math.log(0.1) in found


def test_batches_that_are_too_short_are_told() -> None:
    walk = np.random.default_rng(0).normal(size=2000).cumsum()
    found = batch_means(walk)
    assert not found.trusted and found.correlation > 0.5
    assert "run longer" in str(found)
    assert found.to_dict()["trusted"] is False


def test_von_neumanns_test_is_as_often_wrong_as_it_says() -> None:
    draws = np.random.default_rng(1).normal(size=(4000, 20))
    alarms = sum(neighbours(row)[1] < 0.05 for row in draws)
    assert 160 < alarms < 240  # 200 are expected, with a standard deviation of 14
    assert neighbours(np.ones(5)) == (0.0, 1.0)


def test_a_paired_interval_is_that_of_the_differences() -> None:
    a, b = [10.0, 14.0, 9.0, 12.0], [9.0, 12.5, 8.5, 11.0]
    found = paired(a, b)
    expected = mean_interval([x - y for x, y in zip(a, b, strict=True)])
    assert (found.estimate, found.low, found.high) == (expected.estimate, expected.low, expected.high)
    assert found.correlation == pytest.approx(statistics.correlation(a, b))
    assert found.narrowing == pytest.approx(math.hypot(statistics.stdev(a), statistics.stdev(b)) / statistics.stdev([1, 1.5, 0.5, 1]))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=30), LEVELS)
def test_the_p_value_is_below_the_level_just_where_zero_lies_outside(rows: list[tuple[float, float]], confidence: float) -> None:
    found = paired([a for a, _ in rows], [b for _, b in rows], confidence)
    swapped = paired([b for _, b in rows], [a for a, _ in rows], confidence)
    assert (swapped.low, swapped.high) == (-found.high, -found.low) and swapped.p_value == found.p_value
    assert 0 <= found.p_value <= 1
    if abs(found.p_value - (1 - confidence)) > 1e-9:
        assert (found.p_value < 1 - confidence) == found.excludes_zero


def test_equal_alternatives_do_not_differ_and_a_constant_difference_is_certain() -> None:
    same = paired([0.1 + 0.2, 5.0, 7.0], [0.3, 5.0, 7.0])  # apart by rounding only
    assert (same.estimate, same.half_width, same.p_value) == (0.0, 0.0, 1.0)
    shifted = paired([1.0, 2.0, 3.0], [0.5, 1.5, 2.5])
    assert (shifted.low, shifted.high, shifted.p_value) == (0.5, 0.5, 0.0) and math.isinf(shifted.narrowing)
    assert shifted.to_dict()["narrowing"] is None


def test_the_p_value_is_students() -> None:
    assert p_of_mean(2.262, 1.0, 9) == pytest.approx(0.05, abs=1e-4)
    assert p_of_mean(-2.262, 1.0, 9) == p_of_mean(2.262, 1.0, 9)


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=3, max_size=30), LEVELS)
def test_fiellers_bounds_are_where_the_test_just_does_not_reject(rows: list[tuple[float, float]], confidence: float) -> None:
    a, b = np.array([x for x, _ in rows]), np.array([y for _, y in rows])
    found = ratio_interval(a, b, confidence)
    assert found.estimate == pytest.approx(a.mean() / b.mean())
    if math.isinf(found.low):
        assert 0 in mean_interval(b, confidence)
        return
    assert found.low <= found.estimate <= found.high
    for bound in (found.low, found.high):
        apart = mean_interval(a - bound * b, confidence)
        assert min(abs(apart.low), abs(apart.high)) <= 1e-4 * (1 + abs(bound) * 100)


def test_a_ratio_to_what_may_be_zero_has_no_bounds() -> None:
    found = ratio_interval([1, 2, 3], [-1, 0.5, 1])
    assert (found.low, found.high) == (-math.inf, math.inf)
    with pytest.raises(OptionError, match="b has a mean of 0"):
        ratio_interval([1, 2], [-1, 1])


def test_an_interval_is_written_with_the_digits_it_is_worth() -> None:
    assert str(Interval(12.345, 11.04, 13.66, 0.95, 9)) == "12.3 (95 % 11.0–13.7)"
    assert str(Interval(123456.0, 120000.0, 126912.0, 0.99, 9)) == "123,456 (99 % 120,000–126,912)"
    assert str(Interval(0.01234, 0.0121, 0.01258, 0.999, 9)) == "0.01234 (99.9 % 0.01210–0.01258)"
    assert str(Interval(1.0, -0.5, 2.5, 0.95, 9)) == "1.0 (95 % -0.5 to 2.5)"
    assert str(Interval(3.0, 3.0, 3.0, 0.95, 9)) == "3 (95 % 3–3)"
    assert "<span>" in Interval(1.0, 0.0, 2.0, 0.95, 2)._repr_html_()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mean_interval([1.0]), "values: 1 given; expected at least 2"),
        (lambda: mean_interval([1.0, math.nan]), r"values\[1\] is nan; expected a finite number"),
        (lambda: mean_interval([1.0, "x"]), r"found 'x' at \[1\]"),
        (lambda: mean_interval([1.0, None, 2.0]), r"found None at \[1\]"),
        (lambda: mean_interval([[1.0], [2.0]]), "one row of numbers"),
        (lambda: mean_interval([1.0, 2.0], 95), "confidence=95: expected a number between 0 and 1"),
        (lambda: mean_interval([1.0, 2.0], True), "confidence=True"),
        (lambda: quantile_interval([1.0], 1.0), "q=1.0: expected a number between 0 and 1"),
        (lambda: quantile_interval([], 0.5), "values: 0 given"),
        (lambda: batch_means(range(39)), "39 figures for 20 batches; expected at least 40"),
        (lambda: batch_means(range(39), 1), "batches=1: expected a whole number of at least 2"),
        (lambda: paired([1, 2], [1, 2, 3]), "a has 2 figures and b 3"),
    ],
)
def test_what_no_interval_can_be_made_of_is_refused(call: object, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        call()  # type: ignore[operator]
