"""Judging a step: verdicts, margins, references, and the level over a whole rollout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mlplat.errors import OptionError, UnknownNameError
from mlplat.platform.automation.cd.judging import CanaryPolicy, Found, Metric, Observations, Reference, Verdict, Versus, judge
from mlplat.platform.automation.cd.judging.spending import level_at

from .seen import requests

POLICY = CanaryPolicy()


def found(policy: CanaryPolicy, new: Observations, old: Any, step: int = 2, **options: Any) -> tuple[str, dict[str, str]]:
    judgement = judge(policy, step, new, old, **options)
    return judgement.verdict.value, {each.metric.value: each.found.value for each in judgement.findings}


def test_an_equal_version_passes_and_a_worse_one_fails_in_what_it_is_worse() -> None:
    old = requests(2000, 40, right=1800)
    assert found(POLICY, old, old) == ("pass", dict.fromkeys(["errors", "latency", "quality"], "not_worse"))
    for metric, new in (
        ("errors", requests(2000, 120, right=1800)),
        ("latency", requests(2000, 40, slow=1.2, right=1800)),
        ("quality", requests(2000, 40, right=1650)),
    ):
        verdict, findings = found(POLICY, new, old)
        assert verdict == "fail" and [name for name, each in findings.items() if each == "worse"] == [metric]


def test_constant_latencies_are_equal_at_whatever_time_they_are_measured() -> None:
    def served(at: float) -> Observations:
        came = at + np.arange(1000) * 0.3
        return Observations.of(came, latencies_s=(came + 0.04) - came)

    assert found(POLICY, served(40_000.0), served(100.0))[1]["latency"] == "not_worse"


@pytest.mark.parametrize(("mine", "theirs"), [(499, 2000), (2000, 499), (0, 0), (3, 3)])
def test_s75_too_few_requests_are_inconclusive_however_good_or_bad_they_are(mine: int, theirs: int) -> None:
    for failed in (0, mine):
        judgement = judge(POLICY, 0, requests(mine, failed), requests(theirs))
        assert judgement.verdict is Verdict.INCONCLUSIVE and not judgement and not judgement.worse


def test_500_requests_are_enough() -> None:
    assert judge(POLICY, 0, requests(500, 10), requests(9500, 190)).verdict is Verdict.PASS
    assert judge(POLICY, 0, requests(500, 30), requests(9500, 190)).verdict is Verdict.FAIL


def test_quality_is_left_out_where_labels_are_few_unless_a_margin_asks_for_it() -> None:
    new, old = requests(1000, 5), requests(1000, 5)
    assert found(POLICY, new, old)[1]["quality"] == "no_labels" and found(POLICY, new, old)[0] == "pass"
    assert found(CanaryPolicy(margin={"quality": 0.1}), new, old)[0] == "inconclusive"


def test_a_version_passes_within_a_margin_only_when_that_is_shown() -> None:
    policy = CanaryPolicy(margin={"errors": 0.01, "latency": 0.1, "quality": 0.02})
    few, many = requests(600, 12, right=540), requests(60_000, 1200, right=54_000)
    verdict, findings = found(policy, few, few)
    assert verdict == "inconclusive" and findings == {"errors": "not_shown", "latency": "not_worse", "quality": "not_shown"}
    assert found(policy, many, many) == ("pass", dict.fromkeys(findings, "not_worse"))


def test_what_is_tolerated_does_not_fail() -> None:
    old, new = requests(20_000, 400, right=18_000), requests(20_000, 600, slow=1.05, right=17_800)
    assert judge(POLICY, 1, new, old).worse == (Metric.ERRORS, Metric.LATENCY, Metric.QUALITY)
    policy = CanaryPolicy(tolerance={"errors": 0.01, "latency": 0.1, "quality": 0.02})
    assert judge(policy, 1, new, old).verdict is Verdict.PASS
    assert judge(policy, 1, requests(20_000, 800, slow=1.3, right=17_000), old).worse == tuple(Metric)


def test_a6_5_a_version_without_a_predecessor_is_judged_against_the_baseline() -> None:
    baseline = Reference(error_rate=0.02, latency_s=0.095, score=0.9)
    judgement = judge(POLICY, 0, requests(1000, 20, right=900), baseline)
    assert judgement.verdict is Verdict.PASS and judgement.versus is Versus.BASELINE
    worse = judge(POLICY, 0, requests(1000, 60, slow=1.3, right=800), baseline)
    assert worse.verdict is Verdict.FAIL and worse.worse == tuple(Metric)
    assert judge(POLICY, 0, requests(499), baseline).verdict is Verdict.INCONCLUSIVE
    margin = CanaryPolicy(margin={"errors": 0.01, "latency": 0.2, "quality": 0.02})
    assert found(margin, requests(600, 12, right=540), baseline)[1]["errors"] == "not_shown"
    assert found(margin, requests(60_000, 1200, right=54_000), baseline)[0] == "pass"


def test_what_has_nothing_to_be_compared_with_does_not_pass_by_that() -> None:
    nothing = Reference()
    assert found(POLICY, requests(1000), nothing) == ("inconclusive", dict.fromkeys(["errors", "latency", "quality"], "no_reference"))
    assert found(POLICY, requests(1000, 5), Reference(error_rate=0.01))[0] == "pass"


def test_early_looks_only_fail() -> None:
    policy, old = CanaryPolicy(looks=4), requests(2000, 40)
    assert judge(policy, 0, old, old, look=1).verdict is Verdict.INCONCLUSIVE
    assert judge(policy, 0, requests(2000, 300), old, look=1).verdict is Verdict.FAIL
    assert judge(policy, 0, old, old, look=4).verdict is Verdict.PASS


@pytest.mark.parametrize(("steps", "metrics", "looks"), [(4, 3, 1), (1, 1, 5), (10, 2, 7)])
def test_levels_of_all_tests_of_a_rollout_add_up_to_alpha(steps: int, metrics: int, looks: int) -> None:
    levels = [level_at(0.05, steps, metrics, looks, look) for look in range(1, looks + 1)]
    assert math.isclose(sum(levels) * steps * metrics, 0.05) and levels == sorted(levels)


def test_a_judgement_can_be_read_and_told() -> None:
    judgement = judge(POLICY, 0, requests(1000, 80), requests(1000, 20))
    assert str(judgement).startswith("step 1 (5 %): fail\n  errors: worse (0.08 against 0.02, 1,000 requests against 1,000, p ")
    assert "<li>" in judgement._repr_html_()
    said = judgement.to_dict()
    nothing = {"new": None, "old": None, "n": 0, "of_old": 0, "p": 1.0, "level": 0.05 / 12, "p_margin": None}
    assert said["verdict"] == "fail" and said["findings"][2] == {"metric": "quality", "found": "no_labels", **nothing}
    assert Found.WORSE in {each.found for each in judgement.findings}


@pytest.mark.parametrize(
    "options",
    [
        {"steps": ()},
        {"steps": (0.5, 0.25, 1.0)},
        {"steps": (0.5,)},
        {"steps": "all"},
        {"steps": (0.0, 1.0)},
        {"steps": (True,)},
        {"requests": 0},
        {"requests": True},
        {"labels": 1},
        {"looks": 0},
        {"alpha": 0},
        {"alpha": math.nan},
        {"quantile": 1.0},
        {"error_rate": -0.1},
        {"bake": "1h", "deadline": "10m"},
        {"bake": -1},
        {"metrics": ()},
        {"metrics": ("errors", "errors")},
        {"metrics": "errors"},
        {"tolerance": {"errors": -1}},
        {"tolerance": {"errors": 1}},
        {"tolerance": [1]},
        {"margin": {"errors": "x"}},
        {"margin": {"errors": 0.01}, "tolerance": {"errors": 0.01}},
        {"margin": {"quality": 0.01}, "metrics": ("errors",)},
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"expected|among|not a duration"):
        CanaryPolicy(**options)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="latency"):
        CanaryPolicy(metrics=("latencies",))
    with pytest.raises(UnknownNameError, match="steps"):
        CanaryPolicy.from_dict({"stops": [1.0]})


def test_a_policy_is_told_as_plain_values_and_read_back() -> None:
    policy = CanaryPolicy(steps=(0.1, 1), bake="5m", margin={"latency": 0.1}, looks=3)
    assert CanaryPolicy.from_dict(policy.to_dict()) == policy


@pytest.mark.parametrize("wrong", [{"failed": [True]}, {"latencies_s": [[1.0], [2.0]]}, {"times_s": [math.nan, 1.0]}])
def test_observations_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="expected"):
        Observations.of(**{"times_s": [0.0, 1.0], **wrong})
