"""Models against closed forms and known data; scikit-learn's conventions; parts as bytes; what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.artifacts.models import Signature
from mlplat.platform.artifacts.models.artifact_parts import array_of, contents_of
from mlplat.platform.training import (
    BoostedStumpsClassifier,
    BoostedStumpsRegressor,
    Estimator,
    LogisticRegression,
    NotFittedError,
    RidgeRegression,
    SGDClassifier,
    SGDRegressor,
    TrainingError,
    churn,
    deliveries,
    model_from_parts,
    score,
)
from mlplat.platform.training.classifier import Classifier
from mlplat.platform.training.kinds import KINDS
from mlplat.streams import stream

REGRESSORS = (RidgeRegression(), SGDRegressor(eta0=0.001, max_iter=3), BoostedStumpsRegressor(10))
CLASSIFIERS = (LogisticRegression(), SGDClassifier(eta0=0.001, max_iter=3), BoostedStumpsClassifier(10))


def fitted(model: Estimator, rows: int = 300) -> Estimator:
    data = churn(rows, 5) if isinstance(model, Classifier) else deliveries(rows, 5)
    return type(model)(**model.get_params()).fit(data.frame().select(data.features), data.y)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 100.0])
def test_ridge_regression_solves_the_normal_equations(alpha: float) -> None:
    draw = stream(1, "test")
    x = draw.normal(3.0, 2.0, (3000, 6)) @ draw.normal(size=(6, 6))
    y = x @ draw.normal(size=6) + 4.0 + draw.normal(size=3000)
    centred = x - x.mean(axis=0)
    rows = np.vstack([centred, math.sqrt(alpha) * np.eye(6)])
    expected = np.linalg.lstsq(rows, np.concatenate([y - y.mean(), np.zeros(6)]), rcond=None)[0]
    model = RidgeRegression(alpha).fit(x, y)
    assert model.coef_ == pytest.approx(expected, rel=1e-9, abs=1e-10)
    assert model.intercept_ == pytest.approx(y.mean() - x.mean(axis=0) @ expected, rel=1e-9)


def test_ridge_regression_on_the_longley_data_has_the_certified_coefficients() -> None:
    # Longley (1967); certified values by NIST StRD. The data is ill-conditioned (4.9e9): plain normal equations keep about seven digits.
    x = [
        [83.0, 234289, 2356, 1590, 107608, 1947], [88.5, 259426, 2325, 1456, 108632, 1948], [88.2, 258054, 3682, 1616, 109773, 1949],
        [89.5, 284599, 3351, 1650, 110929, 1950], [96.2, 328975, 2099, 3099, 112075, 1951], [98.1, 346999, 1932, 3594, 113270, 1952],
        [99.0, 365385, 1870, 3547, 115094, 1953], [100.0, 363112, 3578, 3350, 116219, 1954], [101.2, 397469, 2904, 3048, 117388, 1955],
        [104.6, 419180, 2822, 2857, 118734, 1956], [108.4, 442769, 2936, 2798, 120445, 1957], [110.8, 444546, 4681, 2637, 121950, 1958],
        [112.6, 482704, 3813, 2552, 123366, 1959], [114.2, 502601, 3931, 2514, 125368, 1960], [115.7, 518173, 4806, 2572, 127852, 1961],
        [116.9, 554894, 4007, 2827, 130081, 1962],
    ]  # fmt: skip
    y = [60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761, 66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551]
    certified = [15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359, -0.511041056535807e-01, 1829.15146461355]
    model = RidgeRegression(alpha=0.0).fit(x, y)
    assert model.coef_ == pytest.approx(certified, rel=1e-6)
    assert model.intercept_ == pytest.approx(-3482258.63459582, rel=1e-6)


def test_logistic_regression_is_where_the_derivatives_vanish() -> None:
    data = churn(5000, 2)
    model = LogisticRegression(C=0.7).fit(data.x, data.y)
    p = 1.0 / (1.0 + np.exp(-(data.x @ model.coef_ + model.intercept_)))
    slopes = 0.7 * data.x.T @ (p - data.y) + model.coef_
    assert model.converged_ and model.n_iter_ < 12
    assert np.abs(slopes).max() < 1e-6 and abs((p - data.y).sum()) < 1e-8


def test_logistic_regression_on_one_binary_feature_has_the_odds_of_the_table() -> None:
    # 2 x 2 table 10, 20 / 30, 15: without a penalty the coefficients are log odds.
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [10, 20, 30, 15])[:, None]
    y = np.repeat([1, 0, 1, 0], [10, 20, 30, 15])
    model = LogisticRegression(C=1e12).fit(x, y)
    assert model.intercept_ == pytest.approx(math.log(10 / 20), abs=1e-9)
    assert model.coef_[0] == pytest.approx(math.log(30 / 15) - math.log(10 / 20), abs=1e-9)


def test_separable_labels_end_where_the_penalty_holds_them() -> None:
    model = LogisticRegression(C=100.0).fit([[-1.0], [-0.5], [0.5], [1.0]], [0, 0, 1, 1])
    assert model.converged_ and model.predict([[-0.1], [0.1]]).tolist() == [0, 1]


def test_descent_comes_near_the_closed_form() -> None:
    draw = stream(3, "test")
    x = draw.normal(size=(2000, 4))
    y = x @ [1.0, -2.0, 0.5, 0.0] + 3.0 + 0.1 * draw.normal(size=2000)
    model = SGDRegressor(alpha=0.0, eta0=0.05, max_iter=40).fit(x, y)
    assert [*model.coef_, model.intercept_] == pytest.approx([1.0, -2.0, 0.5, 0.0, 3.0], abs=0.02)


def test_stumps_find_a_step_exactly() -> None:
    x = np.arange(100.0)[:, None]
    y = np.where(x[:, 0] < 37.0, 2.0, 5.0)
    model = BoostedStumpsRegressor(1, learning_rate=1.0, max_bins=100, l2_regularization=0.0).fit(x, y)
    assert model.thresholds_.tolist() == [36.5] and model.predict(x) == pytest.approx(y, abs=1e-12)


def test_boosting_never_makes_the_training_loss_worse() -> None:
    data = churn(2000, 3)
    losses = [
        score("log_loss", data.y, BoostedStumpsClassifier(n).fit(data.x, data.y).predict_proba(data.x)[:, 1]) for n in (1, 5, 25, 100)
    ]
    assert losses == sorted(losses, reverse=True)


def test_nothing_to_split_gives_the_mean() -> None:
    model = BoostedStumpsRegressor(3).fit(np.ones((4, 2)), [1.0, 2.0, 3.0, 6.0])
    assert model.predict([[5.0, 5.0]]).tolist() == [3.0] and model.features_.tolist() == [-1, -1, -1]


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: model.kind)
def test_parts_are_json_and_little_endian_arrays_and_give_the_model_back(model: Estimator) -> None:
    made = fitted(model)
    parts = made.to_parts()
    said = json.loads(parts["model.json"])
    assert said["kind"] == model.kind and said["parameters"] == model.get_params() and said["features"] == made.n_features_in_
    assert all(array_of(part).dtype.str in ("<f8", "<i8") for name, part in parts.items() if name != "model.json")
    assert all(not is_array for _, is_array in contents_of(parts).values())  # bytes, as the Model Registry takes them
    data = churn(50, 6) if isinstance(model, Classifier) else deliveries(50, 6)
    again = model_from_parts(parts)
    assert type(again) is type(model) and again.to_parts() == parts == type(model).from_parts(parts).to_parts()
    assert (again.predict(data.x) == made.predict(data.x)).all()
    arrays = {name: part if name == "model.json" else array_of(part) for name, part in parts.items()}
    assert model_from_parts(arrays).to_parts() == parts


def test_every_kind_is_known_by_its_name() -> None:
    assert {type(model).kind: type(model) for model in (*REGRESSORS, *CLASSIFIERS)} == KINDS


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: model.kind)
def test_training_does_not_depend_on_how_the_rows_are_given(model: Estimator) -> None:
    data = churn(300, 5) if isinstance(model, Classifier) else deliveries(300, 5)
    kind, parameters = type(model), model.get_params()
    plain = kind(**parameters).fit(data.x, data.y).to_parts()
    big_endian = kind(**parameters).fit(np.asfortranarray(data.x).astype(">f8"), data.y.tolist()).to_parts()
    lists = kind(**parameters).fit(data.x.tolist(), data.y).to_parts()
    assert plain == big_endian == lists


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: model.kind)
def test_probabilities_are_of_both_labels(model: Estimator) -> None:
    made, data = fitted(model), churn(100, 6)
    p = made.predict_proba(data.x)
    assert p.shape == (100, 2) and p.sum(axis=1) == pytest.approx(np.ones(100), abs=1e-15)
    assert (made.predict(data.x) == (p[:, 1] > p[:, 0])).all()


def test_parameters_follow_scikit_learn() -> None:
    model = LogisticRegression(C=2.0)
    assert (
        model.get_params() == {"C": 2.0, "max_iter": 25, "tol": 1e-10}
        and repr(model) == "LogisticRegression(C=2.0, max_iter=25, tol=1e-10)"
    )
    assert model.set_params(C=3).C == 3.0
    with pytest.raises(UnknownNameError, match="unknown parameter of LogisticRegression 'c'"):
        model.set_params(c=1.0)
    assert model.C == 3.0
    for wrong in ({"C": 0.0}, {"C": math.nan}, {"C": "1"}, {"max_iter": 0}, {"max_iter": True}, {"tol": -1.0}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            LogisticRegression(**wrong)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([[1.0], [math.nan]], [0, 1], "row 1, feature 0 is nan"),
        (pl.DataFrame({"age\n": [1.0, math.inf]}), [0, 1], "row 1, feature 'age\\?' is inf"),
        ([1.0, 2.0], [0, 1], "shape"),
        (np.zeros((0, 2)), [], "at least one row"),
        ([["a"], ["b"]], [0, 1], "expected numbers"),
        ([[1.0], [2.0, 3.0]], [0, 1], "no table of numbers"),
        ([[1.0], [2.0]], [0, 1, 1], "y: shape"),
        ([[1.0], [2.0]], [0, 2], "row 1 is 2.0; expected 0 or 1"),
        ([[1.0], [2.0]], [1, 1], "expected both 0 and 1"),
        ([[1.0], [2.0]], [0, None], "y"),
        ([[1j], [2.0]], [0, 1], "complex"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_refused(x: object, y: object, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        LogisticRegression().fit(x, y)


def test_what_the_data_does_not_determine_is_refused() -> None:
    with pytest.raises(TrainingError, match="feature 1 is constant or a combination"):
        RidgeRegression(alpha=0.0).fit([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [1.0, 2.0, 3.0])
    with pytest.raises(TrainingError, match="smaller eta0"), np.errstate(all="ignore"):
        SGDRegressor(eta0=1e6).fit([[100.0], [-200.0]], [1.0, 2.0])
    with pytest.raises(TrainingError, match="beyond the range"), np.errstate(all="ignore"):
        RidgeRegression().fit([[0.0], [1.0]], [1e308, 1.7e308])


def test_a_model_is_asked_only_after_training_and_about_the_same_features() -> None:
    with pytest.raises(NotFittedError, match="LogisticRegression: not trained"):
        LogisticRegression().predict([[1.0]])
    with pytest.raises(NotFittedError):
        LogisticRegression().to_parts()
    made = fitted(LogisticRegression())
    with pytest.raises(OptionError, match="2 features; expected 7"):
        made.predict([[1.0, 2.0]])
    frame = churn(5, 1).frame().select(churn(5, 1).features)
    with pytest.raises(OptionError, match="without 'age'"):
        made.predict(frame.rename({"age": "years"}))
    with pytest.raises(OptionError, match="another order"):
        made.predict(frame.select(reversed(frame.columns)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.json": b"{}"}, "readable 'model.json'"),
        ({"model.json": b"no"}, "readable 'model.json'"),
        ({"coefficients": b"junk"}, "canonical bytes"),
        ({"coefficients": 3}, "expected bytes or an array"),
    ],
)
def test_parts_that_are_no_model_are_refused(change: dict[str, object], said: str) -> None:
    parts = fitted(LogisticRegression()).to_parts()
    with pytest.raises(OptionError, match=said):
        model_from_parts({**parts, **change})
    with pytest.raises(OptionError, match="parts without 'coefficients'"):
        model_from_parts({name: part for name, part in parts.items() if name != "coefficients"})
    with pytest.raises(OptionError, match="parts of a logistic-regression; expected a ridge-regression"):
        RidgeRegression.from_parts(parts)
    with pytest.raises(UnknownNameError, match="kind of model 'forest'"):
        model_from_parts({**parts, "model.json": parts["model.json"].replace(b"logistic-regression", b"forest")})


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: model.kind)
def test_arrays_of_another_shape_type_or_range_are_refused_and_not_read_beyond_their_end(model: Estimator) -> None:
    parts = fitted(model).to_parts()
    arrays = {name: part if name == "model.json" else array_of(part) for name, part in parts.items()}
    for name in arrays.keys() - {"model.json"}:
        whole = arrays[name]
        wrong = [whole[:-1], whole.astype("<f4"), whole.reshape(-1, 1, 1), np.append(whole.ravel(), whole.ravel()[:1])]
        if whole.dtype.kind == "f":
            wrong.append(np.full(whole.shape, np.nan))
        if name == "features":
            wrong += [whole + 100, whole - 100]
        for each in wrong:
            with pytest.raises(OptionError, match="part"):
                model_from_parts({**arrays, name: each})
    said = json.loads(parts["model.json"])
    for change in ({"features": 0}, {"features": True}, {"feature_names": ["a"]}, {"feature_names": 3}, {"parameters": []}, {"format": 2}):
        with pytest.raises(OptionError, match=r"model\.json"):
            model_from_parts({**parts, "model.json": json.dumps({**said, **change}).encode()})


def test_rows_that_cannot_be_written_give_the_same_model() -> None:
    data = deliveries(50, 1)
    assert not data.x.flags.writeable
    assert RidgeRegression().fit(data.x, data.y).to_parts() == RidgeRegression().fit(data.x.copy(), data.y.copy()).to_parts()


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: model.kind)
def test_a_model_says_what_it_takes_and_gives(model: Estimator) -> None:
    made = fitted(model)
    data = churn(5, 6) if isinstance(model, Classifier) else deliveries(5, 6)
    rows = data.frame().select(data.features)
    assert made.signature == Signature.of(rows, made.predict(rows))
    made.signature.check(rows)
    nameless = type(model)(**model.get_params()).fit(np.eye(4)[[0, 1, 2, 3, 0, 1]], [0, 1, 0, 1, 1, 0])
    assert nameless.signature == Signature.of(np.zeros((3, 4)), nameless.predict(np.zeros((3, 4))))
    assert model_from_parts(made.to_parts()).signature == made.signature
    with pytest.raises(NotFittedError):
        _ = type(model)().signature


@pytest.mark.parametrize("model", [*REGRESSORS, *CLASSIFIERS], ids=lambda model: model.kind)
def test_the_score_is_that_of_scikit_learn(model: Estimator) -> None:
    made, data = fitted(model), churn(200, 6) if isinstance(model, Classifier) else deliveries(200, 6)
    predicted = made.predict(data.x)
    squares = ((data.y - predicted) ** 2).sum() / ((data.y - data.y.mean()) ** 2).sum()
    expected = (predicted == data.y).mean() if isinstance(model, Classifier) else 1.0 - squares
    assert made.score(data.x, data.y) == pytest.approx(expected, rel=1e-12)


def test_scikit_learn_agrees_where_it_is_installed() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    labels, numbers = churn(3000, 8), deliveries(3000, 8)
    ridge = linear.Ridge(alpha=2.0).fit(numbers.x, numbers.y)
    assert RidgeRegression(2.0).fit(numbers.x, numbers.y).coef_ == pytest.approx(ridge.coef_, rel=1e-8)
    logistic = linear.LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(labels.x, labels.y)
    assert LogisticRegression(0.5).fit(labels.x, labels.y).coef_ == pytest.approx(logistic.coef_[0], rel=1e-4)
