"""The Monitoring Component: S-31, its history, what it knows of nodes that do not answer, and its exposition."""

from __future__ import annotations

import doctest
import math
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.context import Simulation
from mlplat.errors import OptionError, UnknownNameError
from mlplat.hardware import ClusterSpec, NodeGroup
from mlplat.infra.cluster import Cluster
from mlplat.infra.monitor import Monitor
from mlplat.infra.time_series import TimeSeries
from mlplat.infra.virtualization import Image, Layer, Usage, UsageCurve
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest

from .test_prometheus_text import parse

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"
POOLS = ("cpu", "memory", "disk", "gpu")


def cluster(nodes: int = 3, **options: Any) -> tuple[Simulation, Cluster]:
    sim = Simulation(seed=1)
    spec = ClusterSpec.uniform(nodes=nodes, cpus=8, memory_gib=32, disk_gib=100, gpus=4, gpu_model="A100-40")
    return sim, Cluster(sim, spec, **{"scrape_period": 10, **options})


def row(world: Cluster, node: str = "node-0") -> dict[str, Any]:
    """The last sample of a node."""
    (found,) = [each for each in world.monitor.latest().to_dicts() if each["node"] == node]
    return found


# -- S-31


def random_workloads(world: Cluster, sim: Simulation, seed: int) -> None:
    """Workloads of all kinds come, and nodes and devices fail. There are gangs, or partitions."""
    draw = random.Random(seed)
    gangs = draw.random() < 0.5
    world.images.register(Image("big", (Layer.of("base", 4000),)))
    usages = [None, None, Usage(cpu=500, memory=UsageCurve.ramp(100, 3, per="1s"), disk=7), Usage(cpu=9000)]
    for i in range(40):
        request: dict[str, Any] = {"cpus": draw.choice([1, 2, 4]), "memory": draw.choice(["1GiB", "4GiB"]), "disk": "1GiB"}
        request |= draw.choice([{}, {"gpus": 1}, {"gpus": 2}, {"gpu_milli": 300}])
        work = Workload(
            f"w{i}",
            request,
            duration=draw.choice([30, 77.7, 300]),
            usage=draw.choice(usages),
            image=draw.choice([None, None, "big"]),
            replicas=draw.choice([1, 1, 3]) if gangs else 1,
            restart=draw.choice(["never", "on-failure"]),
            checkpoint=draw.choice(["none", "every 20s write 3s"]),
        )
        sim.at(draw.uniform(0, 300), world.run_workload, work)
    hardware = world.hardware
    for _ in range(6):
        start, node, device = draw.uniform(0, 400), draw.randrange(3), draw.randrange(4)
        broken, mended, arguments = draw.choice(
            [
                (hardware.crash, hardware.restore, (node,)),
                (hardware.crash if gangs else hardware.cut_off, hardware.restore, (node,)),
                (hardware.fail_device, hardware.repair_device, (node, device)),
            ]
        )
        sim.at(start, broken, *arguments)
        sim.at(start + draw.uniform(1, 150), mended, *arguments)
    sim.at(200, world.watcher.drain, 1, "5s")
    sim.at(250, world.watcher.uncordon, 1)


@pytest.mark.parametrize("seed", range(8))
def test_s31_a_reported_value_is_the_true_value_when_it_was_scraped(seed: int) -> None:
    sim, world = cluster(start_overhead="2s", events="brief")
    random_workloads(world, sim, seed)
    for now in range(0, 600, 10):
        sim.run(until=now)
        for node, name in enumerate(world.nodes.names):
            said, free, true = row(world, name), world.scheduler.free(node), world.virtualization.usage(node)
            assert said["time_s"] == now
            broken = said["gpu_failed"]
            assert broken == len(world.hardware.broken_devices(node)) or not world.hardware.reachable(node)
            assert said["cpu_requested"] == 8000 - free["cpu_milli"]
            assert said["memory_requested"] == 32 * 1024 - free["memory_mib"]
            assert said["disk_requested"] == 100 * 1024 - free["disk_mib"]
            assert said["gpu_requested"] == 4000 - 1000 * broken - free["gpu_milli"]
            if world.hardware.reachable(node):
                used = tuple(said[f"{pool}_used"] for pool in POOLS)
                assert used == (true.cpu_used, true.memory_used, true.disk_used, true.gpu_used)
                assert said["environments"] == true.environments
            else:
                assert all(said[f"{pool}_used"] is None for pool in POOLS) and said["environments"] is None
    assert len(sim.log.select(predicate="workload.bound")) > 10


