"""What can be reached from a node: compiled, for graphs of millions of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def reach(root: int, start: Any, count: Any, pool: Any, far: Any) -> Any:
    """Nodes that can be reached from `root`, itself left out, nearest first (breadth first). O(nodes reached + their edges).

    `start`, `count`, `pool`: int32, an `Adjacency`. `far`: int32, of each edge the node at its other end. All are read only.
    """
    nodes = len(start)
    seen = np.zeros(nodes, np.uint8)
    found = np.empty(nodes, np.int32)
    seen[root] = 1
    end = 0
    node, next_ = root, 0
    while True:
        for place in range(start[node], start[node] + count[node]):
            other = far[pool[place]]
            if not seen[other]:
                seen[other] = 1
                found[end] = other
                end += 1
        if next_ == end:
            return found[:end].copy()
        node = found[next_]
        next_ += 1
