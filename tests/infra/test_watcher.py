"""The Cluster State Watcher and the hardware it watches: the same incidents as in replay, events with causes, S-16, S-32 to S-34."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.context import Simulation
from mlplat.errors import InputError, OptionError, UnknownNameError
from mlplat.hardware import ClusterSpec, Outages
from mlplat.infra.cluster import Cluster
from mlplat.infra.cluster_hardware import Hardware
from mlplat.infra.incidents import Damping, Detection, incidents
from mlplat.infra.kernels.attempt_state import Incident
from mlplat.infra.virtualization import Reason, Virtualization
from mlplat.infra.watcher import NodeHealth, Watcher
from mlplat.infra.workload_spec import Workload

from .naive_incidents import Outage, as_columns
from .test_incidents import GPUS, NODES, SPEC, damping, schedules

Strike = tuple[float, str, int, int, float]


class Recorder:
    """In the place of the scheduler: writes down what it is told."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.strikes: list[Strike] = []
        self.settlements = 0

    def health(self, node: int) -> int:
        """No node is absent."""
        return 0

    def strike(self, incident: Incident, node: int, device: int = -1, grace: float = 0.0) -> None:
        self.strikes.append((self.sim.now, Incident(incident).name, node, device, grace))


class Watched:
    """Hardware and watcher of a few nodes, without a scheduler."""

    def __init__(self, detection: Detection | None = None, spec: ClusterSpec = SPEC) -> None:
        self.sim = Simulation()
        self.scheduler: Any = Recorder(self.sim)
        virtualization = Virtualization.over(self.sim, spec)
        self.hardware = Hardware(self.sim, spec.nodes(), self.scheduler, virtualization)
        self.watcher = Watcher(self.sim, spec.nodes(), self.hardware, self.scheduler, virtualization, detection)
        self.strikes: list[Strike] = self.scheduler.strikes

    def told(self) -> list[tuple[str, float]]:
        return [(name, time) for time, name, *_ in self.strikes]

    def events(self) -> list[str]:
        return [f"{event.predicate} at {event.time:g}" for event in self.sim.log]


def expected(outages: Outages, spec: ClusterSpec, detection: Detection) -> list[Strike]:
    made = incidents(outages, spec.nodes(), detection)
    columns = (column.tolist() for column in made)
    return [(time, Incident(code).name, node, device, grace) for time, code, node, device, grace in zip(*columns, strict=True)]


@given(schedules(), st.sampled_from([(0, 0), (0, 7), (1, 1), (4, 4), (5, 12), (10, 40), (10, 15)]), damping)
def test_hardware_and_watcher_make_the_incidents_that_replay_is_given(
    outages: list[Outage], heartbeats: tuple[int, int], flapping: tuple[int, int, int, int]
) -> None:
    times, window, hold, longest = flapping
    damped = Damping(times=times, window=window / 1000, hold=hold / 1000, longest=longest / 1000) if times else None
    detection = Detection(heartbeats[0] / 1000, heartbeats[1] / 1000, damped)
    drawn = Outages.build(**as_columns(outages))
    world = Watched(detection)
    world.hardware.follow(drawn)
    world.sim.run()
    assert world.strikes == expected(drawn, SPEC, detection)
    assert not world.sim.log.check(outside=["node.failed", "node.partitioned", "device.failed", "node.cordoned"])


def test_a_schedule_that_is_followed_late_begins_at_once_and_leaves_out_what_is_over() -> None:
    world = Watched()
    world.sim.run(until=50)
    rows = {"start": [10, 10, 60], "end": [40, 100, 70], "node": [0, 1, 0], "kind": ["node", "maintenance", "partition"]}
    world.hardware.follow(Outages.build(**rows, notice=[0, 5, 0]))
    world.sim.run()
    assert [(time, name, node) for time, name, node, *_ in world.strikes] == [
        (50.0, "CRASH", 1),
        (50.0, "LOST", 1),
        (50.0, "CORDON", 1),
        (60.0, "PARTITION", 0),
        (70.0, "NODE_UP", 0),
        (100.0, "NODE_UP", 1),
        (100.0, "UNCORDON", 1),
    ]


def test_thousands_of_nodes_cost_nothing_while_nothing_happens_to_them() -> None:
    spec = ClusterSpec.uniform(nodes=10_000)
    world = Watched(spec=spec)
    world.hardware.follow(Outages.build(start=[5e6], end=[6e6], node=[1234]))
    steps = 0
    while world.sim.step():
        steps += 1
    assert steps <= 3 and world.told() == [("CRASH", 5e6), ("LOST", 5e6 + 40), ("NODE_UP", 6e6)]


