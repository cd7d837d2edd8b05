"""Linear functions of rows, and ridge regression by its normal equations (Hoerl, Kennard 1970) on centred columns."""

from __future__ import annotations

import numpy as np

from .cholesky import solve
from .chunks import CHUNK, add_and_clear, end_of
from .compiling import entry, inlined


@inlined
def dot(x: np.ndarray, row: int, coefficients: np.ndarray, features: int) -> float:
    """Σ x[row, j] · coefficients[j], from the first feature to the last."""
    value = 0.0
    for j in range(features):
        value += x[row, j] * coefficients[j]
    return value


@entry
def decide(x: np.ndarray, coefficients: np.ndarray, intercept: float, out: np.ndarray) -> None:
    """out[i] = Σ x[i, j] · coefficients[j] + intercept. float64[n, d], float64[d], float64[n]."""
    for i in range(len(x)):
        out[i] = dot(x, i, coefficients, len(coefficients)) + intercept


@entry
def add_up(x: np.ndarray, y: np.ndarray, first: int, last: int, part: np.ndarray, sums: np.ndarray) -> None:
    """Add the chunks `first` to `last` (not included) to the sums of columns and target: float64[d + 1]. `part`: the same shape, zeros."""
    rows, features = x.shape
    for chunk in range(first, last):
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            for j in range(features):
                part[j] += x[i, j]
            part[features] += y[i]
        add_and_clear(part, sums)


@entry
def add_products(x: np.ndarray, y: np.ndarray, means: np.ndarray, first: int, last: int, part: np.ndarray, sums: np.ndarray) -> None:
    """Add the chunks `first` to `last` (not included) to the products of centred columns, and of these with the centred target.

    `means`: float64[d + 1], the target's last. `sums`: float64[d * d + d], the lower triangle of the products row by row, then those with
    the target. `part`: the same shape, zeros.
    """
    rows, features = x.shape
    for chunk in range(first, last):
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            target = y[i] - means[features]
            for j in range(features):
                value = x[i, j] - means[j]
                for k in range(j + 1):
                    part[j * features + k] += value * (x[i, k] - means[k])
                part[features * features + j] += value * target
        add_and_clear(part, sums)


@entry
def solve_ridge(sums: np.ndarray, alpha: float, work: np.ndarray, coefficients: np.ndarray) -> int:
    """Solve (X'X + alpha I) w = X'y into `coefficients`. `work`: float64[d * d]. Returns -1, or the feature at which it has no solution."""
    features = len(coefficients)
    for i in range(features * features):
        work[i] = sums[i]
    for j in range(features):
        work[j * features + j] += alpha
        coefficients[j] = sums[features * features + j]
    return solve(work, features, coefficients)
