"""The tree of quotas as arrays: against a recursion over the descriptions (docs/quotas.md, The tree), and made anew while in use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.attempt_arrays import NO_LIMIT
from mlplat.infra.cluster_arrays import cluster_arrays
from mlplat.infra.kernels.quota_state import Quotas, Reclaiming
from mlplat.infra.kernels.state import Queue
from mlplat.infra.kernels.structs import pack
from mlplat.infra.node_selection import NodeKinds
from mlplat.infra.queueing import queue_policy
from mlplat.infra.quotas import Cohort, Described, Quota
from mlplat.infra.quotas.arrays import BOUNDLESS, check_queue, no_quotas, quota_arrays, recompute
from mlplat.infra.quotas.parts import parts_of, variants_of, with_variants
from mlplat.infra.request_arrays import class_arrays
from mlplat.infra.tolerations import ANYWHERE
from mlplat.resources import ResourceRequest

SPEC = mp.ClusterSpec.parse("2x8xA100+1x8xV100")
NODES = SPEC.nodes()
REQUESTS = (ResourceRequest(cpus=1), ResourceRequest(gpus=1))
Tree = list[Described | None]


def arrays_for(
    described: Any, groups: list[str], of: list[int], queue: str = "fifo", shape: list[int] | None = None, **more: Any
) -> Quotas:
    parts = parts_of(described, NODES)
    kinds = NodeKinds(NODES, parts.part)
    cluster, _ = cluster_arrays(NODES, [], kind=kinds.of)
    classes = with_variants(class_arrays(REQUESTS, NODES, []), kinds, ANYWHERE, variants_of(parts))
    gang = np.array([[0, 0, 1, s] for s in shape or [0] * len(of)], dtype=np.int32).reshape(-1, 4)
    made = quota_arrays(
        described,
        of=np.array(of, dtype=np.int32),
        names=groups,
        nodes=NODES,
        cluster=cluster,
        gang=gang,
        classes=classes,
        queue=queue_policy(queue),
    )
    pack(made)  # types and dimensions are those that the kernels read
    return made


def naive_tree(described: Tree, capacity: int) -> dict[str, dict[str, float]]:
    """Guarantee, brought, kept and potential of devices for each name, by recursion; "/" is the root."""
    here = [one for one in [*described, Quota("")] if one is not None]

    def above(one: Described) -> str | None:
        return one.parent if isinstance(one, Cohort) else one.cohort

    found: dict[str, dict[str, float]] = {}

    def bring(one: Described) -> float:
        children = [other for other in here if isinstance(one, Cohort) and above(other) == one.name]
        own = one.guarantee.get("gpus", 0)
        brought = own + sum(bring(child) - found[child.name]["kept"] for child in children)
        lend = one.lend.get("gpus", 0 if isinstance(one, Cohort) and one.parent is None else np.inf)
        found[one.name] = {"guarantee": own, "brought": brought, "kept": max(0, brought - lend)}
        return brought

    top = [one for one in here if above(one) is None]
    for one in top:
        bring(one)
    pool = max(0, capacity - sum(one.guarantee.get("gpus", 0) for one in here))
    lent = sum(found[one.name]["brought"] - found[one.name]["kept"] for one in top)
    found["/"] = {"guarantee": pool, "brought": pool + lent, "kept": 0, "potential": pool + lent}

    def reach(one: Described, parent: float) -> None:
        mine = found[one.name]
        limit = one.limit.get("gpus", np.inf)
        mine["potential"] = mine["kept"] + max(0, min(parent, limit - mine["kept"]))
        for child in here:
            if isinstance(one, Cohort) and above(child) == one.name:
                reach(child, mine["potential"])

    for one in top:
        reach(one, found["/"]["potential"])
    return found


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Cohorts, each part of an earlier one or of none, and quotas in them, in any order."""
    amount = st.integers(0, 12)
    described: Tree = []
    cohorts: list[str | None] = [None]
    for i in range(draw(st.integers(0, 4))):
        own = draw(amount)
        amounts: dict[str, Any] = {"guarantee": {"gpus": own}, "limit": {"gpus": own + draw(amount)} if draw(st.booleans()) else {}}
        lend = {"gpus": draw(amount)} if draw(st.booleans()) else {}
        described.append(Cohort(f"c{i}", parent=draw(st.sampled_from(cohorts)), lend=lend, **amounts))
        cohorts.append(f"c{i}")
    for i in range(draw(st.integers(0, 5))):
        own = draw(amount)
        amounts = {"guarantee": {"gpus": own}, "limit": {"gpus": own + draw(amount)} if draw(st.booleans()) else {}}
        lend = {"gpus": draw(st.integers(0, own))} if draw(st.booleans()) else {}
        described.append(Quota(f"q{i}", cohort=draw(st.sampled_from(cohorts)), lend=lend, **amounts))
    return draw(st.permutations(described))


