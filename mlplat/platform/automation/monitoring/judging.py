"""What is found of a window or of labels, as the incidents need it: pure functions over verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .answers import IncidentKind
from .drift.reference import PREDICTION, Reference
from .drift.verdict import Finding, FindingKind, Outcome, WindowVerdict
from .incidents import Found
from .judgements import Judgement
from .latency import LatencyVerdict
from .quality import QualityVerdict
from .watches import META

if TYPE_CHECKING:
    import polars as pl

    from ...artifacts.metadata.baselines import Baseline


def judged_columns(frame: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Features and predictions of a window, without families that the reference has nothing of: those are not captured, and no break."""
    known = {name.startswith(PREDICTION) for name in (*reference.columns, *reference.left_out)}
    return frame.select([name for name in frame.columns if name not in META and name.startswith(PREDICTION) in known])


def figures(one: Finding) -> dict[str, Any]:
    """Of an alarm, for records and events: how many categories are new, and not what they are, which is data."""
    tested = one.reason is None
    return {
        "feature": one.column,
        "about": str(one.kind),
        "test": one.test,
        "statistic": _number(one.statistic) if tested else None,
        "p": one.adjusted if tested else None,
        "effect": _number(one.effect) if tested else None,
        "psi": one.psi if tested else None,
        "n": one.window_n,
        "reason": str(one.reason or ""),
        "detail": [str(part) for part in one.detail] if one.kind is FindingKind.SCHEMA else [],
        "new": len(one.detail) if one.kind is FindingKind.NEW_CATEGORY else 0,
    }


def drift_found(verdict: WindowVerdict, window: str) -> Found | None:
    """None where nothing can be said."""
    if verdict.outcome is Outcome.INSUFFICIENT:
        return None
    worst = verdict.worst
    if worst is None:
        return Found(False)
    shown = figures(worst)
    data = {"features": list(verdict.columns), **{name: shown[name] for name in ("test", "statistic", "p", "effect")}, "n": verdict.rows}
    return Found(True, data | {"window": window})


def latency_found(verdict: LatencyVerdict, window: str) -> Found | None:
    """None where nothing can be said."""
    if verdict.outcome is Judgement.INSUFFICIENT:
        return None
    data = {
        "features": [],
        "statistic": verdict.p95_s,
        "effect": _number(verdict.ratio),
        "low": _number(verdict.low),
        "high": _number(verdict.high),
        "captured_s": verdict.captured_s,
        "hardware": verdict.hardware,
        "same_hardware": verdict.same_hardware,
        "n": verdict.answers,
        "window": window,
    }
    return Found(verdict.outcome is Judgement.SLOW, data)


def quality_found(verdict: QualityVerdict) -> dict[IncidentKind, Found]:
    """Nothing where nothing can be said."""
    if verdict.outcome is Judgement.INSUFFICIENT:
        return {}
    return {IncidentKind.DEGRADATION: Found(verdict.outcome is Judgement.DEGRADED, quality_figures(verdict))}


def quality_figures(verdict: QualityVerdict) -> dict[str, Any]:
    """Of a verdict on quality, for records and events. What is not known is None."""
    numbers = {"statistic": verdict.value, "low": verdict.low, "high": verdict.high, "captured": verdict.captured}
    numbers["effect"] = verdict.value - verdict.captured
    known = {name: _number(number) for name, number in numbers.items()}
    return {"features": [], "metric": str(verdict.metric), **known, "p": verdict.p, "n": verdict.labels}


def latencies(frame: pl.DataFrame) -> Mapping[str, list[float]]:
    """Latencies of a window by hardware, s."""
    import polars as pl

    found: dict[str, list[float]] = {}
    for hardware, latency_s in frame.select(pl.col("hardware").cast(pl.String), "latency_s").iter_rows():
        if latency_s is not None:
            found.setdefault(hardware, []).append(latency_s)
    return found


def _number(given: float) -> float | None:
    """None for what records and events cannot say: infinities, and what is not known."""
    return given if math.isfinite(given) else None


def missing_data(baseline: Baseline | None, problem: str) -> dict[str, Any]:
    """Of a version without a baseline."""
    return {"features": [], "statistic": None, "p": None, "effect": None, "n": 0, "reason": problem, "found": baseline is not None}
