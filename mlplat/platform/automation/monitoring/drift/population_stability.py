"""PSI: the population stability index of a window, with the p-value that it has as a statistic of two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import chi_square, merged_neighbours, psi
from .drift_test import NumericTest

if TYPE_CHECKING:
    from .columns import Floats
    from .reference_columns import NumericColumn


class PSI(NumericTest):
    """Population stability index over cells of equal size of the reference, cells that are too rare joined with their neighbours.

    PSI · nm / (n + m) is about chi-square with cells - 1 degrees of freedom where nothing has changed (Yurdakul 2018): at n = 50 a PSI
    over 0.1 is what to expect, and no alarm. In small windows it is a little larger than that, so that the p-value is of Pearson's
    statistic of the same cells, which is closer. The effect is the PSI itself.
    """

    name = "psi"

    def __init__(self, *, floor: float = 0.1) -> None:
        self.floor = floor

    def measure(self, reference: NumericColumn, window: Floats) -> tuple[float, float, float]:
        from scipy.special import chdtrc

        a, b = merged_neighbours(reference.cells, reference.cells_of(window))
        found = psi(a, b)
        return found, chdtrc(len(a) - 1, chi_square(a, b)) if len(a) > 1 else 1.0, found