def held_by_the_log(world: Cluster, sim: Simulation, since: float, until: float) -> dict[str, float]:
    """The integral of the allocations that the events tell of."""
    total = dict.fromkeys(POOLS, 0.0)
    bound: dict[str, float] = {}
    for event in sim.log.select(predicate="workload.*"):
        if event.predicate == "workload.bound":
            bound[event.name] = event.time
        elif event.predicate in ("workload.requeued", "workload.finished") and event.name in bound:
            _add(total, world.workloads[event.name].workload, bound.pop(event.name), event.time, since, until)
    for name, start in bound.items():
        _add(total, world.workloads[name].workload, start, math.inf, since, until)
    return total


def _add(total: dict[str, float], work: Workload, start: float, end: float, since: float, until: float) -> None:
    length, ask = max(0.0, min(end, until) - max(start, since)) * work.replicas, work.request
    amounts = (ask.cpu_milli, ask.memory_mib, ask.disk_mib, ask.gpus * 1000 + ask.gpu_milli)
    for pool, amount in zip(POOLS, amounts, strict=True):
        total[pool] += amount * length


@given(st.integers(0, 10**6), st.floats(0, 500), st.floats(0, 500))
def test_s31_utilization_equals_the_integral_of_the_allocations_in_the_event_log(seed: int, one: float, other: float) -> None:
    sim, world = cluster(start_overhead="2s", scrape_period=None)
    random_workloads(world, sim, seed)
    sim.run(until=500)
    since, until = sorted((one, other))
    said, told = world.monitor.utilization(since, until), held_by_the_log(world, sim, since, until)
    integrals = (said.cpu_milli_s, said.memory_mib_s, said.disk_mib_s, said.gpu_milli_s)
    assert integrals == pytest.approx(tuple(told.values()), rel=1e-12, abs=1e-6)
    if until > since:
        most = (3 * 8000, 3 * 32 * 1024, 3 * 100 * 1024, 3 * 4000)
        parts = tuple(amount / (size * (until - since)) for amount, size in zip(told.values(), most, strict=True))
        assert (said.cpu, said.memory, said.disk, said.gpu) == pytest.approx(parts, rel=1e-9, abs=1e-12)


def test_s31_requested_and_used_are_separate() -> None:
    sim, world = cluster()
    world.images.register(Image("big", (Layer.of("base", 10_000),)))
    world.run_workload(Workload("a", {"cpus": 4, "memory": "8GiB", "gpus": 2}, usage=Usage(cpu=1000, memory=512), image="big"))
    sim.run(until=0)
    assert (row(world)["cpu_requested"], row(world)["cpu_used"], row(world)["gpu_requested"], row(world)["gpu_used"]) == (4000, 0, 2000, 0)
    sim.run(until="1h")
    said = row(world)
    assert (said["cpu_requested"], said["cpu_used"], said["memory_requested"], said["memory_used"]) == (4000, 1000, 8192, 512)
    assert (said["gpu_requested"], said["gpu_used"]) == (2000, 2000)


def test_s31_what_a_program_writes_to_its_disk_is_seen() -> None:
    sim, world = cluster()
    record = world.run_workload(Workload("a", {"cpus": 1}))
    sim.run(until=10)
    assert row(world)["disk_used"] == 0
    record.environments[0].view().disk.write("model", b"x", size_mib=2048)
    sim.run(until=20)
    assert row(world)["disk_used"] == 2048


def test_s31_with_mig_and_shares_an_instance_counts_for_its_part() -> None:
    group = {"cpus": 8, "memory_gib": 32, "gpus": 2, "gpu_model": "A100-40"}
    spec = ClusterSpec(groups=(NodeGroup(name="mig", count=1, mig=True, **group), NodeGroup(name="gpu", count=1, **group)))
    sim = Simulation()
    world = Cluster(sim, spec)
    world.run_workload(Workload("slice", {"cpus": 1, "mig": "3g.20gb"}, duration=100))
    world.run_workload(Workload("share", {"cpus": 1, "gpu_milli": 250}, duration=100))
    sim.run(until=50)
    slice_milli = world.virtualization.usage(0).gpu_requested
    assert 0 < slice_milli < 1000
    assert world.monitor.latest()["gpu_requested"].to_list() == [slice_milli, 250]
    sim.run(until=400)
    assert world.monitor.utilization().gpu_milli_s == 100.0 * (slice_milli + 250)


def test_s31_a_gang_whose_last_replica_asks_for_less_is_counted_as_it_is() -> None:
    sim, world = cluster(nodes=1)
    world.scheduler.on_started = world.scheduler.on_ended = None
    world.scheduler.submit(ResourceRequest(cpus=2), duration=10, replicas=3, last_request=ResourceRequest(cpus=1))
    sim.run(until=20)
    assert world.monitor.utilization().cpu_milli_s == 10 * 5000


