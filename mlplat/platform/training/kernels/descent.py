"""Stochastic gradient descent in mini-batches (Robbins, Monro 1951; Bottou 2012), for squared and logistic loss."""

from __future__ import annotations

import math

import numpy as np

from .chunks import CHUNK, add_and_clear, clear
from .compiling import entry
from .elementary import sigmoid
from .linear import dot

SQUARED, LOGISTIC = 0, 1


@entry
def shuffle(raw: np.ndarray, order: np.ndarray) -> None:
    """Permute `order` by Fisher and Yates; `raw`: uint64[n], random bits.

    The upper 32 bits times the number of choices, shifted: integers only. n below 2^31.
    """
    for i in range(len(order) - 1, 0, -1):
        other = np.int64(((raw[i] >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        kept = order[i]
        order[i] = order[other]
        order[other] = kept


@entry
def descend(
    x: np.ndarray,
    y: np.ndarray,
    order: np.ndarray,
    loss: int,
    batch: int,
    first: int,
    last: int,
    before: int,
    rate: float,
    alpha: float,
    weights: np.ndarray,
    part: np.ndarray,
    gradient: np.ndarray,
) -> None:
    """Take the steps `first` to `last` (not included) of an epoch, one mini-batch each, from `weights`, float64[d + 1], the intercept last.

    `x`: float64[n, d]; `y`: float64[n]; `order`: int64[n], the rows as this epoch takes them. `before`: steps of earlier epochs. The t-th
    step of all, from 1, has the length rate / t^¼ (two square roots). Overwritten: `part` (zeros) and `gradient` float64[d + 1].
    """
    rows, features = x.shape
    for step in range(first, last):
        start, end = step * batch, min((step + 1) * batch, rows)
        clear(gradient)
        for chunk in range(start, end, CHUNK):
            for place in range(chunk, min(chunk + CHUNK, end)):
                i = order[place]
                z = dot(x, i, weights, features) + weights[features]
                error = (sigmoid(z) if loss == LOGISTIC else z) - y[i]
                for j in range(features):
                    part[j] += error * x[i, j]
                part[features] += error
            add_and_clear(part, gradient)
        length = rate / math.sqrt(math.sqrt(before + step + 1.0))
        for j in range(features):
            weights[j] -= length * (gradient[j] / (end - start) + alpha * weights[j])
        weights[features] -= length * (gradient[features] / (end - start))
