"""What the judging of a canary answers: a verdict of a step, and what was found in each metric."""

from __future__ import annotations

import html
import math
from enum import StrEnum
from typing import Any, NamedTuple

from .policy import Metric


class Verdict(StrEnum):
    """Of one step."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Found(StrEnum):
    """What a metric says of a version."""

    NOT_WORSE = "not_worse"
    WORSE = "worse"
    NOT_SHOWN = "not_shown"
    """It is not significantly worse, and not shown to be within its margin."""
    TOO_FEW = "too_few"
    """There are too few requests for a judgement."""
    NO_LABELS = "no_labels"
    """Too few labels are known; the metric is left out."""
    NO_REFERENCE = "no_reference"
    """There is nothing to compare with; the metric is left out."""


class Versus(StrEnum):
    """What a version was compared with."""

    SAME_PERIOD = "same_period"
    STEP_BEFORE = "step_before"
    """The old version in the step before, since it gets no requests any more."""
    BASELINE = "baseline"
    """The baseline of its model, since there is no old version."""


class Finding(NamedTuple):
    """One metric. `new`, `old`: rates, seconds or mean scores; NaN where not known. `n`, `of_old`: requests behind them. `p`: of "not
    worse"; `level`: below which it counts. `p_margin`: of "worse by the margin"; NaN where none is set."""

    metric: Metric
    found: Found
    new: float = math.nan
    old: float = math.nan
    n: int = 0
    of_old: int = 0
    p: float = 1.0
    level: float = 0.0
    p_margin: float = math.nan

    def __str__(self) -> str:
        counts = f"{self.n:,} requests" + (f" against {self.of_old:,}" if self.of_old else "")
        return f"{self.metric.value}: {self.found.value} ({_amount(self.new)} against {_amount(self.old)}, {counts}, p {self.p:.2g})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON can say it."""
        numbers = {name: _plain(getattr(self, name)) for name in ("new", "old", "p", "level", "p_margin")}
        return {"metric": self.metric.value, "found": self.found.value, "n": self.n, "of_old": self.of_old, **numbers}


class Judgement(NamedTuple):
    """A look at a step. `share`: of the traffic. `requests`: of the new version in it. `enough`: whether there were enough requests to
    test anything."""

    verdict: Verdict
    step: int
    share: float
    requests: int
    versus: Versus
    findings: tuple[Finding, ...]
    look: int = 1
    enough: bool = True

    @property
    def worse(self) -> tuple[Metric, ...]:
        """The metrics in which the version is worse."""
        return tuple(each.metric for each in self.findings if each.found is Found.WORSE)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        head = f"step {self.step + 1} ({100 * self.share:g} %): {self.verdict.value}"
        return "\n".join([head, *(f"  {each}" for each in self.findings)])

    def _repr_html_(self) -> str:
        first, *rest = str(self).split("\n")
        return f"<p>{html.escape(first)}</p><ul>{''.join(f'<li>{html.escape(line)}</li>' for line in rest)}</ul>"

    def to_dict(self) -> dict[str, Any]:
        """As JSON can say it; the data of `canary.judged`."""
        return {
            "verdict": self.verdict.value,
            "step": self.step,
            "share": self.share,
            "requests": self.requests,
            "versus": self.versus.value,
            "look": self.look,
            "findings": [each.to_dict() for each in self.findings],
        }


def _amount(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:.4g}"


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
