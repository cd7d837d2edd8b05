"""The naive oracle of training: the models of docs/platform/training.md in plain Python, with the rows spread over any number of replicas.

exp and log are the library's own, which tests/platform/training/test_elementary.py compares with exact arithmetic; all the rest is here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mlplat.platform.training import portable
from mlplat.platform.training.data import random_bits

CHUNK = 1024
Rows = Sequence[Sequence[float]]


def sigmoid(x: float) -> float:
    return float(portable.sigmoid([x])[0])


def softplus(x: float) -> float:
    return float(portable.softplus([x])[0])


def all_reduce(rows: Sequence[int], width: int, of_row: Callable[[int], Sequence[float]], replicas: int) -> list[float]:
    """The sums of what each row gives. Replica r computes every chunk whose number leaves the rest r, the last replica first; then the
    sums of the chunks are added in the order of the chunks.
    """
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    computed: dict[int, list[float]] = {}
    for replica in reversed(range(replicas)):
        for number in range(replica, len(chunks), replicas):
            sums = [0.0] * width
            for row in chunks[number]:
                sums = [a + b for a, b in zip(sums, of_row(row), strict=True)]
            computed[number] = sums
    total = [0.0] * width
    for number in range(len(chunks)):
        total = [a + b for a, b in zip(total, computed[number], strict=True)]
    return total


def solve(a: list[list[float]], b: list[float]) -> list[float]:
    """A x = b by A = L L', L column by column, each element from the first term to the last."""
    n = len(b)
    low = [[0.0] * n for _ in range(n)]
    for j in range(n):
        for i in range(j, n):
            value = a[i][j]
            for k in range(j):
                value -= low[i][k] * low[j][k]
            low[i][j] = math.sqrt(value) if i == j else value / low[j][j]
    x = list(b)
    for i in range(n):
        for k in range(i):
            x[i] -= low[i][k] * x[k]
        x[i] /= low[i][i]
    for i in reversed(range(n)):
        for k in range(i + 1, n):
            x[i] -= low[k][i] * x[k]
        x[i] /= low[i][i]
    return x


def dot(row: Sequence[float], weights: Sequence[float]) -> float:
    value = 0.0
    for a, b in zip(row, weights, strict=True):
        value += a * b
    return value


def ridge(x: Rows, y: Sequence[float], alpha: float, replicas: int = 1) -> tuple[list[float], float]:
    """Coefficients and intercept."""
    n, d = len(x), len(x[0])
    rows = range(n)
    means = [total / n for total in all_reduce(rows, d + 1, lambda i: [*x[i], y[i]], replicas)]

    def products(i: int) -> list[float]:
        centred = [value - mean for value, mean in zip(x[i], means[:d], strict=True)]
        target = y[i] - means[d]
        return [centred[j] * centred[k] for j in range(d) for k in range(d)] + [value * target for value in centred]

    sums = all_reduce(rows, d * d + d, products, replicas)
    matrix = [[sums[j * d + k] + (alpha if j == k else 0.0) for k in range(d)] for j in range(d)]
    coefficients = solve(matrix, sums[d * d :])
    intercept = means[d]
    for mean, coefficient in zip(means[:d], coefficients, strict=True):
        intercept -= mean * coefficient
    return coefficients, intercept


def logistic(x: Rows, y: Sequence[float], strength: float, steps: int, tolerance: float, replicas: int = 1) -> list[float]:
    """Intercept and coefficients after Newton's method with halving."""
    n, d = len(x), len(x[0])
    size, rows = d + 1, range(n)

    def loss(weights: list[float]) -> float:
        def of_row(i: int) -> list[float]:
            z = dot(x[i], weights[1:]) + weights[0]
            return [softplus(z) - y[i] * z]

        return strength * all_reduce(rows, 1, of_row, replicas)[0] + 0.5 * dot(weights[1:], weights[1:])

    def derivatives(weights: list[float]) -> Callable[[int], list[float]]:
        def of_row(i: int) -> list[float]:
            p = sigmoid(dot(x[i], weights[1:]) + weights[0])
            error, weight, row = p - y[i], p * (1.0 - p), [1.0, *x[i]]
            return [weight * row[j] * row[k] for j in range(size) for k in range(size)] + [error * value for value in row]

        return of_row

    weights = [0.0] * size
    for _ in range(steps):
        sums = [strength * total for total in all_reduce(rows, size * size + size, derivatives(weights), replicas)]
        for j in range(1, size):
            sums[j * size + j] += 1.0
            sums[size * size + j] += weights[j]
        slopes = sums[size * size :]
        step = solve([sums[j * size : (j + 1) * size] for j in range(size)], slopes)
        promised = 0.0
        for slope, part in zip(slopes, step, strict=True):
            promised += 0.5 * slope * part
        largest = loss(weights) * (1.0 + 1e-12)
        for halving in range(30):
            moved = [weight - 0.5**halving * part for weight, part in zip(weights, step, strict=True)]
            if promised <= tolerance or loss(moved) <= largest:
                break
        else:
            break
        weights = moved
        if promised <= tolerance:
            break
    return weights


