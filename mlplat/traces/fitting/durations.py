"""Mixtures of lognormal distributions for the durations of a class of jobs, by expectation and maximisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .counts import Floats

MOST = 8
BINS = 1024
NARROWEST = 0.03
"""Of a component, the standard deviation of the logarithm: narrower ones would be single values."""
FEWEST = 25
"""Jobs a component needs."""
MOVED, SHIFTED = 0.015, 0.5
"""For the mean to be right, how far the distribution may move (Kolmogorov-Smirnov), and a component, in its standard deviations."""
_TURNS, _STILL = 300, 1e-7


@dataclass(frozen=True, slots=True)
class Mixture:
    """Components in order of `mu`: weights, means and standard deviations of the logarithm (of seconds); and the BIC."""

    weight: Floats
    mu: Floats
    sigma: Floats
    bic: float

    def shares(self, logs: Floats) -> Floats:
        """float64[N, components]: how much each value belongs to each component."""
        density = _densities(logs, self.weight, self.mu, self.sigma)
        total = density.sum(1, keepdims=True)
        nearest = np.abs(logs[:, None] - self.mu).argmin(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = density / total
        lost = ~(total[:, 0] > 0)  # farther away than a double can say
        found[lost] = np.eye(len(self.mu))[nearest[lost]]
        return found  # type: ignore[no-any-return]


def fit_mixture(durations: Floats, most: int = MOST) -> Mixture:
    """Of positive durations (s): 1 to `most` components, as many as have the least BIC (Schwarz 1978); more are tried while it falls.

    Expectation and maximisation (Dempster, Laird and Rubin 1977) on a histogram of the logarithms with 1,024 bins, from components at
    quantiles, or the mixture with one less and one at the largest values: nothing is drawn at random. At last the component with most of
    the work is moved a little if the mean is significantly not that of the sample: a lognormal tail is seldom quite right, and the load
    depends on it.

    >>> logs = np.random.default_rng(0).normal(np.repeat([2.0, 6.0], 500), 0.5)
    >>> fit_mixture(np.exp(logs)).mu.round(1).tolist()
    [2.0, 6.0]
    """
    logs = np.log(durations)
    points, counts = np.unique(logs, return_counts=True)
    if len(points) > BINS:
        low, high = points[0], points[-1]
        cell = np.minimum(((logs - low) * (BINS / (high - low))).astype(np.int64), BINS - 1)
        counts = np.bincount(cell, minlength=BINS)
        sums = np.bincount(cell, weights=logs, minlength=BINS)
        points, counts = sums[counts > 0] / counts[counts > 0], counts[counts > 0]
    weights = counts.astype(np.float64)
    best = _maximise(points, weights, *_spread_out(points, weights, 1))
    last, worse = best, 0
    for k in range(2, most + 1):
        if k * FEWEST > len(logs) or worse == 2:
            break
        begun = _spread_out(points, weights, k), _with_tail(points, weights, last)
        last = min((_maximise(points, weights, *start) for start in begun), key=lambda mixture: mixture.bic)
        if last.bic < best.bic:
            best, worse = last, 0
        else:
            worse += 1
    return _with_mean(best, durations)


def capped_mean(mu: float, sigma: float, cap: float) -> float:
    """E[min(X, cap)] of a lognormal X."""
    z = (math.log(cap) - mu) / sigma
    below = 0.5 * math.erfc((sigma - z) / math.sqrt(2))
    above = cap * 0.5 * math.erfc(z / math.sqrt(2))
    return (math.exp(mu + sigma**2 / 2) * below if below > 0 else 0.0) + above


def _with_mean(mixture: Mixture, durations: Floats) -> Mixture:
    """Where the mean is not within three standard errors of the sample's, the component with most of the work is moved as far as it may."""
    mean, cap = float(durations.mean()), float(durations.max())
    means = [capped_mean(float(m), float(s), cap) for m, s in zip(mixture.mu, mixture.sigma, strict=True)]
    work = mixture.weight * means
    if abs(float(work.sum()) - mean) <= 3 * float(durations.std()) / math.sqrt(len(durations)):
        return mixture
    top = int(np.argmax(work))
    sigma = float(mixture.sigma[top])
    wanted = (mean - float(work.sum() - work[top])) / float(mixture.weight[top])
    far = min(SHIFTED, MOVED / (0.39894 * float(mixture.weight[top]))) * sigma
    low, high = float(mixture.mu[top]) - far, float(mixture.mu[top]) + far
    for _ in range(50):
        middle = (low + high) / 2
        if capped_mean(middle, sigma, cap) < wanted:
            low = middle
        else:
            high = middle
    mu = mixture.mu.copy()
    mu[top] = (low + high) / 2
    order = np.argsort(mu, kind="stable")
    return Mixture(mixture.weight[order], mu[order], mixture.sigma[order], mixture.bic)


def _spread_out(points: Floats, counts: Floats, k: int) -> tuple[Floats, Floats, Floats]:
    """k equal components at quantiles."""
    n = counts.sum()
    at = np.searchsorted(np.cumsum(counts) / n, (np.arange(k) + 0.5) / k)
    mu = points[np.minimum(at, len(points) - 1)] + np.arange(k) * 1e-6
    mean = (counts * points).sum() / n
    sigma = max(NARROWEST, float(np.sqrt((counts * (points - mean) ** 2).sum() / n)) / k)
    return np.full(k, 1 / k), mu, np.full(k, sigma)


def _with_tail(points: Floats, counts: Floats, mixture: Mixture) -> tuple[Floats, Floats, Floats]:
    """A mixture and one more component at the largest values: few jobs, much of the work."""
    n = counts.sum()
    above = np.cumsum(counts[::-1])[::-1]
    top = above <= max(5.0, 0.002 * n)
    top[-1] = True
    mu = float((counts[top] * points[top]).sum() / counts[top].sum())
    part = float(counts[top].sum() / n)
    sigma = max(NARROWEST, float(np.sqrt((counts[top] * (points[top] - mu) ** 2).sum() / counts[top].sum())))
    return np.append(mixture.weight * (1 - part), part), np.append(mixture.mu, mu), np.append(mixture.sigma, sigma)


def _maximise(points: Floats, counts: Floats, weight: Floats, mu: Floats, sigma: Floats) -> Mixture:
    n, k = counts.sum(), len(mu)
    before, likelihood = -np.inf, -np.inf
    for _ in range(_TURNS):
        density = _densities(points, weight, mu, sigma)
        total = np.maximum(density.sum(1), 1e-300)
        likelihood = float((counts * np.log(total)).sum())
        share = density * (counts / total)[:, None]
        mass = np.maximum(share.sum(0), 1e-12)
        weight, mu = mass / mass.sum(), (share * points[:, None]).sum(0) / mass
        sigma = np.maximum(np.sqrt((share * (points[:, None] - mu) ** 2).sum(0) / mass), NARROWEST)
        if likelihood - before < _STILL * n:
            break
        before = likelihood
    order = np.argsort(mu, kind="stable")
    return Mixture(weight[order], mu[order], sigma[order], -2 * likelihood + (3 * k - 1) * float(np.log(n)))


def _densities(points: Floats, weight: Floats, mu: Floats, sigma: Floats) -> Floats:
    away = (points[:, None] - mu) / sigma
    return weight / sigma * np.exp(-0.5 * away**2) * 0.3989422804014327