@given(trees())
def test_the_tree_is_that_of_a_recursion(described: Tree) -> None:
    quotas = arrays_for(described, [], [])
    expected = naive_tree(described, 24)
    names = ["/", *(one.name for one in described if one is not None), ""]
    for field in ("guarantee", "brought", "kept", "potential"):
        found = {name: getattr(quotas, field)[node, 3] for node, name in enumerate(names)}
        if not quotas.guaranteed[3]:
            assert not any(one.guarantee.units for one in described if one is not None)
        assert found == {name: 1000 * expected[name][field] for name in names}, field
    assert all(quotas.depth[node] == quotas.depth[parent] + 1 for node, parent in enumerate(quotas.parent) if parent >= 0)


@given(trees(), st.data())
def test_what_is_recomputed_is_what_would_have_been_made(described: Tree, data: st.DataObject) -> None:
    """With the use of leaves kept, what was lost still lost, and inner nodes charged with what their children do not keep."""
    before = arrays_for(described, [], [])
    changed: Tree = [
        one
        if isinstance(one, Cohort) or data.draw(st.booleans())
        else Quota(one.name, guarantee={"gpus": data.draw(st.integers(0, 9))}, cohort=one.cohort)
        for one in described
        if one is not None
    ]
    leaves = [node for node in range(1, len(before.parent)) if node not in before.parent]
    for node in leaves:
        before.use[node, 3] = data.draw(st.integers(0, 9)) * 1000
    lost = data.draw(st.integers(0, 40)) * 1000
    before.guarantee[0, 3] -= lost
    before.brought[0, 3] -= lost
    with_rest = [*changed, Quota(""), Quota("new", guarantee={"gpus": 3})]
    after = recompute(before, with_rest, NODES, queue=queue_policy("fifo"))
    fresh = arrays_for(with_rest, [], [])
    pack(after)
    assert [np.shape(value) for value in after] == [np.shape(value) for value in fresh]
    for field in ("parent", "depth", "kept", "limit", "potential", "guaranteed", "reclaim"):
        assert np.array_equal(getattr(after, field), getattr(fresh, field)), field
    assert after.guarantee[0, 3] == fresh.guarantee[0, 3] - lost
    assert after.brought[0, 3] == fresh.brought[0, 3] - lost
    assert np.array_equal(after.guarantee[1:], fresh.guarantee[1:])
    assert all(after.use[node, 3] == before.use[node, 3] for node in leaves)
    for node in set(after.parent[1:].tolist()):
        children = np.flatnonzero(after.parent == node)
        assert np.array_equal(after.use[node], np.maximum(0, after.use[children] - after.kept[children]).sum(axis=0))


def test_a_quota_that_is_gone_keeps_its_number_and_nothing_else() -> None:
    described: Tree = [Quota("a", guarantee={"gpus": 8}, limit={"gpus": 9}, cohort="r"), Cohort("r"), Quota("b")]
    before = arrays_for(described, ["b"], [0])
    after = recompute(before, [None, None, Quota("b"), Quota("")], NODES, queue=queue_policy("fifo"))
    assert after.parent.tolist() == [-1, 0, 0, 0, 0]
    assert not after.guaranteed.any()
    assert (after.limit == NO_LIMIT).all()
    assert after.guarantee[0, 3] == 24_000


def test_jobs_belong_to_the_quota_that_lists_their_group_and_others_to_the_rest() -> None:
    quotas = arrays_for([Cohort("r"), Quota("a", groups=("x", "y")), Quota("b", cohort="r")], ["y", "b", "z", "x", ""], [0, 1, 2, 3, 4, 0])
    assert quotas.of.tolist() == [2, 3, 4, 2, 4, 2]


def test_the_classes_that_jobs_came_with_are_a_copy() -> None:
    """Also of a single job, whose row of the gangs has them in one piece: kernels write other classes into the gangs."""
    gang = np.array([[1, 1, 1, 0]], dtype=np.int32)
    parts = parts_of([Quota("a", flavors=("A100",))], NODES)
    kinds = NodeKinds(NODES, parts.part)
    classes = with_variants(class_arrays(REQUESTS, NODES, []), kinds, ANYWHERE, variants_of(parts))
    cluster, _ = cluster_arrays(NODES, [], kind=kinds.of)
    of = np.zeros(1, dtype=np.int32)
    described = [Quota("a", flavors=("A100",))]
    made = quota_arrays(described, of=of, names=["a"], nodes=NODES, cluster=cluster, gang=gang, classes=classes, queue=queue_policy("fifo"))
    gang[:] = 7
    assert made.base.tolist() == [[1, 1]]


