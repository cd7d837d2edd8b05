"""Tests of shares: of missing values, and of categories that the reference does not have. Exact, since both may be rare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .cells import LEAST_EXPECTED, chi_square, psi

if TYPE_CHECKING:
    from .reference_columns import CategoricalColumn


def share_p(a: int, m: int, b: int, n: int) -> float:
    """Whether a of m rows and b of n have the same share: Fisher's exact test, twice the smaller side; chi-square where all is frequent.

    >>> share_p(0, 5000, 0, 500), round(share_p(0, 5000, 5, 500), 6)
    (1.0, 1.2e-05)
    """
    import numpy as np
    from scipy.special import chdtrc
    from scipy.stats import hypergeom

    both, size = a + b, m + n
    if both in (0, size) or m == 0 or n == 0:
        return 1.0
    if min(both, size - both) * min(m, n) / size >= 20 * LEAST_EXPECTED:
        return float(chdtrc(1, chi_square(np.array([a, m - a]), np.array([b, n - b]))))
    if b * size < n * both:
        return float(min(1.0, 2 * hypergeom.cdf(b, size, both, n)))
    return float(min(1.0, 2 * hypergeom.sf(b - 1, size, both, n)))


def share_effect(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """By how much a share has changed, and the PSI of the table."""
    import numpy as np

    if m == 0 or n == 0:
        return 0.0, 0.0
    return abs(b / n - a / m), psi(np.array([a, m - a]), np.array([b, n - b]))


def new_categories(reference: CategoricalColumn, window: Mapping[str, int]) -> tuple[tuple[str, ...], float]:
    """Categories of the window that the reference does not have, and the p-value of the least likely of them.

    Of t rows with a category in both samples together all are in the window with a chance of about (n / (n + m))^t if nothing has changed.
    It is taken times the number of categories, since any of them might have been the one that the reference happens to lack: names that
    occur once only, such as identifiers, are new in every window and no alarm.
    """
    from math import exp, lgamma

    found = tuple(name for name in window if name not in reference.counts)
    n, m = sum(window.values()), reference.present
    if not found or m == 0:
        return found, 1.0

    def chance(t: int) -> float:
        return exp(lgamma(n + 1) - lgamma(n - t + 1) - lgamma(n + m + 1) + lgamma(n + m - t + 1))

    return found, min(1.0, (len(reference.counts) + len(found)) * min(chance(window[name]) for name in found))
