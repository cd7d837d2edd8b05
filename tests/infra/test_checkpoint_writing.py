"""Checkpoints with a size: how long they take on links that are idle, shared or broken, and what is lost where one is not complete."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import OptionError, SpecError, UnknownNameError
from mlplat.hardware import ClusterSpec, Outages, Reliability
from mlplat.infra.checkpoints import CheckpointPolicy, checkpoint_policy, daly
from mlplat.infra.cluster import Cluster
from mlplat.infra.incidents import Detection
from mlplat.infra.kernels.attempt_state import Outcome
from mlplat.infra.records import attempts_of
from mlplat.infra.virtualization.states import Reason
from mlplat.infra.workload_spec import Workload
from mlplat.units import MBIT_PER_MIB
from mlplat.workload import JobTrace

from .naive_checkpoint_writing import attempts as naive_attempts

NETWORK: dict[str, Any] = {"topology": "leaf-spine", "hosts_per_leaf": 4, "spines": 1, "latency": 0, "switch_latency": 0}
AT_ONCE = Detection(period=0, grace=0, damping=None)
Row = tuple[int, str, float, float, float, float]


def a_cluster(nodes: int = 2, *, archive: int = 1000, nic: int = 100_000, cpus: int = 8, **options: Any) -> Cluster:
    """Nodes n-0, n-1, …, each with room for one gang of 8 CPUs, and `archive` behind a gateway, at so many Mbit/s."""
    network = NETWORK | {
        "gateway": {"bandwidth": 400_000, "latency": 0},
        "external": [{"name": "archive", "hosts": ["archive.example.org"], "bandwidth": archive, "latency": 0}],
    }
    reliability = options.pop("reliability", None)
    group = {"name": "n", "count": nodes, "cpus": cpus, "nic_mbps": nic, "disk": "1TiB"}
    lake = {"name": "lake", "capacity": "10TiB", "write_mb_s": 100}
    spec = ClusterSpec.model_validate({"groups": [group], "network": network, "storage": [lake], "reliability": reliability})
    return Cluster(mp.Simulation(), spec, scrape_period=None, **({"detection": AT_ONCE} | options))


def train(name: str = "train", *, to: str = "archive", size: str = "1000MiB", every: Any = 100, **options: Any) -> Workload:
    """1000 s of work on all CPUs of a node, with nine checkpoints."""
    saving = CheckpointPolicy(every, size=size, to=to, restart_s=options.pop("restart_s", 0))
    return Workload(name, {"cpus": 8}, **({"duration": 1000.0, "checkpoint": saving} | options))


def written_in(mib: float, mbps: float) -> float:
    return mib * MBIT_PER_MIB / mbps


def rows(cluster: Cluster) -> list[Row]:
    """(job, outcome, start, stop, saved, lost) of every attempt."""
    made = attempts_of(cluster.scheduler.run)
    columns = (made.job, made.outcome, made.start, made.stop, made.saved, made.lost)
    found = zip(*(column.tolist() for column in columns), strict=True)
    return [(job, Outcome(outcome).name, *numbers) for job, outcome, *numbers in found]  # type: ignore[misc]


def events(cluster: Cluster, predicate: str = "checkpoint.*") -> list[tuple[float, str, dict[str, Any]]]:
    return [(event.time, event.predicate, dict(event.data)) for event in cluster.sim.log.select(predicate=predicate)]


def link_of(cluster: Cluster, node: int = 0) -> tuple[str, str]:
    """The ends of a node's link."""
    assert cluster.network is not None
    topology = cluster.network.topology
    (edge,) = topology.links_of(node)
    a, b = (topology.names[vertex] for vertex in topology.ends[edge].tolist())
    return a, b


# -- how long it takes