def test_utilization_of_no_time_of_unlimited_pools_and_of_the_future() -> None:
    sim = Simulation()
    world = Cluster(sim, ClusterSpec.uniform(nodes=1, cpus=4))
    assert world.monitor.utilization()[2:] == (None, None, None, None, 0.0, 0.0, 0.0, 0.0)
    sim.run(until=10)
    assert (world.monitor.utilization("5s").cpu, world.monitor.utilization().gpu) == (0.0, None)
    for bad in ((20,), (0, 11), (5, 4)):
        with pytest.raises(OptionError, match="it is 10 s"):
            world.monitor.utilization(*bad)


# -- history


def test_a_sample_shows_the_end_of_its_instant() -> None:
    sim, world = cluster()
    sim.at(10, world.run_workload, Workload("a", {"cpus": 4}, duration=10))
    sim.at(30, world.hardware.crash, 1)
    sim.run(until=30)
    frame = world.monitor.frame("node-0")
    assert frame["time_s"].to_list() == [0.0, 10.0, 20.0, 30.0] and frame["cpu_requested"].to_list() == [0, 4000, 0, 0]
    assert world.monitor.frame(1)["health"].to_list() == ["ready", "ready", "ready", "unreachable"]


def test_the_history_keeps_the_latest_samples_in_order() -> None:
    sim, world = cluster()
    monitor = Monitor(world, samples=3)
    sim.run(until=65)
    frame = monitor.frame()
    assert frame["time_s"].unique(maintain_order=True).to_list() == [40.0, 50.0, 60.0] and len(frame) == 9
    assert monitor.frame(since="55s")["time_s"].to_list() == [60.0] * 3
    assert monitor.frame("node-2", since=50)["node"].to_list() == ["node-2"] * 2
    assert monitor.frame(since="2m").is_empty() and monitor.frame(since="2m").schema == frame.schema
    with pytest.raises(UnknownNameError):
        monitor.frame("node-7")


def test_a_monitor_that_is_made_later_scrapes_at_the_same_multiples() -> None:
    sim, world = cluster(scrape_period=None)
    sim.run(until=12.5)
    world.scrape_period = 10
    monitor = Monitor(world)
    sim.run(until=40)
    assert monitor.frame(0)["time_s"].to_list() == [20.0, 30.0, 40.0]


def test_without_a_period_nothing_is_scraped_until_somebody_looks() -> None:
    sim, world = cluster(scrape_period=None)
    world.run_workload(Workload("a", {"cpus": 4}, duration="1h"))
    sim.run(until=100)
    assert len(world.monitor.series) == 0 and sim.peek() == 3600.0
    assert row(world)["cpu_requested"] == 4000 and world.monitor.frame()["time_s"].to_list() == [100.0] * 3
    sim.run()
    assert sim.now == 3600.0 and row(world)["cpu_requested"] == 0 and len(world.monitor.series) == 2


def test_scraping_does_not_keep_a_simulation_going() -> None:
    sim, world = cluster()
    world.run_workload(Workload("a", {"cpus": 4}, duration=25))
    sim.run()
    assert sim.now == 25.0 and world.monitor.series.last_time() == 20.0


def test_the_health_of_nodes_is_what_is_known_of_them() -> None:
    sim, world = cluster(nodes=5)
    world.run_workload(Workload("a", {"cpus": 8}, replicas=5, checkpoint="every 1h write 60s"))
    sim.run(until=5)
    world.hardware.crash(1)
    world.watcher.cordon(2)
    sim.run(until=10)
    assert world.monitor.latest()["health"].to_list() == ["ready", "unreachable", "cordoned", "ready", "ready"]
    sim.run(until=50)
    assert world.monitor.latest()["health"].to_list() == ["ready", "down", "cordoned", "ready", "ready"]
    world.hardware.restore(1)
    world.watcher.uncordon(2)
    sim.run(until=60)
    world.watcher.drain(3, grace="2m")
    sim.run(until=70)
    assert row(world, "node-3")["health"] == "draining"
    sim.run(until=200)
    assert row(world, "node-3")["health"] == "cordoned"


def test_of_a_node_that_does_not_answer_only_what_the_scheduler_knows_is_told() -> None:
    sim, world = cluster()
    world.run_workload(Workload("a", {"cpus": 4}, duration="1h"))
    sim.run(until=5)
    world.hardware.cut_off(0)
    sim.run(until=10)
    said = row(world)
    assert (said["cpu_requested"], said["cpu_used"], said["environments"]) == (4000, None, None)
    read = parse(world.monitor.prometheus())
    assert (("node", "node-0"),) not in read["mlplat_node_cpu_used_millicores"].samples
    assert list(read["mlplat_node_up"].samples.values()) == [0.0, 1.0, 1.0]


