"""Holm's correction for many tests at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .columns import Floats


def holm(p: Floats) -> Floats:
    """P-values adjusted so that the chance of any false alarm among all of them is at most the level (Holm 1979), whatever they have to do
    with each other.

    >>> import numpy as np
    >>> holm(np.array([0.01, 0.04, 0.02])).tolist()
    [0.03, 0.04, 0.04]
    """
    import numpy as np

    size = len(p)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(size, 0, -1))
    adjusted = np.empty(size)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted
