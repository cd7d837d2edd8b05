"""KS: the Kolmogorov-Smirnov test of two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .drift_test import NumericTest

if TYPE_CHECKING:
    from .columns import Floats
    from .reference_columns import NumericColumn


class KolmogorovSmirnov(NumericTest):
    """D, the largest distance between the two distribution functions; where the reference has only bins, at their edges.

    The p-value is the limit of Kolmogorov (1933) at √(nm / (n + m)) · D, which is on the safe side for small samples and for ties. The
    effect is D.
    """

    name = "ks"

    def __init__(self, *, floor: float = 0.1) -> None:
        self.floor = floor

    def measure(self, reference: NumericColumn, window: Floats) -> tuple[float, float, float]:
        import math

        from scipy.special import kolmogorov

        d = ks_distance(reference, window)
        m, n = reference.present, len(window)
        return d, float(kolmogorov(math.sqrt(n * m / (n + m)) * d)), d


def ks_distance(reference: NumericColumn, window: Floats) -> float:
    """D of a window, which stands in order and is not empty."""
    import numpy as np

    n, m, values = len(window), reference.present, reference.values
    if values is None:
        apart = np.abs(reference.below / m - np.searchsorted(window, reference.cuts, "left") / n)
        return float(apart.max(initial=0.0))
    # window above reference is widest at a number of the window, reference above window just below one
    at = np.searchsorted(window, window, "right") / n - np.searchsorted(values, window, "right") / m
    before = np.searchsorted(values, window, "left") / m - np.searchsorted(window, window, "left") / n
    return float(min(1.0, max(0.0, at.max(), before.max())))
