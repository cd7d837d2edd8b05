"""Binary heaps of numbered items, each of which can be found, moved and removed: (key, item) in order of key, then item.

`place[item]` is where an item stands, -1 where it is not in the heap. The caller keeps the size.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel


@kernel
def put(keys: np.ndarray, items: np.ndarray, place: np.ndarray, size: int, key: float, item: int) -> int:  # type: ignore[type-arg]
    """Add an item, or give it another key. Returns the new size."""
    i = np.int64(place[item])
    if i < 0:
        i = size
        size += 1
    elif key > keys[i]:
        _sink(keys, items, place, size, i, key, item)
        return size
    _rise(keys, items, place, i, key, item)
    return size


@kernel
def take(keys: np.ndarray, items: np.ndarray, place: np.ndarray, size: int, item: int) -> int:  # type: ignore[type-arg]
    """Remove an item, if it is there. Returns the new size."""
    i = np.int64(place[item])
    if i < 0:
        return size
    place[item] = -1
    size -= 1
    if i < size:
        key, last = keys[size], np.int64(items[size])
        if i > 0 and (key < keys[(i - 1) >> 1] or (key == keys[(i - 1) >> 1] and last < items[(i - 1) >> 1])):
            _rise(keys, items, place, i, key, last)
        else:
            _sink(keys, items, place, size, i, key, last)
    return size


@kernel
def _rise(keys, items, place, i, key, item):  # type: ignore[no-untyped-def]
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and items[parent] < item):
            break
        keys[i] = keys[parent]
        items[i] = items[parent]
        place[items[i]] = i
        i = parent
    keys[i] = key
    items[i] = item
    place[item] = i


@kernel
def _sink(keys, items, place, size, i, key, item):  # type: ignore[no-untyped-def]
    child = 2 * i + 1
    while child < size:
        right = child + 1
        if right < size and (keys[right] < keys[child] or (keys[right] == keys[child] and items[right] < items[child])):
            child = right
        if key < keys[child] or (key == keys[child] and item < items[child]):
            break
        keys[i] = keys[child]
        items[i] = items[child]
        place[items[i]] = i
        i = child
        child = 2 * i + 1
    keys[i] = key
    items[i] = item
    place[item] = i
