"""Latency in use against the latency that was captured: the ratio of the 95th percentiles, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .judgements import Judgement, Lack

if TYPE_CHECKING:
    from .drift.columns import Floats

QUANTILE = 0.95
LEAST = 100
"""Answers below which no percentile is compared."""


class LatencyVerdict(NamedTuple):
    """`outcome`: `steady`, `slow`, `insufficient` (too few answers, or nothing captured: `reason`). `ratio`: of P95 to the captured one, in
    the interval `low` to `high`. `hardware`: that was compared; `same_hardware`: whether the captured figure is of it."""

    outcome: Judgement
    answers: int
    p95_s: float = math.nan
    captured_s: float = math.nan
    ratio: float = math.nan
    low: float = math.nan
    high: float = math.nan
    hardware: str = ""
    same_hardware: bool = True
    reason: Lack = Lack.NOTHING

    def __str__(self) -> str:
        if self.outcome is Judgement.INSUFFICIENT:
            return f"insufficient: {self.reason} ({self.answers:,} answers)"
        times = f"{self.ratio:.3g} ({self.low:.3g} to {self.high:.3g}) times the captured {self.captured_s:.4g} s"
        return f"{self.outcome}: P95 {self.p95_s:.4g} s, {times}"


def captured_latency(latency_s: Iterable[float], hardware: str = "") -> dict[str, Any]:
    """For a baseline: P50, P95 with its interval at 99 %, P99 and n, in seconds; empty where there is none."""
    import numpy as np

    ordered = _ordered(latency_s)
    if not len(ordered):
        return {}
    low, high = quantile_interval(ordered, 0.01)
    found = {f"p{round(100 * q)}": float(np.quantile(ordered, q, method="inverted_cdf")) for q in (0.5, QUANTILE, 0.99)}
    return found | {"p95_low": low, "p95_high": high, "n": len(ordered)} | ({"hardware": hardware} if hardware else {})


def quantile_interval(ordered: Floats, alpha: float) -> tuple[float, float]:
    """An interval of P95 at 1 - alpha by binomial ranks, which holds for every distribution (David and Nagaraja 2003)."""
    from scipy.stats import binom

    n = len(ordered)
    low = int(binom.ppf(alpha / 2, n, QUANTILE))
    high = int(binom.ppf(1 - alpha / 2, n, QUANTILE)) + 1
    return float(ordered[max(0, low - 1)]), float(ordered[min(n, high) - 1])


def judge(latency_s: Mapping[str, Iterable[float]], captured: Mapping[str, Any], *, alpha: float, floor: float) -> LatencyVerdict:
    """Whether answers are slower than captured, surely and by at least `floor` (1.2: a fifth). `latency_s`: by model of hardware.

    Answers on the hardware that was captured are compared; where there are not enough of these, those on all, and the verdict says so.
    """
    import numpy as np

    by_hardware = {name: _ordered(values) for name, values in latency_s.items()}
    wanted = str(captured.get("hardware") or "")
    same = by_hardware.get(wanted, np.empty(0)) if wanted else np.empty(0)
    matched = len(same) >= LEAST or not wanted
    ordered = same if len(same) >= LEAST else np.sort(np.concatenate([np.empty(0), *by_hardware.values()]))
    hardware = wanted if len(same) >= LEAST else ", ".join(sorted(name for name, values in by_hardware.items() if name and len(values)))
    was = captured.get("p95")
    if len(ordered) < LEAST:
        return LatencyVerdict(Judgement.INSUFFICIENT, len(ordered), reason=Lack.TOO_FEW_ANSWERS)
    if not isinstance(was, (int, float)) or isinstance(was, bool) or not was > 0:
        return LatencyVerdict(Judgement.INSUFFICIENT, len(ordered), reason=Lack.LATENCY_NOT_CAPTURED)
    low_s, high_s = quantile_interval(ordered, alpha)
    was_low, was_high = (_number(captured.get(name), was) for name in ("p95_low", "p95_high"))
    p95 = float(np.quantile(ordered, QUANTILE, method="inverted_cdf"))
    ratio, low, high = p95 / was, low_s / max(was, was_high), high_s / min(was, was_low)
    outcome = Judgement.SLOW if low > 1.0 and ratio >= floor else Judgement.STEADY
    return LatencyVerdict(outcome, len(ordered), p95, float(was), ratio, low, high, hardware, matched)


def _ordered(values: Iterable[float]) -> Floats:
    import numpy as np

    found = np.array([float(value) for value in values if value is not None], dtype=float)
    return np.sort(found[np.isfinite(found) & (found >= 0)])


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else float(otherwise)