@pytest.mark.parametrize("replicas", [1, 2, 4])
def test_a_checkpoint_takes_its_size_over_the_bandwidth_of_an_idle_link(replicas: int) -> None:
    cluster = a_cluster(4)
    handle = cluster.endpoint.submit(train(replicas=replicas))
    cluster.sim.run(until="1h")
    write = written_in(1000, 1000)
    assert rows(cluster) == [(0, "COMPLETED", 0.0, pytest.approx(1000 + 9 * write, rel=1e-12), 1000.0, 0.0)]
    made = events(cluster)
    assert len(made) == 18 and handle.status.value == "succeeded"
    assert made[0] == (100.0, "checkpoint.started", {"mib": 1000, "to": "archive", "work_s": 100.0})
    assert made[1][1:] == ("checkpoint.written", {"work_s": 100.0, "seconds": pytest.approx(write, rel=1e-12)})
    assert made[-1][2]["work_s"] == 900.0
    assert cluster.sim.log.check(outside=["workload.submitted"]) == []


def test_a_replica_writes_its_part_from_its_node() -> None:
    for replicas, mib in ((1, 1000), (4, 250)):
        cluster = a_cluster(4, archive=100_000, nic=1000)
        cluster.endpoint.submit(train(replicas=replicas))
        cluster.sim.run(until="1h")
        assert rows(cluster)[0][3] == pytest.approx(1000 + 9 * written_in(mib, 1000), rel=1e-12)


def test_two_gangs_that_write_at_once_share_the_link() -> None:
    cluster = a_cluster(2)
    for name in ("a", "b"):
        cluster.endpoint.submit(train(name))
    cluster.sim.run(until="1h")
    ends = [row[3] for row in rows(cluster)]
    assert ends == pytest.approx([1000 + 9 * written_in(2000, 1000)] * 2, rel=1e-12)


def test_the_archive_takes_writes_at_its_own_speed() -> None:
    cluster = a_cluster(2)
    for name in ("a", "b"):
        cluster.endpoint.submit(train(name, to="lake"))
    cluster.sim.run(until="1h")
    assert [row[3] for row in rows(cluster)] == pytest.approx([1000 + 9 * written_in(2000, 800)] * 2, rel=1e-12)


def test_a_backend_limits_writes_without_a_network_too() -> None:
    spec = ClusterSpec.from_yaml("{groups: [{name: n, count: 2, cpus: 8}], storage: [{name: lake, capacity: 1TiB, write_mb_s: 100}]}")
    cluster = Cluster(mp.Simulation(), spec, scrape_period=None, detection=AT_ONCE)
    cluster.endpoint.submit(train(to="lake", duration=400.0))
    cluster.sim.at(150, cluster.hardware.crash, "n-0")  # in the second interval, on the node that has it
    cluster.sim.run(until="1h")
    write = written_in(1000, 800)
    (first, second) = rows(cluster)
    assert first[1:] == ("NODE", 0.0, 150.0, 100.0, pytest.approx(50 - write))
    assert second[1:] == ("COMPLETED", 150.0, pytest.approx(150 + 300 + 2 * write), 300.0, 0.0)


def test_without_a_network_too_a_node_that_is_cut_off_writes_on_when_it_is_back() -> None:
    spec = ClusterSpec.from_yaml("{groups: [{name: n, cpus: 8}], storage: [{name: lake, capacity: 1TiB, write_mb_s: 100}]}")
    cluster = Cluster(mp.Simulation(), spec, scrape_period=None, detection=Detection(period=10, grace=40))
    cluster.endpoint.submit(train(to="lake"))
    cluster.sim.at(103, cluster.hardware.cut_off, 0)
    cluster.sim.at(123, cluster.hardware.restore, 0)
    cluster.sim.run(until="1h")
    assert rows(cluster) == [(0, "COMPLETED", 0.0, pytest.approx(1020 + 9 * written_in(1000, 800), rel=1e-12), 1000.0, 0.0)]


