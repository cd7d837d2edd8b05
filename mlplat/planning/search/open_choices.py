"""Which choices of a space a search has still to think of, and which of them it runs next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import OptionError
from .space import Counts, Space

MOST_CHOICES = 2_000_000
"""Choices that a search can hold open at once; more are taken for ranges that nobody thought about."""


class OpenChoices:
    """The choices of a space that nothing has closed yet.

    Each close… closes choices for what one other choice showed, and returns how many of them were open. Raises OptionError for a space of
    more than `MOST_CHOICES`.

    >>> choices = OpenChoices(Space(("node",), (1,), (9,), (100.0,)))
    >>> choices.next()
    (5,)
    >>> choices.close_below((5,)), choices.close_from((7,)), choices.next()
    (5, 3, (6,))
    """

    def __init__(self, space: Space) -> None:
        if space.size > MOST_CHOICES:
            ranges = " × ".join(f"{b - a + 1:,}" for a, b in zip(space.least, space.most, strict=True))
            raise OptionError(f"{ranges} choices of counts; expected at most {MOST_CHOICES:,}: narrow the ranges under search.groups")
        self.space = space
        costs = space.costs()
        self._shape = costs.shape
        total = np.indices(self._shape).sum(axis=0).ravel()
        self._order = np.lexsort((np.arange(costs.size), total, costs.ravel()))  # as Space.rank
        self._rank = np.empty(costs.size, np.int64)
        self._rank[self._order] = np.arange(costs.size)
        self._costs = costs
        self._open = np.ones(self._shape, bool)

    def __len__(self) -> int:
        return int(self._open.sum())

    def _index(self, counts: Sequence[int]) -> Counts:
        return tuple(c - a for c, a in zip(counts, self.space.least, strict=True))

    def _close(self, part: npt.NDArray[np.bool_]) -> int:
        closed = int(part.sum())
        part[...] = False
        return closed

    def is_open(self, counts: Sequence[int]) -> bool:
        """Whether nothing has closed it."""
        return self.space.holds(counts) and bool(self._open[self._index(counts)])

    def close(self, counts: Sequence[int]) -> int:
        """This choice alone."""
        return self._close(self._open[tuple(slice(i, i + 1) for i in self._index(counts))]) if self.space.holds(counts) else 0

    def close_below(self, counts: Sequence[int], *, spare: int = 0) -> int:
        """Those with no more of any group. `spare`: those that differ by at most so many nodes stay open, all but the choice itself."""
        return self._close_but([slice(0, max(0, i + 1)) for i in self._index(counts)], counts, spare)

    def close_above(self, counts: Sequence[int], *, spare: int = 0) -> int:
        """Those with no fewer of any group. `spare`: as of `close_below`."""
        return self._close_but([slice(max(0, i), None) for i in self._index(counts)], counts, spare)

    def _close_but(self, corner: list[slice], counts: Sequence[int], spare: int) -> int:
        part = self._open[tuple(corner)]
        if not spare or not part.size:
            return self._close(part)
        first = sum(range(n)[s].start for n, s in zip(self._shape, corner, strict=True))
        apart = np.abs(np.indices(part.shape).sum(axis=0) + first - sum(self._index(counts)))
        closed = part & ((apart > spare) | (apart == 0))
        part &= ~closed
        return int(closed.sum())

    def close_from(self, counts: Sequence[int]) -> int:
        """It, and those that rank behind it: dearer, or as dear with more nodes."""
        rank = self._rank[np.ravel_multi_index(self._index(counts), self._shape)]
        flat = self._open.reshape(-1)
        behind = self._order[rank:]
        closed = int(flat[behind].sum())
        flat[behind] = False
        return closed

    def close_dearer(self, cost: float) -> int:
        """Those that cost more."""
        dear = self._open & (self._costs > cost)
        self._open &= ~dear
        return int(dear.sum())

    def next(self, *, fewer_helps: bool = False) -> Counts | None:
        """The open choice whose verdict closes the most in the worse case, the cheapest of those; None where none is open.

        With one group it is the middle: bisection. `fewer_helps`: whether it may also turn out that fewer nodes are needed.
        """
        if not self._open.any():
            return None
        below = self._open.astype(np.int64)
        for axis in range(below.ndim):
            np.cumsum(below, axis=axis, out=below)
        behind = np.cumsum(self._open.reshape(-1)[self._order][::-1])[::-1]
        worst = np.minimum(below.reshape(-1), behind[self._rank])
        if fewer_helps:
            above = np.flip(self._open).astype(np.int64)
            for axis in range(above.ndim):
                np.cumsum(above, axis=axis, out=above)
            worst = np.minimum(worst, np.flip(above).reshape(-1))
        worst = np.where(self._open.reshape(-1), worst, -1)[self._order]
        best = np.unravel_index(self._order[int(np.argmax(worst))], self._shape)
        return tuple(int(i) + a for i, a in zip(best, self.space.least, strict=True))
