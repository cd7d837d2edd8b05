"""S-16, S-41, S-14: nodes join and leave at run time, and the capacity of the cluster is always that of the nodes that are there."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.cluster import Cluster
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import cluster, work


def check_capacity(of: Cluster, nodes: int) -> None:
    """The capacity is the sum over nodes that are there, and free and bound make it up."""
    state, capacity = of.endpoint.state(), of.endpoint.capacity()
    assert capacity.nodes == nodes
    assert capacity.total.cpu_milli == nodes * int(of.nodes.cpu_milli[0])
    assert state.total("capacity").cpu_milli + state.total("failed").cpu_milli == capacity.total.cpu_milli
    assert state.total("capacity").gpu_milli + state.total("failed").gpu_milli == capacity.total.gpu_milli
    assert (state.free + state.bound == state.capacity).all()
    assert sum(capacity.gpus_by_model.values()) * 1000 == capacity.total.gpu_milli


def test_s16_a_removed_node_ends_empty_and_a_workload_that_needs_a_joining_one_starts_in_the_next_cycle() -> None:
    of = cluster("2x8xV100")
    of.sim.run(until="1m")
    check_capacity(of, 2)
    of.endpoint.remove_node("node-1")
    of.sim.run(until="1m")
    check_capacity(of, 1)
    assert of.endpoint.describe_node("node-1").health == "down"
    of.endpoint.submit(work("a", gpus=8))
    of.endpoint.submit(work("b", gpus=8))
    of.sim.run(until="5m")
    assert of.endpoint.describe("b").status is WorkloadStatus.PENDING
    assert "1 NotReady" in str(of.endpoint.explain("b"))
    assert of.endpoint.add_node("node") == "node-1"
    of.sim.run(until="5m")
    check_capacity(of, 2)
    part = of.endpoint.describe("b")
    assert (part.parts[0].node, part.started_s) == ("node-1", 300.0)
    said = [(event.time, event.predicate, event.actor) for event in of.sim.log.select(subject="node:node-1")]
    expected = ["node.cordoned", "node.drained", "node.left", "node.uncordoned", "node.joined"]
    assert sorted(predicate for _, predicate, _ in said) == sorted(expected)
    assert {actor for _, predicate, actor in said if predicate in ("node.left", "node.joined", "node.drained")} == {"admin"}
    assert of.sim.log.select(predicate="node.left")[0].data["reason"] == "removed"
    assert of.sim.log.check() == []


def test_s41_a_node_leaves_when_its_checkpoints_are_written_and_its_work_runs_elsewhere() -> None:
    of = cluster("2x8xV100")
    of.endpoint.submit(work("train", gpus=1, checkpoint="every 30m write 2m", duration="2h"))
    of.sim.run(until="10m")
    assert of.endpoint.remove_node("node-0", grace="5m").health == "draining"
    of.sim.run(until="11m")
    check_capacity(of, 2)
    of.sim.run(until="13m")
    check_capacity(of, 1)
    assert of.endpoint.describe("train").parts[0].node == "node-1"
    (left,) = of.sim.log.select(predicate="node.left")
    assert left.time == 720.0


def test_s41_a_node_leaves_at_the_end_of_the_grace_at_the_latest() -> None:
    of = cluster("2x8xV100")
    of.endpoint.submit(work("train", gpus=1, checkpoint="every 30m write 20m", duration="2h"))
    of.sim.run(until="10m")
    of.endpoint.remove_node("node-0", grace="5m")
    of.sim.run(until="16m")
    (left,) = of.sim.log.select(predicate="node.left")
    assert left.time <= 900.0
    assert of.endpoint.describe("train").parts[0].node == "node-1"


def test_s41_an_empty_node_leaves_at_once_whatever_the_grace() -> None:
    of = cluster("2x8xV100")
    of.endpoint.remove_node("node-1", grace="1h")
    of.sim.run(until="1s")
    assert [event.time for event in of.sim.log.select(predicate="node.left")] == [0.0]
    check_capacity(of, 1)


def test_s41_a_removal_can_be_taken_back_and_given_again() -> None:
    of = cluster("2x8xV100")
    of.endpoint.submit(work("train", gpus=1, checkpoint="every 30m write 2m", duration="2h"))
    of.sim.run(until="10m")
    of.endpoint.remove_node("node-0", grace="5m")
    with pytest.raises(OptionError, match="'node-0' is being removed already"):
        of.endpoint.remove_node("node-0")
    of.sim.run(until="11m")
    assert of.endpoint.uncordon("node-0").health == "ready"
    of.sim.run(until="30m")
    check_capacity(of, 2)
    of.endpoint.remove_node("node-0")
    of.sim.run(until="31m")
    check_capacity(of, 1)


def test_s41_what_is_not_there_cannot_be_removed_and_what_is_all_there_not_added() -> None:
    of = cluster("2x8xV100")
    of.endpoint.remove_node("node-0")
    of.sim.run(until="1s")
    with pytest.raises(OptionError, match="'node-0' is not there"):
        of.endpoint.remove_node("node-0")
    of.endpoint.add_node("node")
    with pytest.raises(OptionError, match="its count, the most it can have, is 2"):
        of.endpoint.add_node("node")
    of.sim.run(until="2s")
    check_capacity(of, 2)


def test_s41_added_and_removed_at_one_instant_is_removed() -> None:
    of = cluster("2x8xV100")
    of.endpoint.remove_node("node-1")
    of.sim.run(until="1m")
    of.endpoint.add_node("node")
    of.endpoint.remove_node("node-1")
    of.sim.run(until="2m")
    check_capacity(of, 1)


def test_s41_a_node_that_failed_while_away_joins_as_one_that_is_down() -> None:
    of = cluster("2x8xV100")
    of.endpoint.remove_node("node-1")
    of.sim.run(until="1m")
    of.hardware.crash("node-1")
    of.sim.run(until="10m")
    of.endpoint.add_node("node")
    of.endpoint.submit(work("wide", gpus=8, replicas=2))
    of.sim.run(until="20m")
    assert of.endpoint.describe("wide").status is WorkloadStatus.PENDING
    of.hardware.restore("node-1")
    of.sim.run(until="21m")
    assert of.endpoint.describe("wide").status is WorkloadStatus.RUNNING


def test_s16_labels_and_taints_are_kept_by_name_while_a_node_is_away() -> None:
    of = cluster("2x8xV100")
    of.endpoint.remove_node("node-1")
    of.sim.run(until="1m")
    of.endpoint.label("node-1", {"disk": "ssd"})
    of.endpoint.submit(work("w", gpus=1, node_selector={"disk": "ssd"}))
    of.sim.run(until="2m")
    assert of.endpoint.describe("w").status is WorkloadStatus.PENDING
    of.endpoint.add_node("node")
    of.sim.run(until="2m")
    assert of.endpoint.describe("w").parts[0].node == "node-1"


SCALED = """
groups:
- {name: base, count: 1, cpus: 8, memory: 32GiB}
- {name: burst, count: 3, cpus: 8, memory: 32GiB, labels: {kind: burst}, scaling: {min: 0, boot: 3m, idle: 10m}}
"""


def scaled(**options: Any) -> Cluster:
    return mp.Cluster(mp.Simulation(seed=7), mp.ClusterSpec.from_yaml(SCALED), scrape_period=None, **options)


def test_s41_without_an_autoscaler_all_machines_are_there_and_may_come_and_go() -> None:
    of = scaled(autoscaling=False)
    check_capacity(of, 4)
    for name in ("burst-0", "burst-2"):
        of.endpoint.remove_node(name)
    of.sim.run(until="1m")
    check_capacity(of, 2)
    assert [of.endpoint.add_node("burst") for _ in range(2)] == ["burst-0", "burst-2"]
    of.sim.run(until="2m")
    check_capacity(of, 4)


def test_s41_with_an_autoscaler_an_added_node_is_there_at_once_and_leaves_when_it_is_idle() -> None:
    of = scaled()
    check_capacity(of, 1)
    of.sim.run(until="1m")
    assert of.endpoint.add_node("burst") == "burst-0"
    of.endpoint.submit(work("w", cpus=8, node_selector={"kind": "burst"}, duration="5m"))
    of.sim.run(until="1m")
    assert of.endpoint.describe("w").started_s == 60.0
    check_capacity(of, 2)
    of.sim.run(until="1h")
    check_capacity(of, 1)
    assert [(event.predicate, event.actor) for event in of.sim.log.select(subject="node:burst-0")] == [
        ("node.joined", "admin"),
        ("node.left", "autoscaler"),
    ]


def test_s41_a_machine_that_boots_already_is_not_added_again() -> None:
    of = scaled()
    of.endpoint.submit(work("w", cpus=8, replicas=3, node_selector={"kind": "burst"}, duration="5m"))
    of.sim.run(until="1m")
    with pytest.raises(OptionError, match="all of its machines, 3 of them on their way: its count, the most it can have, is 3"):
        of.endpoint.add_node("burst")


def test_s41_the_autoscaler_asks_for_nodes_by_label_and_again_for_one_that_was_removed() -> None:
    of = scaled()
    of.endpoint.submit(work("w", cpus=1, node_selector={"kind": "burst"}, duration="1h"))
    of.sim.run(until="10m")
    assert of.endpoint.describe("w").parts[0].node == "burst-0"
    of.endpoint.remove_node("burst-0")
    of.sim.run(until="20m")
    assert of.endpoint.describe("w").status is WorkloadStatus.RUNNING
    predicates = [event.predicate for event in of.sim.log.select(predicate="node.*") if event.predicate in ("node.joined", "node.left")]
    assert predicates == ["node.joined", "node.left", "node.joined"]
    assert of.sim.log.check() == []


def test_s14_the_capacity_is_the_sum_of_the_nodes_at_every_event() -> None:
    of = cluster("3x8xV100")
    there = 3
    for i in range(12):
        of.endpoint.submit(work(f"w-{i}", gpus=2 + i % 7, duration=f"{5 + i}m"))
    steps: list[tuple[str, str]] = [("remove", "node-0"), ("crash", "node-1"), ("add", "node"), ("remove", "node-2"), ("restore", "node-1")]
    steps += [("remove", "node-1"), ("add", "node"), ("add", "node")]
    for place, (what, name) in enumerate(steps):
        of.sim.run(until=60.0 * (place + 1))
        check_capacity(of, there)
        if what in ("crash", "restore"):
            getattr(of.hardware, what)(name)
        else:
            getattr(of.endpoint, f"{what}_node")(name)
            there += 1 if what == "add" else -1
        of.sim.run(until=60.0 * (place + 1))
        check_capacity(of, there)
    of.sim.run()
    assert {entry.status for entry in of.endpoint.list()} == {WorkloadStatus.SUCCEEDED}


def test_s41_a_cordon_before_the_removal_keeps_the_autoscaler_off() -> None:
    of = scaled()
    of.endpoint.add_node("burst")
    of.sim.run(until="1m")
    of.endpoint.cordon("burst-0")
    of.endpoint.remove_node("burst-0")
    of.endpoint.submit(work("w", cpus=1, node_selector={"node": "burst-0"}, duration="1h"))
    of.sim.run(until="1h")
    assert of.endpoint.describe("w").status is WorkloadStatus.PENDING
    assert of.endpoint.uncordon("burst-0").health == "down"
    of.sim.run(until="2h")
    assert of.endpoint.describe("w").parts[0].node == "burst-0"


def test_s41_an_added_spot_machine_has_its_end_and_a_removal_does_not_wait_for_it() -> None:
    text = SCALED.replace("idle: 10m", "idle: 10h, spot: {mean_life: 1h, notice: 2m}")
    of = mp.Cluster(mp.Simulation(seed=7), mp.ClusterSpec.from_yaml(text), scrape_period=None)
    assert [of.endpoint.add_node("burst") for _ in range(2)] == ["burst-0", "burst-1"]
    of.sim.run(until="1s")
    check_capacity(of, 3)
    of.endpoint.remove_node("burst-1")
    of.sim.run(until="2d")
    check_capacity(of, 1)
    reasons = {event.subject: event.data["reason"] for event in of.sim.log.select(predicate="node.left")}
    assert reasons == {"node:burst-0": "spot", "node:burst-1": "removed"}
    assert of.endpoint.add_node("burst") == "burst-0"
    of.sim.run(until="49h")
    assert of.sim.log.check() == []


def test_s41_a_spot_machine_may_end_before_its_removal_is_over() -> None:
    text = SCALED.replace("idle: 10m", "idle: 10h, spot: {mean_life: 1h, notice: 2m}")
    of = mp.Cluster(mp.Simulation(seed=7), mp.ClusterSpec.from_yaml(text), scrape_period=None)
    of.endpoint.add_node("burst")
    of.endpoint.submit(work("w", cpus=1, node_selector={"kind": "burst"}, checkpoint="every 30m write 5d", duration="9d"))
    of.sim.run(until="1s")
    of.endpoint.remove_node("burst-0", grace="6d")
    of.sim.run(until="2d")
    assert of.sim.log.select(predicate="node.left")[0].data["reason"] == "spot"
    of.sim.run(until="8d")
    assert len(of.sim.log.select(predicate="node.joined")) > 1
    assert "removed" not in {event.data["reason"] for event in of.sim.log.select(predicate="node.left")}
    assert of.sim.log.check() == []
