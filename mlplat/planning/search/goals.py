"""What a cluster shall keep to, and what the replications of a choice say about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..statistics.means import one_sided
from .space import Counts

Values = Mapping[str, float | None]
"""The figures of one run, by name."""

Status = Literal["met", "missed", "undecided"]

FALL_WITH_NODES = (
    "wait",
    "slowdown",
    "jct",
    "latency",
    "utilization",
    "unfinished",
    "rejected",
    "lost",
    "preemptions",
    "reclaimed",
    "restarts",
)
"""What becomes less with more nodes, by a part of its name. An upper bound on these asks for more nodes, a lower bound for fewer."""

RISE_WITH_NODES = ("cost", "energy", "co2", "node_hours", "goodput", "completed", "jobs", "availability", "held", "requests")
"""What becomes more with more nodes, likewise."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a figure: `relation` is `<=` or `>=`. `figure`: the name of the figure, `name` that of the objective.

    >>> Goal("p95_wait", "<=", 600.0).fewer_helps, Goal("gpu_utilization", ">=", 0.7).fewer_helps
    (False, True)
    """

    name: str
    relation: str
    bound: float
    unit: str = ""
    figure: str = ""

    @property
    def of(self) -> str:
        """The name of the figure that is bounded."""
        return self.figure or self.name

    @property
    def fewer_helps(self) -> bool:
        """Whether it asks for fewer nodes, and not for more."""
        words = self.of.rpartition(".")[2]
        if any(part in words for part in FALL_WITH_NODES):
            return self.relation == ">="
        if any(part in words for part in RISE_WITH_NODES):
            return self.relation == "<="
        return False

    def margin(self, value: float) -> float:
        """How far the value is on the right side of the bound, as a part of the bound (of 1 where that is 0); below 0 on the wrong side."""
        over = value - self.bound if self.relation == "<=" else self.bound - value
        return 0.0 - over / (abs(self.bound) or 1.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What replications say about a goal.

    `mean` of the figure; `low` and `high`: the one-sided confidence bounds of the mean, so that it is above `low` with the confidence and
    below `high` with the confidence; both equal the mean where replications do not differ. None for a figure that a run did not have.
    `mean_without_worst`: that of all replications but the one that is worst for the goal, or of the only one.
    """

    goal: Goal
    mean: float | None
    low: float | None
    high: float | None
    status: Status
    mean_without_worst: float | None = None

    @property
    def margin(self) -> float:
        """Of the mean; minus infinity where there is none."""
        return -math.inf if self.mean is None else self.goal.margin(self.mean)

    @property
    def margin_without_worst(self) -> float:
        """Of the mean without the worst replication: where this misses, the miss does not hang on a single one. Minus infinity for none."""
        return -math.inf if self.mean_without_worst is None else self.goal.margin(self.mean_without_worst)

    @property
    def assured_margin(self) -> float:
        """Of the confidence bound on the side of the goal; minus infinity where there is none."""
        if self.low is None or self.high is None:
            return -math.inf
        return self.goal.margin(self.high if self.goal.relation == "<=" else self.low)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the replications of a choice say about every goal. `error`: why the choice cannot be run at all, else empty."""

    counts: Counts
    replications: int
    findings: tuple[Finding, ...]
    error: str = ""

    @property
    def met(self) -> bool:
        """Whether every goal is met with the confidence."""
        return not self.error and all(finding.status == "met" for finding in self.findings)

    @property
    def missed(self) -> bool:
        """Whether a goal is missed with the confidence."""
        return bool(self.error) or any(finding.status == "missed" for finding in self.findings)

    @property
    def asks_for_more(self) -> bool:
        """Whether a goal that more nodes help is not met."""
        return bool(self.error) or any(f.status != "met" and not f.goal.fewer_helps for f in self.findings)

    @property
    def asks_for_fewer(self) -> bool:
        """Whether a goal that fewer nodes help is not met."""
        return any(f.status != "met" and f.goal.fewer_helps for f in self.findings)

    @property
    def worst(self) -> Finding | None:
        """The finding that is furthest from its goal."""
        return min(self.findings, key=lambda f: (f.assured_margin, f.margin), default=None)

    def shortfall(self) -> tuple[float, float]:
        """By what the best of those that miss is told: the worst margin of the confidence bounds, then of the means. More is better."""
        worst = self.worst
        return (-math.inf, -math.inf) if self.error or worst is None else (worst.assured_margin, worst.margin)


def finding(goal: Goal, values: Sequence[float | None], confidence: float) -> Finding:
    """What values of the figure, one of each replication, say about the goal."""
    known = [v for v in values if v is not None and not math.isnan(v)]
    if len(known) < len(values) or not known:
        return Finding(goal, None, None, None, "missed")
    if any(math.isinf(v) for v in known):
        mean = low = high = next(v for v in known if math.isinf(v))
    else:
        mean, low, high = one_sided(known, confidence)
    worst, best = (high, low) if goal.relation == "<=" else (low, high)
    status: Status = "met" if goal.margin(worst) >= 0 else "missed" if goal.margin(best) < 0 else "undecided"
    others = sorted(known, key=goal.margin)[1:] or known
    return Finding(goal, mean, low, high, status, math.fsum(others) / len(others))


def judge(counts: Counts, runs: Sequence[Values], goals: Sequence[Goal], confidence: float) -> Verdict:
    """The verdict on a choice after these runs of it, each goal at the one-sided confidence.

    Where each goal holds with the confidence, all hold with it (the intersection-union test, Berger 1982): no correction is needed.
    """
    return Verdict(counts, len(runs), tuple(finding(goal, [run.get(goal.of) for run in runs], confidence) for goal in goals))
