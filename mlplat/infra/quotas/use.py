"""What quotas use, have borrowed and have lent at an instant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...resources import DEVICE_MILLI
from ..kernels.quota_state import CLAIMS, FLAVORS, Q_ENVIRONMENTS
from ..kernels.state import CPU, DISK, GPU, MEMORY, PROFILE, REPLICAS, JobState
from .amounts import spoken_amounts
from .arrays import BOUNDLESS, capacity_of

if TYPE_CHECKING:
    from ..kernels.quota_state import Quotas
    from .table import QuotaTable

Array = np.ndarray[Any, Any]


class QuotaUse(NamedTuple):
    """A quota or a cohort at an instant; amounts as in `Quota`.

    `use`: what its jobs hold. `borrowed`: what of it is above the guarantee. `lendable`: the unused guarantee that others may use; `lent`:
    what of it others use. `running`, `waiting`, `held`, `claims`: jobs that hold room, wait, wait because of the limit, and wait for room
    that others are leaving; of a cohort, those of its quotas.
    """

    name: str
    guarantee: Mapping[str, Any]
    limit: Mapping[str, Any]
    use: Mapping[str, Any]
    borrowed: Mapping[str, Any]
    lendable: Mapping[str, Any]
    lent: Mapping[str, Any]
    running: int
    waiting: int
    held: int
    claims: int


def quota_use(table: QuotaTable, name: str) -> QuotaUse:
    """Raises UnknownNameError."""
    node = table.node(name)
    one = table.described[node - 1]
    assert one is not None
    quotas = table.arrays
    use = held_use(table)
    lendable, lent = lent_amounts(quotas, use)
    borrowed = np.where(quotas.guaranteed, np.maximum(0, use - quotas.brought), 0)
    leaves = _leaves_below(quotas, node)
    state, of = table.table.run.world.log.state[: table.table.count], quotas.of[: table.table.count]
    mine = np.isin(of, leaves)
    claimants = quotas.claims[: quotas.number[CLAIMS]]

    def jobs(kind: JobState) -> int:
        return int((mine & (state == kind)).sum())

    def told(amounts: Array, some: Array) -> Mapping[str, Any]:
        return spoken_amounts(amounts, table.parts.flavors, np.flatnonzero(some).tolist())

    spoken = quotas.guaranteed
    waiting = jobs(JobState.WAITING) + jobs(JobState.HELD)
    return QuotaUse(
        name=name,
        guarantee=one.guarantee,
        limit=one.limit,
        use=told(use[node], np.ones_like(spoken)),
        borrowed=told(borrowed[node], spoken),
        lendable=told(lendable[node], spoken),
        lent=told(lent[node], spoken),
        running=jobs(JobState.RUNNING),
        waiting=waiting,
        held=jobs(JobState.HELD),
        claims=int(np.isin(of[claimants], leaves).sum()),
    )


def quota_capacity(table: QuotaTable, without: Collection[str] = ()) -> Mapping[str, Any]:
    """What the nodes have together in the amounts of quotas, also in each flavor; what has no bound is left out. `without`: names of nodes
    that do not count.
    """
    nodes, parts = table.table.nodes, table.parts
    whole = capacity_of(nodes, parts)
    left_out = np.isin(np.array(nodes.names), list(without))
    amounts = np.column_stack([nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib, nodes.gpus.astype(np.int64) * DEVICE_MILLI])
    lost = np.zeros_like(whole)
    lost[:Q_ENVIRONMENTS] = amounts[left_out].sum(axis=0)
    for flavor in range(len(parts.flavors)):
        begin = FLAVORS + 4 * flavor
        lost[begin : begin + 4] = amounts[left_out & (parts.flavor == flavor)].sum(axis=0)
    return spoken_amounts(whole - lost, parts.flavors, np.flatnonzero(whole < BOUNDLESS).tolist())


def held_use(table: QuotaTable) -> Array:
    """int64[T, R]: `use` as it is without the claims: what running jobs hold."""
    quotas = table.arrays
    use: Array = np.zeros_like(quotas.use)
    leaf = np.ones(len(quotas.parent), dtype=np.bool_)
    leaf[quotas.parent[quotas.parent >= 0]] = False
    use[leaf] = quotas.use[leaf]
    for job in quotas.claims[: quotas.number[CLAIMS]].tolist():
        use[quotas.of[job]] -= asked_by(table, job)
    for node in np.argsort(-quotas.depth, kind="stable").tolist():
        if quotas.parent[node] >= 0:
            use[quotas.parent[node]] += np.maximum(0, use[node] - quotas.kept[node])
    return use


def asked_by(table: QuotaTable, job: int) -> Array:
    """int64[R]: what a job asks for in the flavor in which it is charged."""
    world, quotas = table.table.run.world, table.arrays
    classes, milli = world.classes.ask[quotas.base[job]], world.groups.profile
    amounts = classes[:, [CPU, MEMORY, DISK, GPU]]
    sliced = classes[:, PROFILE] >= 0
    amounts[sliced, GPU] = milli[classes[sliced, PROFILE]]
    replicas = int(world.jobs.gang[job, REPLICAS])
    asked: Array = np.zeros(len(quotas.guaranteed), dtype=np.int64)
    asked[:Q_ENVIRONMENTS] = (replicas - 1) * amounts[0] + amounts[1]
    asked[Q_ENVIRONMENTS] = replicas
    flavor = int(quotas.flavor[job])
    if flavor >= 0:
        asked[FLAVORS + 4 * flavor : FLAVORS + 4 * flavor + 4] = asked[:Q_ENVIRONMENTS]
    return asked


def lent_amounts(quotas: Quotas, use: Array) -> tuple[Array, Array]:
    """(lendable, lent), int64[T, R] each. What the children of a node have lent together is what they use beyond what they bring, less what
    the node has of its own; each has lent a part in proportion to what it has to lend, whole units, the remainders to the first.
    """
    lendable, lent = np.zeros_like(use), np.zeros_like(use)
    for node in range(1, len(use)):
        lendable[node] = np.maximum(0, np.minimum(quotas.brought[node] - quotas.kept[node], quotas.brought[node] - use[node]))
    for node in np.argsort(quotas.depth, kind="stable").tolist():
        children = np.flatnonzero(quotas.parent == node)
        if not len(children):
            continue
        beyond = np.maximum(0, use[children] - quotas.brought[children]).sum(axis=0)
        own = np.maximum(0, quotas.guarantee[node])
        room = lendable[children].sum(axis=0)
        total = np.minimum(np.maximum(0, beyond - own), room)
        for column in np.flatnonzero(quotas.guaranteed & (total > 0)).tolist():
            parts = lendable[children, column]
            shares = [int(part) * int(total[column]) // int(room[column]) for part in parts.tolist()]
            left = int(total[column]) - sum(shares)
            for i in range(len(shares)):
                more = min(left, int(parts[i]) - shares[i])
                shares[i] += more
                left -= more
            lent[children, column] = shares
    return lendable, lent


def _leaves_below(quotas: Quotas, node: int) -> Array:
    """The nodes of a tree below one, and itself."""
    found = [node]
    for each in found:
        found += np.flatnonzero(quotas.parent == each).tolist()
    return np.array(found)
