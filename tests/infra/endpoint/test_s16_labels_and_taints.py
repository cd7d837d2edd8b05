"""S-16: nodes have labels and taints; workloads select by the ones and tolerate the others."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.hardware import Taint
from mlplat.infra.tolerations import Toleration
from mlplat.infra.workload_records import WorkloadStatus

from .marked_clusters import TRAINING, cluster, node_of, submit


@pytest.mark.parametrize(
    ("selector", "nodes"),
    [
        ({}, {"fast-0", "fast-1", "slow-0", "slow-1"}),
        ({"disk": "ssd"}, {"fast-0", "fast-1"}),
        ({"disk": "ssd", "tier": "a"}, {"fast-0", "fast-1"}),
        ({"disk": "hdd"}, {"slow-0", "slow-1"}),
        ({"node": "slow-1"}, {"slow-1"}),
        ({"rack": "r2"}, {"fast-1"}),
        ({"group": "slow"}, {"slow-0", "slow-1"}),
    ],
)
def test_s16_a_workload_runs_on_all_nodes_that_have_its_labels_and_on_no_other(selector: dict[str, str], nodes: set[str]) -> None:
    of = cluster()
    for i in range(6):
        submit(of, f"w-{i}", selector)
    of.sim.run(until="1m")
    found = [node_of(of, f"w-{i}") for i in range(6)]
    assert set(found) == nodes | {None}
    assert len(found) - found.count(None) == len(nodes)


def test_s16_an_accelerator_is_a_label_by_any_of_its_names() -> None:
    of = cluster()
    submit(of, "canonical", {"accelerator": "V100-16"}, TRAINING)
    submit(of, "alias", {"accelerator": "V100"}, TRAINING)
    submit(of, "other", {"accelerator": "T4"}, TRAINING)
    of.sim.run(until="1m")
    assert [node_of(of, name) for name in ("canonical", "alias")] == ["gpu-0", "gpu-1"]
    assert of.endpoint.describe("other").reason == "NODE_SELECTOR"


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        ({"key": "a", "value": "x"}, "a=x:NoSchedule", True),
        ({"key": "a", "value": "x"}, "a=x:NoExecute", True),
        ({"key": "a", "value": "x"}, "a=y:NoSchedule", False),
        ({"key": "a"}, "a:NoSchedule", True),
        ({"key": "a"}, "a=x:NoSchedule", False),
        ({"key": "b", "value": "x"}, "a=x:NoSchedule", False),
        ({"key": "a", "operator": "Exists"}, "a=x:NoSchedule", True),
        ({"key": "a", "operator": "Exists"}, "b=x:NoSchedule", False),
        ({"operator": "Exists"}, "b=x:NoExecute", True),
        ({"operator": "Exists", "effect": "NoSchedule"}, "b=x:NoExecute", False),
        ({"key": "a", "value": "x", "effect": "NoExecute"}, "a=x:NoSchedule", False),
    ],
)
def test_s16_tolerations_are_those_of_kubernetes(toleration: dict[str, Any], taint: str, tolerated: bool) -> None:
    assert Toleration(**toleration).tolerates(Taint.model_validate(taint)) is tolerated
    of = cluster(f"groups: [{{name: only, cpus: 8, memory: 8GiB, taints: ['{taint}']}}]")
    submit(of, "w", tolerations=[toleration])
    of.sim.run(until="1m")
    assert node_of(of, "w") == ("only-0" if tolerated else None)
    assert of.endpoint.describe("w").reason == ("" if tolerated else "TAINT")


def test_s16_every_taint_must_be_tolerated_and_a_wish_keeps_nothing_away() -> None:
    of = cluster("groups: [{name: n, cpus: 8, memory: 8GiB, taints: ['a:NoSchedule', 'b:NoSchedule', 'c:PreferNoSchedule']}]")
    submit(of, "one", tolerations=[{"key": "a"}])
    submit(of, "both", tolerations=[{"key": "a"}, {"key": "b"}])
    of.sim.run(until="1m")
    assert (of.endpoint.describe("one").reason, node_of(of, "both")) == ("TAINT", "n-0")


@pytest.mark.parametrize("queue", [name for name in mp.QUEUES if name != "loss"])
@pytest.mark.parametrize("placement", ["best-fit", "topology", "random"])
def test_s16_under_every_policy_nothing_runs_where_it_must_not(queue: str, placement: str) -> None:
    of = cluster(queue=queue, placement=placement)
    where = {"a": ({"disk": "ssd"}, ()), "b": ({}, ()), "c": ({}, TRAINING), "d": ({"group": "gpu"}, TRAINING), "e": ({"rack": "r2"}, ())}
    allowed = {"a": "fast", "b": "fast slow", "c": "fast slow gpu", "d": "gpu", "e": "fast-1"}
    for i in range(40):
        kind = "abcde"[i % 5]
        selector, tolerations = where[kind]
        more = {"priority": i % 3, "replicas": 1 if kind == "e" else 1 + i % 2, "duration": 300.0 + 60 * (i % 7)}
        submit(of, f"{kind}-{i}", selector, tolerations, request={"cpus": 1 + i % 4}, **more)
    of.sim.run()
    for event in of.sim.log.select(predicate="workload.bound"):
        kind = event.subject.removeprefix("workload:")[0]
        assert all(any(node.startswith(name) for name in allowed[kind].split()) for node in event.data["nodes"]), event
    assert {entry.status for entry in of.endpoint.list()} == {WorkloadStatus.SUCCEEDED}


def test_s16_preemption_takes_room_only_where_the_head_may_be() -> None:
    of = cluster(queue="priority")
    for i, disk in enumerate(("hdd", "hdd", "ssd", "ssd")):
        submit(of, f"low-{i}", {"disk": disk})
    of.sim.run(until="1m")
    submit(of, "high", {"disk": "ssd"}, priority=5)
    of.sim.run(until="2m")
    assert node_of(of, "high") in ("fast-0", "fast-1")
    assert [of.endpoint.describe(f"low-{i}").status.value for i in range(4)].count("pending") == 1
    assert [of.endpoint.describe(f"low-{i}").status.value for i in range(2)] == ["running"] * 2


def test_s16_a_service_keeps_its_selection_in_every_replica() -> None:
    of = cluster()
    of.endpoint.submit(mp.Workload("web", {"cpus": 4}, kind="service", replicas=6, node_selector={"disk": "ssd"}))
    of.sim.run(until="1m")
    nodes = [part.node for part in of.endpoint.describe("web").parts]
    assert sorted(node for node in nodes if node) == ["fast-0", "fast-0", "fast-1", "fast-1"]


def test_s16_many_selections_by_name_keep_right() -> None:
    of = cluster("groups: [{name: n, count: 40, cpus: 8, memory: 8GiB}]")
    for i in range(40):
        submit(of, f"w-{i}", {"node": f"n-{39 - i}"}, request={"cpus": 1 + i % 8})
    of.sim.run(until="1m")
    assert [node_of(of, f"w-{i}") for i in range(40)] == [f"n-{39 - i}" for i in range(40)]
