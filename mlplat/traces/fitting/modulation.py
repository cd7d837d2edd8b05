"""Slow ups and downs of the arrival rate beside the weekly cycle: a gamma process by the hour with two time scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .counts import Floats, Ints

LAGS = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 168)
FAST_H = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
SLOW_H = (6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0)
LEVEL = 0.001
_TERMS = 20


@dataclass(frozen=True, slots=True)
class Modulation:
    """The rate of an hour is multiplied by a factor, gamma distributed with mean 1 and this `variance`, whose normal scores are the sum of
    two first-order autoregressions: a part `fast` of their variance forgets within `fast_h` hours, the rest within `slow_h`.
    """

    variance: float
    fast: float
    fast_h: float
    slow_h: float


NONE = Modulation(0.0, 0.0, 1.0, 24.0)


def fit_modulation(counts: Ints, mean: Floats, parameters: int) -> Modulation:
    """Of hourly counts about their expected `mean`; none if a Poisson stream would be as dispersed as often as once in a thousand.

    The test is Pearson's dispersion test (chi-square). Moments: the variance is that of the counts less the Poisson part, over the squared
    means; correlations are those of the counts at lags up to a week; the time scales are the pair of a grid that fits them best.
    """
    from scipy.stats import chi2

    n = len(counts)
    if n < 24 or not mean.min() > 0:
        return NONE
    away = counts - mean
    if chi2.sf(float((away**2 / mean).sum()), max(1, n - parameters - 1)) > LEVEL:
        return NONE
    variance = float((away**2 - mean).sum() / (mean**2).sum())
    if variance <= 1e-4:
        return NONE
    lags = np.array([lag for lag in LAGS if lag <= n // 4])
    seen = np.array([float((away[:-lag] * away[lag:]).sum() / (mean[:-lag] * mean[lag:]).sum()) for lag in lags]) / variance
    weights = 1 / np.sqrt(lags)
    hermite = gamma_hermite(variance)
    best, found = np.inf, NONE
    for fast_h in FAST_H:
        for slow_h in SLOW_H:
            if slow_h < 2 * fast_h or slow_h > max(SLOW_H[0], n / 20):  # a memory of which the trace holds too few periods is not known
                continue
            for fast in np.linspace(0, 1, 21):
                rho = fast * np.exp(-lags / fast_h) + (1 - fast) * np.exp(-lags / slow_h)
                error = float((weights * (_series(hermite, rho) - seen) ** 2).sum())
                if error < best - 1e-12:
                    best, found = error, Modulation(variance, float(fast), fast_h, slow_h)
    return found


def gamma_factors(modulation: Modulation, hours: int, draws: np.random.Generator) -> Floats:
    """The factors of the first `hours` hours; more hours of an equal stream begin with the same."""
    from scipy.signal import lfilter
    from scipy.special import gammaincinv, ndtr

    if modulation.variance == 0 or hours == 0:
        return np.ones(hours)
    normal = draws.standard_normal((hours, 2))
    score = np.zeros(hours)
    for column, (part, memory) in enumerate(((modulation.fast, modulation.fast_h), (1 - modulation.fast, modulation.slow_h))):
        keep = np.exp(-1 / memory)
        shocks = normal[:, column] * np.sqrt(1 - keep**2)
        shocks[0] = normal[0, column]
        score += np.sqrt(part) * lfilter([1.0], [1.0, -keep], shocks)
    return gamma_quantile(modulation.variance, ndtr(score), gammaincinv)


def gamma_quantile(variance: float, probability: Floats, inverse: object) -> Floats:
    """Quantiles of the gamma distribution of mean 1."""
    return variance * inverse(1 / variance, probability)  # type: ignore[operator,no-any-return]


def gamma_hermite(variance: float) -> Floats:
    """w[1], w[2], … such that factors whose normal scores correlate by r correlate by Σ w[k] r^k (Mehler's formula); they sum to 1."""
    from numpy.polynomial.hermite_e import hermegauss, hermeval
    from scipy.special import gammaincinv, ndtr

    nodes, weights = hermegauss(80)
    weights = weights / weights.sum()
    values = gamma_quantile(variance, ndtr(np.clip(nodes, -8, 8)), gammaincinv)  # beyond 8 the weights are nothing
    found, factorial = [], 1.0
    for k in range(1, _TERMS + 1):
        factorial *= k
        basis = hermeval(nodes, [0.0] * k + [1.0])
        found.append(float((weights * values * basis).sum()) ** 2 / factorial)
    series = np.array(found)
    return series / series.sum()  # type: ignore[no-any-return]


def _series(weights: Floats, rho: Floats) -> Floats:
    value = np.zeros_like(rho)
    for weight in weights[::-1]:
        value = (value + weight) * rho
    return value
