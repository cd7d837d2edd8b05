"""Tables to train on and what is generated: drift is of the size that was asked for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.training import LogisticRegression, RidgeRegression, TrainingData, churn, deliveries, score
from mlplat.platform.training.generators import CHURN_FEATURES, DELIVERY_FEATURES


def test_a_table_comes_from_a_frame_and_goes_back_to_one() -> None:
    frame = pl.DataFrame({"age": [30, 41], "left": [True, False], "calls": [1.5, 2.0]})
    data = TrainingData.from_frame(frame, "left")
    assert data.features == ("age", "calls") and data.x.tolist() == [[30.0, 1.5], [41.0, 2.0]] and data.y.tolist() == [1.0, 0.0]
    assert TrainingData.from_frame(data.frame(), "left").digest == data.digest
    assert TrainingData.from_frame(frame, "left", ["calls"]).features == ("calls",)
    with pytest.raises(UnknownNameError, match="column 'lefd'; did you mean 'left'"):
        TrainingData.from_frame(frame, "lefd")
    with pytest.raises(OptionError, match="all different"):
        TrainingData.of([[1.0, 2.0]], [1.0], features=["a", "a"])


def test_a_table_cannot_be_changed_and_its_digest_is_of_names_and_numbers() -> None:
    x = np.ones((2, 1))
    data = TrainingData.of(x, [0.0, 1.0])
    x[0, 0] = 5.0
    assert data.x[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        data.y[0] = 3.0
    others = [TrainingData.of(x, [0.0, 1.0]), TrainingData.of([[1.0], [1.0]], [0.0, 1.0], target="t"), data.take([1, 0])]
    assert len({data.digest, *(other.digest for other in others)}) == 4
    assert TrainingData.of([[1], [1]], [False, True]).digest == data.digest


def test_a_split_has_every_row_once_and_is_drawn_by_the_seed() -> None:
    data = TrainingData.of([[float(i)] for i in range(101)], range(101))
    train, test = data.split(0.25, seed=3)
    assert (train.rows, test.rows) == (76, 25) and sorted([*train.y, *test.y]) == list(range(101))
    assert (np.diff(test.y) > 0).all() and (train.x[:, 0] == train.y).all()
    assert data.split(0.25, seed=3)[1].digest == test.digest != data.split(0.25, seed=4)[1].digest
    with pytest.raises(OptionError, match="at least one"):
        data.split(0.001)


@pytest.mark.parametrize(("generate", "names"), [(churn, CHURN_FEATURES), (deliveries, DELIVERY_FEATURES)])
def test_generated_rows_depend_on_the_seed_and_not_on_how_many_there_are(generate: type, names: tuple[str, ...]) -> None:
    data = generate(500, 3)
    assert data.features == names and data.x.shape == (500, len(names)) and np.isfinite(data.x).all()
    assert generate(500, 3).digest == data.digest != generate(500, 4).digest
    assert generate(700, 3).take(np.arange(500)).digest == data.digest
    for wrong in ({"rows": 0}, {"rows": 5, "relation": -1.0}, {"rows": 5, "shift": float("nan")}):
        with pytest.raises(OptionError):
            generate(**wrong)


def test_a_shift_is_so_many_standard_deviations_of_one_feature_and_touches_no_other() -> None:
    before, after = churn(40_000, 1), churn(40_000, 1, shift=0.5)
    moved = (after.x.mean(axis=0) - before.x.mean(axis=0)) / before.x.std(axis=0)
    assert moved == pytest.approx([0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0], abs=0.01)
    before, after = deliveries(40_000, 1), deliveries(40_000, 1, shift=-1.0)
    assert (after.x.mean(axis=0) - before.x.mean(axis=0)) / before.x.std(axis=0) == pytest.approx([-1.0, 0, 0, 0, 0, 0], abs=0.01)


def test_a_changed_relation_leaves_the_inputs_and_spoils_the_model_until_it_is_trained_anew() -> None:
    old = churn(8000, 1)
    model = LogisticRegression().fit(old.x, old.y)
    aucs = []
    for relation in (0.0, 0.25, 0.5, 1.0):
        drifted = churn(8000, 2, relation=relation)
        assert (drifted.x == churn(8000, 2).x).all()
        aucs.append(score("auc", drifted.y, model.predict_proba(drifted.x)[:, 1]))
    assert aucs == sorted(aucs, reverse=True) and aucs[0] > 0.82 and aucs[2] < 0.7
    anew = LogisticRegression().fit(drifted.x, drifted.y)
    assert score("auc", drifted.y, anew.predict_proba(drifted.x)[:, 1]) > 0.8
    ways = deliveries(4000, 1)
    slow = deliveries(4000, 2, relation=0.5)
    assert score("rmse", slow.y, RidgeRegression().fit(ways.x, ways.y).predict(slow.x)) > 10.0


def test_generated_labels_are_what_their_probability_says() -> None:
    data = churn(20_000, 5)
    assert 0.3 < data.y.mean() < 0.37
    p = LogisticRegression().fit(data.x, data.y).predict_proba(data.x)[:, 1]
    for low in np.arange(0.0, 0.9, 0.1):
        rows = (p >= low) & (p < low + 0.1)
        assert data.y[rows].mean() == pytest.approx(p[rows].mean(), abs=4.0 * (0.25 / rows.sum()) ** 0.5)
