"""Each model is, to the last bit, what plain Python makes of its definition, with the rows on one replica or spread over several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.training import (
    BoostedStumpsClassifier,
    BoostedStumpsRegressor,
    LogisticRegression,
    RidgeRegression,
    SGDClassifier,
    SGDRegressor,
    churn,
    deliveries,
    score,
)

from . import naive_training as naive

SEVERAL_CHUNKS = 2 * naive.CHUNK + 7


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with ties, targets, and labels of both kinds."""
    n, d = draw(st.integers(4, 30)), draw(st.integers(1, 3))
    numbers = st.sampled_from([-2.0, -0.5, -0.0, 0.0, 0.1, 0.3, 1.0, 1.5, 7.25])
    x = np.array(draw(st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=n, max_size=n)))
    y = np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
    labels = np.array([0.0, 1.0, *draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n - 2, max_size=n - 2))])
    return x, y, labels


@given(tables(), st.sampled_from([0.1, 1.0, 30.0]), st.integers(1, 4))
def test_ridge_regression_is_the_naive_one(table: tuple[np.ndarray, np.ndarray, np.ndarray], alpha: float, replicas: int) -> None:
    x, y, _ = table
    model = RidgeRegression(alpha).fit(x, y)
    assert (model.coef_.tolist(), model.intercept_) == naive.ridge(x.tolist(), y.tolist(), alpha, replicas)


@given(tables(), st.sampled_from([0.1, 1.0, 30.0]))
def test_logistic_regression_is_the_naive_one(table: tuple[np.ndarray, np.ndarray, np.ndarray], strength: float) -> None:
    x, _, y = table
    model = LogisticRegression(strength, max_iter=6).fit(x, y)
    assert [model.intercept_, *model.coef_.tolist()] == naive.logistic(x.tolist(), y.tolist(), strength, 6, 1e-10)


@given(tables(), st.booleans(), st.integers(1, 9), st.integers(0, 3))
def test_descent_is_the_naive_one(table: tuple[np.ndarray, np.ndarray, np.ndarray], logistic: bool, batch: int, seed: int) -> None:
    x, y = table[0], table[2] if logistic else table[1]
    kind = SGDClassifier if logistic else SGDRegressor
    model = kind(alpha=0.01, eta0=0.02, max_iter=3, batch_size=batch, random_state=seed).fit(x, y)
    sizes = {"alpha": 0.01, "eta0": 0.02, "epochs": 3, "batch": batch, "seed": seed}
    assert [*model.coef_.tolist(), model.intercept_] == naive.descent(x.tolist(), y.tolist(), logistic=logistic, **sizes)


@given(tables(), st.booleans(), st.integers(2, 9), st.integers(1, 3), st.sampled_from([0.0, 1.0]))
def test_boosting_is_the_naive_one(
    table: tuple[np.ndarray, np.ndarray, np.ndarray], logistic: bool, bins: int, fewest: int, penalty: float
) -> None:
    x, y = table[0], table[2] if logistic else table[1]
    kind = BoostedStumpsClassifier if logistic else BoostedStumpsRegressor
    model = kind(4, 0.3, bins, fewest, penalty).fit(x, y)
    sizes = {"count": 4, "rate": 0.3, "bins": bins, "fewest": fewest, "penalty": penalty}
    found = zip(model.features_.tolist(), model.thresholds_.tolist(), *model.leaves_.T.tolist(), strict=True)
    assert list(found) == naive.stumps(x.tolist(), y.tolist(), logistic=logistic, **sizes)


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_s107_the_number_of_replicas_changes_no_bit(replicas: int) -> None:
    numbers, labels = deliveries(SEVERAL_CHUNKS, 3), churn(SEVERAL_CHUNKS, 3)
    x, y = numbers.x.tolist(), numbers.y.tolist()
    ridge = RidgeRegression().fit(numbers.x, numbers.y)
    assert (ridge.coef_.tolist(), ridge.intercept_) == naive.ridge(x, y, 1.0, replicas)
    descent = SGDRegressor(eta0=1e-5, max_iter=1, batch_size=1500).fit(numbers.x, numbers.y)
    sizes = {"alpha": 0.0001, "eta0": 1e-5, "epochs": 1, "batch": 1500, "seed": 0}
    assert [*descent.coef_.tolist(), descent.intercept_] == naive.descent(x, y, logistic=False, replicas=replicas, **sizes)
    x, y = labels.x.tolist(), labels.y.tolist()
    newton = LogisticRegression(max_iter=2).fit(labels.x, labels.y)
    assert [newton.intercept_, *newton.coef_.tolist()] == naive.logistic(x, y, 1.0, 2, 1e-10, replicas)
    boosted = BoostedStumpsClassifier(2, max_bins=8).fit(labels.x, labels.y)
    sizes = {"count": 2, "rate": 0.1, "bins": 8, "fewest": 1, "penalty": 1.0}
    found = zip(boosted.features_.tolist(), boosted.thresholds_.tolist(), *boosted.leaves_.T.tolist(), strict=True)
    assert list(found) == naive.stumps(x, y, logistic=True, replicas=replicas, **sizes)


@given(tables(), st.data())
def test_the_area_under_the_curve_is_that_of_all_pairs(table: tuple[np.ndarray, np.ndarray, np.ndarray], data: st.DataObject) -> None:
    labels = table[2]
    scores = data.draw(st.lists(st.sampled_from([0.1, 0.2, 0.2000001, 0.9]), min_size=len(labels), max_size=len(labels)))
    assert score("auc", labels, scores) == pytest.approx(naive.area_under_curve(labels.tolist(), scores), abs=1e-15)