def test_an_outage_of_what_is_not_there_is_refused_and_nothing_is_followed() -> None:
    world = Watched()
    with pytest.raises(InputError, match="row 1 of the outages"):
        world.hardware.follow(Outages.build(start=[1, 2], end=[2, 3], node=[0, NODES]))
    world.sim.run()
    assert world.strikes == []


# -- heartbeats


@given(st.floats(0, 1e5), st.sampled_from([(10, 40), (10, 15), (0.1, 0.3), (7.5, 20)]))
def test_s32_a_node_is_given_up_at_the_first_check_not_earlier_than_grace_after_its_last_heartbeat(
    death: float, heartbeats: tuple[float, float]
) -> None:
    """A-12.4."""
    period, grace = heartbeats
    world = Watched(Detection(period, grace, None))
    world.sim.run(until=death)
    world.hardware.crash("node-1")
    world.sim.run()
    (died, _, node, *_), (lost, name, *_) = world.strikes
    assert (died, node, name) == (death, 1, "LOST")
    last, check = world.watcher.last_heartbeat(1), round(lost / period)
    assert last <= death < last + period and check * period == pytest.approx(lost, abs=1e-9)
    assert lost - last >= grace - 1e-9 and (check - 1) * period - last < grace + 1e-9
    assert grace - period - 1e-9 < lost - death <= grace + period + 1e-9


@given(st.floats(0, 1e4), st.floats(0.001, 29.99), st.booleans())
def test_s32_a_pause_shorter_than_grace_less_a_period_changes_nothing(since: float, pause: float, cut: bool) -> None:
    world = Watched()
    stop = world.hardware.cut_off if cut else world.hardware.crash
    world.sim.at(since, stop, 0)
    world.sim.at(since + pause, world.hardware.restore, 0)
    world.sim.run()
    assert [name for name, _ in world.told()] == ["PARTITION" if cut else "CRASH", "NODE_UP"]
    assert not world.sim.log.select(predicate="node.unavailable") and world.watcher.health(0) is NodeHealth.READY


def test_s32_a_node_that_is_back_has_reported() -> None:
    world = Watched(Detection(damping=None))
    for time, call in ((39, "crash"), (45, "restore"), (47, "crash")):
        world.sim.at(time, getattr(world.hardware, call), "node-0")
    world.sim.run(until=60)
    assert world.watcher.last_heartbeat("node-0") == 45.0
    world.sim.run()
    assert world.told()[-1] == ("LOST", 90.0)


def test_with_a_detection_that_notices_at_once_a_node_is_lost_when_it_dies() -> None:
    world = Watched(Detection(0, 0, None))
    world.sim.at(1 / 3, world.hardware.crash, 0)
    world.sim.run()
    assert world.told() == [("CRASH", 1 / 3), ("LOST", 1 / 3)]


def test_nodes_that_come_and_go_by_hand_are_damped() -> None:
    world = Watched(Detection(damping=Damping(times=2, window="1h", hold="5m")))
    for start in (100, 200):
        world.sim.at(start, world.hardware.crash, 0)
        world.sim.at(start + 60, world.hardware.restore, 0)
    world.sim.run(until=300)
    assert world.watcher.health(0) is NodeHealth.CORDONED and world.told()[-1] == ("CORDON", 260.0)
    (cordoned,) = world.sim.log.select(predicate="node.cordoned")
    assert cordoned.data["reasons"] == ("damping",)
    assert [cause.predicate for cause in world.sim.log.causes(cordoned)] == ["node.recovered", "node.unavailable", "node.failed"]
    world.sim.run()
    assert world.told()[-1] == ("UNCORDON", 560.0)


# -- calls


def test_names_and_rows_that_are_not_there_are_refused_and_change_nothing() -> None:
    world = Watched()
    for bad in ("node-9", "", 2, -1, True, 1.0, None):
        with pytest.raises(UnknownNameError):
            world.hardware.crash(bad)  # type: ignore[arg-type]
        with pytest.raises(UnknownNameError):
            world.watcher.drain(bad)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="did you mean 'node-1'"):
        world.hardware.cut_off("nod-1")
    for device in (GPUS, -1, True, "0"):
        with pytest.raises(OptionError, match="which has 2"):
            world.hardware.fail_device(0, device)  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        world.watcher.drain(0, grace=-1)
    world.sim.run()
    assert world.strikes == [] and len(world.sim.log) == 0


