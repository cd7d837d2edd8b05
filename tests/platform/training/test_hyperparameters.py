"""Plans of hyper-parameter search, and a search that is run by them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError
from mlplat.platform.training import (
    BoostedStumpsClassifier,
    LogisticRegression,
    Range,
    churn,
    grid,
    halving,
    sample,
    score,
    search,
    survivors,
)


def test_a_grid_is_every_combination_once_in_order() -> None:
    trials = grid({"b": [1, 2], "a": ["x", "y", "z"]})
    assert [trial.number for trial in trials] == [*range(6)]
    assert [tuple(trial.parameters.values()) for trial in trials] == [(a, b) for a in "xyz" for b in (1, 2)]
    with pytest.raises(OptionError, match="at most 100,000"):
        grid({"a": range(1000), "b": range(1000)})


def test_samples_lie_in_their_range_evenly_and_depend_on_the_seed_and_their_own_name() -> None:
    space = {"rate": Range(0.001, 10.0, log=True), "share": Range(-1.0, 1.0), "bins": Range(2, 9, whole=True), "kind": ["a", "b", "c"]}
    trials = sample(space, 4000, seed=1)
    assert sample(space, 50, seed=1) == trials[:50] != sample(space, 50, seed=2)
    assert [trial.parameters["share"] for trial in sample({"share": space["share"]}, 9, seed=1)] == [
        trial.parameters["share"] for trial in trials[:9]
    ]
    logs = np.log10([trial.parameters["rate"] for trial in trials])
    assert logs.min() >= -3.0 and logs.max() <= 1.0 and np.histogram(logs, 4, (-3, 1))[0] == pytest.approx([1000] * 4, abs=120)
    bins = [trial.parameters["bins"] for trial in trials]
    assert set(bins) == {*range(2, 10)} and all(isinstance(each, int) for each in bins)
    assert np.unique([trial.parameters["kind"] for trial in trials], return_counts=True)[1] == pytest.approx([1333] * 3, abs=120)


@given(st.integers(1, 500), st.integers(1, 10_000), st.integers(2, 5), st.integers(1, 50))
def test_every_rung_has_fewer_trials_and_more_iterations_and_the_last_has_all(
    trials: int, iterations: int, factor: int, fewest: int
) -> None:
    rungs = halving(trials, iterations, factor=factor, fewest=min(fewest, iterations))
    assert rungs[0].trials == trials and rungs[-1].iterations == iterations and rungs[-1].keep == 1
    assert rungs[0].iterations >= min(fewest, iterations)
    for one, following in itertools.pairwise(rungs):
        assert one.keep == following.trials < one.trials and one.iterations < following.iterations


def test_the_best_go_on_and_ties_go_to_the_lower_number() -> None:
    scores = {3: 0.5, 1: 0.5, 2: 0.9, 0: math.nan}
    assert survivors(scores, 3) == (2, 1, 3) and survivors(scores, 2, lower_is_better=True) == (1, 3)
    assert survivors(scores, 9) == (2, 1, 3, 0)


def test_successive_halving_goes_on_where_a_trial_stopped_and_finds_a_good_one() -> None:
    train, validation = churn(1500, 1).split(0.3, seed=1)
    trials = grid({"learning_rate": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3], "max_bins": [4, 16, 32]})
    fixed = {"n_estimators": 90}
    found = search("boosted-stumps-classifier", trials, halving(18, 90), train, validation, "auc", fixed=fixed)
    assert [len(rung) for rung in found.rungs] == [18, 6, 2, 1] and found.rungs[-1][found.best.number] == found.score == max(
        found.rungs[-1].values()
    )
    alone = BoostedStumpsClassifier(**fixed, **found.best.parameters).fit(train.x, train.y)
    assert found.score == score("auc", validation.y, alone.predict_proba(validation.x)[:, 1])
    whole = search("boosted-stumps-classifier", trials, halving(18, 90)[-1:], train, validation, "auc", fixed=fixed)
    assert found.score > whole.score - 0.01


def test_a_measure_that_should_be_low_is_searched_for_low_values() -> None:
    train, validation = churn(600, 1).split(0.3, seed=1)
    trials = sample({"C": Range(1e-6, 10.0, log=True)}, 8)
    (rung,) = halving(1, 25)
    found = search(LogisticRegression, trials, [rung], train, validation, "log_loss")
    assert found.score == min(found.rungs[0].values())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: grid({}),
        lambda: grid({"a": "text"}),
        lambda: grid({"a": []}),
        lambda: grid({"a": Range(0.0, 1.0)}),  # type: ignore[dict-item]
        lambda: sample({"a": 3}, 2),  # type: ignore[dict-item]
        lambda: sample({"a": [1]}, 0),
        lambda: Range(1.0, 1.0),
        lambda: Range(0.0, 1.0, log=True),
        lambda: Range(0.5, 2.0, whole=True),
        lambda: halving(0, 5),
        lambda: halving(5, 5, fewest=6),
        lambda: survivors({}, 1),
        lambda: search(lambda data, seed: b"", grid({"a": [1]}), halving(1, 1), churn(9), churn(9), "auc"),
        lambda: search(LogisticRegression, grid({"C": [1]}), [], churn(90), churn(90), "auc"),
    ],
)
def test_plans_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(MlplatError):
        wrong()
