"""Decisions about windows: false alarms, power, floors and corrections (S-79, S-80, S-81, A-7.1 to A-7.3)."""

from __future__ import annotations

import html

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from benchmarks.drift_frames import KINDS, heavy, normal
from mlplat.errors import OptionError
from mlplat.platform.automation.monitoring.drift import (
    PSI,
    ChiSquare,
    ClassifierTwoSample,
    DriftRule,
    DriftTest,
    FindingKind,
    KolmogorovSmirnov,
    MaximumMeanDiscrepancy,
    NumericTest,
    Outcome,
    Reason,
    Reference,
    Wasserstein,
    decide,
    naive_rules,
)
from mlplat.streams import stream


@pytest.mark.parametrize("kind", KINDS)
def test_a7_1_and_s80_false_alarms_are_within_the_bound(kind: str) -> None:
    random, windows = stream(0, f"test/{kind}"), 60
    alarms = sum(
        decide(Reference.of(KINDS[kind](random, 2_000)), KINDS[kind](random, 500)).outcome is Outcome.DRIFT for _ in range(windows)
    )
    assert alarms <= binom.ppf(0.99, windows, 0.01)


@pytest.mark.parametrize(
    "test", [KolmogorovSmirnov(), PSI(), Wasserstein(), MaximumMeanDiscrepancy(), ClassifierTwoSample()], ids=lambda t: t.name
)
def test_each_test_alone_keeps_its_level_without_a_floor(test: DriftTest) -> None:
    test.floor = 0.0
    rule, random, windows = DriftRule(0.05, psi_floor=0.0, tests=(test,)), stream(0, f"test/{test.name}"), 40
    alarms = sum(decide(Reference.of(normal(random, 1_000)), normal(random, 500), rule).outcome is Outcome.DRIFT for _ in range(windows))
    assert alarms <= binom.ppf(0.99, windows, 0.05)


def test_a7_2_and_s81_half_a_standard_deviation_in_one_of_20_features_is_found() -> None:
    found = 0
    for seed in range(60):
        random = stream(seed, "test/power")
        verdict = decide(Reference.of(normal(random, 5_000)), normal(random, 500, 0.5))
        found += verdict.columns == ("f0",)
    assert found >= 57


def test_a7_3_and_s79_a_tiny_shift_of_a_million_rows_is_significant_and_no_alarm() -> None:
    random = stream(0, "test")
    reference = Reference.of({"x": random.normal(size=1_000_000)})
    verdict = decide(reference, {"x": random.normal(0.01, 1, 1_000_000)})
    assert verdict.outcome is Outcome.STEADY
    (finding,) = verdict.findings
    assert finding.adjusted < 1e-6 and finding.effect < 0.01


def test_s79_below_the_minimum_a_window_is_insufficient_however_far_it_has_drifted() -> None:
    random = stream(0, "test")
    reference = Reference.of(normal(random, 5_000))
    verdict = decide(reference, normal(random, 499, 5.0))
    assert (verdict.outcome, verdict.reason, verdict.alarms) == (Outcome.INSUFFICIENT, Reason.WINDOW_TOO_SHORT, ())
    assert str(verdict) == "insufficient: window_too_short (499 rows; expected at least 500)"
    assert decide(reference, normal(random, 500, 5.0)).outcome is Outcome.DRIFT
    assert decide(reference, normal(random, 499, 5.0), DriftRule(minimum=499)).outcome is Outcome.DRIFT


def test_the_reference_counts_as_a_sample_too() -> None:
    """Against 150 rows of reference the same window says less than against 15,000."""
    window = {"x": stream(1, "test").normal(0.3, 1, 500)}
    small, large = (decide(Reference.of({"x": stream(0, "test").normal(size=rows)}), window) for rows in (150, 15_000))
    assert small.findings[0].p > 100 * large.findings[0].p
    few = decide(Reference.of({"x": stream(0, "test").normal(size=99)}), window)
    assert (few.outcome, few.reason) == (Outcome.INSUFFICIENT, Reason.REFERENCE_TOO_SMALL)


def test_p_values_are_corrected_over_all_tests_of_the_window() -> None:
    random = stream(3, "test")
    reference, window = Reference.of(normal(random, 5_000)), normal(random, 500, 0.26)
    among = next(each for each in decide(reference, window).findings if each.column == "f0")
    assert among.adjusted == pytest.approx(20 * among.p)


