"""From descriptions of quotas to the arrays of the kernels (`kernels.quota_state.Quotas`): the tree, the lanes, and nothing charged.

Node 0 of the tree is the root; the described one at place i is node i + 1. The quota `""` of all others is the last if it is not described.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from ...resources import DEVICE_MILLI, UNLIMITED
from ..attempt_arrays import NO_LIMIT
from ..kernels.quota_state import FINAL_SHARE, FLAVORS, INITIAL_SHARE, Q_ENVIRONMENTS, Quotas, Reclaiming
from ..kernels.state import SHAPE, Classes, Cluster, Queue
from .amounts import column_of, named
from .descriptions import Cohort, Described, Quota, with_the_rest
from .parts import NodeParts, Variants, parts_of, tried_flavors, variants_of

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from ...workload import JobTrace
    from ..queueing import QueuePolicy

Array = np.ndarray[Any, Any]
BOUNDLESS = 2**60
"""A capacity without a bound: above every sum of guarantees, and twice it still is an int64."""

ROOM_FOR_PLANS = 65_536
"""Replicas in the plans of all claims, besides eight for each node of the cluster; a plan beyond that is not kept."""

LANES_BY_SHAPE = (Queue.BEST_EFFORT_FIFO, Queue.DRF, Queue.CUSTOM_BEST_EFFORT)
"""Queue policies under which jobs of a quota that ask for other amounts do not wait for each other."""

GOES_WITH_QUOTAS = (Queue.FIFO, Queue.BEST_EFFORT_FIFO, Queue.SJF, Queue.PRIORITY, Queue.DRF)
OWN = (Queue.CUSTOM, Queue.CUSTOM_BEST_EFFORT)

_CODES = {
    "never": Reclaiming.NEVER,
    "lower-priority": Reclaiming.LOWER_PRIORITY,
    "any": Reclaiming.ANY,
    "lower-or-newer": Reclaiming.LOWER_OR_NEWER,
}


def check_queue(queue: QueuePolicy) -> None:
    """Raises OptionError for a queue policy, or an option of one, that does not go with quotas."""
    if queue.code not in GOES_WITH_QUOTAS + OWN:
        known = ", ".join(code.name.lower().replace("_", "-") for code in GOES_WITH_QUOTAS)
        raise OptionError(f"queue={queue.name!r}: does not go with quotas; expected one of {known}, or an order of your own")
    if queue.weights:
        raise OptionError("weights: the weights of groups do not go with quotas, which have weights of their own: Quota('team', weight=2)")


def quota_arrays(
    described: Sequence[Described | None],
    *,
    of: Array,
    names: Sequence[str],
    nodes: NodeTable,
    cluster: Cluster,
    gang: Array,
    classes: Classes,
    queue: QueuePolicy,
    parts: NodeParts | None = None,
    variants: Variants | None = None,
) -> Quotas:
    """The arrays for n jobs, none of which waits. `of`: int32[n], index into `names`, groups of jobs (`Quota.listed` says whose they are).
    `classes`: with the variants, see `parts.with_variants`.

    Raises OptionError for a queue policy that does not go with quotas, and what `parts_of` raises.
    """
    check_queue(queue)
    tree = with_the_rest(described)
    parts = parts_of(described, nodes) if parts is None else parts
    variants = variants_of(parts) if variants is None else variants
    n, count = len(of), len(nodes)
    of = _leaves(tree, of, names)
    lane, owner = lanes_of(of, gang[:, SHAPE], queue)
    lanes = len(owner)
    arrays = _tree_arrays(tree, capacity_of(nodes, parts), parts, variants, queue)
    number = np.zeros(8, dtype=np.int64)
    return Quotas(
        of=of,
        lane=lane,
        key=np.zeros(n),
        left=np.full(n, -1, dtype=np.int32),
        right=np.full(n, -1, dtype=np.int32),
        top=np.full(lanes, -1, dtype=np.int32),
        owner=owner,
        blocked=np.full(lanes, -1, dtype=np.int64),
        weighed=np.full(lanes, -1, dtype=np.int64),
        weighed_job=np.full(lanes, -1, dtype=np.int32),
        entitled=np.zeros(lanes, dtype=np.bool_),
        share=np.zeros(lanes),
        lanes=np.zeros(lanes, dtype=np.int32),
        slot=np.full(lanes, -1, dtype=np.int32),
        **arrays,
        use=np.zeros_like(arrays["brought"]),
        variant=variants.table(len(classes.ask)),
        closed=np.zeros(int(gang[:, SHAPE].max(initial=-1)) + 1, dtype=np.int64),
        base=np.array(gang[:, :2], dtype=np.int32, order="C"),
        node_flavor=np.ascontiguousarray(parts.flavor[cluster.row_of]),
        flavor=np.full(n, -1, dtype=np.int32),
        charged=np.zeros(n, dtype=np.bool_),
        claims=np.full(n, -1, dtype=np.int32),
        plan=np.zeros(8 * count + ROOM_FOR_PLANS, dtype=np.int32),
        plan_end=np.zeros(n, dtype=np.int64),
        old_plan=np.zeros(8 * count + ROOM_FOR_PLANS, dtype=np.int32),
        old_plan_end=np.zeros(n, dtype=np.int64),
        planned_on=np.zeros(count, dtype=np.int32),
        chosen=np.zeros(n, dtype=np.int64),
        yielded=np.zeros(n, dtype=np.bool_),
        news=np.full(n, -1, dtype=np.int32),
        open_to=np.zeros(len(arrays["parent"]), dtype=np.int64),
        ask=np.zeros(arrays["brought"].shape[1], dtype=np.int64),
        number=number,
        fair=_fair(queue),
        by_share=queue.code == Queue.DRF,
    )


def no_quotas() -> Quotas:
    """Those of a run without quotas: every array of no length."""
    kinds = {name: hint.__metadata__[0] for name, hint in _hints().items() if hasattr(hint, "__metadata__")}
    arrays: dict[str, Any] = {
        name: np.zeros((0,) * kind[1], dtype=np.bool_ if kind[0] == "bool" else kind[0]) for name, kind in kinds.items()
    }
    return Quotas(**arrays | {"number": np.zeros(8, dtype=np.int64)}, fair=0, by_share=False)


def recompute(
    quotas: Quotas,
    described: Sequence[Described | None],
    nodes: NodeTable,
    *,
    queue: QueuePolicy,
    parts: NodeParts | None = None,
    variants: Variants | None = None,
) -> Quotas:
    """The arrays with the tree made anew, as other descriptions have it. Numbers stay: `described` begins with as many as there were, None
    where one is gone, whatever its use; what is new comes behind. What was lost of the cluster stays lost, and leaves keep their use.
    """
    parts = parts_of(described, nodes) if parts is None else parts
    variants = variants_of(parts) if variants is None else variants
    capacity = capacity_of(nodes, parts)
    before = len(quotas.parent)
    lost = _common_pool(capacity, quotas.guarantee) - quotas.guarantee[0]
    arrays = _tree_arrays(with_the_rest(described), capacity, parts, variants, queue)
    arrays["guarantee"][0] -= lost
    arrays["brought"][0] -= lost
    use = np.zeros_like(arrays["brought"])
    leaves = np.ones(before, dtype=np.bool_)
    leaves[quotas.parent[quotas.parent >= 0]] = False
    use[:before][leaves] = quotas.use[leaves]
    for node in _upwards(arrays["depth"]):
        up = arrays["parent"][node]
        if up >= 0:
            use[up] += np.maximum(0, use[node] - arrays["kept"][node])
    changed: dict[str, Any] = arrays | {"use": use, "open_to": np.zeros(len(use), dtype=np.int64)}
    return quotas._replace(**changed)


def potential(parent: Array, depth: Array, brought: Array, kept: Array, limit: Array) -> Array:
    """int64[T, R]: what would be available in each node with nothing charged anywhere. What is more can never start."""
    found = np.zeros_like(brought)
    for node in reversed(_upwards(depth)):
        if parent[node] < 0:
            found[node] = brought[node]
            continue
        # NO_LIMIT less what is kept is still more than anything
        found[node] = kept[node] + np.maximum(0, np.minimum(found[parent[node]], limit[node] - kept[node]))
    return found


def leaf_numbers(described: Sequence[Described | None]) -> dict[str, int]:
    """The node of the tree for each group that a quota lists."""
    return {name: i + 1 for i, one in enumerate(described) if isinstance(one, Quota) for name in one.listed}


def number_of_the_rest(described: Sequence[Described | None]) -> int:
    """The node of the quota `""`; `described` has it."""
    return next(i + 1 for i, one in enumerate(described) if isinstance(one, Quota) and one.name == "")


def leaves_of(described: Sequence[Described | None], trace: JobTrace) -> Array:
    """int32[n]: the node of the tree that each job of a trace belongs to."""
    return _leaves(with_the_rest(described), trace.group, trace.groups)


def _leaves(tree: Sequence[Described | None], of: Array, names: Sequence[str]) -> Array:
    leaf, rest = leaf_numbers(tree), number_of_the_rest(tree)
    numbers = np.array([leaf.get(name, rest) for name in names], dtype=np.int32)
    return np.ascontiguousarray(numbers[of]) if len(of) else np.zeros(0, dtype=np.int32)


def lanes_of(of: Array, shape: Array, queue: QueuePolicy) -> tuple[Array, Array]:
    """(int32[n] lane of each job, int32[L] quota of each lane). Lanes are numbered as the jobs first come to them."""
    key = of.astype(np.int64)
    if queue.code in LANES_BY_SHAPE:
        key = key * (int(shape.max(initial=0)) + 1) + shape
    _, first, lane = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place[lane.ravel()], of[first[order]].astype(np.int32, copy=False)


def capacity_of(nodes: NodeTable, parts: NodeParts) -> Array:
    """int64[R]: what all nodes have together, whether they are there at the time or not; BOUNDLESS where there is no bound."""
    amounts = np.column_stack([nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib, nodes.gpus.astype(np.int64) * DEVICE_MILLI])
    capacity = np.full(FLAVORS + 4 * len(parts.flavors), BOUNDLESS, dtype=np.int64)
    capacity[:Q_ENVIRONMENTS] = _bounded_sum(amounts)
    for flavor in range(len(parts.flavors)):
        begin = FLAVORS + 4 * flavor
        capacity[begin : begin + 4] = _bounded_sum(amounts[parts.flavor == flavor])
    return capacity


def _bounded_sum(amounts: Array) -> Array:
    return np.asarray(np.where((amounts >= UNLIMITED).any(axis=0), BOUNDLESS, np.minimum(BOUNDLESS, amounts.sum(axis=0))))


def _tree_arrays(
    tree: Sequence[Described | None], capacity: Array, parts: NodeParts, variants: Variants, queue: QueuePolicy
) -> dict[str, Array]:
    """The arrays that follow from the descriptions alone."""
    count, flavors = len(tree) + 1, list(parts.flavors)
    numbers = {one.name: i + 1 for i, one in enumerate(tree) if isinstance(one, Cohort)}
    parent, depth = np.zeros(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
    parent[0] = -1
    guarantee = np.zeros((count, len(capacity)), dtype=np.int64)
    limit, lend = np.full_like(guarantee, NO_LIMIT), np.full_like(guarantee, NO_LIMIT)
    guaranteed = np.zeros(len(capacity), dtype=np.bool_)
    for node, one in enumerate(tree, start=1):
        if one is None:
            continue
        above = one.parent if isinstance(one, Cohort) else one.cohort
        parent[node] = 0 if above is None else numbers[above]
        if isinstance(one, Cohort) and above is None:
            lend[node] = 0
        for into, amounts in ((guarantee, one.guarantee), (limit, one.limit), (lend, one.lend)):
            for flavor, dimension, units in named(amounts):
                column = column_of(flavor, dimension, flavors)
                into[node, column] = units
                guaranteed[column] |= into is guarantee
    for node in range(1, count):
        up = parent[node]
        while up >= 0:
            depth[node] += 1
            up = parent[up]
    brought, kept = guarantee.copy(), np.zeros_like(guarantee)
    for node in _upwards(depth):
        if node == 0:
            guarantee[0] = _common_pool(capacity, guarantee)
            brought[0] += guarantee[0]
        else:
            kept[node] = np.maximum(0, brought[node] - lend[node])
            brought[parent[node]] += brought[node] - kept[node]
    arrays: dict[str, Array] = {"parent": parent, "depth": depth, "guarantee": guarantee, "brought": brought, "kept": kept, "limit": limit}
    arrays["capacity"] = capacity
    arrays["potential"] = potential(parent, depth, brought, kept, limit)
    return arrays | {"guaranteed": guaranteed} | _policy_arrays(tree, parts, variants, queue)


def _policy_arrays(tree: Sequence[Described | None], parts: NodeParts, variants: Variants, queue: QueuePolicy) -> dict[str, Array]:
    count = len(tree) + 1
    usual = Reclaiming.LOWER_PRIORITY if queue.code == Queue.PRIORITY and queue.preempt else Reclaiming.NEVER
    arrays: dict[str, Array] = {
        "priority": np.zeros(count, dtype=np.int64),
        "weight": np.ones(count),
        "suspended": np.zeros(count, dtype=np.bool_),
        "grace": np.zeros(count),
        "reclaim": np.zeros(count, dtype=np.int8),
        "within": np.zeros(count, dtype=np.int8),
        "borrow_within": np.zeros(count, dtype=np.int8),
        "threshold": np.full(count, np.inf),
        "try_next": np.zeros(count, dtype=np.bool_),
        "preempt_first": np.zeros(count, dtype=np.bool_),
        "flavors": np.full((count, max(1, len(parts.flavors))), -1, dtype=np.int32),
        "variant_row": np.full((count, max(1, len(parts.flavors))), -1, dtype=np.int32),
    }
    for node, one in enumerate(tree, start=1):
        if not isinstance(one, Quota):
            continue
        arrays["priority"][node], arrays["weight"][node] = one.priority, one.weight
        arrays["suspended"][node], arrays["grace"][node] = one.suspended, one.reclaim_within
        arrays["reclaim"][node] = _CODES[one.reclaim]
        arrays["within"][node] = usual if one.within is None else _CODES[one.within]
        arrays["borrow_within"][node] = _CODES[one.borrow_within]
        if one.borrow_within_threshold is not None:
            arrays["threshold"][node] = one.borrow_within_threshold
        arrays["try_next"][node] = one.when_can_borrow == "try-next"
        arrays["preempt_first"][node] = one.when_can_preempt == "preempt"
        tried = tried_flavors(one, parts)
        arrays["flavors"][node, : len(tried)] = tried
        for i in range(max(1, len(tried))):
            arrays["variant_row"][node, i] = variants.row(node, int(arrays["flavors"][node, i]))
    arrays["tries"] = np.maximum(1, (arrays["flavors"] >= 0).sum(axis=1)).astype(np.int32)
    return arrays


def _common_pool(capacity: Array, guarantee: Array) -> Array:
    """What the cluster has beyond all that is guaranteed below the root; all of an amount without a bound."""
    return np.asarray(np.maximum(0, capacity - guarantee[1:].sum(axis=0)))


def _upwards(depth: Array) -> list[int]:
    """All nodes, the deepest first; the root is the last."""
    return [int(node) for node in np.argsort(-depth, kind="stable")]


def _fair(queue: QueuePolicy) -> int:
    """Bits of the strategies by which `drf` stops borrowers."""
    bits = {"final-share": FINAL_SHARE, "initial-share": INITIAL_SHARE}
    return sum(bits[name] for name in getattr(queue, "fair_preemption", ()))


def _hints() -> dict[str, Any]:
    from typing import get_type_hints

    return get_type_hints(Quotas, include_extras=True)
