"""A-7.4: whatever is in the columns, there is a defined result and never a crash."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.platform.automation.monitoring.drift import (
    PSI,
    ChiSquare,
    ClassifierTwoSample,
    DriftRule,
    FindingKind,
    KolmogorovSmirnov,
    MaximumMeanDiscrepancy,
    Outcome,
    Reason,
    Reference,
    Wasserstein,
    WindowVerdict,
    decide,
)
from mlplat.streams import stream

EVERY = (
    KolmogorovSmirnov(),
    PSI(),
    ChiSquare(),
    Wasserstein(permutations=50),
    MaximumMeanDiscrepancy(permutations=50, most_rows=100),
    ClassifierTwoSample(),
)
RANDOM = stream(0, "test/odd")
NORMAL = RANDOM.normal(size=2_000)


def verdict(before: object, after: object, **options: object) -> WindowVerdict:
    return decide(Reference.of({"x": before}), {"x": after}, DriftRule(**options))  # type: ignore[arg-type]


def test_a7_4_a_constant_that_stays_is_steady_and_one_that_changes_is_drift() -> None:
    assert verdict([3.0] * 1_000, [3.0] * 500, tests=EVERY).outcome is Outcome.STEADY
    for other in (2.0, 4.0, np.nextafter(3.0, 4)):
        found = verdict([3.0] * 1_000, [other] * 500, tests=(KolmogorovSmirnov(), PSI(), Wasserstein(permutations=999)))
        assert [each.test for each in found.alarms] == ["ks", "psi", "wasserstein"], other
    assert verdict(NORMAL, [0.0] * 500).outcome is Outcome.DRIFT


def test_a7_4_ties_are_no_alarm() -> None:
    assert verdict(np.round(NORMAL), np.round(RANDOM.normal(size=500)), tests=EVERY).outcome is Outcome.STEADY
    assert verdict([0.0, 1.0] * 1_000, [0.0, 1.0] * 250, tests=EVERY).outcome is Outcome.STEADY


def test_a7_4_missing_values_are_tested_by_their_share() -> None:
    def holed(values: np.ndarray, share: float) -> np.ndarray:
        return np.where(np.arange(len(values)) % 1_000 < 1_000 * share, np.nan, values)

    window = RANDOM.normal(size=1_000)
    assert verdict(holed(NORMAL, 0.2), holed(window, 0.2)).outcome is Outcome.STEADY
    (alarm,) = verdict(holed(NORMAL, 0.2), holed(window, 0.4)).alarms
    assert (alarm.kind, alarm.effect) == (FindingKind.MISSING, pytest.approx(0.2))
    assert verdict(NORMAL, holed(window, 0.01)).outcome is Outcome.STEADY, "too little to matter"
    assert verdict(NORMAL, np.full(500, np.nan)).alarms[0].kind is FindingKind.MISSING
    assert verdict(NORMAL, [None] * 500).alarms[0].kind is FindingKind.MISSING
    assert verdict(np.full(500, np.nan), np.full(500, np.nan)).outcome is Outcome.STEADY
    assert verdict(NORMAL, np.where(np.arange(500) % 2, np.inf, NORMAL[:500])).alarms[0].kind is FindingKind.MISSING


def test_a7_4_a_new_category_is_an_alarm_where_it_is_frequent() -> None:
    before = ["fr", "de"] * 1_000
    (alarm,) = [each for each in verdict(before, ["fr", "de"] * 230 + ["it"] * 40).alarms if each.kind is FindingKind.NEW_CATEGORY]
    assert alarm.detail == ("it",) and alarm.effect == 0.08
    assert verdict(before, ["fr", "de"] * 249 + ["it"] * 2).outcome is Outcome.STEADY
    every = verdict(before, [f"n{i}" for i in range(500)])
    assert every.outcome is Outcome.DRIFT


def test_identifiers_that_are_new_in_every_window_are_no_alarm() -> None:
    assert verdict([f"a{i}" for i in range(2_000)], [f"b{i}" for i in range(500)]).outcome is Outcome.STEADY


def test_breaks_of_the_schema_are_alarms_as_they_are() -> None:
    reference = Reference.of({"x": NORMAL, "c": ["a", "b"] * 1_000, "t": [datetime.date(2026, 1, 1)] * 2_000})
    good = {"x": NORMAL[:500], "c": ["a", "b"] * 250}
    assert reference.left_out == ("t",)
    assert decide(reference, good).outcome is Outcome.STEADY
    assert decide(reference, {**good, "t": [datetime.date(2026, 1, 2)] * 500}).outcome is Outcome.STEADY

    def reasons(window: dict[str, object]) -> dict[str, Reason | None]:
        found = decide(reference, window)
        assert found.outcome is Outcome.DRIFT
        return {each.column: each.reason for each in found.alarms}

    assert reasons({"x": good["x"]}) == {"c": Reason.COLUMN_ABSENT}
    assert reasons({**good, "y": good["x"]}) == {"y": Reason.COLUMN_UNKNOWN}
    assert reasons({**good, "x": ["text"] * 500}) == {"x": Reason.KIND_CHANGED}
    assert reasons({**good, "x": [[1]] * 500}) == {"x": Reason.KIND_CHANGED}
    short = decide(reference, {"x": [1.0]})
    assert short.outcome is Outcome.INSUFFICIENT and short.alarms[0].reason is Reason.COLUMN_ABSENT


def test_codes_that_are_numbers_can_be_categories() -> None:
    reference = Reference.of({"c": [1, 2, 3] * 500}, kinds={"c": "categorical"})
    assert decide(reference, {"c": [1.0, 2.0, 3.0] * 200}).outcome is Outcome.STEADY
    assert decide(reference, {"c": [1, 2] * 300}).outcome is Outcome.DRIFT
    assert decide(Reference.of({"c": [True, False] * 500}), {"c": pl.Series([True, False] * 300)}).outcome is Outcome.STEADY


def test_empty_frames_and_single_rows_are_insufficient() -> None:
    for after in ({}, {"x": []}, {"x": [1.0]}):
        assert decide(Reference.of({"x": NORMAL}), after).outcome is Outcome.INSUFFICIENT
    for before in ({}, {"x": []}, {"x": [1.0]}):
        assert decide(Reference.of(before), {"x": NORMAL}).reason is Reason.REFERENCE_TOO_SMALL
    assert decide(Reference.of({"x": NORMAL}), {"x": [1.0]}, DriftRule(minimum=1, tests=EVERY)).outcome is Outcome.STEADY


NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-2, 2), st.sampled_from([1e308, -1e308, 5e-324, 0.0, -0.0]))
VALUES = st.one_of(
    st.lists(NUMBERS, min_size=1, max_size=30),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=30),
    st.lists(st.booleans(), min_size=1, max_size=30),
)


@given(VALUES, VALUES)
def test_a7_4_nothing_in_a_column_raises_and_every_figure_is_a_number(before: list[object], after: list[object]) -> None:
    size = 100 // len(before) + 1
    found = decide(Reference.of({"x": before * size}), {"x": after}, DriftRule(minimum=1, tests=EVERY))
    for each in found.findings:
        assert 0.0 <= each.p <= 1.0 and each.p <= each.adjusted <= 1.0
        assert not np.isnan((each.statistic, each.effect, each.psi)).any()
    for test in EVERY[:4]:
        for column in Reference.of({"x": before}).columns.values():
            if column.kind is test.kind:
                data = np.sort([1.0]) if test.kind == "numeric" else {"a": 1}
                assert 0.0 <= test.compare(column, data).p <= 1.0
                assert test.compare(column, np.empty(0) if test.kind == "numeric" else {}).p == 1.0
