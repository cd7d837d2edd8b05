"""Finding the best node without looking at all of them: a tournament tree for each class of requests.

A tree is an array of 2 * W entries, W the power of two at or above the number of nodes: leaf W + p holds the score of the node at place p
of the tie order, inner node i the larger of the scores below 2i and 2i + 1. With it stands the leaf that the score is from, the left one
where both are equal: the root names the best node, the first in the tie order. Where ties are drawn at random, the number of leaves that
have the score stands there instead.

Trees are brought up to date when they are asked: `Trees.log` lists the changed nodes, and each tree remembers how far it has read. A node
that changed several times in between is evaluated once. There are a bounded number of trees; the class unused for longest gives up its
own, so many classes cost time (one pass over the nodes to build a tree) and no memory.
"""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .draws import pick
from .scores import score
from .state import INFEASIBLE, NO_NODE, SCORE, TIES, WINNER, Classes, Cluster, Nodes, Policy, Trees


@inlined
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
    best = trees.best
    i = width + cluster.place_of[node]
    if best[base + i, SCORE] == value:
        return
    best[base + i, SCORE] = value
    if policy.random_ties:
        i >>= 1
        while i > 0:
            _count_ties(best, base, i)
            i >>= 1
        return
    winner = float(i)
    while i > 1:
        sibling = i ^ 1
        rival = best[base + sibling, SCORE]
        if rival > value or (rival == value and sibling < i):
            value, winner = rival, best[base + sibling, WINNER]
        i >>= 1
        if best[base + i, SCORE] == value and best[base + i, WINNER] == winner:
            return
        best[base + i, SCORE] = value
        best[base + i, WINNER] = winner


@kernel
def _count_ties(best, base, i):  # type: ignore[no-untyped-def]
    left, right = base + 2 * i, base + 2 * i + 1
    top = max(best[left, SCORE], best[right, SCORE])
    best[base + i, SCORE] = top
    best[base + i, TIES] = best[left, TIES] * (best[left, SCORE] == top) + best[right, TIES] * (best[right, SCORE] == top)


@kernel
def _build(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, trees: Trees, slot: int, cls: int) -> None:
    width = trees.width
    base = slot * 2 * width
    best = trees.best
    n = len(cluster.node_at)
    for place in range(width):
        leaf = width + place
        value = INFEASIBLE
        if place < n:
            value = score(nodes, cluster, classes, policy, cls, np.int64(cluster.node_at[place]))
        best[base + leaf, SCORE] = value
        best[base + leaf, WINNER] = 1 if policy.random_ties else leaf
    for i in range(width - 1, 0, -1):
        if policy.random_ties:
            _count_ties(best, base, i)
        else:
            first = base + 2 * i
            first += best[first + 1, SCORE] > best[first, SCORE]
            best[base + i, SCORE] = best[first, SCORE]
            best[base + i, WINNER] = best[first, WINNER]


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
    return trees.best[slot * 2 * trees.width + 1, SCORE]  # type: ignore[no-any-return]


@kernel
def best_node(trees: Trees, cluster: Cluster, policy: Policy, slot: int, job: int, replica: int) -> int:
    """The node with the best score of an up-to-date tree, ties as the policy says; NO_NODE where none fits.

    O(1), with random ties O(log N).
    """
    width = trees.width
    base = slot * 2 * width
    best = trees.best
    top = best[base + 1, SCORE]
    if top == INFEASIBLE:
        return NO_NODE
    if not policy.random_ties:
        return np.int64(cluster.node_at[int(best[base + 1, WINNER]) - width])
    chosen = pick(policy.key, job, replica, 0, int(best[base + 1, TIES]))
    i = 1
    while i < width:
        i *= 2
        here = int(best[base + i, TIES]) if best[base + i, SCORE] == top else 0
        if chosen >= here:
            chosen -= here
            i += 1
    return np.int64(cluster.node_at[i - width])
