"""Programs of workloads: real code that is called when work begins, is saved, is done or stops, whatever fails on the way."""

from __future__ import annotations

from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.infra.endpoint import Program, ProgramReplica, Work

NETWORK = """
groups: [{name: n, count: 4, cpus: 16, gpus: 2, gpu_model: V100}]
network: {topology: leaf-spine, hosts_per_leaf: 2, external: [{name: store, hosts: [store.example.org], bandwidth: 10Gbps}]}
"""


class Recorder(Program):
    """Writes down each call, and when."""

    def __init__(self, sim: mp.Simulation, *, fails_at: str = "", waits: Any = None) -> None:
        self.sim, self.fails_at, self.waits = sim, fails_at, waits
        self.calls: list[tuple[Any, ...]] = []

    def _note(self, *what: Any) -> None:
        self.calls.append((self.sim.now, *what))
        if what[0] == self.fails_at:
            raise ValueError(f"{what[0]} went wrong")

    def started(self, work: Work) -> Any:
        self.work = work
        self._note("started", work.attempt, work.resumed_s)
        return None if self.waits is None else self.waits()

    def saved(self, work: Work, work_s: float) -> None:
        self._note("saved", work_s)

    def finished(self, work: Work) -> None:
        assert work == self.work
        self._note("finished", work.attempt)

    def stopped(self, work: Work, reason: str) -> None:
        self._note("stopped", reason)

    def replica_up(self, replica: ProgramReplica) -> None:
        self._note("up", replica.name)

    def replica_down(self, replica: ProgramReplica) -> None:
        self._note("down", replica.name)


def cluster_of(words: str = "4x2xV100", **options: Any) -> mp.Cluster:
    spec = mp.ClusterSpec.from_yaml(words) if "\n" in words else mp.ClusterSpec.parse(words)
    return mp.Cluster(mp.Simulation(seed=3), spec, scrape_period=None, **options)


def submit(cluster: mp.Cluster, program: Program, **options: Any) -> Any:
    given = {"duration": "1h"} | options
    return cluster.endpoint.submit(mp.Workload("train", {"cpus": 1, "gpus": 1}, **given), program=program)


def test_a_program_is_called_when_all_replicas_are_up_and_when_the_work_is_done() -> None:
    cluster = cluster_of(start_overhead="10s")
    program = Recorder(cluster.sim)
    handle = submit(cluster, program, replicas=3)
    cluster.sim.run(until="2h")
    assert program.work == Work("train", "", 0, ("node-0", "node-0", "node-1"), ("V100-16",) * 3, 0.0)
    assert program.calls == [
        (10.0, "up", "train/0"),
        (10.0, "up", "train/1"),
        (10.0, "up", "train/2"),
        (10.0, "started", 0, 0.0),
        (3610.0, "finished", 0),
        (3610.0, "down", "train/0"),
        (3610.0, "down", "train/1"),
        (3610.0, "down", "train/2"),
    ]
    assert handle.status.value == "succeeded"


def test_what_a_program_publishes_is_caused_by_its_workload() -> None:
    cluster = cluster_of()

    class Publishes(Program):
        def finished(self, work: Work) -> None:
            cluster.sim.emit("model:shop/churn@1", "artifact.published", source="test")

    submit(cluster, Publishes())
    cluster.sim.run()
    (published,) = cluster.sim.log.select(predicate="artifact.published")
    assert [event.predicate for event in cluster.sim.log.causes(published.id)] == ["workload.bound", "workload.submitted"]
    (finished,) = cluster.sim.log.select(predicate="workload.finished")
    assert finished.id > published.id


@pytest.mark.parametrize(("where", "when"), [("started", 0.0), ("finished", 3600.0)])
def test_a_program_that_raises_has_failed_and_says_so_in_its_log(where: str, when: float) -> None:
    cluster = cluster_of()
    program = Recorder(cluster.sim, fails_at=where)
    handle = submit(cluster, program, replicas=2)
    cluster.sim.run(until="2h")
    assert (handle.status.value, handle.reason) == ("failed", "ERROR")
    assert f"ValueError: {where} went wrong" in [line.text for line in cluster.endpoint.logs("train", 1).lines]
    (finished,) = cluster.sim.log.select(predicate="workload.finished")
    assert (finished.time, dict(finished.data)) == (when, {"outcome": "failure", "reason": "ERROR"})
    assert {event.data["outcome"] for event in cluster.sim.log.select(predicate="runtime.finished")} == {"failure"}
    assert (cluster.endpoint.state().free == cluster.endpoint.state().capacity).all()


def test_work_begins_when_what_the_program_waits_for_has_happened() -> None:
    cluster = cluster_of()
    sim = cluster.sim
    program = Recorder(sim, waits=lambda: sim.timeout("5m"))
    handle = submit(cluster, program)
    sim.run(until="4m")
    assert handle.status.value == "starting"
    sim.run(until="2h")
    assert [call for call in program.calls if call[1] in ("started", "finished")] == [(0.0, "started", 0, 0.0), (3900.0, "finished", 0)]


def test_what_the_program_waits_for_may_fail() -> None:
    cluster = cluster_of()
    sim = cluster.sim
    program = Recorder(sim, waits=sim.event)
    waited: list[Any] = []
    program.waits = lambda: waited.append(sim.event()) or waited[-1]
    handle = submit(cluster, program)
    sim.at("1m", lambda: waited[0].fail(OSError("no such data")))
    sim.run(until="2h")
    assert (handle.status.value, handle.reason) == ("failed", "ERROR")
    assert "OSError: no such data" in [line.text for line in cluster.endpoint.logs("train").lines]