def test_nothing_is_written_at_the_end_of_the_work() -> None:
    for duration, count in ((100.0, 0), (100.5, 1), (200.0, 1), (30.0, 0)):
        cluster = a_cluster(1)
        cluster.endpoint.submit(train(duration=duration))
        cluster.sim.run(until="1h")
        assert len(events(cluster, "checkpoint.written")) == count
    cluster = a_cluster(1)
    cluster.endpoint.submit(train(duration=1.0, every=0.1))  # 1.0 - 9 * 0.1 is more than 0.1 in floating point
    cluster.sim.run(until="1h")
    assert len(events(cluster, "checkpoint.written")) == 9


def test_a_slower_gang_comes_to_its_checkpoints_later() -> None:
    cluster = a_cluster(2)
    sync = {"step": "1s", "size": "1000MiB"}
    cluster.endpoint.submit(train(replicas=2, sync=sync))
    cluster.sim.run(until="2h")
    (row,) = rows(cluster)
    (first, *_) = events(cluster)
    assert first[0] > 101
    assert row[3] == pytest.approx(first[0] * 10 + 9 * written_in(1000, 1000), rel=1e-9)


# -- what is lost


@pytest.mark.parametrize(
    ("fails", "saved", "lost"),
    [
        (60.0, 0.0, 60.0),  # before the first write
        (103.0, 0.0, 100.0),  # during it
        (100 + written_in(1000, 1000) + 30, 100.0, 30.0),  # after it
        (200 + written_in(1000, 1000) + 4, 100.0, 100.0),  # during the second
    ],
)
def test_a_node_that_fails_costs_what_is_in_no_complete_checkpoint(fails: float, saved: float, lost: float) -> None:
    cluster = a_cluster(1)
    cluster.endpoint.submit(train(restart_s=7))
    cluster.sim.at(fails, cluster.hardware.crash, "n-0")
    cluster.sim.at(fails + 50, cluster.hardware.restore, "n-0")
    cluster.sim.run(until="1h")
    first, second = rows(cluster)
    assert first == (0, "NODE", 0.0, fails, saved, pytest.approx(lost, rel=1e-12))
    count = (1000 - saved) // 100 - 1
    whole = fails + 50 + 7 + (1000 - saved) + count * written_in(1000, 1000)
    assert second == (0, "COMPLETED", fails + 50, pytest.approx(whole, rel=1e-12), 1000 - saved, 0.0)
    assert cluster.network is not None and not cluster.network.transfers.active


def test_the_last_part_of_a_gang_that_has_crashed_saves_nothing() -> None:
    """The node of one replica fails after its part has arrived, which nobody knows yet as the other part does."""
    cluster = a_cluster(2, archive=100_000, nic=1000, detection=Detection(period=10, grace=40))
    cluster.endpoint.submit(train(replicas=2))
    assert cluster.network is not None
    slow = link_of(cluster, 1)
    cluster.sim.at(100, cluster.network.fail_link, *slow)
    cluster.sim.at(110, cluster.hardware.crash, "n-0")
    cluster.sim.at(112, cluster.network.repair_link, *slow)
    cluster.sim.at(500, cluster.hardware.restore, "n-0")
    cluster.sim.run(until="1h")
    first, second = rows(cluster)
    assert first[1:] == ("NODE", 0.0, 110.0, 0.0, 100.0)
    assert second[1] == "COMPLETED" and second[4] == 1000.0
    assert len(events(cluster, "checkpoint.written")) == 9


def test_a_link_that_fails_stalls_the_write_until_it_is_repaired() -> None:
    cluster = a_cluster(1)
    handle = cluster.endpoint.submit(train())
    assert cluster.network is not None
    ends = link_of(cluster)
    cluster.sim.at(103, cluster.network.fail_link, *ends)
    cluster.sim.at(403, cluster.network.repair_link, *ends)
    cluster.sim.run(until=400)
    assert handle.status.value == "running" and len(events(cluster, "transfer.stalled")) == 1
    cluster.sim.run(until="1h")
    assert rows(cluster)[0][3:] == (pytest.approx(1300 + 9 * written_in(1000, 1000), rel=1e-12), 1000.0, 0.0)


