"""Gradient boosting of stumps, trees with one split (Friedman 2001), found in histograms; second-order leaves (Chen, Guestrin 2016).

A row goes left where its value is at most the threshold. Of splits with the same gain the first wins: the lowest feature, then the
lowest threshold.
"""

from __future__ import annotations

import numpy as np

from .chunks import CHUNK, add_and_clear, clear, end_of
from .compiling import entry, kernel
from .descent import LOGISTIC
from .elementary import sigmoid


@entry
def put_in_bins(x: np.ndarray, thresholds: np.ndarray, starts: np.ndarray, bins: np.ndarray) -> None:
    """bins[i, j] = how many thresholds of feature j are below x[i, j]: int32[n, d].

    `thresholds`: float64, those of feature j in rising order from starts[j] to starts[j + 1]; `starts`: int64[d + 1].
    """
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            low, high = starts[j], starts[j + 1]
            while low < high:
                middle = (low + high) // 2
                if thresholds[middle] < x[i, j]:
                    low = middle + 1
                else:
                    high = middle
            bins[i, j] = low - starts[j]


@kernel
def fill_histogram(bins: np.ndarray, y: np.ndarray, scores: np.ndarray, loss: int, width: int, part: np.ndarray, sums: np.ndarray) -> None:
    """Overwrite `sums`, float64[d * width * 3]: of each feature and bin the first and second derivatives of the loss, and rows."""
    rows, features = bins.shape
    clear(sums)
    for chunk in range((rows + CHUNK - 1) // CHUNK):
        for i in range(chunk * CHUNK, end_of(chunk, rows)):
            if loss == LOGISTIC:
                p = sigmoid(scores[i])
                slope, curvature = p - y[i], p * (1.0 - p)
            else:
                slope, curvature = scores[i] - y[i], 1.0
            for j in range(features):
                at = (j * width + bins[i, j]) * 3
                part[at] += slope
                part[at + 1] += curvature
                part[at + 2] += 1.0
        add_and_clear(part, sums)


@entry
def boost(
    bins: np.ndarray,
    y: np.ndarray,
    starts: np.ndarray,
    loss: int,
    rate: float,
    penalty: float,
    fewest: int,
    first: int,
    last: int,
    scores: np.ndarray,
    chosen: np.ndarray,
    leaves: np.ndarray,
    part: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Add the stumps `first` to `last` (not included).

    `bins`: int32[n, d]; `y`, `scores`: float64[n]; scores are moved. `penalty`: added to the second derivative of a leaf. `fewest`: rows
    of a leaf. `chosen`: int64[m, 2], the feature and the bin that is the last to go left, -1 where no split gains anything; `leaves`:
    float64[m, 2], what is added left and right. `part` (zeros) and `sums`: float64[d * width * 3].
    """
    rows, features = bins.shape
    width = len(sums) // (3 * features)
    for stump in range(first, last):
        fill_histogram(bins, y, scores, loss, width, part, sums)
        chosen[stump, 0] = chosen[stump, 1] = -1
        leaves[stump, 0] = leaves[stump, 1] = 0.0
        best = 0.0
        for j in range(features):
            slope = curvature = 0.0
            for b in range(width):
                slope += sums[(j * width + b) * 3]
                curvature += sums[(j * width + b) * 3 + 1]
            if not curvature + penalty > 0.0:
                continue
            whole = slope * slope / (curvature + penalty)
            left_slope = left_curvature = left_rows = 0.0
            for b in range(starts[j + 1] - starts[j]):
                at = (j * width + b) * 3
                left_slope += sums[at]
                left_curvature += sums[at + 1]
                left_rows += sums[at + 2]
                right_slope, right_curvature = slope - left_slope, curvature - left_curvature
                if left_rows < fewest or rows - left_rows < fewest:
                    continue
                if not left_curvature + penalty > 0.0 or not right_curvature + penalty > 0.0:
                    continue
                gain = (
                    left_slope * left_slope / (left_curvature + penalty) + right_slope * right_slope / (right_curvature + penalty) - whole
                )
                if gain > best:
                    best = gain
                    chosen[stump, 0], chosen[stump, 1] = j, b
                    leaves[stump, 0] = -rate * left_slope / (left_curvature + penalty)
                    leaves[stump, 1] = -rate * right_slope / (right_curvature + penalty)
        move(bins, chosen, leaves, stump, scores)


@kernel
def move(bins: np.ndarray, chosen: np.ndarray, leaves: np.ndarray, stump: int, scores: np.ndarray) -> None:
    """Add one stump to the scores of all rows."""
    feature = chosen[stump, 0]
    if feature < 0:
        return
    for i in range(len(scores)):
        scores[i] += leaves[stump, 0] if bins[i, feature] <= chosen[stump, 1] else leaves[stump, 1]


@entry
def move_by_all(bins: np.ndarray, chosen: np.ndarray, leaves: np.ndarray, count: int, scores: np.ndarray) -> None:
    """Add the first `count` stumps, in their order: the scores are those that `boost` had then."""
    for stump in range(count):
        move(bins, chosen, leaves, stump, scores)


@entry
def score_rows(x: np.ndarray, features: np.ndarray, thresholds: np.ndarray, leaves: np.ndarray, out: np.ndarray) -> None:
    """Add to out[i] what all stumps add to row i of `x`, float64[n, d]. int64[m], float64[m], float64[m, 2], float64[n]."""
    for i in range(len(x)):
        for stump in range(len(features)):
            feature = features[stump]
            if feature >= 0:
                out[i] += leaves[stump, 0] if x[i, feature] <= thresholds[stump] else leaves[stump, 1]
