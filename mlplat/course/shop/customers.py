"""Who asks: customers by the number of their request, who are others from some day on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ...platform.training import churn

if TYPE_CHECKING:
    import numpy.typing as npt

MANY = 40_000


class Customers:
    """A stream of customers. `change_s` after the first request prices rise by `shift` standard deviations, and what makes customers leave
    becomes other by `relation` (0 to 1).

    >>> customers = Customers(change_s=60.0)
    >>> customers.come(np.arange(0.0, 120.0), 0.0)
    >>> customers.rows([0, 1])["monthly_charge"].mean() < customers.rows(range(60, 120))["monthly_charge"].mean()
    True
    """

    def __init__(self, *, change_s: float = float("inf"), shift: float = 1.5, relation: float = 0.7, seed: int = 0) -> None:
        self.change_s = change_s
        self._before = churn(MANY, seed=2 * seed + 5).frame()
        self._after = churn(MANY, seed=2 * seed + 6, shift=shift, relation=relation).frame()
        self._first = 1 << 62

    def come(self, sent: npt.NDArray[np.float64], began_s: float) -> None:
        """Say when the requests come: sent[N], seconds from `began_s`."""
        self.began_s = began_s
        self._first = int(np.searchsorted(sent, self.change_s))

    def rows(self, numbers: Any) -> pl.DataFrame:
        """The customers of these requests, in ascending order, with what becomes of them."""
        found: npt.NDArray[np.int64] = np.asarray(numbers, dtype=np.int64)
        early, late = found[found < self._first], found[found >= self._first]
        if not len(late):
            return self._before[early % MANY]
        return pl.concat([self._before[early % MANY], self._after[late % MANY]])

    def inputs(self, numbers: Any) -> pl.DataFrame:
        """What a request says of its customer."""
        return self.rows(numbers).drop("churned")
