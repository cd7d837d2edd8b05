"""The weekly cycle of arrivals: a curve over the 168 hours of the week, as detailed as the counts bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .counts import HOURS, Floats, Ints

CURVES: dict[str, tuple[int, bool]] = {
    "constant": (0, False),
    "weekend": (0, True),
    "day, 1 harmonic": (1, False),
    "day, 1 harmonic, and weekend": (1, True),
    "day, 2 harmonics": (2, False),
    "day, 2 harmonics, and weekend": (2, True),
    "day, 4 harmonics": (4, False),
    "day, 4 harmonics, and weekend": (4, True),
}
"""Harmonics of the day in the logarithm of the rate, and whether Saturday and Sunday have a rate of their own."""
TABLE = "hours of the week"
_CLIP = 12.0


@dataclass(frozen=True, slots=True)
class WeekCycle:
    """`name` of the curve, rate in each hour of mean 1 (float64[168]), parameters beside the mean, and variance over mean about it."""

    name: str
    hours: Floats
    parameters: int
    dispersion: float


def fit_week_cycle(counts: Ints, hour: Ints) -> WeekCycle:
    """The curve with the least quasi-BIC for hourly counts, each in an hour of the week.

    Curves are log-linear in harmonics of the day and a factor for weekends (Poisson regression by iterated least squares, McCullagh and
    Nelder 1989), or a table of the 168 hours where there are four weeks and more. Counts are overdispersed, so the deviance is divided
    by Pearson's statistic over its degrees of freedom under the richest curve before it is weighed against ln(hours) a parameter
    (quasi-likelihood, Burnham and Anderson 2002).

    >>> fit_week_cycle(np.array([5, 5, 6, 4] * 42), np.arange(168)).name
    'constant'
    """
    exposure = np.bincount(hour, minlength=HOURS).astype(np.float64)
    total = np.bincount(hour, weights=counts, minlength=HOURS).astype(np.float64)
    if total.sum() == 0:
        return WeekCycle("constant", np.ones(HOURS), 0, 1.0)
    rates: dict[str, tuple[Floats, int]] = {}
    for name, (harmonics, weekend) in CURVES.items():
        design = _design(harmonics, weekend)
        if design.shape[1] * 4 <= len(counts) and (not weekend or 0 < exposure[120:].sum() < exposure.sum()):
            rates[name] = _regress(design, total, exposure), design.shape[1]
    if exposure.min() >= 4:
        rates[TABLE] = np.maximum(total / exposure, 1e-9 * total.sum() / exposure.sum()), HOURS
    if not rates:
        rates["constant"] = np.full(HOURS, total.sum() / exposure.sum()), 1
    richest, most = rates[next(reversed(rates))]
    spread = max(1.0, _pearson(counts, richest[hour]) / max(1, len(counts) - most))

    def score(name: str) -> float:
        rate, parameters = rates[name]
        return _deviance(counts, rate[hour]) / spread + parameters * float(np.log(len(counts)))

    best = min(rates, key=score)
    rate, parameters = rates[best]
    about = _pearson(counts, rate[hour]) / max(1, len(counts) - parameters)
    return WeekCycle(best, rate / rate.mean(), parameters - 1, about)


def _design(harmonics: int, weekend: bool) -> Floats:
    hour = np.arange(HOURS) + 0.5
    columns: list[Any] = [np.ones(HOURS)]
    for k in range(1, harmonics + 1):
        columns += [np.cos(2 * np.pi * k * hour / 24), np.sin(2 * np.pi * k * hour / 24)]
    if weekend:
        columns.append((hour >= 120).astype(np.float64))
    return np.stack(columns, axis=1)


def _regress(design: Floats, total: Floats, exposure: Floats) -> Floats:
    """Rates by the hour of the week under log(rate) = design · b."""
    b = np.zeros(design.shape[1])
    b[0] = np.log(total.sum() / exposure.sum())
    for _ in range(50):
        rate = np.exp(np.clip(design @ b, b[0] - _CLIP, b[0] + _CLIP))
        mean = rate * exposure
        step = np.linalg.lstsq((design * mean[:, None]).T @ design, design.T @ (total - mean), rcond=None)[0]
        b += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return np.exp(np.clip(design @ b, b[0] - _CLIP, b[0] + _CLIP))


def _pearson(counts: Ints, mean: Floats) -> float:
    return float(((counts - mean) ** 2 / mean).sum())


def _deviance(counts: Ints, mean: Floats) -> float:
    seen = np.maximum(counts, 1)
    return float(2 * (counts * np.log(seen / mean) - (counts - mean)).sum())