def test_the_error_for_one_of_thousands_of_nodes_is_short() -> None:
    world = Watched(spec=ClusterSpec.uniform(nodes=5_000))
    with pytest.raises(UnknownNameError) as caught:
        world.hardware.crash("x" * 10_000)
    assert len(str(caught.value)) < 300


def test_what_is_so_already_has_no_effect() -> None:
    world = Watched()
    hardware, watcher = world.hardware, world.watcher
    assert hardware.crash(0) and not hardware.crash("node-0") and not hardware.alive(0) and not hardware.reachable(0)
    assert hardware.cut_off(1) and not hardware.cut_off(1) and hardware.alive(1) and not hardware.reachable(1)
    assert hardware.fail_device(1, 0) and not hardware.fail_device(1, 0) and hardware.broken_devices(1) == (0,)
    assert not hardware.repair_device(1, 1) and watcher.cordon(1) and not watcher.cordon(1) and not watcher.uncordon(0)
    world.sim.run(until=1)
    assert world.events() == ["node.failed at 0", "node.partitioned at 0", "device.failed at 0", "node.cordoned at 0"]
    assert hardware.restore(0) and not hardware.restore(0) and hardware.repair_device(1, 0) and not hardware.repair_device(1, 0)
    assert watcher.uncordon(1) and not watcher.uncordon(1)


def test_what_breaks_and_is_mended_at_one_instant_was_never_broken() -> None:
    world = Watched()
    assert world.hardware.crash(0) and world.hardware.restore(0)
    assert world.hardware.fail_device(1, 1) and world.hardware.repair_device(1, 1)
    world.sim.run()
    assert world.strikes == [] and len(world.sim.log) == 0


def test_a_repair_in_answer_to_a_failure_comes_after_it() -> None:
    world = Watched()
    world.sim.log.subscribe("node.failed", lambda event: world.hardware.restore(event.name))
    world.sim.at(5, world.hardware.crash, 0)
    world.sim.run()
    assert world.told() == [("CRASH", 5.0), ("NODE_UP", 5.0)] and world.hardware.reachable(0)


def test_a_repair_ends_all_that_is_wrong_with_a_node() -> None:
    world = Watched()
    rows = {"start": [10, 20, 50], "end": [500, 400, 600], "node": [0, 0, 0], "kind": ["node", "partition", "maintenance"]}
    world.hardware.follow(Outages.build(**rows))
    world.sim.at(100, world.hardware.restore, 0)
    world.sim.run()
    assert world.told() == [
        ("CRASH", 10.0),
        ("CORDON", 49.999),
        ("DRAIN", 49.999),
        ("LOST", 50.0),
        ("NODE_UP", 100.0),
        ("UNCORDON", 100.0),
    ]


def test_a_device_of_a_node_that_is_away_breaks_at_once_and_is_seen_when_the_node_is_back() -> None:
    world = Watched()
    for time, call, arguments in ((10, "crash", (0,)), (20, "fail_device", (0, 1)), (60, "restore", (0,)), (70, "repair_device", (0, 1))):
        world.sim.at(time, getattr(world.hardware, call), *arguments)
    world.sim.run()
    assert world.told() == [("CRASH", 10.0), ("LOST", 50.0), ("NODE_UP", 60.0), ("DEVICE_DOWN", 60.0), ("DEVICE_UP", 70.0)]
    assert [event.time for event in world.sim.log.select(predicate="device.*")] == [20.0, 70.0]


def test_events_lead_back_to_the_failure_from_outside() -> None:
    world = Watched()
    world.hardware.follow(Outages.build(start=[12], end=[100], node=[0], kind="rack"))
    world.sim.run()
    assert world.events() == [
        "node.failed at 12",
        "node.unavailable at 50",
        "incident.detected at 50",
        "node.recovered at 100",
        "incident.resolved at 100",
    ]
    failed, unavailable, *_, resolved = world.sim.log
    assert failed.cause is None and failed.data["kind"] == "rack"
    assert dict(unavailable.data) == {"last_heartbeat_s": 10.0, "planned": False}
    chain = [event.predicate for event in world.sim.log.causes(resolved)]
    assert chain == ["node.recovered", "node.unavailable", "node.failed"]


def test_a_call_under_a_cause_is_its_effect() -> None:
    world = Watched()
    storm = world.sim.emit("site:east", "power.failed", source="test")
    with world.sim.caused_by(storm):
        world.hardware.crash(0)
        world.hardware.fail_device(1, 0)
    world.sim.run(until=1)
    assert {event.predicate for event in world.sim.log.effects(storm)} == {"node.failed", "device.failed"}