def test_a_node_that_is_cut_off_while_it_writes_goes_on_when_it_is_back() -> None:
    cluster = a_cluster(1, detection=Detection(period=10, grace=40))
    cluster.endpoint.submit(train())
    cluster.sim.at(103, cluster.hardware.cut_off, "n-0")
    cluster.sim.at(123, cluster.hardware.restore, "n-0")
    cluster.sim.run(until="1h")
    assert rows(cluster) == [(0, "COMPLETED", 0.0, pytest.approx(1020 + 9 * written_in(1000, 1000), rel=1e-12), 1000.0, 0.0)]


def test_a_node_given_up_while_it_writes_has_not_written() -> None:
    cluster = a_cluster(2, detection=Detection(period=10, grace=40))
    cluster.endpoint.submit(train())
    cluster.sim.run(until=103)
    (env,) = cluster.workloads["train"].environments
    cluster.hardware.cut_off(env.node)
    cluster.sim.at(400, cluster.hardware.restore, env.node)
    cluster.sim.run(until="1h")
    first, second = rows(cluster)
    assert first[1] == "FENCED" and first[4:] == (0.0, 100.0)
    assert second[1] == "COMPLETED" and second[4:] == (1000.0, 0.0)
    assert len(events(cluster, "checkpoint.written")) == 9


@pytest.mark.parametrize(("at", "saved", "lost"), [(50.0, 0.0, 50.0), (104.0, 0.0, 100.0), (150.0, 100.0, 50 - written_in(1000, 1000))])
def test_a_program_that_is_restarted_in_place_goes_on_from_its_last_checkpoint(at: float, saved: float, lost: float) -> None:
    cluster = a_cluster(1)
    cluster.endpoint.submit(train(restart="on-failure"))
    cluster.sim.run(until=at)
    (env,) = cluster.workloads["train"].environments
    cluster.virtualization.exit(env, Reason.ERROR)
    cluster.sim.run(until="1h")
    write = written_in(1000, 1000)
    ((_, outcome, _, stop, saved_s, lost_s),) = rows(cluster)
    count = (1000 - saved) // 100 - 1
    assert (outcome, saved_s, lost_s) == ("COMPLETED", 1000.0, pytest.approx(lost, rel=1e-12))
    assert stop == pytest.approx(at + 10 + (1000 - saved) + count * write, rel=1e-12)
    assert len(events(cluster, "transfer.cancelled")) == (at == 104.0)


def test_what_is_saved_is_not_saved_again_by_an_attempt_that_does_not_come_to_work() -> None:
    """On a node that is down already, which nobody knows yet; and on one that fails before the program is up."""
    for overhead, crash in ((0, 240), (30, 260)):
        cluster = a_cluster(2, detection=Detection(period=10, grace=40), start_overhead=overhead)
        cluster.endpoint.submit(train())
        cluster.sim.run(until=1)
        here = cluster.workloads["train"].environments[0].node
        cluster.sim.at(crash, cluster.hardware.crash, 1 - here)
        cluster.sim.at(250, cluster.watcher.drain, here)
        cluster.sim.at(500, cluster.watcher.uncordon, here)
        cluster.sim.run(until="1h")
        saved = [row[4] for row in rows(cluster)]
        assert saved == [200.0, 0.0, 800.0], rows(cluster)
        assert rows(cluster)[1][5] == 0


def test_what_is_saved_is_not_saved_again_while_a_program_waits_for_its_restart() -> None:
    cluster = a_cluster(1)
    cluster.endpoint.submit(train(restart="on-failure"))
    cluster.sim.run(until=150)
    (env,) = cluster.workloads["train"].environments
    cluster.virtualization.exit(env, Reason.ERROR)
    cluster.sim.at(155, cluster.hardware.crash, "n-0")
    cluster.sim.at(200, cluster.hardware.restore, "n-0")
    cluster.sim.run(until="1h")
    assert [(row[1], row[4]) for row in rows(cluster)] == [("NODE", 100.0), ("COMPLETED", 900.0)]
    assert rows(cluster)[0][5] == pytest.approx(50 - written_in(1000, 1000))