def test_a_broken_device_is_counted_as_failed_and_not_as_requested() -> None:
    sim, world = cluster()
    world.run_workload(Workload("a", {"cpus": 1, "gpus": 2}, duration="1h"))
    world.hardware.fail_device(0, 3)
    sim.run(until=10)
    assert (row(world)["gpu_capacity"], row(world)["gpu_requested"], row(world)["gpu_failed"]) == (4000, 2000, 1)


def test_with_ties_in_another_order_each_node_keeps_its_row() -> None:
    sim, world = cluster(ties=[2, 0, 1], placement="first-fit")
    world.run_workload(Workload("a", {"cpus": 4}))
    world.hardware.fail_device(0, 3)
    sim.run(until=10)
    (environment,) = world.workloads["a"].environments
    assert environment.node_name == "node-1" and row(world, "node-1")["cpu_requested"] == 4000
    assert row(world, "node-0")["gpu_failed"] == 1 and world.monitor.utilization().cpu_milli_s == 40_000.0


def test_ten_thousand_nodes_are_scraped_in_milliseconds() -> None:
    sim = Simulation()
    world = Cluster(sim, ClusterSpec.uniform(nodes=10_000, cpus=8), scrape_period=None)
    for i in range(2_000):
        world.run_workload(Workload(f"w{i}", {"cpus": 4}))
    sim.run(until=1)
    world.monitor.scrape()
    begin = time.perf_counter()
    for _ in range(10):
        world.monitor.scrape()
    assert (time.perf_counter() - begin) / 10 < 0.05


@pytest.mark.parametrize("samples", [0, -1, 2.5, True, 10**9])
def test_a_number_of_samples_that_makes_no_sense_is_refused(samples: Any) -> None:
    _, world = cluster(scrape_period=None)
    with pytest.raises(OptionError, match="samples"):
        Monitor(world, samples=samples)


def test_a_period_of_zero_is_refused() -> None:
    with pytest.raises(OptionError, match="period"):
        cluster(scrape_period=0)


@given(st.lists(st.floats(0, 100), max_size=12).map(sorted), st.integers(1, 5), st.floats(0, 100))
def test_a_ring_holds_the_last_samples_in_order_of_time(times: list[float], samples: int, since: float) -> None:
    series = TimeSeries(samples, 2, {"value": np.int64})
    for i, now in enumerate(times):
        series.append(now)["value"][:] = (i, -i)
    kept = [(now, i) for i, now in enumerate(times)][-samples:]
    window = series.window(since=since, nodes=np.array([1]))
    assert window.time.tolist() == [now for now, _ in kept if now >= since]
    assert window.columns["value"].tolist() == [[-i] for now, i in kept if now >= since] and len(series) == len(kept)


# -- exposition


def test_the_exposition_is_the_last_sample() -> None:
    spec = ClusterSpec(
        groups=(NodeGroup(name="gpu", count=2, cpus=8, memory_gib=32, gpus=4, gpu_model="A100-40"), NodeGroup(name="x", count=1, cpus=2))
    )
    sim = Simulation()
    world = Cluster(sim, spec)
    world.run_workload(Workload("a", {"cpus": 4, "memory": "8GiB", "gpus": 1}, usage=Usage(cpu=1500, memory=100)))
    sim.run(until=40)
    read = parse(world.monitor.prometheus())
    label = (("node", "gpu-0"),)
    assert read["mlplat_node_cpu_requested_millicores"].samples[label] == 4000
    assert read["mlplat_node_cpu_used_millicores"].samples[label] == 1500
    assert read["mlplat_node_memory_requested_bytes"].samples[label] == 8 * 2**30
    assert read["mlplat_node_memory_used_bytes"].samples[label] == 100 * 2**20
    assert read["mlplat_node_gpu_requested_millidevices"].samples[label] == 1000
    assert read["mlplat_node_gpu_capacity_millidevices"].samples[label] == 4000
    assert read["mlplat_node_health"].samples[(*label, ("health", "ready"))] == 1
    assert sum(read["mlplat_node_health"].samples.values()) == 3
    assert read["mlplat_scrapes_total"].samples[()] == 3 and read["mlplat_last_scrape_seconds"].samples[()] == 30
    assert read["mlplat_scrapes_total"].kind == "counter" and all(name.startswith("mlplat_") for name in read)


def test_an_unlimited_pool_has_no_capacity() -> None:
    sim = Simulation()
    world = Cluster(sim, ClusterSpec.uniform(nodes=1, cpus=4))
    unlimited = [pool for pool in POOLS if world.monitor.latest()[f"{pool}_capacity"].to_list() == [None]]
    read = parse(world.monitor.prometheus())
    assert all(not metric.samples for name, metric in read.items() if "_capacity_" in name and name.split("_")[2] in unlimited)
    assert sim.now == 0


def test_examples_of_the_monitoring_page_are_true() -> None:
    outcome = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0 and outcome.attempted >= 10
