"""Flavors and reserved nodes on a live cluster: what no node open to a quota could hold is rejected, and blocks nobody."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp

SPEC = mp.ClusterSpec.parse("2x8xA100+2x4xV100")  # groups a100-40 and v100-16


def fates(quotas: list[Any], *workloads: tuple[str, int]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(status, reason, nodes) of workloads of a zone with so many devices, submitted one after another, after ten minutes."""
    sim = mp.Simulation(seed=3)
    cluster = mp.Cluster(sim, SPEC, quotas=quotas)
    bound: dict[str, tuple[str, ...]] = {}
    watch = cluster.endpoint.watch(lambda event: bound.setdefault(event.subject, event.data["nodes"]), predicate="workload.bound")
    handles = [
        cluster.endpoint.submit(mp.Workload(f"{zone}-{i}", {"gpus": gpus}, zone=zone, duration="1m"))
        for i, (zone, gpus) in enumerate(workloads)
    ]
    sim.run(until="10m")
    assert watch is not None
    return [(handle.status.value, handle.reason, bound.get(f"workload:{handle.name}", ())) for handle in handles]


def test_a_workload_wider_than_the_nodes_of_its_flavor_is_rejected() -> None:
    found = fates([mp.Quota("a", flavors=("V100",))], ("a", 8), ("a", 4), ("b", 8))
    assert found == [
        ("rejected", "QUOTA", ()),
        ("succeeded", "COMPLETED", ("v100-16-0",)),
        ("succeeded", "COMPLETED", ("a100-40-0",)),
    ]


def test_one_flavor_that_can_hold_it_is_enough() -> None:
    found = fates([mp.Quota("a", flavors=("V100", "A100"))], ("a", 8), ("a", 1))
    assert [nodes for _, _, nodes in found] == [("a100-40-0",), ("v100-16-0",)]


def test_reserved_nodes_are_left_to_their_quota() -> None:
    quotas = [mp.Quota("a", reserve=("a100-40-0", "a100-40-1"))]
    found = fates(quotas, ("b", 8), ("b", 4), ("a", 8), ("a", 8))
    assert found[0] == ("rejected", "QUOTA", ())
    assert [nodes for _, _, nodes in found[1:]] == [("v100-16-0",), ("a100-40-0",), ("a100-40-1",)]


def test_what_the_cluster_cannot_hold_at_all_is_rejected_as_without_quotas() -> None:
    assert fates([mp.Quota("a", flavors=("V100",))], ("a", 9))[0][:2] == ("rejected", "GPU_COUNT")


@pytest.mark.parametrize("flavors", [("V100",), ("A100",)])
def test_a_quota_that_is_changed_is_judged_anew(flavors: tuple[str, ...]) -> None:
    sim = mp.Simulation(seed=3)
    cluster = mp.Cluster(sim, SPEC, quotas=[mp.Quota("a", flavors=("V100", "A100")), mp.Quota("b", flavors=("V100", "A100"))])
    first = cluster.endpoint.submit(mp.Workload("first", {"gpus": 8}, zone="a", duration="1m"))
    sim.run(until="5m")
    cluster.endpoint.set_quota(mp.Quota("a", flavors=flavors))
    second = cluster.endpoint.submit(mp.Workload("second", {"gpus": 8}, zone="a", duration="1m"))
    sim.run(until="10m")
    assert first.status.value == "succeeded"
    assert second.status.value == ("succeeded" if "A100" in flavors else "rejected")
