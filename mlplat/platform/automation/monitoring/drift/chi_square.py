"""Chi-square: Pearson's test of the categories of two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import chi_square, merged_rare, psi
from .drift_test import CategoricalTest

if TYPE_CHECKING:
    from .reference_columns import CategoricalColumn


class ChiSquare(CategoricalTest):
    """Pearson's chi-square of a table of two rows, categories joined to one that are too rare in both samples together.

    The effect is the PSI of the same table. New categories, which may be rare, are looked at apart (`decide`).
    """

    name = "chi_square"

    def __init__(self, *, floor: float = 0.1) -> None:
        self.floor = floor

    def measure(self, reference: CategoricalColumn, window: dict[str, int]) -> tuple[float, float, float]:
        from scipy.special import chdtrc

        _, a, b = reference.beside(window)
        a, b = merged_rare(a, b)
        if len(a) < 2:
            return 0.0, 1.0, 0.0
        statistic = chi_square(a, b)
        return statistic, chdtrc(len(a) - 1, statistic), psi(a, b)
