"""Tests of quality, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mlplat.platform.automation.cd.judging.error_rates import fisher_greater
from mlplat.platform.automation.cd.judging.scores import is_binary, lower, lower_than, not_lower, not_lower_than

DRAW = np.random.default_rng(2)
NEW, OLD = DRAW.normal(0.1, 1.0, 150), DRAW.normal(0.3, 2.0, 400)


def test_welch_is_scipys() -> None:
    assert lower(NEW, OLD, 0.0) == pytest.approx(stats.ttest_ind(NEW, OLD, equal_var=False, alternative="less").pvalue, rel=1e-10)
    shifted = stats.ttest_ind(NEW + 0.5, OLD, equal_var=False, alternative="greater").pvalue
    assert not_lower(NEW, OLD, 0.5) == pytest.approx(shifted, rel=1e-10)


def test_student_is_scipys() -> None:
    assert lower_than(NEW, 0.2) == pytest.approx(stats.ttest_1samp(NEW, 0.2, alternative="less").pvalue, rel=1e-10)
    assert not_lower_than(NEW, 0.0) == pytest.approx(stats.ttest_1samp(NEW, 0.0, alternative="greater").pvalue, rel=1e-10)


def test_right_and_wrong_answers_are_counted() -> None:
    new, old = np.repeat([1.0, 0.0], [80, 20]), np.repeat([1.0, 0.0], [360, 40])
    assert is_binary(new, old) and not is_binary(new, OLD)
    assert lower(new, old, 0.0) == fisher_greater(20, 100, 40, 400)
    assert lower_than(new, 0.9) == pytest.approx(stats.binomtest(20, 100, 0.1, alternative="greater").pvalue)
    assert not_lower_than(new, 0.7) == pytest.approx(stats.binomtest(20, 100, 0.3, alternative="less").pvalue)


def test_scores_without_spread_are_compared_as_they_are() -> None:
    two, three = np.full(10, 2.0), np.full(10, 3.0)
    assert (lower(two, three, 0.0), lower(three, two, 0.0), lower(two, two, 0.0), lower(two, three, 1.0)) == (0.0, 1.0, 1.0, 1.0)
    assert lower(two[:1], three, 0.0) == lower_than(two[:1], 5.0) == 1.0
