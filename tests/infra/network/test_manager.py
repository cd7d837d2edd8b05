"""The network of a live cluster: addresses, names that follow workloads, transfers that end with them, gangs that wait for each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError, SpecError, UnknownNameError
from mlplat.infra.incidents import Detection
from mlplat.infra.network.manager import NetworkManager
from mlplat.infra.virtualization.images import Image, ImageStore, Layer
from mlplat.units import MBIT_PER_MIB

LEAVES: dict[str, Any] = {"topology": "leaf-spine", "hosts_per_leaf": 4, "spines": 2}


def cluster_of(nodes: int = 8, *, spec: dict[str, Any] | None = None, network: dict[str, Any] | None = None, **options: Any) -> mp.Cluster:
    group = {"name": "n", "count": nodes, "cpus": 16, "memory": "64GiB", "gpus": 8, "gpu_model": "A100-80", "nic_mbps": 10_000}
    described = mp.ClusterSpec.model_validate({"groups": [group | (spec or {})], "network": LEAVES | (network or {})})
    return mp.Cluster(mp.Simulation(), described, scrape_period=None, **options)


def network_of(cluster: mp.Cluster) -> NetworkManager:
    assert cluster.network is not None
    return cluster.network


def web(replicas: int = 2, **options: Any) -> mp.Workload:
    return mp.Workload("web", {"cpus": 1}, kind="service", replicas=replicas, **options)


def test_a_cluster_without_a_network_has_no_manager() -> None:
    assert mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None).network is None


# -- addresses and names


def test_s35_each_environment_has_one_address_from_its_start_to_its_end() -> None:
    cluster = cluster_of()
    network = network_of(cluster)
    cluster.endpoint.submit(mp.Workload("train", {"cpus": 1}, replicas=3, duration="10s"))
    cluster.endpoint.submit(web())
    cluster.sim.run(until="5s")
    held = [attachment.address for attachment in network.attachments]
    assert len(set(held)) == len(held) == 5 == network.addresses.in_use("")
    cluster.sim.run(until="20s")
    assert len(network.attachments) == network.addresses.in_use("") == 2
    assert cluster.sim.log.check() == []


def test_s35_a_zone_has_its_own_network_and_the_others_what_is_left() -> None:
    cluster = cluster_of(network={"cidr": "10.0.0.0/16", "zones": {"prod": "10.0.8.0/24"}})
    for name, zone in (("a", "prod"), ("b", "")):
        cluster.endpoint.submit(mp.Workload(name, {"cpus": 1}, zone=zone))
    cluster.sim.run(until="1s")
    assert {each.workload: str(each.address) for each in network_of(cluster).attachments} == {"a": "10.0.8.2", "b": "10.0.0.2"}


def test_s35_where_no_address_is_left_a_workload_fails_with_the_reason_and_holds_nothing() -> None:
    cluster = cluster_of(network={"cidr": "10.0.0.0/29"})
    handle = cluster.endpoint.submit(mp.Workload("many", {"cpus": 1}, replicas=6))
    cluster.sim.run(until="1s")
    assert (handle.status.value, handle.reason) == ("failed", "NO_ADDRESS")
    network = network_of(cluster)
    assert len(network.attachments) == 0 and not any(cluster.virtualization.running_on(node) for node in range(8))
    cluster.sim.run(until="60s")
    cluster.endpoint.submit(mp.Workload("few", {"cpus": 1}, replicas=5))
    cluster.sim.run(until="61s")
    assert len(network.attachments) == 5 and cluster.sim.log.check() == []


def test_s35_addresses_and_names_under_churn() -> None:
    """100,000 starts and ends: no address twice at a time or within its quarantine, and nothing is left over."""
    group = {"name": "n", "count": 50, "cpus": 64}
    spec = mp.ClusterSpec.model_validate({"groups": [group], "network": LEAVES | {"cidr": "10.0.0.0/18", "quarantine": "20s"}})
    count = 100_000 if settings().max_examples >= 60 else 2_000
    sim = mp.Simulation(seed=1, log=["address.*"])
    cluster = mp.Cluster(sim, spec, scrape_period=None, events="brief")
    network = network_of(cluster)
    free_from: dict[str, float] = {}
    used: set[str] = set()
    wrong: list[str] = []

    def assigned(event: mp.Event) -> None:
        address = event.data["address"]
        if address in used or free_from.get(address, 0.0) > event.time:
            wrong.append(f"{address} at {event.time}")
        used.add(address)

    def released(event: mp.Event) -> None:
        used.discard(event.data["address"])
        free_from[event.data["address"]] = event.time + 20.0

    sim.log.subscribe("address.assigned", assigned)
    sim.log.subscribe("address.released", released)
    draw = sim.stream("churn")

    def submits() -> Any:
        for number in range(count):
            cluster.endpoint.submit(mp.Workload(f"job-{number}", {"cpus": 1}, duration=float(draw.exponential(10.0))))
            yield sim.timeout(0.01)

    sim.process(submits())
    sim.run()
    assert not wrong and not used and len(free_from) > 100
    assert len(network.attachments) == 0 and network.addresses.in_use("") == 0
    with pytest.raises(UnknownNameError):
        network.services.resolve("job-0")


def test_s36_after_a_node_is_lost_its_workload_is_reachable_again_by_its_name() -> None:
    """Within detection (period and grace), scheduling, start, and the propagation delay."""
    cluster = cluster_of(detection=Detection("5s", "10s"), network={"propagation_delay": "2s"}, start_overhead="3s")
    network, sim = network_of(cluster), cluster.sim
    cluster.endpoint.submit(mp.Workload("db", {"cpus": 1}))
    sim.run(until="60s")
    (before,) = network.services.resolve("db")
    node = next(iter(network.attachments)).environment.node
    cluster.hardware.crash(node)
    sim.run(until="62s")
    assert network.services.resolve("db") == ()  # known to be unready, a propagation delay later
    sim.run(until=60 + 15 + 3 + 2)
    (after,) = network.services.resolve("db")
    assert after != before and next(iter(network.attachments)).environment.node != node
    assert network.services.pick("db").address == after and sim.log.check() == []


def test_a_workload_has_its_name_from_its_submission_to_its_end() -> None:
    cluster = cluster_of(1)
    network = network_of(cluster)
    cluster.endpoint.submit(mp.Workload("first", {"cpus": 16}, duration="10s"))
    cluster.endpoint.submit(mp.Workload("second", {"cpus": 16}, duration="10s"))
    cluster.endpoint.submit(mp.Workload("never", {"cpus": 99}))
    cluster.endpoint.submit(web(0))
    cluster.sim.run(until="5s")
    assert len(network.services.resolve("first")) == 1
    assert network.services.resolve("second") == network.services.resolve("web") == ()
    with pytest.raises(UnknownNameError):
        network.services.resolve("never")
    cluster.endpoint.delete("web")
    cluster.sim.run()
    for name in ("first", "second", "web"):
        with pytest.raises(UnknownNameError):
            network.services.resolve(name)


def test_s36_what_cannot_be_reached_is_no_endpoint_and_is_one_again_when_it_can() -> None:
    cluster = cluster_of(detection=Detection("5s", "1h"))
    network, sim = network_of(cluster), cluster.sim
    cluster.endpoint.submit(web(1))
    sim.run(until="10s")
    (address,) = network.services.resolve("web")
    node = next(iter(network.attachments)).environment.node
    cluster.hardware.cut_off(node)
    sim.run(until="12s")
    assert network.services.resolve("web") == ()
    cluster.hardware.restore(node)
    sim.run(until="14s")
    assert network.services.resolve("web") == (address,)


def test_a_workload_behind_a_partition_keeps_its_address_while_its_replacement_has_another() -> None:
    cluster = cluster_of(detection=Detection("1s", "2s"))
    network, sim = network_of(cluster), cluster.sim
    cluster.endpoint.submit(mp.Workload("db", {"cpus": 1}))
    sim.run(until="10s")
    node = next(iter(network.attachments)).environment.node
    cluster.hardware.cut_off(node)
    sim.run(until="20s")
    assert len(network.attachments) == 2 and len({each.address for each in network.attachments}) == 2
    assert len(network.services.resolve("db")) == 1
    cluster.hardware.restore(node)
    sim.run(until="60s")
    assert len(network.attachments) == 1 == network.addresses.in_use("")


def test_a_zone_that_is_no_label_is_refused_and_a_manifest_with_one_applies_nothing() -> None:
    cluster = cluster_of()
    with pytest.raises(OptionError, match="DNS label"):
        cluster.endpoint.submit(mp.Workload("a", {"cpus": 1}, zone="Team A"))
    good = {"apiVersion": "mlplat/v1", "kind": "Job", "metadata": {"name": "good"}, "spec": {"resources": {"cpus": 1}}}
    bad = good | {"metadata": {"name": "bad"}, "spec": {"resources": {"cpus": 1}, "zone": "Team A"}}
    with pytest.raises(SpecError, match=r"document 2: spec\.zone: .*DNS label"):
        cluster.endpoint.apply([good, bad])
    assert not cluster.workloads


# -- transfers


def test_images_come_over_the_network_and_share_the_gateway() -> None:
    """Two nodes pull 1000 MiB each through 1 Gbit/s: each has half of it."""
    images = ImageStore([Image("app:1", (Layer.of("app", 1000),))])
    cluster = cluster_of(images=images, network={"gateway": {"bandwidth": "1Gbps", "latency": 0}, "latency": 0, "switch_latency": 0})
    first, second = (mp.Workload(name, {"cpus": 16}, image="app:1", duration="1s") for name in ("a", "b"))
    cluster.endpoint.submit(first)
    cluster.endpoint.submit(second)
    cluster.sim.run()
    pulled = [event for event in cluster.sim.log if event.predicate == "image.pulled"]
    assert [event.time for event in pulled] == pytest.approx([2 * 1000 * MBIT_PER_MIB / 1000] * 2)
    assert cluster.sim.log.check() == [] and [w.status.value for w in cluster.workloads.values()] == ["succeeded"] * 2
    started = cluster.sim.log.select(predicate="transfer.started")
    assert all(cluster.sim.log.causes(event) for event in started)


def test_a_pull_stands_still_while_the_node_is_cut_off_and_a_crash_loses_it() -> None:
    images = ImageStore([Image("app:1", (Layer.of("app", 1000),))])
    alone = 1000 * MBIT_PER_MIB / 1000
    for fault, expected in (("cut_off", alone + 4.0), ("crash", 8.0 + alone)):
        cluster = cluster_of(1, images=images, detection=Detection("1s", "1h"), network={"gateway": {"bandwidth": "1Gbps"}})
        cluster.endpoint.submit(mp.Workload("a", {"cpus": 1}, image="app:1", duration="100s"))
        cluster.sim.at(4.0, getattr(cluster.hardware, fault), 0)
        cluster.sim.at(8.0, cluster.hardware.restore, 0)
        cluster.sim.run(until="60s")
        pulled = cluster.sim.log.select(predicate="image.pulled")
        assert [event.time for event in pulled] == pytest.approx([expected], abs=1.1 if fault == "crash" else 1e-3), fault


def test_what_an_environment_sends_ends_with_it() -> None:
    cluster = cluster_of()
    network = network_of(cluster)
    cluster.endpoint.submit(mp.Workload("a", {"cpus": 1}, duration="10s"))
    cluster.sim.run(until="1s")
    transfer = network.transfer("a/0", "n-5", 1e6)
    cluster.sim.run()
    assert transfer.over and transfer.ended_s == 10.0 and cluster.sim.log.select(predicate="transfer.cancelled")


def test_links_fail_and_are_repaired_by_name() -> None:
    cluster = cluster_of()
    network = network_of(cluster)
    transfer = network.transfer("n-0", "n-1", 10_000 / MBIT_PER_MIB)
    cluster.sim.at(0.5, network.fail_link, "n-0", "leaf-0")
    cluster.sim.at(2.5, network.repair_link, "n-0", "leaf-0")
    cluster.sim.run(until=1.0)
    assert transfer.stalled
    cluster.sim.run()
    assert transfer.ended_s == pytest.approx(3.0, abs=1e-3)
    with pytest.raises(UnknownNameError, match="leaf-0"):
        network.fail_link("n-0", "leaf-1")
    with pytest.raises(UnknownNameError, match="n-0"):
        network.transfer("nobody", "n-0", 1)


# -- gangs


@pytest.mark.parametrize("placement", ["first-fit", "topology"])
def test_a_gang_works_at_the_same_pace_as_in_a_replay(placement: str) -> None:
    cluster = cluster_of(placement=placement)
    sync = {"step": "300ms", "size": "2GiB"}
    jobs = [(0.0, 2, 500.0), (5.0, 4, 1000.0), (20.0, 3, 700.0)]
    for number, (submit, replicas, duration) in enumerate(jobs):
        work = mp.Workload(f"job-{number}", {"cpus": 8, "gpus": 8}, replicas=replicas, duration=duration, sync=sync)
        cluster.sim.at(submit, cluster.endpoint.submit, work)
    cluster.sim.run()
    trace = mp.JobTrace.build(
        submit=[s for s, _, _ in jobs],
        duration=[d for _, _, d in jobs],
        request=[0, 0, 0],
        requests=[mp.ResourceRequest(cpus=8, gpus=8)],
        replicas=[r for _, r, _ in jobs],
    )
    result = mp.replay(cluster.spec, trace, placement=placement, sync=sync)
    assert [record.ended_s for record in cluster.workloads.values()] == result.jobs["end_s"].to_list()
    assert all(
        end - start > duration for start, end, (_, _, duration) in zip(result.jobs["start_s"], result.jobs["end_s"], jobs, strict=True)
    )


def test_a_gang_whose_ranks_cannot_reach_each_other_does_no_work_until_they_can() -> None:
    cluster = cluster_of(2)
    network, sim = network_of(cluster), cluster.sim
    network.fail_link("n-1", "leaf-0")
    handle = cluster.endpoint.submit(
        mp.Workload("train", {"cpus": 8, "gpus": 8}, replicas=2, duration=100.0, sync={"step": "1s", "size": "1MiB"})
    )
    sim.run(until="50s")
    assert handle.status.value == "starting"
    network.repair_link("n-1", "leaf-0")
    sim.run(until="140s")
    assert handle.status.value == "running"
    sim.run()
    assert handle.status.value == "succeeded" and 150 < cluster.workloads["train"].ended_s < 151


# -- faults


@settings(max_examples=40)
@given(st.data())
def test_whatever_befalls_the_nodes_addresses_and_names_are_those_of_what_runs(data: Any) -> None:
    cluster = cluster_of(4, detection=Detection("1s", "2s"), network={"quarantine": "5s", "propagation_delay": "0.5s"})
    network, sim = network_of(cluster), cluster.sim
    cluster.endpoint.submit(web(data.draw(st.integers(1, 6))))
    for number in range(data.draw(st.integers(0, 6))):
        replicas, duration = data.draw(st.integers(1, 4)), data.draw(st.sampled_from((1.0, 7.0, 30.0)))
        work = mp.Workload(f"job-{number}", {"cpus": 5}, replicas=replicas, duration=duration)
        sim.at(float(data.draw(st.integers(0, 20))), cluster.endpoint.submit, work)
    for _ in range(data.draw(st.integers(0, 5))):
        node, time, length = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 25)), data.draw(st.sampled_from((1.0, 4.0, 15.0)))
        sim.at(float(time), getattr(cluster.hardware, data.draw(st.sampled_from(("crash", "cut_off")))), node)
        sim.at(time + length, cluster.hardware.restore, node)
    for instant in range(1, 60):
        sim.run(until=float(instant))
        living = [env for node in range(4) for env in cluster.virtualization.running_on(node)]
        assert sorted(each.environment.serial for each in network.attachments) == sorted(env.serial for env in living)
        held = [each.address for each in network.attachments]
        assert len(set(held)) == len(held) == network.addresses.in_use("")
    ready = {each.address for each in network.attachments if each.workload == "web" and each.environment.ready}
    assert set(network.services.resolve("web")) == ready and sim.log.check() == []


def test_a_description_that_does_not_fit_is_refused_with_its_path() -> None:
    with pytest.raises(SpecError, match=r"network\.zones"):
        cluster_of(network={"zones": {"a": "192.168.0.0/24"}})
