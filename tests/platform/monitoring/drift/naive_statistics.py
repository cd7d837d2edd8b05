"""The statistics of drift tests as their definitions say them, with plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def naive_ks(reference: Sequence[float], window: Sequence[float]) -> float:
    """Largest distance of the distribution functions, at every value of either."""

    def share(sample: Sequence[float], x: float) -> float:
        return sum(value <= x for value in sample) / len(sample)

    return max(abs(share(reference, x) - share(window, x)) for x in [*reference, *window])


def naive_psi(reference: Sequence[int], window: Sequence[int]) -> float:
    """Over cells that both have."""
    m, n = sum(reference), sum(window)
    return sum((b / n - a / m) * math.log((b / n) / (a / m)) for a, b in zip(reference, window, strict=True))


def naive_wasserstein(reference: Sequence[float], window: Sequence[float]) -> float:
    """Area between the distribution functions."""
    values = sorted([*reference, *window])
    area = 0.0
    for low, high in pairwise(values):
        below = sum(value <= low for value in reference) / len(reference)
        area += abs(below - sum(value <= low for value in window) / len(window)) * (high - low)
    return area


def naive_mmd(reference: Sequence[Sequence[float]], window: Sequence[Sequence[float]]) -> float:
    """Unbiased MMD² with a Gaussian kernel as wide as the median distance."""
    rows = [*reference, *window]

    def squared(a: Sequence[float], b: Sequence[float]) -> float:
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))

    apart = sorted(squared(rows[i], rows[j]) for i in range(len(rows)) for j in range(i))
    apart = [distance for distance in apart if distance > 0]
    middle = len(apart) // 2
    median = apart[middle] if len(apart) % 2 else (apart[middle - 1] + apart[middle]) / 2

    def kernel(a: Sequence[float], b: Sequence[float]) -> float:
        return math.exp(-squared(a, b) / (2 * median))

    m, n = len(reference), len(window)
    within = sum(kernel(reference[i], reference[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within += sum(kernel(window[i], window[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return within - 2 * sum(kernel(a, b) for a in reference for b in window) / (m * n)


def naive_holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values, from the smallest on."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted, largest = [0.0] * len(p), 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, p[i] * (len(p) - place)))
        adjusted[i] = largest
    return adjusted
