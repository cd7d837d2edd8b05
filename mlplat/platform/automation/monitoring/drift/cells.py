"""Cells of a table with two rows, reference and window: which are too rare to be looked at alone, and how far the two rows are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .columns import Counts

LEAST_EXPECTED = 5.0
"""Rows that a cell shall have in the smaller sample if nothing has changed (Cochran 1954)."""


def psi(reference: Counts, window: Counts) -> float:
    """Population stability index: the sum of (q - p) ln(q / p) over the cells, p and q their shares (Kullback and Leibler 1951, as J).

    An empty cell counts as half a row where the other sample has rows there, and not at all where neither has. 0 where a sample is empty.

    >>> import numpy as np
    >>> round(psi(np.array([50, 50]), np.array([30, 70])), 4)
    0.1695
    """
    import numpy as np

    m, n = int(reference.sum()), int(window.sum())
    if m == 0 or n == 0:
        return 0.0
    used = (reference + window) > 0
    p, q = np.maximum(reference[used], 0.5) / m, np.maximum(window[used], 0.5) / n
    return float(np.sum((q - p) * np.log(q / p)))


def chi_square(reference: Counts, window: Counts) -> float:
    """Pearson's statistic of the table: the sum of (observed - expected)² / expected. Every cell must have a row in either sample."""
    import numpy as np

    m, n = int(reference.sum()), int(window.sum())
    both = reference + window
    expected_m, expected_n = both * (m / (m + n)), both * (n / (m + n))
    return float(np.sum((reference - expected_m) ** 2 / expected_m) + np.sum((window - expected_n) ** 2 / expected_n))


def merged_neighbours(reference: Counts, window: Counts) -> tuple[Counts, Counts]:
    """Cells that stand in order, joined with their neighbours until each is expected to have at least 5 rows in the smaller sample.

    What is joined depends on both samples together and not on which is which, so that no test on the result is biased by it.
    """
    import numpy as np

    m, n = int(reference.sum()), int(window.sum())
    least = LEAST_EXPECTED * (m + n) / max(1, min(m, n))
    both = (reference + window).tolist()
    starts, have = [0], 0
    for cell, rows in enumerate(both):
        if have >= least:
            starts.append(cell)
            have = 0
        have += rows
    if have < least and len(starts) > 1:
        starts.pop()
    return np.add.reduceat(reference, starts), np.add.reduceat(window, starts)


def merged_rare(reference: Counts, window: Counts) -> tuple[Counts, Counts]:
    """Cells without order, those joined to one that are expected to have fewer than 5 rows in the smaller sample; and that one with the
    smallest other cell if it is still too rare."""
    import numpy as np

    m, n = int(reference.sum()), int(window.sum())
    least = LEAST_EXPECTED * (m + n) / max(1, min(m, n))
    both = reference + window
    kept = both >= least
    a, b = reference[kept], window[kept]
    rare_a, rare_b = int(reference[~kept].sum()), int(window[~kept].sum())
    if rare_a + rare_b == 0:
        return a, b
    if rare_a + rare_b < least and len(a):
        smallest = int(np.argmin(a + b))
        a[smallest] += rare_a
        b[smallest] += rare_b
        return a, b
    return np.append(a, rare_a), np.append(b, rare_b)
