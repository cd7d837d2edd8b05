"""`CanaryPolicy`: in which steps a version gets traffic, what it is judged by, and how sure the judgement has to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Self

from .....errors import OptionError, UnknownNameError, printable
from .....units import seconds


class Metric(StrEnum):
    """What two versions are compared by."""

    ERRORS = "errors"
    """The share of requests that failed."""
    LATENCY = "latency"
    """A quantile of latency."""
    QUALITY = "quality"
    """The mean score of answers whose labels are known."""


@dataclass(frozen=True, slots=True)
class CanaryPolicy:
    """How a version is introduced, and judged.

    `steps`: its shares of the traffic, rising to 1. `requests`: the fewest of each version for a judgement; `labels`: the same for quality,
    which is left out below. `bake`: how long a step lasts at least, `deadline`: at most. `alpha`: the probability with which an equal
    version may be rolled back, over all steps, metrics and looks. `looks`: how often a step is looked at; the earlier ones can only fail,
    and only with enough requests. `quantile`: of latency.

    `tolerance`, by metric: how much worse a version may be without failing, in errors and quality points (0.01), of latency a share (0.1);
    0 unless said. `margin`, by metric: how much worse a version must be shown not to be, at 1 - `alpha`, before it passes; until then it
    is inconclusive. `error_rate`: of a version without a predecessor the share of errors that is normal.

    Durations are seconds or text. Raises OptionError, UnknownNameError.

    >>> CanaryPolicy(steps=(0.1, 1.0), bake="5m", margin={"latency": 0.1}).bake
    300.0
    """

    steps: tuple[float, ...] = (0.05, 0.25, 0.5, 1.0)
    requests: int = 500
    labels: int = 100
    bake: float = 600.0
    deadline: float = 3600.0
    alpha: float = 0.05
    metrics: tuple[Metric, ...] = (Metric.ERRORS, Metric.LATENCY, Metric.QUALITY)
    looks: int = 1
    quantile: float = 0.95
    tolerance: Mapping[Metric, float] | None = None
    margin: Mapping[Metric, float] | None = None
    error_rate: float = 0.01

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "bake", seconds(self.bake))
        set_(self, "deadline", seconds(self.deadline))
        set_(self, "steps", _steps(self.steps))
        set_(self, "metrics", _metrics(self.metrics))
        set_(self, "tolerance", MappingProxyType(_amounts(self.tolerance, "tolerance")))
        set_(self, "margin", MappingProxyType(_amounts(self.margin, "margin")))
        for name, least in (("requests", 1), ("labels", 2), ("looks", 1)):
            found = getattr(self, name)
            if type(found) is not int or not least <= found < 2**40:
                raise OptionError(f"{name}={_shown(found)}: expected a whole number of at least {least}")
        for name in ("alpha", "quantile", "error_rate"):
            set_(self, name, _share(getattr(self, name), name))
        if self.deadline < self.bake:
            raise OptionError(f"deadline={self.deadline:g} s: expected at least the bake time, {self.bake:g} s")
        for metric, margin in (self.margin or {}).items():
            if metric not in self.metrics:
                raise OptionError(f"margin: {metric.value} is not among the metrics")
            if not margin > (self.tolerance or {}).get(metric, 0.0):
                raise OptionError(f"margin: {margin:g} of {metric.value}; expected more than what is tolerated")

    def to_dict(self) -> dict[str, Any]:
        """As plain values, from which `from_dict` makes the same."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {"steps": list(self.steps), "metrics": [metric.value for metric in self.metrics]}
        amounts = {key: {metric.value: amount for metric, amount in (found[key] or {}).items()} for key in ("tolerance", "margin")}
        return found | plain | amounts

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """From values by name; what is left out is as usual. Raises OptionError, UnknownNameError for a name that there is not."""
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise UnknownNameError("option of a canary", printable(str(name)[:60]), known)
        return cls(**given)


def _steps(given: Any) -> tuple[float, ...]:
    if isinstance(given, str) or not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 100:
        raise OptionError(f"steps={_shown(given)}: expected shares that rise to 1, such as (0.05, 0.25, 0.5, 1.0)")
    found = tuple(1.0 if share == 1 and type(share) in (int, float) else _share(share, "steps") for share in given)
    if found[-1] != 1.0 or any(one >= other for one, other in pairwise(found)):
        raise OptionError(f"steps={_shown(given)}: expected shares that rise to 1, such as (0.05, 0.25, 0.5, 1.0)")
    return found


def _metrics(given: Any) -> tuple[Metric, ...]:
    if isinstance(given, str) or not isinstance(given, (list, tuple)) or not given:
        raise OptionError(f"metrics={_shown(given)}: expected names of metrics")
    found = tuple(_metric(each) for each in given)
    if len(set(found)) < len(found):
        raise OptionError(f"metrics={_shown(given)}: expected each metric once")
    return found


def _metric(given: Any) -> Metric:
    try:
        return Metric(given)
    except ValueError:
        raise UnknownNameError("metric", printable(str(given)[:60]), [metric.value for metric in Metric]) from None


def _amounts(given: Any, name: str) -> dict[Metric, float]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise OptionError(f"{name}={_shown(given)}: expected amounts by metric, such as {{'latency': 0.1}}")
    found = {_metric(metric): amount for metric, amount in given.items()}
    for metric, amount in found.items():
        if type(amount) not in (int, float) or not 0 <= amount < 100:
            raise OptionError(f"{name}: {_shown(amount)} of {metric.value}; expected a number of at least 0")
        if metric is Metric.ERRORS and amount >= 1:
            raise OptionError(f"{name}: {amount:g} of errors; expected a share below 1")
    return {metric: float(amount) for metric, amount in found.items()}


def _share(given: Any, name: str) -> float:
    if type(given) not in (int, float) or not 0 < given < 1:
        raise OptionError(f"{name}={_shown(given)}: expected a share between 0 and 1")
    return float(given)


def _shown(given: object) -> str:
    return printable(repr(given)[:60])