def test_an_effect_over_the_floor_that_is_not_significant_is_no_alarm() -> None:
    """A PSI over 0.1 at 50 rows is what is to be expected."""
    random = stream(0, "test")
    reference = Reference.of({"x": random.normal(size=5_000)})
    window = {"x": random.normal(size=50)}
    verdict = decide(reference, window, DriftRule(minimum=50))
    assert verdict.findings[0].psi > 0.1 and verdict.outcome is Outcome.STEADY
    assert naive_rules(reference, window).psi == ("x",)


def test_naive_rules_alarm_without_drift() -> None:
    random, windows = stream(0, "test/naive"), 40
    reference = Reference.of(normal(random, 5_000))
    psi = sum(len(naive_rules(reference, normal(random, 50)).psi) for _ in range(windows)) / (20 * windows)
    ks = sum(bool(naive_rules(reference, normal(random, 500)).ks) for _ in range(windows)) / windows
    assert 0.8 < psi < 0.95 and 0.4 < ks < 0.85


def test_a_change_of_scale_is_found_where_the_mean_stays() -> None:
    random = stream(0, "test")
    verdict = decide(Reference.of({"x": random.normal(size=5_000)}), {"x": random.normal(0, 2, 500)})
    assert verdict.columns == ("x",)


def test_only_the_joint_tests_see_that_columns_no_longer_go_together() -> None:
    random = stream(0, "test")
    x = random.normal(size=4_000)
    reference = Reference.of({"x": x, "y": x + 0.1 * random.normal(size=4_000)})
    window = {"x": random.normal(size=500), "y": random.normal(size=500)}
    assert decide(reference, window).outcome is Outcome.STEADY
    verdict = decide(reference, window, DriftRule(tests=(KolmogorovSmirnov(), MaximumMeanDiscrepancy())))
    assert verdict.columns == ("",) and str(verdict).startswith("drift: 500 rows; all columns: distribution (mmd")


def test_a_test_of_ones_own_is_a_subclass_with_one_method() -> None:
    class Mean(NumericTest):
        name, floor = "mean", 0.2

        def measure(self, reference: object, window: np.ndarray) -> tuple[float, float, float]:
            shift = abs(float(window.mean()))
            return shift, 0.0 if shift > 0.2 else 1.0, shift

    random = stream(0, "test")
    reference = Reference.of(normal(random, 2_000))
    assert decide(reference, normal(random, 500, 0.5), DriftRule(tests=(Mean(),))).columns == ("f0",)


def test_the_same_seed_gives_the_same_verdict_and_another_order_of_columns_the_same_evidence() -> None:
    random = stream(0, "test")
    before, after = heavy(random, 1_000), heavy(random, 500)
    rule = DriftRule(tests=(Wasserstein(seed=3), MaximumMeanDiscrepancy(seed=3), ClassifierTwoSample(seed=3), ChiSquare()))
    first, again = (decide(Reference.of(before), after, rule) for _ in range(2))
    assert first == again
    turned = decide(Reference.of(dict(reversed(before.items()))), after, DriftRule())
    straight = decide(Reference.of(before), after, DriftRule())
    assert sorted(turned.findings, key=str) == sorted(straight.findings, key=str)


def test_a_verdict_shows_names_of_columns_escaped() -> None:
    random = stream(0, "test")
    name = "<b>\x1b[31m"
    verdict = decide(Reference.of({name: random.normal(size=500)}), {name: random.normal(2, 1, 500)})
    assert name not in verdict._repr_html_() and html.escape("<b>") in verdict._repr_html_() and "\x1b" not in str(verdict)
    assert verdict.worst is not None and verdict.worst.kind is FindingKind.DISTRIBUTION


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"minimum": 0}, {"psi_floor": -1.0}, {"share_floor": float("nan")}, {"tests": ("ks",)}]
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        DriftRule(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [3, [1, 2], {"x": [1], "y": [1, 2]}, {"x": np.zeros((2, 2))}, {"x": 3}, {3: [1.0]}])
def test_what_is_no_frame_is_refused(wrong: object) -> None:
    with pytest.raises(OptionError, match="expected"):
        decide(Reference.of({"x": [1.0] * 500}), wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="expected"):
        Reference.of(wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="at least 2"):
        Reference.of(pl.DataFrame(), bins=1)