def test_a_lost_node_stops_the_attempt_and_the_next_goes_on_from_what_was_saved() -> None:
    cluster = cluster_of()
    program = Recorder(cluster.sim)
    handle = submit(cluster, program, checkpoint="every 10m")
    cluster.sim.at("25m", cluster.hardware.crash, "node-0")
    cluster.sim.run(until="3h")
    seen = [call[1:] for call in program.calls]
    assert handle.status.value == "succeeded"
    assert seen == [
        ("up", "train/0"),
        ("started", 0, 0.0),
        ("down", "train/0"),
        ("saved", 1200.0),
        ("stopped", "NODE_LOST"),
        ("up", "train/0"),
        ("started", 1, 1200.0),
        ("finished", 1),
        ("down", "train/0"),
    ]
    down, stopped = program.calls[2][0], program.calls[4][0]
    assert down == 1500.0 < stopped <= 1550.0


def test_a_death_while_it_waits_is_the_end_of_waiting() -> None:
    cluster = cluster_of()
    sim = cluster.sim
    program = Recorder(sim, waits=lambda: sim.timeout("5m"))
    submit(cluster, program)
    sim.at("2m", cluster.hardware.crash, "node-0")
    sim.run(until="3h")
    seen = [call[1:] for call in program.calls if call[1] in ("started", "stopped", "finished")]
    assert seen == [("started", 0, 0.0), ("stopped", "NODE_LOST"), ("started", 1, 0.0), ("finished", 1)]
    times = {call[1:3]: call[0] for call in program.calls if call[1] in ("started", "finished")}
    assert times["finished", 1] == times["started", 1] + 300.0 + 3600.0


def test_checkpoints_over_the_network_are_told_as_they_are_complete() -> None:
    cluster = cluster_of(NETWORK)
    program = Recorder(cluster.sim)
    submit(cluster, program, checkpoint="every 20m size 1GiB to store")
    cluster.sim.run(until="3h")
    assert [call[1:] for call in program.calls if call[1] == "saved"] == [("saved", 1200.0), ("saved", 2400.0)]


def test_a_deleted_workload_stops_and_is_not_done() -> None:
    cluster = cluster_of()
    program = Recorder(cluster.sim)
    submit(cluster, program)
    cluster.sim.at("30m", cluster.endpoint.delete, "train")
    cluster.sim.run(until="3h")
    assert [call[1] for call in program.calls] == ["up", "started", "down", "stopped"]
    assert program.calls[-1] == (1800.0, "stopped", "DELETED")


def test_a_workload_that_never_started_calls_nothing() -> None:
    cluster = cluster_of()
    program = Recorder(cluster.sim)
    cluster.endpoint.submit(mp.Workload("other", {"cpus": 1, "gpus": 2}, replicas=4, duration="2h"))
    submit(cluster, program)
    cluster.sim.run(until="1h")
    cluster.endpoint.delete("train")
    cluster.sim.run(until="3h")
    assert program.calls == []


def test_a_preempted_gang_tells_why() -> None:
    cluster = cluster_of("1x2xV100", queue="priority")
    program = Recorder(cluster.sim)
    submit(cluster, program, replicas=2)
    urgent = mp.Workload("urgent", {"cpus": 1, "gpus": 2}, duration="10m", priority=5)
    cluster.sim.at("5m", cluster.endpoint.submit, urgent)
    cluster.sim.run(until="3h")
    seen = [(call[0], *call[1:]) for call in program.calls if call[1] in ("started", "stopped", "finished")]
    assert seen == [(0.0, "started", 0, 0.0), (300.0, "stopped", "PREEMPTED"), (900.0, "started", 1, 300.0), (4200.0, "finished", 1)]


def test_the_replicas_of_a_service_come_and_go_at_their_instants() -> None:
    cluster = cluster_of(NETWORK)
    program = Recorder(cluster.sim)
    service = mp.Workload("web", {"cpus": 12}, kind="service", replicas=2)
    cluster.endpoint.submit(service, program=program)
    cluster.sim.at("10m", cluster.hardware.crash, "n-0")
    cluster.sim.at("20m", cluster.endpoint.scale, "web", 1)
    cluster.sim.run(until="1h")
    ups = [(time, what, name) for time, what, name, *_ in program.calls if what in ("up", "down")]
    assert ups[:3] == [(0.0, "up", "web/0/0"), (0.0, "up", "web/1/0"), (600.0, "down", "web/0/0")]
    assert len(ups) == 5 and ups[3][1:] == ("up", "web/0/0") and 630.0 < ups[3][0] <= 700.0
    assert ups[4] == (1200.0, "down", "web/1/0")


def test_a_node_that_is_cut_off_and_comes_back_is_down_in_between() -> None:
    cluster = cluster_of(NETWORK)
    program = Recorder(cluster.sim)
    cluster.endpoint.submit(mp.Workload("web", {"cpus": 12}, kind="service", replicas=1), program=program)
    cluster.sim.at("10m", cluster.hardware.cut_off, "n-0")
    cluster.sim.at("10m 20s", cluster.hardware.restore, "n-0")
    cluster.sim.run(until="1h")
    assert [call for call in program.calls if call[1] in ("up", "down")] == [
        (0.0, "up", "web/0/0"),
        (600.0, "down", "web/0/0"),
        (620.0, "up", "web/0/0"),
    ]


def test_what_is_no_program_is_refused() -> None:
    cluster = cluster_of()
    with pytest.raises(OptionError, match="expected a Program"):
        cluster.endpoint.submit(mp.Workload("train", {"cpus": 1}, duration="1h"), program=print)  # type: ignore[arg-type]
    assert cluster.endpoint.list().names() == ()
