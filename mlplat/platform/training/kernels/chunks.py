"""Every sum over rows is made of sums over chunks of `CHUNK` rows, each begun at 0 and added row by row; these are added chunk by chunk.

So it does not matter who computes which chunk: any number of replicas, each with some of the chunks, adds up to the same bytes as one
machine, as long as chunks are not cut and their sums are added in their order. Rounding errors grow with the rows of a chunk plus the
number of chunks, not with their product.
"""

from __future__ import annotations

import numpy as np

from .compiling import inlined, kernel

CHUNK = 1024
"""Rows of a chunk. Part of what a result is: another number gives other last digits."""


@inlined
def end_of(chunk: int, rows: int) -> int:
    """The row after the last one of a chunk."""
    return min((chunk + 1) * CHUNK, rows)


@kernel
def add_and_clear(part: np.ndarray, total: np.ndarray) -> None:
    """Add the sums of a chunk to those of the chunks before it, and set them to 0 for the next. float64[n] each."""
    for i in range(len(part)):
        total[i] += part[i]
        part[i] = 0.0


@kernel
def clear(values: np.ndarray) -> None:
    """Set float64[n] to 0."""
    for i in range(len(values)):
        values[i] = 0.0
