"""Solving a symmetric positive definite system by Cholesky's factorization, column by column, in an order that is fixed.

The loops of LAPACK's `dpotf2`; LAPACK itself blocks them by the processor's caches, so its last digits depend on the machine.
"""

from __future__ import annotations

import math

import numpy as np

from .compiling import kernel

SINGULAR = 1e-13
"""A pivot smaller than so much of its diagonal element counts as 0."""


@kernel
def solve(a: np.ndarray, size: int, b: np.ndarray) -> int:
    """Solve A x = b; x overwrites `b`, float64[size].

    `a`: float64[size * size], row by row; only its lower triangle is read, and overwritten by the factor. Returns -1, or the row at which A
    is not positive definite (then `b` is as it was).
    """
    for j in range(size):
        pivot = a[j * size + j]
        smallest = SINGULAR * pivot
        for k in range(j):
            pivot -= a[j * size + k] * a[j * size + k]
        if not pivot > smallest or not pivot > 0.0:
            return j
        root = math.sqrt(pivot)
        a[j * size + j] = root
        for i in range(j + 1, size):
            value = a[i * size + j]
            for k in range(j):
                value -= a[i * size + k] * a[j * size + k]
            a[i * size + j] = value / root
    for i in range(size):
        value = b[i]
        for k in range(i):
            value -= a[i * size + k] * b[k]
        b[i] = value / a[i * size + i]
    for i in range(size - 1, -1, -1):
        value = b[i]
        for k in range(i + 1, size):
            value -= a[k * size + i] * b[k]
        b[i] = value / a[i * size + i]
    return -1