def test_there_is_a_lane_for_each_quota() -> None:
    quotas = arrays_for([Quota("a"), Quota("b")], ["b", "a"], [0, 1, 0, 1], shape=[0, 0, 1, 1])
    assert quotas.lane.tolist() == [0, 1, 0, 1]
    assert quotas.owner.tolist() == [2, 1]


@pytest.mark.parametrize("queue", ["best-effort-fifo", "drf"])
def test_there_is_a_lane_for_each_quota_and_shape(queue: str) -> None:
    quotas = arrays_for([Quota("a"), Quota("b")], ["b", "a"], [0, 1, 0, 1, 0], queue, shape=[0, 0, 1, 1, 0])
    assert quotas.lane.tolist() == [0, 1, 2, 3, 0]
    assert quotas.owner.tolist() == [2, 1, 2, 1]


@pytest.mark.parametrize("queue", ["easy", "conservative", "loss", "srtf", "las"])
def test_other_queue_policies_do_not_go_with_quotas(queue: str) -> None:
    with pytest.raises(OptionError, match=f"queue='{queue}': does not go with quotas; expected one of fifo, best-effort-fifo, sjf"):
        arrays_for([Quota("a")], ["a"], [0], queue)


def test_weights_of_groups_are_refused_where_quotas_have_their_own() -> None:
    with pytest.raises(OptionError, match=r"weights: .* do not go with quotas"):
        check_queue(queue_policy("drf", weights={"a": 2}))


def test_policies_become_codes() -> None:
    quota = Quota("a", reclaim="never", borrow_within="lower-priority", borrow_within_threshold=7, reclaim_within=5, weight=0, priority=3)
    quotas = arrays_for([quota, Quota("b", within="lower-or-newer", when_can_borrow="try-next", when_can_preempt="preempt")], [], [])
    assert quotas.reclaim.tolist()[1:] == [Reclaiming.NEVER, Reclaiming.ANY, Reclaiming.ANY]
    assert quotas.borrow_within.tolist()[1:] == [Reclaiming.LOWER_PRIORITY, Reclaiming.NEVER, Reclaiming.NEVER]
    assert quotas.within.tolist()[1:] == [Reclaiming.NEVER, Reclaiming.LOWER_OR_NEWER, Reclaiming.NEVER]
    assert quotas.threshold.tolist()[1:] == [7, np.inf, np.inf]
    assert quotas.grace.tolist()[1:] == [5, 60, 60]
    assert quotas.weight.tolist()[1:] == [0, 1, 1]
    assert quotas.priority.tolist()[1:] == [3, 0, 0]
    assert quotas.try_next.tolist()[1:] == [False, True, False]
    assert quotas.preempt_first.tolist()[1:] == [False, True, False]
    assert not quotas.by_share


@pytest.mark.parametrize(("preempt", "code"), [(True, Reclaiming.LOWER_PRIORITY), (False, Reclaiming.NEVER)])
def test_under_priority_a_quota_stops_its_own_where_the_policy_does(preempt: bool, code: Reclaiming) -> None:
    quotas = arrays_for([Quota("a"), Quota("b", within="never")], [], [], "priority")
    assert quotas.within.tolist()[1:] == [Reclaiming.LOWER_PRIORITY, Reclaiming.NEVER, Reclaiming.LOWER_PRIORITY]
    after = recompute(quotas, [Quota("a"), Quota("b", within="never")], NODES, queue=queue_policy("priority", preempt=preempt))
    assert after.within.tolist()[1:] == [code, Reclaiming.NEVER, code]


def test_an_unlimited_capacity_does_not_overflow() -> None:
    from mlplat.infra.quotas.arrays import capacity_of

    nodes = mp.ClusterSpec.parse("pool:768gpu").nodes()
    described = [Quota("a", guarantee={"cpus": 2**46 // 1000}, lend={"cpus": 0})]
    capacity = capacity_of(nodes, parts_of(described, nodes))
    assert capacity.tolist() == [BOUNDLESS, BOUNDLESS, BOUNDLESS, 768_000, BOUNDLESS]
    assert BOUNDLESS + BOUNDLESS < 2**62


def test_without_quotas_every_array_has_no_length() -> None:
    blank = no_quotas()
    pack(blank)
    for name, value in zip(blank._fields, blank, strict=True):
        if name == "number":
            assert value.tolist() == [0] * 8
        elif isinstance(value, np.ndarray):
            assert value.size == 0, name
    assert blank.fair == 0
    assert Queue.DRF != Queue.FIFO
