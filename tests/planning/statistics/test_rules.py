"""Warm-up, stopping, selection, allocation and corrections, against the obvious versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.planning import statistics
from mlplat.planning.statistics import (
    allocate_ocba,
    benjamini_hochberg,
    holm,
    mean_interval,
    mser5,
    select_best,
    until_narrow,
    warm_up,
)

from . import naive

WHOLE = st.integers(-50, 50)
PROBABILITIES = st.lists(st.integers(0, 40).map(lambda k: k / 40), max_size=12)


@given(st.lists(WHOLE, min_size=0, max_size=160))
def test_mser_leaves_out_what_its_definition_says(series: list[int]) -> None:
    found, expected = mser5(series), naive.mser5(series)
    assert found % 5 == 0 and 0 <= found <= len(series) / 2
    if warm_up(series).settled:
        assert found == expected


@given(st.lists(WHOLE, min_size=50, max_size=160), st.integers(-1000, 1000))
def test_mser_does_not_look_at_the_level(series: list[int], shift: int) -> None:
    assert mser5([x + shift for x in series]) == mser5(series)


def test_mser_cuts_a_transient_at_its_end() -> None:
    noise = np.random.default_rng(0).normal(size=2000)
    assert 95 <= mser5(noise + np.where(np.arange(2000) < 100, 20.0, 0.0)) <= 105
    assert mser5(np.full(100, 0.1)) == 0
    assert mser5(1e12 + np.where(np.arange(100) < 10, 5.0, 0.0)) == 10


def test_a_run_that_is_too_short_to_tell_says_so() -> None:
    assert not warm_up(np.arange(1000.0)).settled
    assert not warm_up([1.0] * 20).settled
    assert warm_up([]) == (0, 0, False)
    assert warm_up(np.random.default_rng(0).normal(size=500)).settled


def test_drawing_stops_as_soon_as_the_interval_is_narrow() -> None:
    figures = np.random.default_rng(0).normal(10, 2, size=500)
    found = until_narrow(lambda at: figures[at], half_width=0.5)
    assert found.stopped == "narrow" and found.values == tuple(figures[: len(found.values)])
    assert found.interval == mean_interval(found.values) and found.interval.half_width <= 0.5
    for fewer in range(5, len(found.values)):
        assert mean_interval(figures[:fewer]).half_width > 0.5
    relative = until_narrow(lambda at: figures[at], relative=0.05)
    assert relative.interval.relative <= 0.05 / 1.05 < mean_interval(relative.values[:-1]).relative


def test_drawing_stops_at_the_most() -> None:
    figures = np.random.default_rng(0).normal(size=20)
    found = until_narrow(lambda at: figures[at], half_width=1e-6, most=20)
    assert (found.stopped, len(found.values)) == ("most", 20)
    assert "not narrow enough" in str(found)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "give half_width="),
        ({"half_width": 0}, "half_width=0: expected a number above 0"),
        ({"relative": 2}, "relative=2: expected a number between 0 and 1"),
        ({"relative": 0.1, "least": 1}, "least=1"),
        ({"relative": 0.1, "least": 9, "most": 8}, "most=8 is below least=9"),
    ],
)
def test_a_width_that_cannot_be_meant_is_refused(options: dict[str, float], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        until_narrow(lambda at: 1.0, **options)  # type: ignore[arg-type]


@given(st.integers(2, 6), st.integers(6, 12), st.floats(1.0, 3.0), st.sampled_from([0.9, 0.95, 0.99]), st.integers(0, 2**32))
def test_selection_is_the_published_procedure(systems: int, least: int, delta: float, confidence: float, seed: int) -> None:
    figures = np.random.default_rng(seed).normal(size=(systems, 1))
    rows: dict[int, list[float]] = {}

    def draw(system: int, at: int) -> float:
        row = rows.setdefault(system, np.random.default_rng([seed, system]).normal(size=2_000).tolist())
        return row[at] + float(figures[system, 0])

    best, gone = naive.kim_nelson(draw, systems, delta, 1 - confidence, least)
    found = select_best(draw, systems, delta=delta, confidence=confidence, least=least, most=2_000)
    assert found.guaranteed and found.best == best
    assert sorted((each.system, each.replications) for each in found.eliminated) == sorted(gone)
    assert found.replications[best] == max(found.replications)
    assert all(found.means[s] == pytest.approx(np.mean([draw(s, at) for at in range(found.replications[s])])) for s in range(systems))


def test_systems_that_are_equal_in_every_figure_end_with_the_first() -> None:
    noise = np.random.default_rng(0).normal(size=100)
    found = select_best(lambda system, at: noise[at], 4, delta=0.1)
    assert found.best == 0 and found.guaranteed and found.replications == (10,) * 4
    assert select_best(lambda system, at: 1.0, 1, delta=1).best == 0


def test_selection_without_enough_replications_says_that_it_is_a_guess() -> None:
    noise = np.random.default_rng(0).normal(size=(3, 50))
    found = select_best(lambda system, at: noise[system, at], 3, delta=0.01, most=30)
    assert not found.guaranteed and max(found.replications) == 30
    assert found.best == int(np.argmin(noise[:, :30].mean(axis=1)))
    assert "do not single it out" in str(found)


def test_common_random_numbers_make_selection_cheaper() -> None:
    common, own = np.random.default_rng(1).normal(size=3000), np.random.default_rng(2).normal(size=(4, 3000))

    def taken(correlation: float) -> int:
        figures = math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own + 0.2 * np.arange(4)[:, None]
        found = select_best(lambda system, at: figures[system, at], 4, delta=0.2, most=3000)
        assert found.best == 0
        return sum(found.replications)

    assert taken(0.9) < taken(0.0) / 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"systems": 0, "delta": 1}, "systems=0"),
        ({"systems": 2, "delta": 0}, "delta=0: expected a number above 0"),
        ({"systems": 2, "delta": 1, "confidence": 1}, "confidence=1"),
        ({"systems": 2, "delta": 1, "least": 9, "most": 8}, "most=8 is below least=9"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(options: dict[str, float], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        select_best(lambda system, at: float(at), **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="not finite"):
        select_best(lambda system, at: math.nan, 2, delta=1)


@given(
    st.lists(st.tuples(WHOLE, st.integers(0, 20)), min_size=1, max_size=8),
    st.integers(0, 10_000),
)
def test_ocba_gives_out_the_whole_budget_and_nothing_else(systems: list[tuple[int, int]], budget: int) -> None:
    counts = allocate_ocba([m for m, _ in systems], [v for _, v in systems], budget)
    assert sum(counts) == budget and min(counts) >= 0


def test_ocba_keeps_the_published_ratios() -> None:
    means, variances = np.array([1.0, 2.0, 4.0, 2.5]), np.array([4.0, 1.0, 9.0, 2.0])
    counts = np.array(allocate_ocba(means, variances, 10_000_000), dtype=float)
    for i, j in ((1, 2), (1, 3)):
        expected = (variances[i] / (means[i] - 1) ** 2) / (variances[j] / (means[j] - 1) ** 2)
        assert counts[i] / counts[j] == pytest.approx(expected, rel=1e-4)
    assert counts[0] == pytest.approx(2.0 * math.sqrt((counts[1:] ** 2 / variances[1:]).sum()), rel=1e-4)


def test_ocba_gives_systems_that_tie_with_the_best_everything() -> None:
    assert allocate_ocba([1, 1, 3], [1, 1, 1], 100) == [50, 50, 0]
    assert allocate_ocba([1, 2], [0, 0], 10) == [5, 5]
    with pytest.raises(OptionError, match=r"variances\[1\] is below 0"):
        allocate_ocba([1, 2], [1, -1], 10)
    with pytest.raises(OptionError, match="2 means and 1 variances"):
        allocate_ocba([1, 2], [1], 10)


@given(PROBABILITIES)
def test_corrections_are_what_their_definitions_say(p: list[float]) -> None:
    assert holm(p) == pytest.approx(naive.holm(p))
    assert benjamini_hochberg(p) == pytest.approx(naive.benjamini_hochberg(p))
    for corrected in (holm(p), benjamini_hochberg(p)):
        assert all(raw <= adjusted <= 1 for raw, adjusted in zip(p, corrected, strict=True))
    assert all(less <= more + 1e-12 for less, more in zip(benjamini_hochberg(p), holm(p), strict=True))


def test_benjamini_and_hochbergs_values_are_those_of_scipy() -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(0).random(50)
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p).tolist())


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(OptionError, match=r"p_values\[1\] is 1.5"):
        holm([0.5, 1.5])


def test_every_name_of_the_package_is_there() -> None:
    for name in statistics.__all__:
        assert getattr(statistics, name) is not None and name in dir(statistics)
