"""Racks and zones: each node in one rack, each rack in at most one zone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlplat.hardware import ClusterSpec, NodeGroup


def test_groups_without_racks_share_one_rack_in_each_zone() -> None:
    groups = [NodeGroup(name="a"), NodeGroup(name="b", zone="z"), NodeGroup(name="c"), NodeGroup(name="d", zone="z")]
    spec = ClusterSpec(groups=groups)
    assert spec.nodes().racks == ("rack-0", "z/rack-0") and spec.nodes().rack.tolist() == [0, 1, 0, 1]
    assert dict(spec.rack_layout.zone_of) == {"z/rack-0": "z"}


def test_groups_that_name_the_same_rack_share_it_and_numbers_avoid_taken_names() -> None:
    groups = [NodeGroup(name="a", count=2, racks=2), NodeGroup(name="b", racks=("rack-0",)), NodeGroup(name="c", racks=("rack-0",))]
    table = ClusterSpec(groups=groups).nodes()
    assert table.racks == ("rack-1", "rack-2", "rack-0") and table.rack.tolist() == [0, 1, 2, 2]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30), st.sampled_from([None, "x", "y"])), min_size=1, max_size=6))
def test_every_node_is_in_one_rack_and_the_racks_of_a_group_differ_by_one_node(shape: list[tuple[int, int, str | None]]) -> None:
    groups = [NodeGroup(name=str(i), count=max(n, k), racks=k, zone=zone) for i, (n, k, zone) in enumerate(shape)]
    table = ClusterSpec(groups=groups).nodes()
    assert len(table.rack) == len(table) and len(table.racks) == sum(k for _, k, _ in shape) == len(set(table.racks))
    for i in range(len(groups)):
        racks = table.rack[table.group == i]
        sizes = np.unique(racks, return_counts=True)[1]
        assert sizes.max() - sizes.min() <= 1 and (np.diff(racks) >= 0).all()
