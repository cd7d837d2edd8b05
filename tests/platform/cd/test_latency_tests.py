"""Tests of quantiles of latency, and of bursts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mlplat.platform.automation.cd.judging.clustering import counted, design_effect
from mlplat.platform.automation.cd.judging.latencies import (
    exceedances_greater,
    exceedances_less,
    longer,
    longer_than,
    quantile_of,
    rank_of,
    shorter,
    shorter_than,
)


@pytest.mark.parametrize(("new", "old", "rank"), [(4, 5, 4), (3, 6, 6), (6, 4, 1)])
def test_exceedances_have_the_distribution_that_counting_all_orders_gives(new: int, old: int, rank: int) -> None:
    above = []
    for places in combinations(range(new + old), new):
        others = [place for place in range(new + old) if place not in places]
        above.append(sum(place > others[rank - 1] for place in places))
    for count in range(new + 1):
        assert exceedances_greater(count, new, rank, old) == pytest.approx(sum(each >= count for each in above) / len(above))
        assert exceedances_less(count, new, rank, old) == pytest.approx(sum(each <= count for each in above) / len(above))


def test_a_quantile_is_one_of_the_numbers() -> None:
    values = np.arange(100, 0, -1.0)
    assert (quantile_of(values, 0.95), quantile_of(values[:1], 0.95), quantile_of(values, 0.001)) == (95.0, 100.0, 1.0)
    assert (rank_of(0.95, 20), rank_of(0.95, 21)) == (19, 20)


def rejections(draw: np.random.Generator, slower: float, by: float, times: int = 1000) -> tuple[float, float]:
    found = [0, 0]
    for _ in range(times):
        new, old = slower * np.exp(draw.standard_normal(500)), np.exp(draw.standard_normal(1500))
        at, old_at = np.sort(draw.random(500)), np.sort(draw.random(1500))
        found[0] += longer(new, at, old, old_at, 0.95, by, 0.05) <= 0.05
        found[1] += shorter(new, at, old, old_at, 0.95, by, 0.05) <= 0.05
    return found[0] / times, found[1] / times


def test_levels_hold_on_the_bound_and_differences_are_found() -> None:
    draw = np.random.default_rng(3)
    for slower, by in ((1.0, 0.0), (1.1, 0.1)):
        assert max(rejections(draw, slower, by)) <= 0.05 + 3 * 0.007
    assert rejections(draw, 1.5, 0.0, 200)[0] >= 0.7
    assert rejections(draw, 1.0, 0.5, 200)[1] >= 0.7


def test_ties_and_timeouts_are_never_taken_for_a_difference() -> None:
    at = np.linspace(0, 1, 800)
    same, timed_out = np.full(800, 0.01), np.full(800, np.inf)
    assert longer(same, at, same, at, 0.95, 0.0, 0.05) == shorter(same, at, same, at, 0.95, 0.0, 0.05) == 1.0
    assert longer(timed_out, at, timed_out, at, 0.95, 0.0, 0.05) == 1.0
    assert longer(timed_out, at, same, at, 0.95, 0.0, 0.05) < 1e-50


def test_a_bound_is_compared_with_exactly() -> None:
    at, latencies = np.linspace(0, 1, 1000), (1 + 37 * np.arange(1000) % 1000) / 1000
    assert longer_than(latencies, at, 0.95, 0.95, 0.05) == pytest.approx(0.52, abs=0.03)
    assert longer_than(latencies, at, 0.9, 0.95, 0.05) < 1e-3 < 0.9 < longer_than(latencies, at, 0.99, 0.95, 0.05)
    assert shorter_than(latencies, at, 0.99, 0.95, 0.05) < 1e-3


def test_independent_hits_are_left_as_they_are_and_bursts_count_for_less() -> None:
    draw = np.random.default_rng(1)
    times = np.sort(draw.random(4000))
    effects = [design_effect(times, draw.random(4000) < 0.05) for _ in range(200)]
    assert min(effects) == 1.0 and 1.05 < np.mean(effects) < 1.25
    burst = (times > 0.5) & (times < 0.55)
    found = counted(times, burst, 0.05, up=False)
    assert found.effect > 50 and found.total < 80 and found.hits <= 1


@pytest.mark.parametrize("times", [np.zeros(100), np.array([]), np.arange(5.0)])
def test_where_nothing_can_be_said_of_bursts_hits_are_counted_as_they_are(times: np.ndarray) -> None:
    hits = np.arange(times.size) % 2 == 0
    assert counted(times, hits, 0.01, up=True) == (int(hits.sum()), times.size, 1.0)
