"""The customers whose requests come in, what becomes of them, and how they change one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..platform.training import churn

if TYPE_CHECKING:
    import numpy.typing as npt

BEFORE, AFTER = 60_000, 60_000
"""Customers to draw from, before and after the change."""


class Customers:
    """Row i of a stream is a customer; from row `change` on they are others: prices have risen, and other things make them leave."""

    def __init__(self, change: int, seed: int) -> None:
        self.change = change
        self._before = churn(BEFORE, seed=2 * seed + 5).frame()
        self._after = churn(AFTER, seed=2 * seed + 6, shift=1.5, relation=0.7).frame()
        self.features = self._before.columns[:-1]
        self.target = self._before.columns[-1]

    def rows(self, numbers: Any) -> pl.DataFrame:
        """The customers of these rows, in ascending order, with what becomes of them."""
        found: npt.NDArray[np.int64] = np.asarray(numbers, dtype=np.int64)
        early, late = found[found < self.change], found[found >= self.change]
        return pl.concat([self._before[early % BEFORE], self._after[late % AFTER]])

    def inputs(self, numbers: Any) -> pl.DataFrame:
        """What a request says of its customer."""
        return self.rows(numbers).select(self.features)
