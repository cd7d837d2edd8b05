"""Series with fewer points that look the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def thinned(time: npt.NDArray[np.float64], value: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.int64]:
    """Places of at most `most` points (at least 4) that show a step function: where it changes, else of each of equal times the first, the
    last, the lowest and the highest. `time`: ascending.

    >>> thinned(np.arange(6.0), np.array([1.0, 1, 1, 2, 2, 1]), 10).tolist()
    [0, 3, 5]
    """
    if not len(time):
        return np.zeros(0, dtype=np.int64)
    changes = np.flatnonzero(np.append(True, value[1:] != value[:-1]))
    if len(changes) <= most:
        return changes
    span = float(time[-1] - time[0])
    buckets = max(1, most // 4)
    bucket = np.minimum(((time[changes] - time[0]) * (buckets / span)).astype(np.int64), buckets - 1) if span else np.zeros_like(changes)
    first = np.flatnonzero(np.append(True, np.diff(bucket) > 0))
    last = np.append(first[1:], len(changes)) - 1
    by_value = np.lexsort((changes, value[changes], bucket))  # within a bucket the lowest stands first, the highest last
    kept = np.unique(np.concatenate([first, last, by_value[first], by_value[last]]))
    found: npt.NDArray[np.int64] = changes[kept]
    return found