def test_a_gang_that_has_crashed_unnoticed_begins_no_write() -> None:
    cluster = a_cluster(2, detection=Detection(period=10, grace=40))
    cluster.endpoint.submit(train(replicas=2))
    cluster.sim.at(95, cluster.hardware.crash, "n-0")
    cluster.sim.run(until=120)
    assert events(cluster) == [] and rows(cluster)[0][3] == 95.0


@pytest.mark.parametrize(("at", "grace", "saved", "lost"), [(104.0, 20, 100.0, 0.0), (104.0, 8, 0.0, 100.0), (60.0, 20, 60.0, 0.0)])
def test_a_drain_lets_a_checkpoint_be_written_that_is_complete_within_the_grace(at: float, grace: float, saved: float, lost: float) -> None:
    cluster = a_cluster(1)
    cluster.endpoint.submit(train())
    cluster.sim.at(at, cluster.watcher.drain, "n-0", grace)
    cluster.sim.at(1000, cluster.watcher.uncordon, "n-0")
    cluster.sim.run(until=999)
    made = attempts_of(cluster.scheduler.run)
    assert (made.saved.tolist(), made.lost.tolist()) == ([saved], [lost])
    assert made.end.tolist() == pytest.approx([at + min(grace, written_in(1000, 1000))])
    assert [time for time, _, _ in events(cluster, "transfer.cancelled")] == ([104.0] if at == 104 else [])
    assert cluster.network is not None and not cluster.network.transfers.active
    cluster.sim.run(until="1h")
    assert rows(cluster)[1][4:] == (1000 - saved, 0.0)


@pytest.mark.parametrize("grace", [0, 30])
def test_a_workload_deleted_while_it_writes_sends_no_more(grace: float) -> None:
    cluster = a_cluster(1)
    cluster.endpoint.submit(train())
    cluster.sim.run(until=104)
    cluster.endpoint.delete("train", grace=grace)
    cluster.sim.run(until="1h")
    assert rows(cluster) == [(0, "CANCELLED", 0.0, 104.0, 0.0, 100.0)]
    assert cluster.network is not None and not cluster.network.transfers.active
    assert events(cluster)[-1][1] in ("checkpoint.started", "checkpoint.written")
    assert [time for time, _, _ in events(cluster, "transfer.cancelled")] == [104.0]


def test_a_preempted_workload_goes_on_after_its_last_checkpoint() -> None:
    cluster = a_cluster(1, queue="srtf")
    cluster.endpoint.submit(train())
    urgent = Workload("urgent", {"cpus": 8}, duration=50.0)
    cluster.sim.at(150, cluster.endpoint.submit, urgent)
    cluster.sim.run(until="1h")
    first, short, second = rows(cluster)
    write = written_in(1000, 1000)
    assert first[1:] == ("PREEMPTED", 0.0, 150.0, 100.0, pytest.approx(50 - write))
    assert short[1:4] == ("COMPLETED", 150.0, 200.0)
    assert second[1:] == ("COMPLETED", 200.0, pytest.approx(200 + 900 + 8 * write), 900.0, 0.0)


# -- against others