def test_maintenance_is_announced_and_is_no_incident() -> None:
    world = Watched()
    world.hardware.follow(Outages.build(start=[7200], end=[9000], node=[0], kind="maintenance", notice=3600, grace=600))
    world.sim.run()
    assert world.events() == [
        "node.cordoned at 3600",
        "node.drained at 6600",
        "node.failed at 7200",
        "node.unavailable at 7200",
        "node.recovered at 9000",
        "node.uncordoned at 9000",
    ]


# -- with a scheduler: S-16, S-33, S-34


def cluster(nodes: int = 3, **options: Any) -> tuple[Simulation, Cluster]:
    sim = Simulation(seed=1)
    return sim, Cluster(sim, ClusterSpec.uniform(nodes=nodes, cpus=8, gpus=4, gpu_model="A100-40"), scrape_period=None, **options)


def nodes_of(world: Cluster, name: str) -> list[str]:
    return [environment.node_name for environment in world.workloads[name].environments]


def outside(sim: Simulation) -> list[str]:
    return sim.log.check(outside=["workload.submitted", "node.failed", "node.partitioned", "device.failed", "node.cordoned"])


def test_s16_a_cordoned_node_takes_nothing_new_and_keeps_what_runs() -> None:
    sim, world = cluster(nodes=2)
    world.run_workload(Workload("old", {"cpus": 2}, duration="1h"))
    sim.run(until=1)
    assert world.watcher.cordon("node-0", actor="admin") and nodes_of(world, "old") == ["node-0"]
    world.run_workload(Workload("new", {"cpus": 2}, duration="1h"))
    sim.run(until=2)
    assert nodes_of(world, "new") == ["node-1"] and world.workloads["old"].status.value == "running"
    assert world.watcher.health("node-0") is NodeHealth.CORDONED
    (event,) = sim.log.select(predicate="node.cordoned")
    assert event.actor == "admin" and event.data["reasons"] == ("administrator",)
    sim.run()
    assert world.workloads["old"].ended_s == 3600.0


def test_s16_a_drained_node_is_empty_after_the_grace_and_takes_work_when_it_is_uncordoned() -> None:
    sim, world = cluster(nodes=1)
    work = Workload("work", {"cpus": 8}, duration="1h", checkpoint="every 30m write 2m")
    world.run_workload(work)
    sim.run(until="10m")
    world.watcher.drain("node-0", grace="5m", actor="admin")
    assert world.watcher.health("node-0") is NodeHealth.DRAINING  # an order counts at once
    sim.run(until="11m")
    assert world.watcher.health("node-0") is NodeHealth.DRAINING and world.workloads["work"].status.value == "stopping"
    sim.run(until="15m")
    assert world.watcher.health("node-0") is NodeHealth.CORDONED and world.virtualization.running_on(0) == ()
    assert world.workloads["work"].status.value == "pending"
    world.watcher.uncordon("node-0", actor="admin")
    sim.run(until="16m")
    assert world.watcher.health("node-0") is NodeHealth.READY and world.workloads["work"].status.value == "running"
    predicates = [(event.predicate, event.actor) for event in sim.log.select(predicate="node.*")]
    assert predicates == [("node.cordoned", "admin"), ("node.drained", "admin"), ("node.uncordoned", "admin")]


def test_a_node_that_was_opened_by_hand_before_its_maintenance_works_until_the_power_goes() -> None:
    sim, world = cluster(nodes=1)
    world.hardware.follow(Outages.build(start=[100], end=[200], node=[0], kind="maintenance", notice=50, grace=10))
    world.run_workload(Workload("work", {"cpus": 8}, duration="1h"))
    sim.run(until=60)
    assert world.watcher.health(0) is NodeHealth.CORDONED and world.watcher.uncordon(0)
    sim.run(until=99)
    assert world.watcher.health(0) is NodeHealth.READY and world.workloads["work"].attempts == 2  # drained, and bound there again
    sim.run(until=100)
    assert world.watcher.health(0) is NodeHealth.DOWN
    sim.run(until=200)
    assert world.watcher.health(0) is NodeHealth.READY and world.workloads["work"].status.value == "running"


