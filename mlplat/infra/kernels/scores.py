"""The score of a node under each placement policy; higher is better. The formulas are in docs/scheduling.md."""

from __future__ import annotations

import math

from .compilation import inlined, kernel
from .custom import custom_score
from .fragmentation import fgd_score
from .packing import clustering_score, packing_score
from .room import fits, times
from .state import COUNT, GPU, INFEASIBLE, MILLI, MODEL, PROFILE, SHARE, TYPE, Classes, Cluster, Nodes, Placement, Policy

FIRST_FIT, RANDOM, BEST_FIT, WORST_FIT = int(Placement.FIRST_FIT), int(Placement.RANDOM), int(Placement.BEST_FIT), int(Placement.WORST_FIT)
LEAST, MOST, BALANCED, DOT = (
    int(Placement.LEAST_ALLOCATED),
    int(Placement.MOST_ALLOCATED),
    int(Placement.BALANCED),
    int(Placement.DOT_PRODUCT),
)
PACKING, CLUSTERING, FGD = int(Placement.GPU_PACKING), int(Placement.GPU_CLUSTERING), int(Placement.FGD)
TOPOLOGY = int(Placement.TOPOLOGY)
NO_LIMIT = 2**50


@kernel
def score(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> float:
    """Score of `node` for a replica of class `cls`, or INFEASIBLE."""
    if not fits(nodes, cluster, classes, cls, node):
        return INFEASIBLE
    code = policy.code
    if code == FIRST_FIT or code == RANDOM:
        return 0.0
    if code == BEST_FIT or code == WORST_FIT:
        left = _left_over(nodes, cluster, classes, policy, cls, node)
        return left if code == WORST_FIT or policy.levels > 0 else -left
    if code == FGD:
        return float(fgd_score(nodes, cluster, classes, policy, cls, node))
    if code == PACKING:
        return float(packing_score(nodes, cluster, classes, cls, node))
    if code == CLUSTERING:
        return float(clustering_score(nodes, cluster, classes, policy, cls, node))
    if code == DOT:
        return _dot_product(nodes, cluster, classes, policy, cls, node)
    if code == BALANCED:
        return _balanced(nodes, cluster, classes, cls, node)
    if code == LEAST or code == MOST:
        return _allocated(nodes, cluster, classes, cls, node, code == MOST)
    if code == TOPOLOGY:
        return -float(times(nodes, cluster, classes, cls, node))
    return custom_score(nodes, cluster, classes, policy, cls, node)


@inlined
def asked(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int, dimension: int) -> int:
    """What class `cls` takes of a dimension on `node` (a MIG profile takes what it counts for on the node's model)."""
    if dimension == GPU and classes.ask[cls, PROFILE] >= 0:
        return cluster.mig[classes.ask[cls, PROFILE], cluster.capacity[nodes.free[node, TYPE], MODEL], MILLI]
    return classes.ask[cls, dimension]


@inlined
def _size(nodes: Nodes, cluster: Cluster, policy: Policy, node: int, dimension: int) -> int:
    """The capacity a dimension is measured by, or 0 where it does not count."""
    if not (policy.dimensions >> dimension) & 1:
        return 0
    size = cluster.largest[dimension] if policy.cluster_norm else cluster.capacity[nodes.free[node, TYPE], dimension]
    return size if size < NO_LIMIT else 0


@inlined
def _left_over(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> float:
    """Sum of free / capacity after the placement; with `levels` the truncated score of the published variant."""
    if policy.levels == 0:
        total = 0.0
        for d in range(4):
            size = _size(nodes, cluster, policy, node, d)
            if size > 0:
                total += (nodes.free[node, d] - asked(nodes, cluster, classes, cls, node, d)) / size
        return total
    counted = 0
    for d in range(4):
        counted += (policy.dimensions >> d) & 1
    weight = 1.0 / counted
    rest = 1.0
    for d in range(4):
        size = _size(nodes, cluster, policy, node, d)
        if size > 0:
            rest -= weight * (nodes.free[node, d] - asked(nodes, cluster, classes, cls, node, d)) / size
    return float(int(policy.levels * rest))


@kernel
def _dot_product(nodes: Nodes, cluster: Cluster, classes: Classes, policy: Policy, cls: int, node: int) -> float:
    """Free times asked, both relative to capacity; the smallest product wins."""
    product = 0.0
    counted = 0
    for d in range(4):
        counted += (policy.dimensions >> d) & 1
        size = _size(nodes, cluster, policy, node, d)
        if size > 0:
            product += (nodes.free[node, d] / size) * (asked(nodes, cluster, classes, cls, node, d) / size)
    if policy.levels == 0:
        return -product
    return float(int(policy.levels * (1.0 - product / counted)))


@kernel
def _counts(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int, dimension: int) -> bool:
    """Whether Kubernetes' resource scores look at a dimension: cpu and memory always, gpu where it is asked for."""
    size = cluster.capacity[nodes.free[node, TYPE], dimension]
    if size == 0 or size >= NO_LIMIT or dimension == 2:
        return False
    return dimension != GPU or classes.ask[cls, COUNT] > 0 or classes.ask[cls, SHARE] > 0 or classes.ask[cls, PROFILE] >= 0


@kernel
def _allocated(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int, most: bool) -> float:
    """Kubernetes' LeastAllocated and MostAllocated: integer percents, averaged."""
    total = 0
    counted = 0
    for d in range(4):
        if _counts(nodes, cluster, classes, cls, node, d):
            size = cluster.capacity[nodes.free[node, TYPE], d]
            after = nodes.free[node, d] - asked(nodes, cluster, classes, cls, node, d)
            total += ((size - after) if most else after) * 100 // size
            counted += 1
    return float(total // counted) if counted > 0 else 0.0


@kernel
def _balanced(nodes: Nodes, cluster: Cluster, classes: Classes, cls: int, node: int) -> float:
    """Kubernetes' NodeResourcesBalancedAllocation: 100 less the standard deviation of the used fractions, truncated."""
    counted = 0
    total = 0.0
    first = 0.0
    second = 0.0
    for d in range(4):
        if _counts(nodes, cluster, classes, cls, node, d):
            size = cluster.capacity[nodes.free[node, TYPE], d]
            used = (size - (nodes.free[node, d] - asked(nodes, cluster, classes, cls, node, d))) / size
            first, second = second, used
            total += used
            counted += 1
    spread = 0.0
    if counted == 2:
        spread = abs(first - second) / 2
    elif counted > 2:
        mean = total / counted
        squares = 0.0
        for d in range(4):
            if _counts(nodes, cluster, classes, cls, node, d):
                size = cluster.capacity[nodes.free[node, TYPE], d]
                used = (size - (nodes.free[node, d] - asked(nodes, cluster, classes, cls, node, d))) / size
                squares += (used - mean) * (used - mean)
        spread = math.sqrt(squares / counted)
    return float(int((1.0 - spread) * 100.0))
