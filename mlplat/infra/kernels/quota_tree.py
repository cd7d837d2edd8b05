"""The tree of quotas: what is charged, what is available, who is entitled and who has borrowed (docs/quotas.md, The tree)."""

from __future__ import annotations

import numpy as np

from .compilation import kernel
from .quota_state import CHARGES, FLAVORS, Q_ENVIRONMENTS, Q_GPU, Quotas
from .state import GPU, PROFILE, REPLICAS, TYPE, World

ENDLESS = 2**50  # the capacity of a node that stands for any number of them (resources.UNLIMITED)


@kernel
def _of_a_replica(world: World, cls: int, column: int) -> int:
    ask = world.classes.ask
    if column == GPU and ask[cls, PROFILE] >= 0:
        return world.groups.profile[ask[cls, PROFILE]]  # type: ignore[no-any-return]
    return ask[cls, column]  # type: ignore[no-any-return]


@kernel
def asked(world: World, job: int, column: int) -> int:
    """What all replicas of a job ask for in one of the first dimensions."""
    base, replicas = world.quotas.base, np.int64(world.jobs.gang[job, REPLICAS])
    if column == Q_ENVIRONMENTS:
        return replicas  # type: ignore[no-any-return]
    return (replicas - 1) * _of_a_replica(world, np.int64(base[job, 0]), column) + _of_a_replica(world, np.int64(base[job, 1]), column)


@kernel
def load_ask(world: World, job: int, flavor: int) -> None:
    """Put what a job asks for, in a flavor or in none (-1), into `quotas.ask`."""
    ask = world.quotas.ask
    for column in range(FLAVORS, len(ask)):
        ask[column] = 0
    for column in range(FLAVORS):
        ask[column] = asked(world, job, np.int64(column))
    if flavor >= 0:
        for column in range(Q_GPU + 1):
            ask[FLAVORS + 4 * flavor + column] = ask[column]


@kernel
def add_use(quotas: Quotas, node: int, column: int, amount: int) -> None:
    """Charge an amount to a node; what it does not keep for itself is charged to the nodes above it too."""
    while node >= 0 and amount != 0:
        kept = quotas.kept[node, column]
        before = max(0, quotas.use[node, column] - kept)
        quotas.use[node, column] += amount
        amount = max(0, quotas.use[node, column] - kept) - before
        node = np.int64(quotas.parent[node])


@kernel
def charge(world: World, job: int, sign: int) -> None:
    """Charge (1) or discharge (-1) what a job asks for."""
    quotas = world.quotas
    node, flavor = np.int64(quotas.of[job]), np.int64(quotas.flavor[job])
    quotas.number[CHARGES] += 1
    for column in range(FLAVORS):
        amount = sign * asked(world, job, np.int64(column))
        add_use(quotas, node, np.int64(column), amount)
        if flavor >= 0 and column <= Q_GPU:
            add_use(quotas, node, FLAVORS + 4 * flavor + column, amount)


@kernel
def count_capacity(world: World, node: int, sign: int) -> None:
    """A node of the cluster is lost (-1) or there again (1), and with it what it brings to the root."""
    quotas, capacity = world.quotas, world.cluster.capacity
    row, flavor = np.int64(world.nodes.free[node, TYPE]), np.int64(quotas.node_flavor[node])
    for column in range(Q_GPU + 1):
        amount = capacity[row, column]
        if amount >= ENDLESS:
            continue
        quotas.guarantee[0, column] += sign * amount
        quotas.brought[0, column] += sign * amount
        if flavor >= 0:
            quotas.guarantee[0, FLAVORS + 4 * flavor + column] += sign * amount
            quotas.brought[0, FLAVORS + 4 * flavor + column] += sign * amount


@kernel
def _is_available(quotas: Quotas, node: int, column: int, amount: int) -> bool:
    while True:
        use, kept, parent = quotas.use[node, column], quotas.kept[node, column], np.int64(quotas.parent[node])
        if parent < 0:
            return amount <= quotas.brought[node, column] - use  # type: ignore[no-any-return]
        amount -= max(0, kept - use)
        if amount <= 0:
            return True
        if amount > quotas.limit[node, column] - max(kept, use):
            return False
        node = parent


@kernel
def fits_quota(quotas: Quotas, quota: int) -> bool:
    """Whether what `quotas.ask` says is available to a quota."""
    for column in range(len(quotas.ask)):
        if quotas.ask[column] > 0 and not _is_available(quotas, quota, np.int64(column), quotas.ask[column]):
            return False
    return True


