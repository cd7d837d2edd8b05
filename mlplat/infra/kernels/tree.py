"""Finding the best node without looking at all of them: a tournament tree for each class of requests.

A tree has levels of scores. Level 0 holds the score of each node, and nodes are numbered in the tie order; each higher level the largest
of every eight entries below, one cache line, up to a single entry, the root. The best node is found by walking down from the root to the
first entry with its score: that is the first in the tie order. Where ties are drawn at random, the number of leaves that have the score
stands beside each entry.

Trees are brought up to date when they are asked: `Trees.log` lists the changed nodes, and each tree remembers how far it has read. A node
that changed several times in between is evaluated once. There are a bounded number of trees; the class unused for longest gives up its
own, so many classes cost time (one pass over the nodes to build a tree) and no memory.
"""

from __future__ import annotations

import numpy as np

from .compilation import inlined, kernel
from .draws import pick
from .field_arrays import prefetch
from .scores import score
from .state import INFEASIBLE, LOGGED, NO_NODE, Classes, Cluster, Nodes, Placement, Policy, Trees
from .topology import count_in_rack, count_racks

TOPOLOGY = int(Placement.TOPOLOGY)
AHEAD = 8  # changes between asking for a node's cache lines and reading them


@inlined
def note_change(nodes: Nodes, trees: Trees, node: int) -> None:
    """Log that a node's free amounts have changed."""
    end = trees.clock[0]
    trees.log[end & (len(trees.log) - 1)] = node
    nodes.free[node, LOGGED] = end
    trees.clock[0] = end + 1


@kernel
def set_leaf(trees: Trees, policy: Policy, slot: int, node: int, value: float) -> None:
    """Give the node's leaf a new score and repair the path to the root, as far as anything changes. O(log N)."""
    base = slot * trees.size
    key = trees.key
    i = node
    before = key[base + i]
    if before == value:
        return
    if policy.code == TOPOLOGY:
        count_in_rack(policy, slot, node, before, value)
    key[base + i] = value
    for level in range(trees.levels - 1):
        below = base + trees.start[level] + (i & ~7)
        i >>= 3
        here = base + trees.start[level + 1] + i
        top = key[here]
        if policy.random_ties:
            key[here] = value = _largest(key, below)
            trees.ties[here] = _ties(key, trees.ties, below, value)
            continue
        if value <= top:
            if before < top or value == top:
                return
            value = _largest(key, below)
            if value == top:
                return
        key[here] = value
        before = top


@kernel
def _largest(key, first):  # type: ignore[no-untyped-def]
    """The largest of the eight entries from `first`."""
    top = key[first]
    for j in range(1, 8):
        top = max(top, key[first + j])
    return top


@kernel
def _ties(key, ties, first, top):  # type: ignore[no-untyped-def]
    """How many leaves below the eight entries from `first` have the score `top`."""
    count = 0
    for j in range(8):
        if key[first + j] == top:
            count += ties[first + j]
    return count


@kernel
def _build(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, trees: Trees, slot: int, cls: int) -> None:
    base = slot * trees.size
    key = trees.key
    n = len(nodes.free)
    for place in range(trees.start[1] if trees.levels > 1 else trees.size):
        key[base + place] = INFEASIBLE
        if place < n:
            key[base + place] = score(nodes, cluster, classes, policy, cls, place)
        if policy.random_ties:
            trees.ties[base + place] = 1
    for level in range(1, trees.levels):
        end = trees.start[level + 1] if level + 1 < trees.levels else trees.size
        inner = (trees.start[level] - trees.start[level - 1]) >> 3
        for i in range(end - trees.start[level]):
            below, here = base + trees.start[level - 1] + 8 * i, base + trees.start[level] + i
            key[here] = _largest(key, below) if i < inner else INFEASIBLE
            if policy.random_ties:
                trees.ties[here] = _ties(key, trees.ties, below, key[here]) if i < inner else 0
    if policy.code == TOPOLOGY:
        count_racks(trees, policy, slot)


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
        base, above = slot * trees.size, slot * trees.size + trees.start[min(1, trees.levels - 1)]
        for i in range(seen, end):
            if i + AHEAD < end:
                later = np.int64(trees.log[(i + AHEAD) & (len(trees.log) - 1)])
                prefetch(nodes.free, later)
                prefetch(trees.key, base + later)
                prefetch(trees.key, above + (later >> 3))
            node = np.int64(trees.log[i & (len(trees.log) - 1)])
            if nodes.free[node, LOGGED] == i:
                set_leaf(trees, policy, slot, node, score(nodes, cluster, classes, policy, cls, node))
    trees.synced[slot] = end
    return slot


@kernel
def best_score(trees: Trees, slot: int) -> float:
    """The score at the root: INFEASIBLE where no node fits."""
    return trees.key[slot * trees.size + trees.start[trees.levels - 1]]  # type: ignore[no-any-return]


@kernel
def best_node(trees: Trees, policy: Policy, slot: int, job: int, replica: int) -> int:
    """The node with the best score of an up-to-date tree, ties as the policy says; NO_NODE where none fits. O(log N)."""
    base = slot * trees.size
    key = trees.key
    root = base + trees.start[trees.levels - 1]
    best = key[root]
    if best == INFEASIBLE:
        return NO_NODE
    i = 0
    chosen = pick(policy.key, job, replica, np.int64(0), np.int64(trees.ties[root])) if policy.random_ties else 0
    for level in range(trees.levels - 2, -1, -1):
        first = base + trees.start[level] + 8 * i
        if policy.random_ties:
            j = 0
            while key[first + j] != best or chosen >= trees.ties[first + j]:
                if key[first + j] == best:
                    chosen -= trees.ties[first + j]
                j += 1
            i = 8 * i + j
            continue
        found = 0
        for j in range(7, -1, -1):
            if key[first + j] == best:
                found = j
        i = 8 * i + found
    return i
