"""Finding the best node without looking at all of them: a tournament tree for each class of requests.

A tree is an array of 2 * W scores, W the power of two at or above the number of nodes: leaf W + p is the score of the node at place p of
the tie order, inner node i the larger of 2i and 2i + 1. The best node is found by walking down from the root, left where equal: that is
the first in the tie order.

Trees are brought up to date when they are asked: `Trees.log` lists the changed nodes, and each tree remembers how far it has read. A node
that changed several times in between is evaluated once. There are a bounded number of trees; the class unused for longest gives up its
own, so many classes cost time (one pass over the nodes to build a tree) and no memory.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .draws import pick
from .scores import score
from .state import INFEASIBLE, NO_NODE, Classes, Cluster, Nodes, Policy, Trees


@kernel
def note_change(trees: Trees, node: int) -> None:
    """Log that a node's free amounts have changed."""
    end = trees.clock[0]
    trees.log[end & (len(trees.log) - 1)] = node
    trees.last[node] = end
    trees.clock[0] = end + 1


@kernel
def set_leaf(trees: Trees, cluster: Cluster, policy: Policy, slot: int, node: int, value: float) -> None:
    """Give the node's leaf a new score and repair the path to the root, as far as anything changes. O(log N)."""
    width = trees.width
    base = slot * 2 * width
    key, ties = trees.key, trees.ties
    i = width + cluster.place_of[node]
    if key[base + i] == value:
        return
    key[base + i] = value
    if not policy.random_ties:
        while i > 1:
            sibling = key[base + (i ^ 1)]
            i >>= 1
            if sibling > value:
                value = sibling
            if key[base + i] == value:
                return
            key[base + i] = value
        return
    i >>= 1
    while i > 0:
        _join(key, ties, base, i)
        i >>= 1


@kernel
def _join(key, ties, base, i):  # type: ignore[no-untyped-def]
    left, right = base + 2 * i, base + 2 * i + 1
    key[base + i] = max(key[left], key[right])
    ties[base + i] = (ties[left] if key[left] >= key[right] else 0) + (ties[right] if key[right] >= key[left] else 0)


@kernel
def _build(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, trees: Trees, slot: int, cls: int) -> None:
    width = trees.width
    base = slot * 2 * width
    n = len(cluster.node_at)
    for place in range(width):
        trees.key[base + width + place] = (
            score(nodes, cluster, classes, policy, cls, np.int64(cluster.node_at[place])) if place < n else INFEASIBLE
        )
        if policy.random_ties:
            trees.ties[base + width + place] = 1
    for i in range(width - 1, 0, -1):
        if policy.random_ties:
            _join(trees.key, trees.ties, base, i)
        else:
            trees.key[base + i] = max(trees.key[base + 2 * i], trees.key[base + 2 * i + 1])


@kernel
def tree_of(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, trees: Trees, cls: int) -> int:
    """The slot of the tree of class `cls`, up to date with `nodes`."""
    end = trees.clock[0]
    slot = trees.slot_of[cls]
    trees.clock[1] += 1
    if slot < 0:
        slot = 0
        for s in range(len(trees.used)):
            if trees.used[s] < trees.used[slot]:
                slot = s
        if trees.class_of[slot] >= 0:
            trees.slot_of[trees.class_of[slot]] = -1
        trees.class_of[slot] = cls
        trees.slot_of[cls] = slot
        trees.synced[slot] = -1
    trees.used[slot] = trees.clock[1]
    seen = trees.synced[slot]
    if seen < 0 or end - seen > len(trees.log):
        _build(nodes, cluster, classes, policy, trees, slot, cls)
    else:
        for i in range(seen, end):
            node = np.int64(trees.log[i & (len(trees.log) - 1)])
            if trees.last[node] == i:
                set_leaf(trees, cluster, policy, slot, node, score(nodes, cluster, classes, policy, cls, node))
    trees.synced[slot] = end
    return slot


@kernel
def best_score(trees: Trees, slot: int) -> float:
    """The score at the root: INFEASIBLE where no node fits."""
    return trees.key[slot * 2 * trees.width + 1]  # type: ignore[no-any-return]


@kernel
def best_node(trees: Trees, cluster: Cluster, policy: Policy, slot: int, job: int, replica: int) -> int:
    """The node with the best score of an up-to-date tree, ties as the policy says; NO_NODE where none fits. O(log N)."""
    width = trees.width
    base = slot * 2 * width
    key = trees.key
    best = key[base + 1]
    if best == INFEASIBLE:
        return NO_NODE
    i = 1
    if policy.random_ties:
        chosen = pick(policy.key, job, replica, 0, trees.ties[base + 1])
        while i < width:
            i *= 2
            here = trees.ties[base + i] if key[base + i] == best else 0
            if chosen >= here:
                chosen -= here
                i += 1
    else:
        while i < width:
            i *= 2
            if key[base + i] != best:
                i += 1
    return np.int64(cluster.node_at[i - width])  # type: ignore[no-any-return]