@given(st.integers(0, 10**6))
def test_one_gang_saves_and_loses_what_the_slow_reference_says(seed: int) -> None:
    draw = random.Random(seed)
    work, interval = draw.uniform(50, 2000), draw.choice([draw.uniform(5, 300), 100.0])
    mib, mbps, restart = draw.randrange(1, 5000), draw.randrange(100, 5000), draw.choice([0.0, draw.uniform(0, 60)])

    def intervals(count: int, longest: float) -> list[tuple[float, float]]:
        times = sorted(draw.uniform(1, 3000) for _ in range(2 * count))
        return [(down, min(up, down + longest)) for down, up in zip(times[::2], times[1::2], strict=True)]

    node_down, link_down = intervals(draw.randrange(5), 100), intervals(draw.randrange(4), 60)
    cluster = a_cluster(1, archive=mbps, cpus=64)
    cluster.endpoint.submit(train(replicas=draw.choice([1, 3]), duration=work, every=interval, size=f"{mib}MiB", restart_s=restart))
    network = cluster.network
    assert network is not None
    for down, up in node_down:
        cluster.sim.at(down, cluster.hardware.crash, "n-0")
        cluster.sim.at(up, cluster.hardware.restore, "n-0")
    for down, up in link_down:
        cluster.sim.at(down, network.fail_link, *link_of(cluster))
        cluster.sim.at(up, network.repair_link, *link_of(cluster))
    cluster.sim.run(until="60d")
    expected = naive_attempts(work, interval, written_in(mib, mbps), restart, node_down, link_down)
    found = [row[2:] for row in rows(cluster)]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-7)
    assert cluster.sim.log.check(outside=["workload.submitted", "node.failed", "link.failed", "link.recovered"]) == []


@pytest.mark.parametrize("queue", ["fifo", "easy", "las", "conservative"])
@given(st.integers(0, 10**6))
def test_on_an_idle_link_it_is_as_in_a_replay_with_the_same_write_time(queue: str, seed: int) -> None:
    """One gang at a time, so that none has to share; what the estimates leave out, that the pauses take time, changes no order here."""
    draw = random.Random(seed)
    count, mib, mbps = 6, 1000, draw.choice([500, 2000])
    trace = JobTrace.build(
        submit=sorted(draw.uniform(0, 900) for _ in range(count)),
        duration=[draw.choice([20.0, 120.0, 600.0, 33.3]) + i / 7 for i in range(count)],
        request=[0] * count,
        requests=[mp.ResourceRequest(cpus=8)],
    )
    times = sorted(draw.uniform(0, 2000) for _ in range(2 * draw.randrange(5)))
    kinds = [draw.choice(["node", "maintenance"]) for _ in times[::2]]
    broken = Outages.build(
        start=times[::2],
        end=times[1::2],
        kind=kinds,
        node=[0] * len(kinds),
        device=[-1] * len(kinds),
        notice=[0.0 if kind == "node" else 100.0 for kind in kinds],
        grace=[0.0 if kind == "node" else 5.0 for kind in kinds],
    )
    cluster = a_cluster(1, archive=mbps, queue=queue, detection=Detection(damping=None))
    cluster.hardware.follow(broken)
    for job in range(count):
        work = train(f"j{job}", duration=float(trace.duration[job]), every=60, size=f"{mib}MiB", restart_s=2)
        cluster.sim.at(float(trace.submit[job]), cluster.run_workload, work)
    cluster.sim.run(until="10d")
    saving = CheckpointPolicy(60, write_s=written_in(mib, mbps), restart_s=2)
    result = mp.replay(cluster.spec, trace, failures=broken, queue=queue, checkpoint=saving, detection=Detection(damping=None))
    frame = result.attempts.unique(["job", "attempt"]).select("job", "outcome", "start_s", "stop_s", "saved_s", "lost_s")
    expected = sorted((job, outcome.upper(), *numbers) for job, outcome, *numbers in frame.rows())
    found = sorted(rows(cluster))
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert one[2:] == pytest.approx(other[2:], rel=1e-9, abs=1e-6)


# -- what is refused


def test_a_policy_says_size_and_place_or_a_time() -> None:
    for wrong in ({"size": "1GiB"}, {"to": "lake"}, {"size": "1GiB", "to": "lake", "write_s": 5}, {"size": "0GiB", "to": "lake"}):
        with pytest.raises(OptionError):
            CheckpointPolicy(60, **wrong)  # type: ignore[arg-type]
    for size, to in ((14, "lake"), ("14", "lake"), ("14GiB", ""), ("14GiB", "a b"), ("many GiB", "lake"), ("14GiB", 3), ("14GiB", "a\n")):
        with pytest.raises(OptionError):
            CheckpointPolicy(60, size=size, to=to)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="without an interval"):
        CheckpointPolicy("none", size="1GiB", to="lake")
    for text in ("every 5m size 1GiB", "every 5m to lake", "every 5m write 1s size 1GiB to lake", "none size 1GiB to lake"):
        with pytest.raises(OptionError):
            mp.Workload("a", {"cpus": 1}, duration=60, checkpoint=text)


