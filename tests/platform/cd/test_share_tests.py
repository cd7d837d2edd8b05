"""Tests of shares: exact where they claim it, and as the literature has them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.automation.cd.judging.error_rates import (
    binomial_greater,
    fisher_greater,
    less_than,
    more_than,
    restricted,
    score_z,
)

TABLES = st.integers(1, 40).flatmap(
    lambda n: st.integers(1, 40).flatmap(lambda m: st.tuples(st.integers(0, n), st.just(n), st.integers(0, m), st.just(m)))
)


@given(TABLES)
def test_fisher_is_the_sum_over_tables_with_the_same_margins(table: tuple[int, int, int, int]) -> None:
    hits, total, others, of_others = table
    both, found = total + of_others, hits + others
    ways = sum(math.comb(total, k) * math.comb(of_others, found - k) for k in range(hits, min(total, found) + 1) if found - k <= of_others)
    assert fisher_greater(*table) == pytest.approx(float(Fraction(ways, math.comb(both, found))), rel=1e-9)


@pytest.mark.parametrize(("total", "of_others"), [(20, 60), (50, 50)])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_fisher_keeps_its_level_whatever_the_share(total: int, of_others: int, share: float) -> None:
    for level in (0.004, 0.05):
        refused = sum(
            math.comb(total, a)
            * share**a
            * (1 - share) ** (total - a)
            * math.comb(of_others, b)
            * share**b
            * (1 - share) ** (of_others - b)
            for a in range(total + 1)
            for b in range(of_others + 1)
            if fisher_greater(a, total, b, of_others) <= level
        )
        assert refused <= level


@given(TABLES, st.floats(-0.9, 0.9))
def test_restricted_shares_are_the_most_likely_ones(table: tuple[int, int, int, int], difference: float) -> None:
    hits, total, others, of_others = table

    def likelihood(share: float) -> float:
        parts = (hits, share + difference), (total - hits, 1 - share - difference), (others, share), (of_others - others, 1 - share)
        return sum(count * math.log(max(part, 1e-300)) for count, part in parts if count)

    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    best = max(map(likelihood, np.linspace(low, high, 1001)))
    found = restricted(*table, difference)
    assert low - 1e-12 <= found <= high + 1e-12
    assert likelihood(found) >= best - 1e-6 * (1 + abs(best))


def test_the_score_statistic_is_that_of_the_pooled_test_at_a_difference_of_0() -> None:
    pooled = 220 / 10_000
    expected = (30 / 500 - 190 / 9500) / math.sqrt(pooled * (1 - pooled) * (1 / 500 + 1 / 9500) * 10_000 / 9_999)
    assert score_z(30, 500, 190, 9500, 0.0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_score_tests_keep_their_level_on_the_bound(share: float) -> None:
    by, draw, refused = 0.02, np.random.default_rng(5), [0, 0]
    for _ in range(3000):
        mine, theirs = int(draw.binomial(600, share + by)), int(draw.binomial(2000, share))
        refused[0] += more_than(mine, 600, theirs, 2000, by) <= 0.05
        refused[1] += less_than(mine, 600, theirs, 2000, by) <= 0.05
    assert max(refused) <= 3000 * 0.05 + 3 * math.sqrt(3000 * 0.05 * 0.95) and min(refused) >= 60


@given(st.integers(0, 30), st.floats(0.01, 0.99))
def test_the_binomial_test_sums_the_tail(hits: int, share: float) -> None:
    tail = sum(math.comb(30, k) * share**k * (1 - share) ** (30 - k) for k in range(hits, 31))
    assert binomial_greater(hits, 30, share) == pytest.approx(tail, rel=1e-9, abs=1e-300)


def test_nothing_is_found_in_nothing() -> None:
    assert fisher_greater(0, 0, 3, 9) == more_than(3, 9, 0, 0, 0.1) == less_than(0, 0, 0, 1, 0.1) == binomial_greater(0, 0, 0.3) == 1.0