@kernel
def exceeds_limit(quotas: Quotas, quota: int) -> bool:
    """Whether a limit of the quota itself leaves no room for `quotas.ask`."""
    for column in range(len(quotas.ask)):
        if quotas.ask[column] > 0 and quotas.use[quota, column] + quotas.ask[column] > quotas.limit[quota, column]:
            return True
    return False


@kernel
def exceeds_potential(quotas: Quotas, quota: int) -> bool:
    """Whether `quotas.ask` is more than the quota could ever have."""
    for column in range(len(quotas.ask)):
        if quotas.ask[column] > 0 and quotas.ask[column] > quotas.potential[quota, column]:
            return True
    return False


@kernel
def asks_guaranteed(quotas: Quotas) -> bool:
    """Whether `quotas.ask` asks for something in a dimension in which something is guaranteed."""
    for column in range(len(quotas.ask)):
        if quotas.ask[column] > 0 and quotas.guaranteed[column]:
            return True
    return False


@kernel
def is_within(quotas: Quotas, quota: int, above: int) -> bool:
    """Whether a node above a quota, or it itself, uses no more than it brings with `quotas.ask` charged to the quota besides."""
    some = False
    for column in range(len(quotas.ask)):
        amount = quotas.ask[column]
        if amount == 0 or not quotas.guaranteed[column]:
            continue
        some = True
        node = quota
        while node != above:
            use, kept = quotas.use[node, column], quotas.kept[node, column]
            amount = max(0, use + amount - kept) - max(0, use - kept)
            node = np.int64(quotas.parent[node])
        if quotas.use[node, column] + amount > quotas.brought[node, column]:
            return False
    return some


@kernel
def charged_for(world: World, job: int, column: int) -> int:
    """What a charged job asks for in any dimension, in the flavor in which it is charged."""
    if column < FLAVORS:
        return asked(world, job, column)  # type: ignore[no-any-return]
    flavor = np.int64(world.quotas.flavor[job])
    dimension = column - FLAVORS - 4 * flavor
    return asked(world, job, dimension) if flavor >= 0 and 0 <= dimension <= Q_GPU else np.int64(0)


@kernel
def is_over(world: World, node: int, by: int) -> bool:
    """Whether a node uses more than it brings in a guaranteed dimension in which `quotas.ask` asks for something and, unless `by` is -1,
    the charged job `by` does too.
    """
    quotas = world.quotas
    for column in range(len(quotas.ask)):
        if quotas.ask[column] == 0 or not quotas.guaranteed[column] or quotas.use[node, column] <= quotas.brought[node, column]:
            continue
        if by < 0 or charged_for(world, by, np.int64(column)) > 0:
            return True
    return False


@kernel
def _over_weight(quotas: Quotas, quota: int, part: float) -> float:
    """A part of the cluster over the weight of a quota: infinite for a part at no weight."""
    if part == 0.0:
        return 0.0
    return part / quotas.weight[quota] if quotas.weight[quota] > 0 else np.inf  # type: ignore[no-any-return]


@kernel
def share(quotas: Quotas, quota: int) -> float:
    """The largest borrowed part of the cluster in a guaranteed dimension, over the weight."""
    most = 0.0
    for column in range(len(quotas.ask)):
        borrowed = quotas.use[quota, column] - quotas.guarantee[quota, column]
        if quotas.guaranteed[column] and borrowed > 0 and quotas.capacity[column] > 0:
            most = max(most, borrowed / quotas.capacity[column])
    return _over_weight(quotas, quota, most)  # type: ignore[no-any-return]


@kernel
def share_without(world: World, quota: int, job: int) -> float:
    """The share with a charged job of the quota taken off."""
    quotas = world.quotas
    most = 0.0
    for column in range(len(quotas.ask)):
        if not quotas.guaranteed[column] or quotas.capacity[column] == 0:
            continue
        borrowed = quotas.use[quota, column] - quotas.guarantee[quota, column]
        if borrowed <= 0:
            continue
        borrowed -= charged_for(world, job, np.int64(column))
        most = max(most, borrowed / quotas.capacity[column])
    return _over_weight(quotas, quota, most)  # type: ignore[no-any-return]


@kernel
def share_with(quotas: Quotas, quota: int) -> float:
    """The share with `quotas.ask` charged besides."""
    use, ask = quotas.use, quotas.ask
    for column in range(len(ask)):
        use[quota, column] += ask[column]
    found = share(quotas, quota)
    for column in range(len(ask)):
        use[quota, column] -= ask[column]
    return found  # type: ignore[no-any-return]
