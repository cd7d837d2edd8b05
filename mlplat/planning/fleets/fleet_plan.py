"""`FleetPlan`: the answer to how many replicas, with what was tried, in figures and in words."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...platform.serving import Version
from ..scenario.accounts import HOURS_PER_MONTH
from .approximations import ServiceTime
from .objective import TimeObjective
from .trials import Trial

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """The smallest fleet. `replicas`: None where none was found; with an autoscaler, the most that it may have. `by_formula`: what the
    formula says, None where it says nothing. `trials`: every fleet that was simulated, smallest first. `unreachable`: the objective of
    requests that never wait (s), where that alone is beyond the bound. `most`: replicas up to which was looked.
    """

    rate: float
    service: ServiceTime
    objective: TimeObjective
    bound_s: float
    version: Version
    replicas: int | None
    by_formula: int | None
    trials: tuple[Trial, ...]
    unreachable: float | None
    most: int
    confidence: float
    price_per_hour: float
    seed: int

    @property
    def met(self) -> bool:
        """Whether there is a fleet that keeps the objective."""
        return self.replicas is not None

    @property
    def trial(self) -> Trial | None:
        """Of the answer; without one, of the fleet that came closest."""
        if self.replicas is not None:
            return next(trial for trial in self.trials if trial.replicas == self.replicas)
        return min(self.trials, key=lambda trial: (trial.estimate, trial.replicas), default=None)

    @property
    def interval(self) -> tuple[int, int | None] | None:
        """The fewest replicas of which it is not sure that they are too few, and the fewest of which it is sure that they are enough;
        the second is None where no such fleet was tried.
        """
        if self.replicas is None:
            return None
        unsure = [trial.replicas for trial in self.trials if trial.low <= self.bound_s]
        sure = [trial.replicas for trial in self.trials if trial.high <= self.bound_s]
        return min(unsure), min(sure, default=None)

    @property
    def cost_per_month(self) -> float | None:
        """Of the replicas that are ready on average, in the currency of the price, a month being 730 h."""
        trial = self.trial
        return None if trial is None or not self.met else self._paid(trial) * self.price_per_hour * HOURS_PER_MONTH

    def _paid(self, trial: Trial) -> float:
        return float(trial.replicas) if self.version.scale is None else trial.ready

    @property
    def frame(self) -> pl.DataFrame:
        """One row a fleet that was simulated. Times in seconds, null where too many requests were never answered."""
        import polars as pl

        return pl.DataFrame(
            {
                "replicas": [trial.replicas for trial in self.trials],
                f"{self.objective.name}_s": [_finite(trial.estimate) for trial in self.trials],
                "low_s": [_finite(trial.low) for trial in self.trials],
                "high_s": [_finite(trial.high) for trial in self.trials],
                "replications": [trial.replications for trial in self.trials],
                "unanswered": [trial.unanswered for trial in self.trials],
                "utilization": [trial.busy for trial in self.trials],
                "met": [trial.meets(self.bound_s) for trial in self.trials],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures as what JSON can hold."""
        trial, interval = self.trial, self.interval
        return {
            "replicas": self.replicas,
            "met": self.met,
            "replicas_low": None if interval is None else interval[0],
            "replicas_high": None if interval is None else interval[1],
            "by_formula": self.by_formula,
            "objective": self.objective.name,
            "bound_s": self.bound_s,
            "estimate_s": None if trial is None else _finite(trial.estimate),
            "low_s": None if trial is None else _finite(trial.low),
            "high_s": None if trial is None else _finite(trial.high),
            "confidence": self.confidence,
            "utilization": None if trial is None else trial.busy,
            "unanswered": None if trial is None else trial.unanswered,
            "cost_per_month": self.cost_per_month,
            "unreachable_s": self.unreachable,
            "tried": self.frame.to_dicts(),
            "seed": self.seed,
            "answer": str(self),
        }

    def __str__(self) -> str:
        goal = f"{self.objective.words} within {_time(self.bound_s)} at {self.rate:g} requests a second"
        trial = self.trial
        if self.unreachable is not None:
            return f"no fleet keeps {goal}: requests that never wait have {_time(self.unreachable)}"
        if trial is None:
            return f"nothing was tried for {goal}"
        figure = _spread(trial, f"{self.confidence:.0%} ")
        if self.replicas is None:
            return f"no fleet of up to {self.most:,} replicas keeps {goal}: {trial.replicas:,} come closest with {figure}"
        up_to = "up to " if self.version.scale is not None else ""
        many = "1 replica keeps" if self.replicas == 1 else f"{self.replicas:,} replicas keep"
        lines = [f"{up_to}{many} {goal}: {figure}, {trial.busy:.0%} busy"]
        below = next((other for other in self.trials if other.replicas == self.replicas - 1), None)
        if below is not None:
            lines.append(f"{below.replicas:,} would have {_spread(below)}")
        low, high = self.interval or (self.replicas, None)
        if (low, high) != (self.replicas, self.replicas):
            most = "how many at most was not tried" if high is None else f"{high:,} at most"
            lines.append(f"with {self.confidence:.0%} confidence {low:,} at least and {most}")
        if self.by_formula is not None:
            lines.append(f"by formula {self.by_formula:,}")
        if self.version.scale is not None:
            lines.append(f"{trial.ready:.1f} are ready on average")
        if trial.unanswered:
            lines.append(f"{trial.unanswered:.2%} of the requests are not answered")
        if self.price_per_hour:
            lines.append(f"{self.cost_per_month:,.0f} a month")
        return "; ".join(lines)

    def __repr__(self) -> str:
        return f"FleetPlan({printable(str(self))})"

    def _repr_html_(self) -> str:
        return f"<div><p>{html.escape(str(self))}</p>{self.frame._repr_html_()}</div>"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _spread(trial: Trial, level: str = "") -> str:
    if not math.isfinite(trial.estimate):
        return f"{trial.unanswered:.2%} of the requests without an answer, too many for a figure"
    return f"{_time(trial.estimate)} ({level}{_time(trial.low)} to {_time(trial.high)})"


def _time(value: float) -> str:
    return f"{value * 1000:.4g} ms" if value < 1 else f"{value:.4g} s"
