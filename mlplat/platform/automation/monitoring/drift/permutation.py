"""P-values by permutation that stop as soon as it is clear that there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .columns import Floats

ENOUGH = 10
"""Permutations at least as large as what was observed, after which no more are drawn."""


def sequential_p(observed: float, draw: Callable[[int], Floats], most: int, batch: int = 100) -> float:
    """The p-value of Besag and Clifford (1991): permutations are drawn until 10 are at least as large as `observed`, or `most` are drawn.

    `draw(k)` gives the statistics of k further permutations. The result is valid: P(p ≤ a) ≤ a where nothing has changed.
    """
    import numpy as np

    drawn = exceeding = 0
    margin = 1e-12 * abs(observed)  # sums of the same terms in another order
    while drawn < most:
        size = min(batch, most - drawn)
        larger = np.flatnonzero(draw(size) >= observed - margin)
        if exceeding + len(larger) >= ENOUGH:
            return ENOUGH / float(drawn + larger[ENOUGH - exceeding - 1] + 1)
        exceeding += len(larger)
        drawn += size
    return (exceeding + 1) / (drawn + 1)
