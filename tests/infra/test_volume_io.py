"""Reads and writes of volumes in simulated time: bandwidth that is shared, disks, the network, and what ends them. S-10."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.context import Simulation
from mlplat.errors import OptionError, SpecError, UnknownNameError
from mlplat.hardware import ClusterSpec, Storage
from mlplat.infra.cluster import Cluster
from mlplat.infra.network.transfers import Transfer
from mlplat.infra.virtualization import EnvironmentGoneError, RuntimeEnvironment
from mlplat.infra.volume_io import VolumeIOError
from mlplat.infra.volumes import Volume, VolumeError
from mlplat.infra.workload_spec import Workload
from mlplat.resources import ResourceRequest

MB = 1e6 / 2**20
"""MiB of a MB (10^6 bytes)."""
LEAVES = {"topology": "leaf-spine", "hosts_per_leaf": 2, "spines": 2, "bandwidth": "1Gbps", "latency": 0, "switch_latency": 0}
FAST = "100Gbps"


def a_cluster(network: Any = None, disk: dict[str, Any] | None = None, **storage: Any) -> Cluster:
    """Nodes node-0 … node-3, and the backend `lake`, which reads 1000 MB/s and writes 500 if nothing else is said."""
    group = {"name": "node", "count": 4, "cpus": 8, "memory": "32GiB", "disk": "1TiB"} | (disk or {})
    lake = {"name": "lake", "capacity": "10TiB", "read_mb_s": 1000, "write_mb_s": 500} | storage
    spec = ClusterSpec.model_validate({"groups": [group], "storage": [lake], "network": network})
    return Cluster(Simulation(seed=3), spec, scrape_period=None)


def environment(cluster: Cluster, node: int = 0, name: str = "") -> RuntimeEnvironment:
    owner = SimpleNamespace(workload=Workload("train", {"cpus": 1}))  # of whose name it is in a network
    return cluster.virtualization.start(name or f"train/{node}", node=node, request=ResourceRequest(cpus=1), owner=owner)


def lake(cluster: Cluster) -> Volume:
    return cluster.volumes.claim("data", "1TiB", "lake")


def seconds(transfer: Transfer) -> float:
    return transfer.ended_s - transfer.began_s


# -- S-10: finite bandwidth, shared


def test_s10_bytes_alone_take_their_number_over_the_bandwidth() -> None:
    cluster = a_cluster()
    volume, env = lake(cluster), environment(cluster)
    read, write = volume.begin_read(30_000 * MB, by=env), volume.begin_write(30_000 * MB, by=env)
    cluster.sim.run(until="2m")
    assert (seconds(read), seconds(write)) == pytest.approx((30.0, 60.0))


def test_s10_two_equal_simultaneous_reads_take_twice_as_long_each() -> None:
    cluster = a_cluster()
    volume, other = lake(cluster), cluster.volumes.claim("other", "1TiB", "lake")
    reads = [volume.begin_read(30_000 * MB, by=environment(cluster, 0)), other.begin_read(30_000 * MB, by=environment(cluster, 1))]
    cluster.sim.run(until="2m")
    assert [seconds(read) for read in reads] == pytest.approx([60.0, 60.0])


def test_s10_one_that_comes_later_shares_what_is_left() -> None:
    cluster = a_cluster()
    volume, env = lake(cluster), environment(cluster)
    first = volume.begin_read(10_000 * MB, by=env)
    cluster.sim.run(until=5.0)
    second = volume.begin_read(2_500 * MB, by=env)
    cluster.sim.run(until="1m")
    assert (second.ended_s, first.ended_s) == pytest.approx((10.0, 12.5))


def test_s10_a_joint_bandwidth_is_shared_by_reads_and_writes() -> None:
    cluster = a_cluster(bandwidth="2400Mbps")  # 300 MB/s
    volume, env = lake(cluster), environment(cluster)
    read, write = volume.begin_read(1500 * MB, by=env), volume.begin_write(3000 * MB, by=env)
    cluster.sim.run(until="1m")
    assert (seconds(read), seconds(write)) == pytest.approx((10.0, 15.0))


def test_s10_local_volumes_share_the_disk_of_their_node_and_no_other() -> None:
    cluster = a_cluster(disk={"disk_read_mb_s": 200, "disk_write_mb_s": 100})
    volumes = [cluster.volumes.claim(f"v{i}", "100GiB", "local", node=node) for i, node in enumerate((0, 0, 1))]
    reads = [
        volume.begin_read(2000 * MB, by=environment(cluster, node, f"e/{i}"))
        for i, (volume, node) in enumerate(zip(volumes, (0, 0, 1), strict=True))
    ]
    write = volumes[2].begin_write(2000 * MB, by=environment(cluster, 1, "w/0"))
    cluster.sim.run(until="1m")
    assert [seconds(each) for each in (*reads, write)] == pytest.approx([20.0, 20.0, 10.0, 20.0])


def test_s10_a_disk_has_a_joint_bandwidth_where_it_is_said() -> None:
    cluster = a_cluster(disk={"disk_bandwidth": "800Mbps"})
    volume, env = cluster.volumes.claim("v", "100GiB", "local", node=0), environment(cluster)
    both = volume.begin_read(500 * MB, by=env), volume.begin_write(500 * MB, by=env)
    cluster.sim.run(until="1m")
    assert [seconds(each) for each in both] == pytest.approx([10.0, 10.0])


@pytest.mark.parametrize("at", [None, "spine-0", "node-3", "store"])
def test_s10_the_network_is_the_bottleneck_where_it_is_slower(at: str | None) -> None:
    external = [{"name": "store", "bandwidth": FAST, "latency": 0, "at": "spine-1"}]
    cluster = a_cluster(LEAVES | {"external": external, "gateway": {"bandwidth": FAST, "latency": 0}}, at=at)
    volume = lake(cluster)
    same = [volume.begin_read(1250 * MB, by=environment(cluster, 0, f"e/{i}")) for i in range(2)]
    write = volume.begin_write(1250 * MB, by=environment(cluster, 2))
    cluster.sim.run(until="1m")
    assert [seconds(read) for read in same] == pytest.approx([20.0, 20.0])  # 125 MB/s into node-0, and as much out of node-2
    assert seconds(write) == pytest.approx(10.0)


def test_s10_reads_compete_with_other_transfers_to_the_node() -> None:
    cluster = a_cluster(LEAVES, at="node-3")
    assert cluster.network is not None
    read = lake(cluster).begin_read(1250 * MB, by=environment(cluster))
    other = cluster.network.transfer("node-1", "node-0", 1250 * MB)
    cluster.sim.run(until="1m")
    assert (seconds(read), seconds(other)) == pytest.approx((20.0, 20.0))


def test_s10_without_a_gateway_or_a_place_only_the_backend_counts() -> None:
    cluster = a_cluster(LEAVES)
    read = lake(cluster).begin_read(5000 * MB, by=environment(cluster))
    cluster.sim.run(until="1m")
    assert seconds(read) == pytest.approx(5.0)


def naive_ends(jobs: list[tuple[float, float, bool]]) -> list[float]:
    """When each of (start, MB, write) is done: 1000 MB/s are divided equally among reads, 500 among writes."""
    left, now, ends = [mb for _, mb, _ in jobs], 0.0, [float("nan")] * len(jobs)
    while any(amount > 0 for amount in left):
        on = [i for i, (start, _, _) in enumerate(jobs) if start <= now and left[i] > 0]
        rate = {i: (500.0 if jobs[i][2] else 1000.0) / sum(jobs[k][2] == jobs[i][2] for k in on) for i in on}
        steps = [left[i] / rate[i] for i in on] + [start - now for start, _, _ in jobs if start > now]
        step = min(steps)
        for i in on:
            left[i] = 0.0 if left[i] / rate[i] <= step * (1 + 1e-12) else left[i] - rate[i] * step
            ends[i] = now + step if left[i] == 0 else ends[i]
        now = min([start for start, _, _ in jobs if start > now and start - now <= step * (1 + 1e-12)], default=now + step)
    return ends


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20_000), st.booleans()), min_size=1, max_size=8), st.booleans())
def test_s10_every_byte_is_moved_once_and_when_an_equal_share_says(jobs: list[tuple[int, int, bool]], networked: bool) -> None:
    network = (
        LEAVES | {"bandwidth": "100Tbps", "uplink": "100Tbps", "gateway": {"bandwidth": "100Tbps", "latency": 0}} if networked else None
    )
    cluster = a_cluster(network)
    volume, env = lake(cluster), environment(cluster)
    moved: list[Transfer] = []

    def begin(mb: int, write: bool) -> None:
        moved.append((volume.begin_write if write else volume.begin_read)(mb * MB, by=env))

    for start, mb, write in jobs:
        cluster.sim.at(float(start), begin, mb, write)
    cluster.sim.run(until=1000.0)
    order = sorted(range(len(jobs)), key=lambda i: jobs[i][0])
    expected = naive_ends([(float(start), float(mb), write) for start, mb, write in jobs])
    assert [transfer.ended_s for transfer in moved] == pytest.approx([expected[i] for i in order])
    assert cluster.volumes.io.transfers.moved_mib == pytest.approx(sum(mb for _, mb, _ in jobs) * MB)
    assert not cluster.volumes.io.transfers.active and not any(cluster.volumes.io._on_node.values())


# -- staging


def test_staging_is_as_slow_as_the_slowest_of_backend_network_and_disk() -> None:
    for network, disk_mb_s, expected in (
        (None, 100, 10.0),
        (None, 2000, 1.0),
        (LEAVES | {"gateway": {"bandwidth": FAST, "latency": 0}}, 2000, 8.0),
    ):
        cluster = a_cluster(network, disk={"disk_write_mb_s": disk_mb_s})
        staged = cluster.volumes.stage(environment(cluster), lake(cluster), 1000 * MB)
        cluster.sim.run(until="1m")
        assert seconds(staged) == pytest.approx(expected)


# -- what ends it


def test_what_an_environment_reads_ends_with_it_and_leaves_its_share_to_others() -> None:
    cluster = a_cluster()
    volume, env = lake(cluster), environment(cluster)
    lost, kept = volume.begin_read(10_000 * MB, by=env), volume.begin_read(10_000 * MB, by=environment(cluster, 1))
    cluster.sim.run(until=10.0)
    cluster.virtualization.stop(env)
    cluster.sim.run(until="1m")
    assert lost.over and not lost.done.triggered and lost.left_mib == pytest.approx(5000 * MB)
    assert kept.ended_s == pytest.approx(15.0)
    event = cluster.sim.log.select(predicate="transfer.cancelled")[0]
    assert event.subject == "volume:data" and next(each.predicate for each in cluster.sim.log.causes(event)) == "runtime.finished"


@pytest.mark.parametrize("network", [None, LEAVES, LEAVES | {"gateway": {"bandwidth": FAST, "latency": 0}}])
def test_a_node_that_is_cut_off_reads_on_when_it_is_back(network: Any) -> None:
    cluster = a_cluster(network, read_mb_s=100)
    volume, env = lake(cluster), environment(cluster)
    read = volume.begin_read(1000 * MB, by=env)
    cluster.sim.run(until=4.0)
    cluster.hardware.cut_off("node-0")
    cluster.sim.run(until=7.0)
    assert read.stalled and read.rate_mbps == 0 and read.left_mib == pytest.approx(600 * MB)
    with pytest.raises(VolumeError, match="UNREACHABLE"):
        volume.begin_read(1, by=env)
    cluster.hardware.restore("node-0")
    cluster.sim.run(until="1m")
    assert read.ended_s == pytest.approx(13.0)


def test_reads_of_a_volume_that_is_lost_fail() -> None:
    cluster = a_cluster(disk={"disk_read_mb_s": 1})
    volume, env, told = cluster.volumes.claim("v", "100GiB", "local", node=0), environment(cluster), []
    read, unheard = volume.begin_read(10_000 * MB, by=env), volume.begin_read(10_000 * MB, by=env)

    def waits() -> Any:
        try:
            yield read.done
        except VolumeIOError as error:
            told.append(str(error))

    cluster.sim.process(waits())
    cluster.sim.run(until=1.0)
    cluster.hardware.cut_off("node-0")
    cluster.sim.run(until="20m")
    assert told == ["volume 'v' was lost"] and read.over and unheard.over and not unheard.done.ok
    causes = cluster.sim.log.causes(cluster.sim.log.select(predicate="transfer.cancelled")[0])
    assert [event.predicate for event in causes][:2] == ["volume.lost", "node.unavailable"]


def test_reads_of_a_volume_that_is_released_fail_and_new_ones_are_refused() -> None:
    cluster = a_cluster()
    volume, env = lake(cluster), environment(cluster)
    read = volume.begin_read(10_000, by=env)
    cluster.volumes.release("data")
    cluster.sim.run(until=1.0)
    assert isinstance(read.done.value, VolumeIOError)
    with pytest.raises(UnknownNameError):
        volume.begin_read(1, by=env)


def test_what_cannot_be_is_refused_and_begins_nothing() -> None:
    cluster = a_cluster()
    volume, env = lake(cluster), environment(cluster)
    before = len(cluster.sim.log)
    for mib in (-1, float("nan"), "1GiB", True):
        with pytest.raises(OptionError):
            volume.begin_write(mib, by=env)  # type: ignore[arg-type]
    with pytest.raises(OptionError):
        volume.begin_read(1, by=None)  # type: ignore[arg-type]
    local = cluster.volumes.claim("v", "1GiB", "local", node=1)
    with pytest.raises(VolumeError, match="ELSEWHERE"):
        local.begin_read(1, by=env)
    cluster.virtualization.stop(env)
    with pytest.raises(EnvironmentGoneError):
        cluster.volumes.stage(env, volume, 1)
    assert not cluster.sim.log.select(predicate="transfer.started") and len(cluster.sim.log) > before


# -- the description


def test_a_backend_joined_nowhere_is_refused() -> None:
    with pytest.raises(SpecError, match=r"storage\[0\].at: the cluster has no network"):
        a_cluster(at="spine-0")
    with pytest.raises(SpecError, match=r"storage\[0\].at: unknown vertex .*spine-9"):
        a_cluster(LEAVES, at="spine-9")


def test_what_is_not_said_is_not_written() -> None:
    plain = ClusterSpec.model_validate({"groups": [{"name": "a", "disk": "1TiB"}], "storage": [{"name": "s", "capacity": "1TiB"}]})
    assert "bandwidth" not in plain.to_yaml() and "at:" not in plain.to_yaml()
    said = Storage(name="s", capacity="1TiB", bandwidth="100Gbps", at="spine-0")
    assert said.bandwidth == 100_000
    full = ClusterSpec.uniform(nodes=2, network=LEAVES, disk_bandwidth="8Gbps").model_copy(update={"storage": (said,)})
    assert ClusterSpec.from_yaml(full.to_yaml()) == full and "disk_bandwidth: 8Gbps" in full.to_yaml()
