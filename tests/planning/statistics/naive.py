"""The obvious versions of the algorithms, written from their definitions with loops and exact fractions where that is possible."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from fractions import Fraction


def mser5(series: Sequence[float]) -> int:
    """White's rule over all truncations up to half, but for those that leave less than six means of five; the first of equals.

    Only for whole numbers, of which the fractions are exact.
    """
    means = [Fraction(sum(map(Fraction, series[i : i + 5])), 5) for i in range(0, len(series) - len(series) % 5, 5)]
    n = len(means)

    def figure(d: int) -> Fraction:
        rest = means[d:]
        mean = sum(rest, Fraction(0)) / len(rest)
        return sum(((x - mean) ** 2 for x in rest), Fraction(0)) / len(rest) ** 2

    if n < 2:
        return 0
    return 5 * min(range(n // 2 + 1), key=figure)


def binomial(n: int, k: int, p: Fraction) -> Fraction:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def order_statistics(n: int, q: Fraction, tail: Fraction) -> tuple[int | None, int | None]:
    """The highest rank that is above the quantile with probability at most `tail`, and the lowest that is below it so seldom."""
    low = [r for r in range(1, n + 1) if sum(binomial(n, k, q) for k in range(r)) <= tail]
    high = [r for r in range(1, n + 1) if sum(binomial(n, k, q) for k in range(r, n + 1)) <= tail]
    return (max(low) if low else None), (min(high) if high else None)


def holm(p: Sequence[float]) -> list[float]:
    """Each p times the number of those that are not below it; never less than that of a smaller one."""
    order = sorted(range(len(p)), key=lambda i: (p[i], i))
    adjusted, most = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        most = max(most, (len(p) - rank) * p[i])
        adjusted[i] = min(1.0, most)
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """The least over the p that are not smaller, of p · m / rank."""
    ranked = sorted(p)
    return [min(1.0, min(x * len(p) / (k + 1) for k, x in enumerate(ranked) if x >= mine)) for mine in p]


def kim_nelson(draw: Callable[[int, int], float], k: int, delta: float, alpha: float, n0: int) -> tuple[int, list[tuple[int, int]]]:
    """The procedure as it is published (c = 1), over means; the best and (system, stage) of each elimination. Smallest is best."""
    x = [[draw(i, j) for j in range(n0)] for i in range(k)]
    eta = 0.5 * ((2 * alpha / (k - 1)) ** (-2 / (n0 - 1)) - 1)
    h2 = 2 * eta * (n0 - 1)
    s2 = {
        (i, m): sum((x[i][j] - x[m][j] - (statistics.fmean(x[i]) - statistics.fmean(x[m]))) ** 2 for j in range(n0)) / (n0 - 1)
        for i in range(k)
        for m in range(k)
        if i != m
    }
    kept, r, gone = list(range(k)), n0, []
    longest = max(math.floor(h2 * s2[pair] / delta**2) for pair in s2)
    if n0 > longest:
        best = min(kept, key=lambda i: statistics.fmean(x[i]))
        return best, [(i, n0) for i in kept if i != best]
    while True:
        mean = {i: statistics.fmean(x[i]) for i in kept}
        width = {(i, m): max(0.0, delta / (2 * r) * (h2 * s2[i, m] / delta**2 - r)) for i in kept for m in kept if i != m}
        stay = [i for i in kept if all(mean[i] <= mean[m] + width[i, m] for m in kept if m != i)]
        gone += [(i, r) for i in kept if i not in stay]
        kept = stay
        if len(kept) == 1:
            return kept[0], gone
        for i in kept:
            x[i].append(draw(i, r))
        r += 1
        if r == longest + 1:
            best = min(kept, key=lambda i: statistics.fmean(x[i]))
            return best, gone + [(i, r) for i in kept if i != best]
