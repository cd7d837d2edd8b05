"""Logistic regression by Newton's method (iteratively reweighted least squares) with the step halved until the loss does not grow.

The loss is that of scikit-learn: C Σ log(1 + e^{z}) - y z, with z = x'w + b, plus w'w / 2; the intercept b is free and has index 0.
"""

from __future__ import annotations

import numpy as np

from .cholesky import solve
from .chunks import CHUNK, add_and_clear, clear, end_of
from .compiling import entry, kernel
from .elementary import sigmoid, softplus
from .linear import dot

HALVINGS = 30
ROUNDING = 1e-12
"""A loss that is larger by this part of it may be as small: so much is rounding."""
CONVERGED, STUCK = 1, 2


@kernel
def loss_of(x: np.ndarray, y: np.ndarray, weights: np.ndarray, strength: float, trial: np.ndarray) -> float:
    """The loss of `weights`, float64[1 + d]. `trial`: float64[d], overwritten by the coefficients alone."""
    rows, features = x.shape
    for j in range(features):
        trial[j] = weights[1 + j]
    total = 0.0
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        part = 0.0
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            z = dot(x, i, trial, features) + weights[0]
            part += softplus(z) - y[i] * z
        total += part
    penalty = 0.0
    for j in range(features):
        penalty += trial[j] * trial[j]
    return strength * total + 0.5 * penalty


@kernel
def derivatives(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, strength: float, trial: np.ndarray, part: np.ndarray, sums: np.ndarray
) -> None:
    """Overwrite `sums`, float64[s * s + s] with s = 1 + d: second derivatives of the loss (lower triangle, row by row), then the first.

    `part`: the same shape, zeros.
    """
    rows, features = x.shape
    size = 1 + features
    for j in range(features):
        trial[j] = weights[1 + j]
    clear(sums)
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            p = sigmoid(dot(x, i, trial, features) + weights[0])
            error = p - y[i]
            weight = p * (1.0 - p)
            part[0] += weight
            part[size * size] += error
            for j in range(features):
                value = x[i, j]
                weighted = weight * value
                part[(1 + j) * size] += weighted
                for k in range(j + 1):
                    part[(1 + j) * size + 1 + k] += weighted * x[i, k]
                part[size * size + 1 + j] += error * value
        add_and_clear(part, sums)
    for i in range(len(sums)):
        sums[i] *= strength
    for j in range(1, size):
        sums[j * size + j] += 1.0
        sums[size * size + j] += weights[j]


@entry
def newton(
    x: np.ndarray,
    y: np.ndarray,
    strength: float,
    tolerance: float,
    steps: int,
    weights: np.ndarray,
    progress: np.ndarray,
    trial: np.ndarray,
    part: np.ndarray,
    sums: np.ndarray,
    step: np.ndarray,
    moved: np.ndarray,
) -> int:
    """Take so many Newton steps from `weights`, float64[1 + d], which is overwritten; fewer where it has converged.

    `x`: float64[n, d]; `y`: float64[n], 0 or 1; `strength` is C. `progress`: int64[2], steps taken, and how it stands: CONVERGED once a
    step, which is still taken, promised to lower the loss by no more than `tolerance`; STUCK once no part of a step lowered it.
    Overwritten: `trial` float64[d], `part` (zeros) and `sums` float64[s * s + s], `step` and `moved` float64[s]. Returns -1, or the column
    (0: the intercept) at which there is no single minimum.
    """
    size = 1 + x.shape[1]
    for _ in range(steps):
        if progress[1] != 0:
            return -1
        derivatives(x, y, weights, strength, trial, part, sums)
        for j in range(size):
            step[j] = sums[size * size + j]
        failed = solve(sums, size, step)
        if failed >= 0:
            return failed
        promised = 0.0
        for j in range(size):
            promised += 0.5 * sums[size * size + j] * step[j]
        if promised <= tolerance:
            progress[1] = CONVERGED
        largest = loss_of(x, y, weights, strength, trial) * (1.0 + ROUNDING)
        length, taken = 1.0, False
        for _halving in range(HALVINGS):
            for j in range(size):
                moved[j] = weights[j] - length * step[j]
            if progress[1] == CONVERGED or loss_of(x, y, moved, strength, trial) <= largest:
                taken = True
                break
            length *= 0.5
        if not taken:
            progress[1] = STUCK
            return -1
        for j in range(size):
            weights[j] = moved[j]
        progress[0] += 1
    return -1
