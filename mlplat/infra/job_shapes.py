"""Jobs that ask for the same have the same shape: equal request, last request and replicas."""

from __future__ import annotations

from typing import Any

import numpy as np

from .splitting import Gangs

Array = np.ndarray[Any, Any]


def shapes_of(gangs: Gangs, apart: Array | None = None) -> tuple[Array, Array]:
    """(int32[n] shape of each job, int64[shapes] the first job of each shape). Jobs that differ in `apart`, int32[n], differ in shape."""
    if apart is not None and len(apart):
        shape, _ = shapes_of(gangs)
        _, first, shape = np.unique(shape.astype(np.int64) * (int(apart.max()) + 1) + apart, return_index=True, return_inverse=True)
        return shape.astype(np.int32).ravel(), first
    n, classes = len(gangs.request), len(gangs.requests)
    if not n:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    most = int(gangs.replicas.max()) + 1
    if classes * classes * most > 2**62:
        rows = np.column_stack([gangs.request, gangs.last_request, gangs.replicas])
        _, first, shape = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return shape.astype(np.int32).ravel(), first
    key = gangs.request.astype(np.int64)
    if not np.array_equal(gangs.request, gangs.last_request):
        key = key * classes + gangs.last_request
        classes *= classes
    if most > 2:
        key = key * most + gangs.replicas
        classes *= most
    if classes > 4 * n + 1_000_000:
        _, first, shape = np.unique(key, return_index=True, return_inverse=True)
        return shape.astype(np.int32), first
    first_of = np.full(classes, -1, dtype=np.int64)
    first_of[key[::-1]] = np.arange(n - 1, -1, -1)
    present = np.flatnonzero(first_of >= 0)
    number = np.zeros(classes, dtype=np.int32)
    number[present] = np.arange(len(present), dtype=np.int32)
    return number[key], first_of[present]


def monotone_shapes(gangs: Gangs, example: Array) -> Array:
    """bool[shapes]: whether the last replica asks for no more than the others."""
    pairs = zip(gangs.request[example].tolist(), gangs.last_request[example].tolist(), gangs.replicas[example].tolist(), strict=True)
    return np.array([k == 1 or r == m or gangs.requests[m].within(gangs.requests[r]) for r, m, k in pairs], dtype=np.bool_)
