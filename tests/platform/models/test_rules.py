"""Rules of promotion: what each says, at its bound and beside it."""

from __future__ import annotations

import pytest

from mlplat.platform.artifacts.models import ModelVersion, Rule
from mlplat.platform.artifacts.models.rules import Situation
from mlplat.platform.identity import Right

from .shops import Shop


def version(number: int, **metrics: float) -> ModelVersion:
    """A version with these metrics."""
    shop = Shop()
    for _ in range(number):
        made = shop.add(metrics=metrics)
    return made


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ("auc >= 0.5", True),
        ("auc >= 0.51", False),
        ("auc > 0.5", False),
        ("auc > 0.49", True),
        ("auc <= 0.5", True),
        ("auc <= 0.49", False),
        ("auc < 0.5", False),
        ("auc == 5e-1", True),
        ("auc == 0.25", False),
        ("f1 <= 1", False),
        ("auc not worse than @same", True),
        ("auc not worse than @better", False),
        ("auc not worse than @better by 0.25", True),
        ("auc not worse than @better by 0.2", False),
        ("auc not worse than @worse", True),
        ("auc not worse than @worse (lower is better)", False),
        ("auc not worse than @worse by 0.25 (lower is better)", True),
        ("auc not worse than @worse by 0.2 (lower is better)", False),
        ("auc not worse than @same (lower is better)", True),
        ("auc not worse than @better (lower is better)", True),
        ("auc not worse than @nobody", True),
        ("f1 not worse than @nobody", False),
        ("auc not worse than @bare", False),
        ("auc not worse than @self", True),
        ("right approve", True),
        ("right deploy", False),
        ("stage none", True),
        ("stage staging", False),
        ("signature", False),
        ("run", True),
    ],
)
def test_a_rule_holds_just_where_it_says(rule: str, passes: bool) -> None:
    mine = version(1, auc=0.5)
    aliases = {"same": version(2, auc=0.5), "better": version(2, auc=0.75), "worse": version(2, auc=0.25), "bare": version(2), "self": mine}
    verdict = Rule.parse(rule).judge(mine, Situation(aliases, frozenset({Right.APPROVE})))
    assert verdict.passed == bool(verdict) == passes, verdict
    assert str(verdict).startswith("passed: " if passes else "failed: ")


@pytest.mark.parametrize(
    "rule", ["auc >= 0.5", "loss not worse than @champion by 0.1 (lower is better)", "right approve", "stage none", "run"]
)
def test_a_rule_is_written_as_it_is_read(rule: str) -> None:
    assert str(Rule.parse(rule)) == rule and Rule.parse(str(Rule.parse(rule))) == Rule.parse(rule) == Rule.parse(Rule.parse(rule))
