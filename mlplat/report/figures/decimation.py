"""Fewer points of a curve, none of them made up and no extreme lost.

Drawing every instant of a million jobs helps nobody. The span of time is cut into equal parts; of each part the first, lowest, highest and
last points are kept, each at its own time and with its own value (M4, Jugel et al., VLDB 2014). A step curve through them has its true
value at every point and at the end of every part, and its global minimum and maximum are those of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_POINTS = 2000
"""Points of one curve at most."""


def kept(times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], most: int = MOST_POINTS) -> npt.NDArray[np.int64]:
    """int64[K]: which of N points to draw, in order, at most `most` of them. `times`: ascending. All of them where they are few enough.

    >>> kept(np.arange(10.0), np.array([0, 0, 9, 0, 0, 1, 1, -5, 1, 1.0]), most=4).tolist()
    [0, 2, 7, 9]
    """
    if len(times) <= most:
        return np.arange(len(times), dtype=np.int64)
    parts = most // 4
    span = float(times[-1] - times[0])
    part = np.minimum((times - times[0]) * (parts / span), parts - 1).astype(np.int64) if span > 0 else np.zeros(len(times), np.int64)
    begins = np.flatnonzero(np.append(True, part[1:] != part[:-1]))
    ends = np.append(begins[1:], len(times)) - 1
    by_value = np.lexsort((values, part))
    return np.unique(np.concatenate([begins, ends, by_value[begins], by_value[ends]]))


def kept_ranks(count: int, most: int = MOST_POINTS) -> npt.NDArray[np.int64]:
    """int64[K]: which of N sorted values to draw of a distribution: evenly spaced ranks, the first and the last among them.

    >>> kept_ranks(101, most=5).tolist()
    [0, 25, 50, 75, 100]
    """
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))
