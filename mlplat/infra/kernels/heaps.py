"""Binary heaps in arrays: (key, item) in order of key, then item. The caller keeps the size."""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel


@kernel
def push(keys: np.ndarray, items: np.ndarray, size: int, key: float, item: int) -> None:  # type: ignore[type-arg]
    """Add to a heap of `size` entries. The arrays must have room for one more."""
    _rise(keys, items, size, key, item)


@kernel
def pop(keys: np.ndarray, items: np.ndarray, size: int) -> None:  # type: ignore[type-arg]
    """Remove the first of `size` entries (the caller has read it at index 0).

    The hole sinks to the bottom and the last entry rises from there: it is nearly always late, so this spares comparisons.
    """
    last = size - 1
    i = 0
    child = 1
    while child < last:
        right = child + 1
        if right < last and (keys[right] < keys[child] or (keys[right] == keys[child] and items[right] < items[child])):
            child = right
        keys[i] = keys[child]
        items[i] = items[child]
        i = child
        child = 2 * i + 1
    _rise(keys, items, i, keys[last], np.int64(items[last]))


@inlined
def _rise(keys, items, i, key, item):  # type: ignore[no-untyped-def]
    """Put an entry at the free place i, or above it where it belongs."""
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and items[parent] < item):
            break
        keys[i] = keys[parent]
        items[i] = items[parent]
        i = parent
    keys[i] = key
    items[i] = item


@kernel
def remove_item(keys: np.ndarray, items: np.ndarray, size: int, item: int) -> None:  # type: ignore[type-arg]
    """Remove an item from wherever it stands in a heap of `size` entries. O(size), for what happens rarely."""
    i = 0
    while items[i] != item:
        i += 1
    while i > 0:
        parent = (i - 1) >> 1
        keys[i], items[i] = keys[parent], items[parent]
        i = parent
    pop(keys, items, size)