def test_s33_with_room_the_lost_nodes_workloads_are_bound_elsewhere_at_the_instant_of_detection() -> None:
    sim, world = cluster(placement="first-fit")
    for i in range(4):
        world.run_workload(Workload(f"w{i}", {"cpus": 2, "gpus": 1}, duration="1h"))
    sim.run(until=12)
    assert {node for i in range(4) for node in nodes_of(world, f"w{i}")} == {"node-0"}
    world.hardware.crash("node-0")
    sim.run(until=49)
    assert all(nodes_of(world, f"w{i}") == ["node-0"] for i in range(4))  # nobody knows
    sim.run(until=50)
    assert all(nodes_of(world, f"w{i}") == ["node-1"] for i in range(4))
    sim.run()
    assert [world.workloads[f"w{i}"].ended_s for i in range(4)] == [3650.0] * 4
    for i in range(4):
        bound = sim.log.select(subject=f"workload:w{i}", predicate="workload.bound")
        chain = [event.predicate for event in sim.log.causes(bound[1])]
        assert len(bound) == 2 and chain[:3] == ["workload.requeued", "node.unavailable", "node.failed"]
        assert len(sim.log.select(subject=f"workload:w{i}", predicate="workload.finished")) == 1
    assert outside(sim) == []


def test_s33_without_room_they_wait_with_a_reason_and_the_repaired_node_takes_them_at_once() -> None:
    sim, world = cluster(nodes=1)
    world.run_workload(Workload("work", {"cpus": 8}, duration="10m"))
    sim.run(until=12)
    world.hardware.crash("node-0")
    sim.run(until="5m")
    record = world.workloads["work"]
    assert record.status.value == "pending" and record.reason == "NODE_LOST" and not world.scheduler.takes_work(0)
    world.hardware.restore("node-0")
    sim.run(until="5m")
    assert world.scheduler.takes_work(0) and record.status.value == "running" and nodes_of(world, "work") == ["node-0"]
    sim.run()
    assert record.status.value == "succeeded" and record.ended_s == 900.0


def test_s33_a_node_that_crashed_and_is_back_before_anybody_noticed_runs_its_work_again() -> None:
    sim, world = cluster(nodes=1)
    world.run_workload(Workload("work", {"cpus": 8}, duration="10m"))
    sim.at("1m", world.hardware.crash, "node-0")
    sim.at("62s", world.hardware.restore, "node-0")
    sim.run()
    record = world.workloads["work"]
    assert (record.attempts, record.ended_s) == (2, 662.0) and not sim.log.select(predicate="node.unavailable")


def test_s34_the_work_of_a_fenced_node_never_counts_once_its_replacement_exists() -> None:
    """A-12.5."""
    sim, world = cluster(nodes=2)
    world.run_workload(Workload("work", {"cpus": 8}, duration="10m"))
    sim.run(until=12)
    (old,) = world.workloads["work"].environments
    view = old.view()
    world.hardware.cut_off("node-0")
    sim.run(until=49)
    assert old.ready and view.alive  # it works on, behind the partition
    sim.run(until=50)
    (new,) = world.workloads["work"].environments
    assert new is not old and new.node_name == "node-1" and old.fenced and not view.alive
    sim.run(until="30m")
    record = world.workloads["work"]
    assert record.status.value == "succeeded" and record.ended_s == 650.0
    world.hardware.restore("node-0")
    sim.run()
    assert old.reason is Reason.FENCED and new.reason is Reason.COMPLETED
    assert len(sim.log.select(subject="workload:work", predicate="workload.finished")) == 1
    assert world.virtualization.running_on(0) == () and outside(sim) == []


def test_a_partition_that_heals_in_time_leaves_the_work_where_it_is() -> None:
    sim, world = cluster(nodes=1)
    world.run_workload(Workload("work", {"cpus": 8}, duration="20s"))
    sim.at(10, world.hardware.cut_off, 0)
    sim.at(35, world.hardware.restore, 0)
    sim.run()
    record = world.workloads["work"]
    assert (record.status.value, record.attempts, record.ended_s) == ("succeeded", 1, 35.0)  # heard of when it is back


def test_a_broken_device_takes_its_workload_and_no_other() -> None:
    sim, world = cluster(nodes=1)
    for name in ("a", "b"):
        world.run_workload(Workload(name, {"cpus": 2, "gpus": 2}, duration="1h"))
    sim.run(until=10)
    (environment,) = world.workloads["a"].environments
    world.hardware.fail_device("node-0", environment.grant.devices[0])
    sim.run(until=10)
    assert environment.reason is Reason.DEVICE_FAILED
    assert world.workloads["a"].status.value == "pending" and world.workloads["b"].status.value == "running"
    world.hardware.repair_device("node-0", environment.grant.devices[0])
    sim.run(until=11)
    assert world.workloads["a"].status.value == "running"
    requeued = sim.log.select(subject="workload:a", predicate="workload.requeued")
    assert [event.predicate for event in sim.log.causes(requeued[0])] == ["device.failed"] and outside(sim) == []
