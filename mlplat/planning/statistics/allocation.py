"""Where further replications tell most about which system is best: OCBA."""

from __future__ import annotations

import numpy as np

from ...errors import OptionError
from .samples import Floats, Values, sample, whole


def allocate_ocba(means: Values, variances: Values, budget: int) -> list[int]:
    """How `budget` replications in all are best shared among systems, by the means and variances known so far; smallest is best.

    Optimal computing budget allocation (Chen, Lin, Yücesan and Chick, Discrete Event Dynamic Systems 10, 2000): n(i) ∝ variance(i) /
    (mean(i) - mean(best))², and for the best n(b) = sd(b) · √Σ n(i)² / variance(i). Rounded by largest remainder; equal remainders to the
    first. Systems equal to the best leave nothing to the others. Raises OptionError.

    >>> allocate_ocba([1, 2, 3], [1, 1, 1], 100)
    [45, 44, 11]
    """
    mean, spread = sample("means", means), sample("variances", variances)
    if len(mean) != len(spread):
        raise OptionError(f"{len(mean)} means and {len(spread)} variances; expected one of each for every system")
    if (spread < 0).any():
        raise OptionError(f"variances[{int(np.argmax(spread < 0))}] is below 0")
    return shared_out(weights(mean, spread), whole("budget", budget, 0))


def weights(mean: Floats, variance: Floats) -> Floats:
    """The part of the budget that each system should get."""
    best = int(np.argmin(mean))
    others = np.arange(len(mean)) != best
    apart = mean - mean[best]
    nearest = apart[others].min(initial=np.inf)
    if not nearest > 0:  # the limit of a vanishing difference
        part = np.where(others & (apart == 0), variance, 0.0)
    else:
        part = np.where(others, variance * (nearest / np.where(others, apart, 1.0)) ** 2, 0.0)
    known = others & (variance > 0)
    part[best] = np.sqrt(variance[best] * float((part[known] ** 2 / variance[known]).sum()))
    total = float(part.sum())
    return part / total if total > 0 else np.full(len(mean), 1 / len(mean))


def shared_out(parts: Floats, budget: int) -> list[int]:
    """Whole numbers in proportion to `parts` whose sum is `budget`."""
    exact = parts * budget
    counts = np.floor(exact).astype(np.int64)
    missing = budget - int(counts.sum())
    counts[np.argsort(-(exact - counts), kind="stable")[:missing]] += 1
    return [int(count) for count in counts]
