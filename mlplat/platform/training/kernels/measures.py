"""Measures of quality of predictions, each row counted a given number of times, so that resamples are counts and nothing is copied."""

from __future__ import annotations

import math

import numpy as np

from .chunks import CHUNK, end_of
from .compiling import entry
from .elementary import log


@entry
def draw_counts(raw: np.ndarray, counts: np.ndarray) -> None:
    """Overwrite `counts`, int64[n], with how often each row is drawn in n draws with replacement. `raw`: uint64[n], random bits; n below
    2^31."""
    rows = len(counts)
    for i in range(rows):
        counts[i] = 0
    for i in range(rows):
        counts[np.int64(((raw[i] >> np.uint64(32)) * np.uint64(rows)) >> np.uint64(32))] += 1


@entry
def add_values(values: np.ndarray, counts: np.ndarray) -> float:
    """Σ counts[i] · values[i], in chunks. float64[n], int64[n]."""
    rows, total = len(values), 0.0
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        part = 0.0
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            part += counts[i] * values[i]
        total += part
    return total


@entry
def log_losses(y: np.ndarray, p: np.ndarray, smallest: float, out: np.ndarray) -> None:
    """out[i] = -log of the probability of what is the case, p[i] or 1 - p[i], at least `smallest`."""
    for i in range(len(y)):
        out[i] = -log(max(p[i] if y[i] == 1.0 else 1.0 - p[i], smallest))


@entry
def squared_errors(y: np.ndarray, predicted: np.ndarray, out: np.ndarray) -> None:
    """out[i] = (y[i] - predicted[i])²."""
    for i in range(len(y)):
        out[i] = (y[i] - predicted[i]) * (y[i] - predicted[i])


@entry
def squares_about_mean(y: np.ndarray, counts: np.ndarray) -> float:
    """Σ counts[i] · (y[i] - mean)², in chunks; the mean is that of the counted rows, of which there is at least one."""
    rows, total, number = len(y), 0.0, 0
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        part = 0.0
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            part += counts[i] * y[i]
            number += counts[i]
        total += part
    mean, squares = total / number, 0.0
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        part = 0.0
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            part += counts[i] * ((y[i] - mean) * (y[i] - mean))
        squares += part
    return squares


@entry
def area_under_curve(y: np.ndarray, scores: np.ndarray, order: np.ndarray, counts: np.ndarray) -> float:
    """The share of pairs of a positive and a negative row in which the positive one has the higher score; equal scores count half.

    `order`: int64[n], rows by rising score. Counts are integers, so ties in any order are the same. NaN without both kinds of rows.
    """
    rows = len(order)
    below, twice, positives, at = 0, 0, 0, 0
    while at < rows:
        here, ones, zeros = scores[order[at]], 0, 0
        while at < rows and scores[order[at]] == here:
            i = order[at]
            if y[i] == 1.0:
                ones += counts[i]
            else:
                zeros += counts[i]
            at += 1
        twice += ones * (2 * below + zeros)
        positives += ones
        below += zeros
    if positives == 0 or below == 0:
        return math.nan
    return twice / (2.0 * positives * below)
