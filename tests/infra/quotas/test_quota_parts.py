"""Flavors and reserved nodes: which nodes each variant of a class may be on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mlplat as mp
from mlplat.hardware import Taint
from mlplat.infra.cluster_arrays import cluster_arrays
from mlplat.infra.kernels.state import KIND, UNSELECTED
from mlplat.infra.node_selection import NodeKinds
from mlplat.infra.quotas import Cohort, Quota
from mlplat.infra.quotas.parts import Variants, parts_of, variants_of, with_variants
from mlplat.infra.request_arrays import class_arrays
from mlplat.infra.tolerations import ANYWHERE, Selection
from mlplat.resources import ResourceRequest

SPEC = mp.ClusterSpec.parse("2x8xA100+2x8xV100+1x64cpu")
NODES = SPEC.nodes()
A100, V100 = "a100-40", "v100-16"
CPU_ONLY, ANY_GPU, ONLY_V100 = ResourceRequest(cpus=1), ResourceRequest(gpus=1), ResourceRequest(gpus=1, models="V100")
REQUESTS = (CPU_ONLY, ANY_GPU, ONLY_V100)


def rows_open(described: list[Any], node: int, flavor: str | None, selection: Selection = ANYWHERE) -> list[list[int]]:
    """For each of `REQUESTS` the rows of nodes that a quota (node of the tree) may use in a flavor, read as kernels read it."""
    parts = parts_of(described, NODES)
    variants = variants_of(parts)
    kinds = NodeKinds(NODES, parts.part)
    kinds.ask(selection)
    cluster, nodes = cluster_arrays(NODES, [], kind=kinds.of)
    classes = with_variants(class_arrays(REQUESTS, NODES, []), kinds, selection, variants)
    row = variants.row(node, -1 if flavor is None else parts.flavors.index(flavor))
    of = list(range(len(REQUESTS))) if row < 0 else variants.table(len(classes.ask))[row].tolist()
    kind = cluster.capacity[nodes.free[:, 6], KIND]
    return [np.flatnonzero(classes.barred[cls, kind] == 0).tolist() for cls in of]


def test_without_flavors_and_reservations_classes_are_taken_as_they_are() -> None:
    parts = parts_of([Quota("a"), Cohort("r")], NODES)
    assert parts.flavors == ()
    assert variants_of(parts) == Variants((), ())
    classes = class_arrays(REQUESTS, NODES, [])
    made = with_variants(classes, NodeKinds(NODES, parts.part), ANYWHERE, variants_of(parts))
    assert all(np.array_equal(old, new) for old, new in zip(classes, made, strict=True))


@pytest.mark.parametrize(("flavor", "rows"), [(A100, [0, 1]), (V100, [2, 3]), ("64cpu", [4]), ("A100-40", [0, 1]), ("V100", [2, 3])])
def test_a_flavor_is_a_group_or_a_model(flavor: str, rows: list[int]) -> None:
    if flavor == "64cpu":
        flavor = NODES.groups[-1]
    assert np.flatnonzero(parts_of([Quota("a", flavors=(flavor,))], NODES).flavor == 0).tolist() == rows


def test_jobs_in_a_flavor_may_be_on_its_nodes_only() -> None:
    described = [Quota("a", flavors=(V100, A100)), Quota("b")]
    assert rows_open(described, 1, V100) == [[2, 3], [2, 3], [2, 3]]
    assert rows_open(described, 1, A100) == [[0, 1], [0, 1], []]
    assert rows_open(described, 2, None) == [[0, 1, 2, 3, 4], [0, 1, 2, 3], [2, 3]]


def test_reserved_nodes_are_for_the_jobs_of_their_quota_which_may_use_others() -> None:
    described = [Quota("a", reserve={"group": V100, "nodes": 1}), Quota("b", reserve=("a100-40-1",)), Quota("c")]  # type: ignore[arg-type]
    assert rows_open(described, 1, None) == [[0, 2, 3, 4], [0, 2, 3], [2, 3]]
    assert rows_open(described, 2, None) == [[0, 1, 3, 4], [0, 1, 3], [3]]
    assert rows_open(described, 3, None) == rows_open(described, 4, None) == [[0, 3, 4], [0, 3], [3]]


def test_a_flavor_has_the_reserved_nodes_of_its_own_quota() -> None:
    described = [Quota("a", reserve={"nodes": 3}, flavors=(A100,)), Quota("b", flavors=(V100, A100))]  # type: ignore[arg-type]
    assert rows_open(described, 1, A100)[0] == [0, 1]
    assert rows_open(described, 2, V100)[0] == [3]
    assert rows_open(described, 2, A100)[0] == []


def test_labels_and_taints_bar_as_they_do_without_quotas() -> None:
    described = [Quota("a", flavors=(V100, A100)), Quota("b")]
    selection = Selection((("node", "v100-16-1"),), ())
    assert rows_open(described, 1, V100, selection)[0] == [3]
    assert rows_open(described, 1, A100, selection)[0] == []
    assert rows_open(described, 2, None, selection)[0] == [3]


def test_a_node_stays_in_its_part_when_its_labels_and_taints_change() -> None:
    parts = parts_of([Quota("a", flavors=(V100,))], NODES)
    kinds = NodeKinds(NODES, parts.part)
    assert len({kinds.of[0], kinds.of[2]}) == 2
    open_to_it = Selection((), (), variants_of(parts).open[0])
    kinds.state(2, {"disk": "ssd"}, [Taint(key="dedicated", effect="NoSchedule")])
    assert kinds.barred(open_to_it, int(kinds.of[2])) & UNSELECTED == 0
    assert kinds.barred(open_to_it, int(kinds.of[2])) != 0
    kinds.ask(Selection((("disk", "ssd"),), ()))
    kinds.state(2, {"disk": "ssd"}, [])
    assert kinds.barred(open_to_it._replace(labels=(("disk", "ssd"),)), int(kinds.of[2])) == 0
    assert kinds.barred(open_to_it, int(kinds.of[0])) == UNSELECTED


def test_variants_are_numbered_behind_the_classes_they_stand_for() -> None:
    variants = variants_of(parts_of([Quota("a", flavors=(V100, A100))], NODES))
    assert variants.table(12).tolist() == [[3, 4, 5], [6, 7, 8], [9, 10, 11]]  # the third: all other nodes
    assert variants.table(0).shape == (3, 0)
