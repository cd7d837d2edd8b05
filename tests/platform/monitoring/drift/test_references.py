"""References from frames and from baselines in the Metadata Store; those with bins only decide as those with values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import mlplat as mp
from benchmarks.drift_frames import names, normal
from mlplat.platform.artifacts.metadata import Baseline
from mlplat.platform.automation.monitoring.drift import (
    DriftRule,
    KolmogorovSmirnov,
    MaximumMeanDiscrepancy,
    Outcome,
    Reason,
    Reference,
    Wasserstein,
    decide,
)
from mlplat.platform.automation.monitoring.drift.reference_columns import CategoricalColumn, NumericColumn
from mlplat.streams import stream


def binned(values: np.ndarray, bins: int = 50) -> dict[str, object]:
    counts, edges = np.histogram(values, bins)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def baseline(features: dict[str, object], predictions: dict[str, object] | None = None) -> Baseline:
    """By way of the Metadata Store, as a component gets it."""
    platform = mp.Platform()
    admin = platform.admin
    platform.identity.create_project("shop", owner=admin, actor=admin)
    platform.metadata.record_baseline("shop/churn@1", features=features, predictions=predictions or {}, actor=admin)
    return platform.metadata.baseline("shop/churn@1", actor=admin)


def test_a_baseline_with_only_bins_raises_no_false_alarm_and_finds_a_shift() -> None:
    random = stream(0, "test")
    before = normal(random, 5_000)
    reference = Reference.of_baseline(baseline({name: binned(before[name]) for name in names()}))
    assert reference.rows == 5_000 and str(reference) == "5,000 rows, 20 columns"
    outcomes = [decide(reference, normal(random, 500)).outcome for _ in range(30)]
    assert outcomes.count(Outcome.DRIFT) <= 2
    found = [decide(reference, normal(random, 500, 0.5)).columns for _ in range(20)]
    assert found.count(("f0",)) >= 19


def test_the_distance_of_bins_is_that_of_the_values_at_their_edges() -> None:
    random = stream(0, "test")
    values, window = random.normal(size=3_000), np.sort(random.normal(0.3, 1, 700))
    fine = Reference.of_baseline(baseline({"x": binned(values, 2_000)})).columns["x"]
    exact = Reference.of({"x": values}).columns["x"]
    test = KolmogorovSmirnov()
    assert test.compare(fine, window).statistic == pytest.approx(test.compare(exact, window).statistic, abs=0.003)
    assert test.compare(fine, window).statistic <= test.compare(exact, window).statistic + 1e-12


def test_about_ten_cells_of_equal_size_are_made_of_the_bins_and_beyond_them_there_is_nothing() -> None:
    values = stream(0, "test").normal(size=10_000)
    column = Reference.of_baseline(baseline({"x": binned(values, 400)})).columns["x"]
    assert isinstance(column, NumericColumn) and column.values is None
    assert column.cells[0] == column.cells[-1] == 0 and len(column.cells) == 12
    assert column.cells[1:-1].min() > 900 and column.cells.sum() == 10_000
    assert decide(Reference.of_baseline(baseline({"x": binned(values)})), {"x": np.full(500, 99.0)}).outcome is Outcome.DRIFT


def test_the_last_bin_holds_its_upper_edge() -> None:
    reference = Reference.of_baseline(baseline({"x": {"edges": [0, 1, 2], "counts": [500, 500]}}))
    assert decide(reference, {"x": [0.0, 2.0] * 300}).outcome is Outcome.STEADY
    assert decide(reference, {"x": [0.0, 2.1] * 300}).outcome is Outcome.DRIFT


def test_predictions_stand_beside_the_features_by_names_of_their_own() -> None:
    parts = {"score": binned(stream(0, "test").random(2_000))}
    reference = Reference.of_baseline(baseline({"score": {"categories": {"a": 30, "b": 70}}}, parts))
    assert list(reference.columns) == ["score", "prediction:score"]
    assert isinstance(reference.columns["score"], CategoricalColumn)


def test_missing_values_of_a_baseline_count() -> None:
    share = Reference.of_baseline(baseline({"x": {"edges": [0, 1], "counts": [900], "missing": 0.1}})).columns["x"]
    said = Reference.of_baseline(baseline({"x": {"edges": [0, 1], "counts": [900], "rows": 1_000}})).columns["x"]
    assert (share.present, share.missing) == (said.present, said.missing) == (900, 100)
    all_of_it = Reference.of_baseline(baseline({"x": {"edges": [0, 1], "counts": [0], "missing": 1.0}}))
    assert decide(all_of_it, {"x": [0.5] * 500}).reason is Reason.REFERENCE_TOO_SMALL


def test_what_a_baseline_does_not_hold_is_left_out_and_said() -> None:
    reference = Reference.of_baseline(baseline({"m": {"mean": 1.0}, "n": {"edges": [1], "counts": []}, "x": binned(np.arange(500.0))}))
    assert reference.left_out == ("m", "n")
    verdict = decide(
        reference,
        {"x": np.arange(500.0), "m": np.arange(500.0), "n": np.arange(500.0)},
        DriftRule(tests=(KolmogorovSmirnov(), Wasserstein(), MaximumMeanDiscrepancy())),
    )
    assert verdict.outcome is Outcome.STEADY
    assert [each.reason for each in verdict.findings] == [None, Reason.NEEDS_VALUES, Reason.NEEDS_VALUES]


def test_shares_instead_of_counts_are_no_sample() -> None:
    reference = Reference.of_baseline(baseline({"x": {"edges": [0, 1, 2], "counts": [0.5, 0.5]}}))
    assert decide(reference, {"x": [0.5] * 500}).reason is Reason.REFERENCE_TOO_SMALL


def test_a_reference_keeps_a_copy() -> None:
    values = stream(0, "test").normal(size=1_000)
    reference = Reference.of({"x": values})
    window = values[:500].copy()
    values += 100
    assert decide(reference, {"x": window}).outcome is Outcome.STEADY


def test_polars_and_arrays_are_alike() -> None:
    random = stream(0, "test")
    before, after = random.normal(size=2_000), random.normal(0.5, 1, 500)
    arrays = decide(Reference.of({"x": before}), {"x": after})
    frames = decide(Reference.of(pl.DataFrame({"x": before})), pl.DataFrame({"x": after}))
    assert arrays == frames


def test_rows_of_a_joint_sample_are_drawn_and_not_every_other_one() -> None:
    """Every second row of a rhythm would be one half of it."""
    reference = Reference.of({"x": [0.0, 1.0] * 3_000})
    assert reference.joint is not None
    assert 0.4 < np.mean(reference.joint.rows == reference.joint.rows.max()) < 0.6
