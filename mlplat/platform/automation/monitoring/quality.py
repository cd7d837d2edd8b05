"""Quality of a model version by labels, with an interval, against the quality that was captured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from .judgements import Judgement, Lack

CAPTURED_LEVEL = 0.95
"""Of the intervals in a baseline."""


class Metric(StrEnum):
    """How a prediction is compared with its label. `ACCURACY`: the share that is equal; the errors: the mean, absolute or squared."""

    ACCURACY = "accuracy"
    MAE = "mae"
    MSE = "mse"

    @property
    def more_is_better(self) -> bool:
        """Whether it falls when the model gets worse."""
        return self is Metric.ACCURACY


class QualityVerdict(NamedTuple):
    """`outcome`: `steady`, `degraded`, `insufficient` (too few labels, or nothing captured: `reason`). `value`: of `labels`,
    in the interval `low` to `high` at 1 - alpha; `captured`: in the baseline. `p`: the chance of being as much worse if nothing has
    changed."""

    outcome: Judgement
    metric: Metric
    labels: int
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    captured: float = math.nan
    p: float = 1.0
    reason: Lack = Lack.NOTHING

    def __str__(self) -> str:
        if self.outcome is Judgement.INSUFFICIENT:
            return f"insufficient: {self.reason} ({self.labels:,} labels)"
        return f"{self.outcome}: {self.metric} {self.value:.4g} ({self.low:.4g} to {self.high:.4g}), captured {self.captured:.4g}"


def scores(metric: Metric, predictions: Sequence[Any], labels: Sequence[Any]) -> list[float]:
    """What each answer adds to the metric. One that cannot be compared, such as text where a number is due, counts as wrong, and is left
    out of errors."""
    if metric is Metric.ACCURACY:
        return [float(given == wanted) for given, wanted in zip(predictions, labels, strict=True)]
    found = []
    for given, wanted in zip(predictions, labels, strict=True):
        try:
            error = abs(float(given) - float(wanted))
            score = error if metric is Metric.MAE else error * error
        except (TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(score):
            found.append(score)
    return found


def captured_quality(metric: Metric, predictions: Sequence[Any], labels: Sequence[Any]) -> dict[str, Any]:
    """For a baseline: {value, low, high, n}, the interval at 95 %; empty where nothing can be compared."""
    found = scores(metric, predictions, labels)
    if not found:
        return {}
    value, low, high = interval(metric, found, 1 - CAPTURED_LEVEL)
    return {"value": value, "low": low, "high": high, "n": len(found)}


def interval(metric: Metric, found: Sequence[float], alpha: float) -> tuple[float, float, float]:
    """The mean with an interval at 1 - alpha: Wilson (1927) for a share, Student's for errors."""
    from scipy.special import ndtri, stdtrit

    n, mean = len(found), math.fsum(found) / len(found)
    if metric is Metric.ACCURACY:
        z = float(ndtri(1 - alpha / 2))
        shrink = 1 + z * z / n
        centre = (mean + z * z / (2 * n)) / shrink
        width = z * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n)) / shrink
        return mean, max(0.0, centre - width), min(1.0, centre + width)
    if n == 1:
        return mean, 0.0, mean
    spread = _spread(found)
    width = float(stdtrit(n - 1, 1 - alpha / 2)) * spread
    return mean, mean - width, mean + width


def judge(metric: Metric, found: Sequence[float], captured: object, *, alpha: float, minimum: int, floor: float) -> QualityVerdict:
    """Whether the scores are worse than what was captured: by chance at most `alpha`, and by at least `floor` of the captured value.

    `captured`: of the baseline, a value or {value, low, high}, whose interval says how sure it is.
    """
    if len(found) < minimum:
        return QualityVerdict(Judgement.INSUFFICIENT, metric, len(found), reason=Lack.TOO_FEW_LABELS)
    known = _captured(captured)
    if known is None:
        return QualityVerdict(Judgement.INSUFFICIENT, metric, len(found), reason=Lack.QUALITY_NOT_CAPTURED)
    was = known[0]
    value, low, high = interval(metric, found, alpha)
    worse = was - value if metric.more_is_better else value - was
    p = _share_p(found, known, captured) if metric is Metric.ACCURACY else _mean_p(found, known)
    outcome = Judgement.DEGRADED if p <= alpha and worse >= floor * abs(was) and worse > 0 else Judgement.STEADY
    return QualityVerdict(outcome, metric, len(found), value, low, high, was, p)


def _share_p(found: Sequence[float], known: tuple[float, float, float], captured: object) -> float:
    """The chance of so few right answers: Fisher's exact test, the captured share one of n answers; of as many as its interval is worth
    where n is not said; and a known share where there is no interval."""
    from scipy.stats import binom, hypergeom

    n, right, (was, low, high) = len(found), round(math.fsum(found)), known
    said = captured.get("n") if isinstance(captured, Mapping) else None
    half = (high - low) / 2
    if isinstance(said, int) and said > 0:
        m = said
    elif half > 0:
        m = max(1, round(was * (1 - was) * (_z() / half) ** 2))
    else:
        return float(binom.cdf(right, n, min(1.0, max(0.0, was))))
    return float(hypergeom.cdf(right, n + m, right + round(min(1.0, max(0.0, was)) * m), n))


def _mean_p(found: Sequence[float], known: tuple[float, float, float]) -> float:
    """The chance of so large a mean error, both means about normal."""
    from scipy.special import ndtr

    was, low, high = known
    spread = math.hypot(_spread(found), (high - low) / (2 * _z()))
    worse = math.fsum(found) / len(found) - was
    return float(ndtr(-worse / spread)) if spread > 0 else float(worse <= 0)


def _z() -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + CAPTURED_LEVEL / 2))


def _spread(found: Sequence[float]) -> float:
    """Standard error of the mean."""
    n, mean = len(found), math.fsum(found) / len(found)
    return math.sqrt(math.fsum((score - mean) ** 2 for score in found) / max(1, n - 1) / n)


def _captured(given: object) -> tuple[float, float, float] | None:
    """Value and interval as a baseline has them."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return float(given), float(given), float(given)
    if isinstance(given, Mapping):
        parts = [given.get("value"), given.get("low", given.get("value")), given.get("high", given.get("value"))]
        if all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in parts):
            value, low, high = map(float, parts)
            return value, low, high
    return None