@given(st.sampled_from(["young-daly", 60.0, 1800.0]), st.integers(1, 2**40), st.sampled_from(["lake", "Lake", "write", "a/b"]))
def test_a_policy_with_a_size_comes_back_from_its_text(interval: Any, mib: int, to: str) -> None:
    policy = CheckpointPolicy(interval, size=f"{mib}MiB", to=to, restart_s=30)
    assert checkpoint_policy(str(policy)) == policy and policy.size_mib == mib


def test_a_place_that_is_not_there_is_refused() -> None:
    cluster = a_cluster(1)
    with pytest.raises(UnknownNameError, match="did you mean 'archive'"):
        cluster.endpoint.submit(train(to="archives"))
    bare = Cluster(mp.Simulation(), ClusterSpec.parse("2x8xV100"), scrape_period=None)
    with pytest.raises(OptionError, match="'archive' is no storage backend"):
        bare.endpoint.submit(train())
    assert not cluster.workloads and not bare.workloads


def test_a_workload_without_an_end_has_no_checkpoints_with_a_size() -> None:
    with pytest.raises(OptionError, match="expected a duration"):
        train(duration=None)
    with pytest.raises(OptionError, match="expected a duration"):
        train(duration=None, kind="service")


@pytest.mark.parametrize("clock", ["replay", "simpy"])
def test_a_replay_refuses_a_size(clock: Any) -> None:
    trace = mp.traces.synthetic(3, gpus=8, seed=1)
    with pytest.raises(OptionError, match="a replay moves no bytes"):
        mp.replay(ClusterSpec.parse("2x8xV100"), trace, checkpoint="every 30m size 14GiB to lake", clock=clock)


def test_a_manifest_says_size_and_place() -> None:
    cluster = a_cluster(1)
    manifest = cluster.endpoint.submit(train(to="lake", size="1GiB")) and cluster.endpoint.to_manifest("train")
    assert "checkpoint: every 100s size 1GiB to lake restart 0.0" in manifest
    cluster.endpoint.delete("train")
    cluster.sim.run(until="1s")
    with pytest.raises(SpecError, match=r"spec\.checkpoint: unknown place to write checkpoints to: 'nowhere'"):
        cluster.endpoint.apply(manifest.replace("lake", "nowhere"))
    assert cluster.endpoint.apply(manifest).created == ("train",)
    assert cluster.workloads["train"].workload == train(to="lake", size="1GiB")


# -- Young and Daly


def test_young_daly_takes_the_write_time_of_an_idle_network() -> None:
    """That of the slowest nodes: here each of two replicas sends half over its node's interface."""
    cluster = a_cluster(2, archive=100_000, nic=1000, reliability=Reliability(node={"mtbf": "1d", "mttr": "1h"}))
    cluster.endpoint.submit(train(replicas=2, every="young-daly", duration=100_000.0))
    cluster.sim.run(until="1d")
    interval = float(daly(written_in(500, 1000), 86400.0 / 2))
    assert events(cluster)[0][0] == pytest.approx(interval, rel=1e-12)


def test_young_daly_needs_a_write_that_takes_time() -> None:
    cluster = a_cluster(1, reliability=Reliability(node={"mtbf": "1d", "mttr": "1h"}))
    with pytest.raises(OptionError, match="takes 0 s"):
        cluster.endpoint.submit(train(to="n-0", every="young-daly"))
    assert cluster.network is not None
    cluster.network.fail_link(*link_of(cluster))
    with pytest.raises(OptionError, match="takes inf s"):
        cluster.endpoint.submit(train(every="young-daly"))
    assert not cluster.workloads
