"""Measures against their definitions; intervals that cover what they should; two models on the same rows."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.training import LogisticRegression, churn, compare, measure, percentile_interval, score, wilson_interval
from mlplat.platform.training.intervals import normal_quantile
from mlplat.streams import stream


def labelled(rows: int, seed: int, quality: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities that know something of them."""
    draw = stream(seed, "test")
    odds = draw.normal(size=rows)
    y = (draw.random(rows) < 1 / (1 + np.exp(-2 * odds))).astype(float)
    y[:2] = 0.0, 1.0
    return y, 1 / (1 + np.exp(-(quality * odds + (1 - quality) * draw.normal(size=rows))))


def test_measures_are_what_their_definitions_say() -> None:
    y, p = labelled(3000, 1)
    assert score("accuracy", y, p) == np.mean((p > 0.5) == y)
    assert score("log_loss", y, p) == pytest.approx(-np.mean(np.log(np.where(y == 1, p, 1 - p))), rel=1e-13)
    assert score("rmse", y, p) == pytest.approx(math.sqrt(np.mean((y - p) ** 2)), rel=1e-13)
    assert score("r2", y, p) == pytest.approx(1 - np.sum((y - p) ** 2) / np.sum((y - y.mean()) ** 2), rel=1e-13)
    ones, zeros = p[y == 1], p[y == 0]
    assert score("auc", y, p) == pytest.approx((ones[:, None] > zeros).mean(), rel=1e-13)


def test_edges_of_measures() -> None:
    assert score("auc", [0, 1], [0.5, 0.5]) == 0.5 and score("auc", [0, 1, 0], [0.1, 0.9, 0.2]) == 1.0
    assert score("log_loss", [0, 1], [0.0, 1.0]) == 0.0
    assert score("log_loss", [1], [0.0]) == pytest.approx(-math.log(2**-52))
    assert score("r2", [1.0, 2.0], [1.0, 2.0]) == 1.0
    for name, y, predicted, said in (
        ("auc", [1, 1], [0.1, 0.2], "expected both 0 and 1"),
        ("auc", [0, 2], [0.1, 0.2], "expected 0 or 1"),
        ("accuracy", [0, 1], [0.1, 1.2], "expected probabilities"),
        ("r2", [2.0, 2.0], [1.0, 2.0], "all values are the same"),
        ("rmse", [], [], "no rows"),
        ("rmse", [1.0], [math.nan], "predicted: row 0 is nan"),
    ):
        with pytest.raises(OptionError, match=said):
            score(name, y, predicted)
    with pytest.raises(UnknownNameError, match="measure 'rsme'; did you mean 'rmse'"):
        score("rsme", [1.0], [1.0])


def test_the_normal_quantile_is_that_of_the_standard_library() -> None:
    for p in (0.5, 0.6, 0.9, 0.975, 0.995, 0.9999, 1 - 1e-9):
        assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-7 if p > 0.99999 else 1e-13, abs=1e-15)


def test_wilson_intervals_of_published_tables() -> None:
    # Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for successes, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(20, 20)[1] == 1.0
    for wrong in ((3, 2, 0.95), (0, 0, 0.95), (1, 2, 0.0), (1, 2, 1.0)):
        with pytest.raises(OptionError):
            wilson_interval(*wrong)


def test_bootstrap_intervals_cover_the_true_value_about_as_often_as_they_say() -> None:
    y, p = labelled(200_000, 9)
    for name in ("auc", "log_loss", "rmse", "r2"):
        true, covered = score(name, y, p), 0
        for part in range(120):
            rows = slice(part * 300, (part + 1) * 300)
            found = measure(name, y[rows], p[rows], level=0.9, resamples=199, seed=part)
            covered += found.low <= true <= found.high
        assert 96 <= covered <= 118, name  # 108 expected; binomial, 99.9 %


def test_a_wider_level_is_a_wider_interval_and_the_seed_decides() -> None:
    y, p = labelled(400, 2)
    wide, narrow = measure("auc", y, p, level=0.99), measure("auc", y, p, level=0.8)
    assert wide.low < narrow.low < wide.value < narrow.high < wide.high and wide.rows == 400
    assert measure("auc", y, p) == measure("auc", y, p) != measure("auc", y, p, seed=1)
    with pytest.raises(OptionError, match="resamples=3"):
        measure("auc", y, p, resamples=3)
    with pytest.raises(OptionError, match="at least 20"):
        percentile_interval([1.0] * 19 + [math.nan])


@pytest.mark.parametrize("name", ["accuracy", "auc", "log_loss", "rmse", "r2"])
def test_a_better_model_is_found_better_and_a_copy_is_not(name: str) -> None:
    y, good = labelled(4000, 3)
    _, bad = labelled(4000, 3, quality=0.3)
    verdict = compare(name, y, bad, good, resamples=200)
    assert verdict.better and not verdict.worse and verdict.not_worse() and verdict.low <= verdict.difference <= verdict.high
    back = compare(name, y, good, bad, resamples=200)
    assert back.worse and not back.not_worse() and back.difference == -verdict.difference and "is worse" in str(back)
    same = compare(name, y, good, good, resamples=200)
    assert (
        (same.difference, same.low, same.high) == (0.0, 0.0, 0.0) and same.not_worse() and not same.better and "not told apart" in str(same)
    )


def test_pairing_tells_apart_what_two_intervals_do_not() -> None:
    y, p = labelled(2000, 4)
    slightly = 0.9 * p + 0.1 * stream(4, "noise").random(2000)
    verdict = compare("auc", y, slightly, p, resamples=400)
    alone, other = measure("auc", y, p), measure("auc", y, slightly)
    assert verdict.better and other.high > alone.low
    assert verdict.high - verdict.low < (alone.high - alone.low) / 3


def test_equal_models_are_called_different_no_more_often_than_the_level_says() -> None:
    data, called = churn(8000, 6), 0
    first = LogisticRegression().fit(data.x[:1000], data.y[:1000])
    draw = stream(6, "test")
    for part in range(100):
        rows = slice(1000 + part * 70, 1070 + part * 70)
        one, other = (np.clip(first.predict_proba(data.x[rows])[:, 1] + draw.normal(0.0, 0.1, 70), 0.0, 1.0) for _ in range(2))
        verdict = compare("log_loss", data.y[rows], one, other, resamples=199, seed=part)
        called += verdict.better or verdict.worse
    assert called <= 13  # 5 expected; binomial 99.9 %
