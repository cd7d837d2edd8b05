"""Placing a gang in the fewest racks and on the fewest nodes (docs/scheduling.md, topology).

The tree of a class holds minus the number of its replicas that fit on each node; beside it, `Policy.rack_total` holds their sum for each
rack. Choosing looks at the racks and at the nodes of the chosen ones, not at all nodes.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .state import INFEASIBLE, NO_NODE, Policy, Trees


@kernel
def held(trees: Trees, slot: int, node: int) -> int:
    """How many replicas the node holds."""
    value = trees.key[slot * trees.size + node]
    return 0 if value == INFEASIBLE else np.int64(-value)


@kernel
def count_in_rack(policy: Policy, slot: int, node: int, before: float, after: float) -> None:
    """The node's score has changed: keep the sum of its rack."""
    racks = len(policy.rack_start) - 1
    change = (0.0 if before == INFEASIBLE else before) - (0.0 if after == INFEASIBLE else after)
    policy.rack_total[slot * racks + policy.rack[node]] += np.int64(change)


@kernel
def count_racks(trees: Trees, policy: Policy, slot: int) -> None:
    """Sum up all racks anew."""
    racks = len(policy.rack_start) - 1
    for rack in range(racks):
        total = 0
        for i in range(policy.rack_start[rack], policy.rack_start[rack + 1]):
            total += held(trees, slot, np.int64(policy.member[i]))
        policy.rack_total[slot * racks + rack] = total


@kernel
def plan_gang(trees: Trees, policy: Policy, slot: int, replicas: int) -> int:
    """Write to `policy.plan` a node for each of so many equal replicas. Returns how many fit at all; if not all, the plan is void."""
    racks = len(policy.rack_start) - 1
    for rack in range(racks):
        policy.rack_used[rack] = False
    planned = np.int64(0)
    while planned < replicas:
        need = replicas - planned
        chosen, most = np.int64(-1), np.int64(0)
        for rack in range(racks):
            total = policy.rack_total[slot * racks + rack]
            if policy.rack_used[rack] or total == 0:
                continue
            if most < need:
                better = total > most
            else:
                better = need <= total < most
            if better:
                chosen, most = np.int64(rack), total
        if chosen < 0:
            break
        policy.rack_used[chosen] = True
        planned = _fill_rack(trees, policy, slot, chosen, planned, min(need, most))
    for i in range(planned):
        policy.node_used[policy.plan[i]] = False
    return planned


@kernel
def _fill_rack(trees: Trees, policy: Policy, slot: int, rack: int, planned: int, quota: int) -> int:
    """Deal out `quota` replicas to nodes of the rack. Returns how many are planned then."""
    while quota > 0:
        chosen, most = np.int64(-1), np.int64(0)
        for i in range(policy.rack_start[rack], policy.rack_start[rack + 1]):
            node = np.int64(policy.member[i])
            room = held(trees, slot, node)
            if policy.node_used[node] or room == 0:
                continue
            if most < quota:
                better = room > most
            else:
                better = quota <= room < most
            if better:
                chosen, most = node, room
        policy.node_used[chosen] = True
        for _ in range(min(quota, most)):
            policy.plan[planned] = chosen
            planned += 1
        quota -= min(quota, most)
    return planned


@kernel
def node_beside(trees: Trees, policy: Policy, slot: int, replicas: int) -> int:
    """The node for a last replica that asks for something else: on a node of the gang, else in a rack of it, else anywhere."""
    best, best_class = np.int64(NO_NODE), 3
    for i in range(replicas):
        policy.node_used[policy.plan[i]] = True
    for node in range(len(policy.rack)):
        if trees.key[slot * trees.size + node] == INFEASIBLE:
            continue
        kind = 0 if policy.node_used[node] else 1 if policy.rack_used[policy.rack[node]] else 2
        if kind < best_class:
            best, best_class = np.int64(node), kind
    for i in range(replicas):
        policy.node_used[policy.plan[i]] = False
    return best  # type: ignore[no-any-return]
