"""The rows of a comparison: of each alternative but the first and each measure the difference, its interval and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..scenario.objectives import measure_of
from ..statistics import benjamini_hochberg, holm
from .basis import Basis, Difference, difference
from .comparison_result import verdict

if TYPE_CHECKING:
    from ..statistics.samples import Floats

Correction = Literal["holm", "benjamini-hochberg", "none"]
Values = Mapping[str, float | None]


def judged_rows(
    basis: Basis, names: Sequence[str], runs: Sequence[Sequence[Values]], measures: Sequence[str], confidence: float, correction: Correction
) -> tuple[dict[str, Any], ...]:
    """The rows of `Comparison`. `names`: of the alternatives, the one first that the others are compared with; `runs`: of each the figures
    of its runs, paired in their order.
    """
    rows = [_row(basis, names[at], runs[at], runs[0], name, confidence) for at in range(1, len(names)) for name in measures]
    tested = [row for row in rows if row["p_value"] is not None]
    for row, p in zip(tested, _adjusted(correction, [row["p_value"] for row in tested]), strict=True):
        row["p_adjusted"] = p
    for row in rows:
        row["verdict"] = verdict(basis, row, 1 - confidence)
    return tuple(rows)


def _row(basis: Basis, policy: str, runs: Sequence[Values], baseline: Sequence[Values], name: str, confidence: float) -> dict[str, Any]:
    own, base = _column(runs, name), _column(baseline, name)
    measure = measure_of(name)
    better = "less" if measure.better == "<=" else "more"
    row: dict[str, Any] = {"policy": policy, "measure": name, "unit": measure.unit, "better": better}
    if own is None or base is None:
        return row | {"baseline": None, "value": None} | _told(None)
    means = {"baseline": float(base.mean()), "value": float(own.mean())}
    return row | means | _told(difference(basis, own, base, confidence))


def _told(found: Difference | None) -> dict[str, Any]:
    names = ("difference", "low", "high", "p_value", "p_adjusted", "narrowing")
    if found is None:
        return dict.fromkeys(names)
    interval = found.interval
    return dict(zip(names, (interval.estimate, interval.low, interval.high, found.p_value, None, found.narrowing), strict=True))


def _column(runs: Sequence[Values], name: str) -> Floats | None:
    """A figure over the replications; None where some of them have nothing to measure."""
    values = [run.get(name) for run in runs]
    return None if any(value is None for value in values) else np.array(values, dtype=np.float64)


def _adjusted(correction: Correction, p_values: list[float]) -> list[float]:
    if correction == "none":
        return p_values
    return holm(p_values) if correction == "holm" else benjamini_hochberg(p_values)
