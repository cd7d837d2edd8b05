"""The space of a search: how many nodes each group may have, and what a choice of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Counts = tuple[int, ...]
"""How many nodes of each group, in the order of the space."""

CENT = 2
"""Decimals to which costs are compared, so that sums of prices in another order do not differ."""


@dataclass(frozen=True, slots=True)
class Space:
    """Every choice of counts from `least` to `most` of each of `names`. A choice costs `fixed` and `prices` a node, in US dollars a month.

    Raises OptionError for ranges or prices that are none.

    >>> space = Space(("big", "small"), least=(0, 0), most=(4, 10), prices=(900.0, 200.0))
    >>> space.size, space.cost((2, 3)), space.rank((2, 3)) < space.rank((3, 0))
    (55, 2400.0, True)
    """

    names: tuple[str, ...]
    least: Counts
    most: Counts
    prices: tuple[float, ...]
    fixed: float = 0.0

    def __post_init__(self) -> None:
        if not self.names or not len(self.names) == len(self.least) == len(self.most) == len(self.prices):
            raise OptionError(f"a search over {len(self.names)} groups: expected at least one, each with least, most and a price")
        for name, least, most, price in zip(self.names, self.least, self.most, self.prices, strict=True):
            if not 0 <= least <= most:
                raise OptionError(f"{name!r}: from {least} to {most} nodes; expected a range from at least 0")
            if not price >= 0:
                raise OptionError(f"{name!r}: costs {price} a node; expected at least 0")

    @property
    def size(self) -> int:
        """How many choices there are."""
        product = 1
        for least, most in zip(self.least, self.most, strict=True):
            product *= most - least + 1
        return product

    def cost(self, counts: Sequence[int]) -> float:
        """US dollars a month."""
        return round(sum((count * price for count, price in zip(counts, self.prices, strict=True)), self.fixed), CENT)

    def rank(self, counts: Sequence[int]) -> tuple[float, int, Counts]:
        """What is preferred comes first: the cheaper, then fewer nodes, then fewer of the groups named first."""
        return self.cost(counts), sum(counts), tuple(counts)

    def clamped(self, counts: Sequence[int]) -> Counts:
        """The nearest choice within the ranges."""
        return tuple(min(max(c, a), b) for c, a, b in zip(counts, self.least, self.most, strict=True))

    def holds(self, counts: Sequence[int]) -> bool:
        """Whether the counts are one of the choices."""
        return self.clamped(counts) == tuple(counts)

    def doubled(self, counts: Sequence[int]) -> Counts:
        """Twice as many of each group that is used, within the ranges; once all of those are at their most, of every group."""
        twice = self.clamped([2 * c for c in counts])
        return twice if twice != tuple(counts) else self.clamped([max(2 * c, 1) for c in counts])

    def below(self, most: Counts) -> Space:
        """The part of it with at most so many."""
        return Space(self.names, self.least, self.clamped(most), self.prices, self.fixed)

    def affordable(self, cost: float) -> Counts:
        """The most of each group that costs no more than `cost` with the least of every other."""
        spare = cost - self.cost(self.least)
        return self.clamped(
            [
                b if not price else a + max(0, int((spare + 10**-CENT) // price))
                for a, b, price in zip(self.least, self.most, self.prices, strict=True)
            ]
        )

    def costs(self) -> npt.NDArray[np.float64]:
        """The cost of every choice: an array with an axis for each group."""
        import numpy as np

        total = np.full([b - a + 1 for a, b in zip(self.least, self.most, strict=True)], self.fixed)
        for axis, (a, b, price) in enumerate(zip(self.least, self.most, self.prices, strict=True)):
            total += (np.arange(a, b + 1) * price).reshape([-1 if i == axis else 1 for i in range(total.ndim)])
        return np.round(total, CENT)