def shuffled(seed: int, epoch: int, n: int) -> list[int]:
    """The rows in the order of an epoch."""
    bits = [int(value) for value in random_bits(seed, f"training/descent/{epoch}", n)]
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        other = (bits[i] >> 32) * (i + 1) >> 32
        order[i], order[other] = order[other], order[i]
    return order


def descent(
    x: Rows, y: Sequence[float], *, logistic: bool, alpha: float, eta0: float, epochs: int, batch: int, seed: int, replicas: int = 1
) -> list[float]:
    """Coefficients and intercept after stochastic gradient descent."""
    n, d = len(x), len(x[0])
    weights, t = [0.0] * (d + 1), 0

    def of_row(i: int) -> list[float]:
        z = dot(x[i], weights[:d]) + weights[d]
        error = (sigmoid(z) if logistic else z) - y[i]
        return [error * value for value in [*x[i], 1.0]]

    for epoch in range(epochs):
        order = shuffled(seed, epoch, n)
        for start in range(0, n, batch):
            rows = order[start : start + batch]
            gradient = all_reduce(rows, d + 1, of_row, replicas)
            t += 1
            length = eta0 / math.sqrt(math.sqrt(t))
            penalties = [alpha * weight for weight in weights[:d]] + [0.0]
            weights = [w - length * (g / len(rows) + p) for w, g, p in zip(weights, gradient, penalties, strict=True)]
    return weights


def thresholds(column: Sequence[float], most: int) -> list[float]:
    """Halfway between neighbouring values; of too many, for each of most - 1 even cuts the first change at or after it."""
    values = sorted(column)
    changes = [i for i in range(len(values) - 1) if values[i] != values[i + 1]]
    if len(changes) >= most:
        cuts = [cut * len(values) // most for cut in range(1, most)]
        changes = sorted({next((i for i in changes if i + 1 >= cut), changes[-1]) for cut in cuts})
    return [values[i] * 0.5 + values[i + 1] * 0.5 for i in changes]


def stumps(
    x: Rows, y: Sequence[float], *, logistic: bool, count: int, rate: float, bins: int, fewest: int, penalty: float, replicas: int = 1
) -> list[tuple[int, float, float, float]]:
    """Feature, threshold, left and right of each stump; feature -1 where no split gains anything."""
    n, d = len(x), len(x[0])
    cuts = [thresholds([row[j] for row in x], bins) for j in range(d)]
    bin_of = [[sum(cut < row[j] for cut in cuts[j]) for j in range(d)] for row in x]
    mean = all_reduce(range(n), 1, lambda i: [y[i]], replicas)[0] / n
    scores = [float(portable.log([mean / (1.0 - mean)])[0]) if logistic else mean] * n
    found = []
    for _ in range(count):
        p = [sigmoid(score) for score in scores] if logistic else scores
        slopes = [p[i] - y[i] for i in range(n)]
        curvatures = [p[i] * (1.0 - p[i]) for i in range(n)] if logistic else [1.0] * n
        best: tuple[float, int, float, float, float] = (0.0, -1, 0.0, 0.0, 0.0)
        for j in range(d):
            width = len(cuts[j]) + 1

            def of_row(
                i: int, j: int = j, width: int = width, slopes: list[float] = slopes, curvatures: list[float] = curvatures
            ) -> list[float]:
                row = [0.0] * (3 * width)
                row[3 * bin_of[i][j] : 3 * bin_of[i][j] + 3] = [slopes[i], curvatures[i], 1.0]
                return row

            sums = all_reduce(range(n), 3 * width, of_row, replicas)

            def up_to(b: int, what: int, sums: list[float] = sums) -> float:
                total = 0.0
                for each in range(b + 1):
                    total += sums[3 * each + what]
                return total

            whole_g, whole_h = up_to(width - 1, 0), up_to(width - 1, 1)
            if not whole_h + penalty > 0.0:
                continue
            for b in range(width - 1):
                g, h, rows = up_to(b, 0), up_to(b, 1), up_to(b, 2)
                other_g, other_h = whole_g - g, whole_h - h
                if rows < fewest or n - rows < fewest or not h + penalty > 0.0 or not other_h + penalty > 0.0:
                    continue
                gain = g * g / (h + penalty) + other_g * other_g / (other_h + penalty) - whole_g * whole_g / (whole_h + penalty)
                if gain > best[0]:
                    best = (gain, j, cuts[j][b], -rate * g / (h + penalty), -rate * other_g / (other_h + penalty))
        found.append(best[1:])
        if best[1] >= 0:
            scores = [score + (best[3] if x[i][best[1]] <= best[2] else best[4]) for i, score in enumerate(scores)]
    return found


def area_under_curve(y: Sequence[float], scores: Sequence[float]) -> float:
    """Every pair of a positive and a negative row."""
    pairs = [(a, b) for a, one in zip(scores, y, strict=True) if one for b, other in zip(scores, y, strict=True) if not other]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
