"""Wasserstein: how far the mass of the reference has to be moved to become the window, with a permutation p-value."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .....streams import stream
from .drift_test import NumericTest
from .permutation import sequential_p
from .spread import spread

if TYPE_CHECKING:
    import numpy as np

    from .columns import Counts, Floats
    from .reference_columns import NumericColumn


class Wasserstein(NumericTest):
    """The area between the two distribution functions, in the unit of the column.

    The effect is this over the standard deviation of the reference, taken from its quartiles (from all values where the quartiles are
    equal): a shift of a quarter of one has effect 0.25. The p-value comes from at most `permutations` permutations by `seed`.
    """

    name = "wasserstein"
    needs_values = True

    def __init__(self, *, floor: float = 0.25, permutations: int = 9_999, seed: int = 0) -> None:
        self.floor, self._most, self._seed = floor, permutations, seed

    def measure(self, reference: NumericColumn, window: Floats) -> tuple[float, float, float]:
        import numpy as np

        assert reference.values is not None
        values = reference.values
        farthest = max(abs(values[0]), abs(values[-1]), abs(window[0]), abs(window[-1]))
        unit = float(farthest) if farthest > 1e150 else 1.0  # so that no sum overflows
        a, b = values / unit, window / unit
        pooled = np.sort(np.concatenate((a, b)), kind="stable")
        gaps = np.diff(pooled)
        between = np.searchsorted(b, pooled[:-1], "right") / len(b) - np.searchsorted(a, pooled[:-1], "right") / len(a)
        distance = float(np.sum(np.abs(between) * gaps))
        if distance == 0.0:
            return 0.0, 1.0, 0.0
        permuted = _Permuted(pooled, len(b), stream(self._seed, f"drift.wasserstein/{reference.name}"))
        p = sequential_p(distance, permuted.draw, self._most)
        effect = distance / (spread(a) or distance)  # a constant that is one no longer: effect 1
        return min(distance * unit, sys.float_info.max), p, effect


class _Permuted:
    """Distances of random halves of the pooled sample, each in time that grows with the window and not with the reference.

    Between two neighbouring values of the window the difference of the two functions is linear in rank and changes its sign once, so that
    the area there comes from running sums of the gaps and of rank times gap.
    """

    def __init__(self, pooled: Floats, n: int, random: np.random.Generator) -> None:
        import numpy as np

        gaps = np.append(np.diff(pooled), 0.0)
        self._random, self._n, self._size = random, n, len(pooled)
        self._gaps = np.concatenate(([0.0], np.cumsum(gaps)))
        self._ranked = np.concatenate(([0.0], np.cumsum(gaps * np.arange(1, len(pooled) + 1))))

    def draw(self, k: int) -> Floats:
        import numpy as np

        n, size = self._n, self._size
        chosen = np.empty((k, n + 2), np.int64)
        chosen[:, 0], chosen[:, -1] = 0, size
        for row in chosen:
            row[1:-1] = self._random.choice(size, n, replace=False, shuffle=False)
        chosen[:, 1:-1].sort(axis=1)
        # ranks [start, end) of which j of the window are at or below: the difference at the i-th gap is (i + 1 - j) / m - j / n
        start, end, j = chosen[:, :-1], chosen[:, 1:], np.arange(n + 1)
        m = size - n
        middle = np.clip(j * size // n, start, end)
        slope, level = 1.0 / m, j * (1.0 / m + 1.0 / n)

        def area(low: Counts, high: Counts) -> Floats:
            found: Floats = slope * (self._ranked[high] - self._ranked[low]) - level * (self._gaps[high] - self._gaps[low])
            return found

        distances: Floats = np.sum(area(middle, end) - area(start, middle), axis=1)
        return distances
