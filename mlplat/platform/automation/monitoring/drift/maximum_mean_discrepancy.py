"""MMD: the maximum mean discrepancy of all numeric columns together, with a permutation p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....streams import stream
from .drift_test import JointTest
from .permutation import sequential_p

if TYPE_CHECKING:
    from .columns import Floats
    from .joint_sample import JointSample


class MaximumMeanDiscrepancy(JointTest):
    """MMD² with a Gaussian kernel as wide as the median distance of the rows (Gretton et al. 2012), unbiased: it may be below 0.

    At most `most_rows` rows of each side are compared. The effect is MMD, from 0 to √2; how much a shift of one column adds falls with the
    number of columns. It sees changes of how columns go together, which no test of single columns sees.

    >>> MaximumMeanDiscrepancy(floor=0.05), MaximumMeanDiscrepancy.needs_values
    (MaximumMeanDiscrepancy(), True)
    """

    name = "mmd"

    def __init__(self, *, floor: float = 0.02, most_rows: int = 500, permutations: int = 4_999, seed: int = 0) -> None:
        self.floor, self._most_rows, self._most, self._seed = floor, most_rows, permutations, seed

    def measure(self, reference: JointSample, window: Floats) -> tuple[float, float, float]:
        """MMD², its permutation p-value and MMD of two samples of rows."""
        import math

        import numpy as np

        a, b = reference.thinned(reference.rows, self._most_rows), reference.thinned(window, self._most_rows)
        m, n = len(a), len(b)
        if min(m, n) < 2:
            return 0.0, 1.0, 0.0
        kernel = gaussian_kernel(np.concatenate((a, b)))
        random = stream(self._seed, "drift.mmd")
        signs = np.concatenate((np.zeros(m, bool), np.ones(n, bool)))

        def discrepancies(members: Floats) -> Floats:
            """One column of `members` for each split: 1 for the window, 0 for the reference."""
            to_window = kernel @ members
            total = kernel.sum(axis=1)
            within_n = np.einsum("ij,ij->j", members, to_window)
            across = np.einsum("ij,ij->j", 1.0 - members, to_window)
            within_m = (1.0 - members).T @ total - across
            found: Floats = within_m / (m * (m - 1)) + within_n / (n * (n - 1)) - 2 * across / (m * n)
            return found

        def draw(k: int) -> Floats:
            return discrepancies(np.stack([random.permutation(signs) for _ in range(k)], axis=1).astype(float))

        squared = float(discrepancies(signs[:, None].astype(float))[0])
        if not kernel.any():  # all rows are alike
            return 0.0, 1.0, 0.0
        return squared, sequential_p(squared, draw, self._most), math.sqrt(max(0.0, squared))


def gaussian_kernel(rows: Floats) -> Floats:
    """exp(-d² / (2 s²)) of each two rows, s the median of their distances, 0 on the diagonal; all 0 where all rows are alike."""
    import numpy as np

    squares = np.sum(rows**2, axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0.0)
    apart = distances[np.triu_indices(len(rows), 1)]
    apart = apart[apart > 1e-12 * max(1.0, float(squares.max()))]
    if not len(apart):
        return np.zeros_like(distances)
    kernel: Floats = np.exp(distances / (-2 * float(np.median(apart))))
    np.fill_diagonal(kernel, 0.0)
    return kernel
