"""Queue policies of a user's own: in Python and compiled alike, on both clocks and a live cluster, and honest about what goes wrong."""

from __future__ import annotations

import math
from typing import Any

import numba
import pytest

import mlplat as mp
from mlplat.errors import OptionError
from mlplat.hardware import ClusterSpec
from mlplat.infra.queueing import BuiltInQueue, JobView, queue_policy
from mlplat.workload import JobTrace

from .cases import mixed

CLOCKS = ("replay", "simpy")


def smallest(job: Any) -> float:
    return job.all_gpu_milli + job.cpu_milli / 1e6 - 3.0 * job.group + math.sqrt(job.estimate_s)  # type: ignore[no-any-return]


class Smallest(mp.QueuePolicy):
    groups = ("b",)

    def __init__(self, blocks: bool = True) -> None:
        self.blocks = blocks

    def key(self, job: Any) -> float:
        return smallest(job)


def by_estimate(job: Any) -> float:
    return job.estimate_s  # type: ignore[no-any-return]


def cores(*durations: float, clock: str = "replay", queue: Any) -> list[float]:
    """When jobs of one core start, all submitted at 0 to one core."""
    n = len(durations)
    trace = JobTrace.build(submit=[0] * n, duration=list(durations), request=[0] * n, requests=[mp.ResourceRequest(cpus=1)])
    return mp.replay(ClusterSpec.parse("1x1cpu"), trace, queue=queue, clock=clock).jobs["start_s"].to_list()  # type: ignore[arg-type]


def test_a_compiled_key_orders_jobs_as_the_same_key_in_python_does_on_both_clocks() -> None:
    spec, trace = mixed(200)
    trace = trace.with_columns(group=[i % 2 for i in range(len(trace))], groups=("a", "b"))
    for blocks in (True, False):
        policies = (Smallest(blocks), mp.CompiledQueue(smallest, blocks=blocks, groups=("b",)))
        runs = [mp.replay(spec, trace, queue=queue, clock=clock) for queue in policies for clock in CLOCKS]  # type: ignore[arg-type]
        assert len({run.fingerprint for run in runs}) == 1
        assert runs[0].jobs["wait_s"].max() > 0  # type: ignore[operator]


def test_an_order_by_estimate_is_sjf_to_the_bit() -> None:
    spec, trace = mixed(200)
    runs = [mp.replay(spec, trace, queue=queue) for queue in ("sjf", mp.CompiledQueue(by_estimate))]
    assert len({run.fingerprint for run in runs}) == 1
    assert runs[1].queue == "by_estimate"
    assert (
        runs[1].explain(int(runs[0].jobs["wait_s"].arg_max() or 0)).text == runs[0].explain(int(runs[0].jobs["wait_s"].arg_max() or 0)).text
    )


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_view_shows_what_was_known_at_submission(clock: Any) -> None:
    seen = []

    class Watch(mp.QueuePolicy):
        groups = ("other", "team")

        def key(self, job: Any) -> float:
            seen.append(job)
            return 0.0

    trace = JobTrace.build(
        submit=[2.0, 3.0, 4.0],
        duration=[5.0, 1.0, 1.0],
        estimate=[9.0, 1.0, 1.0],
        request=[0, 1, 1],
        last_request=[0, 1, 0],
        replicas=[3, 1, 1],
        priority=[4, 0, 0],
        group=[0, 1, 1],
        groups=("team", "nobody"),
        requests=[mp.ResourceRequest(cpus=2, memory_gib=1, disk_gib=2, gpus=1), mp.ResourceRequest(gpu_milli=250)],
    )
    mp.replay(ClusterSpec.uniform(nodes=3, cpus=4, memory_gib=8, disk_gib=8, gpus=2, gpu_model="T4"), trace, queue=Watch(), clock=clock)
    assert seen == [
        JobView(2.0, 9.0, 4, 1, 3, 2000, 1024, 2048, 1, 0, 3000),
        JobView(3.0, 1.0, 0, -1, 1, 0, 0, 0, 0, 250, 250),
        JobView(4.0, 1.0, 0, -1, 1, 2000, 1024, 2048, 1, 0, 1000),  # a job of one replica is its last one
    ]
    assert {type(value) for job in seen for value in job} == {int, float}


@pytest.mark.parametrize("blocks", [True, False])
def test_a_live_cluster_takes_an_own_order_as_a_replay_does(blocks: bool) -> None:
    """Of jobs that wait together the shortest is next; one of them is deleted before its turn."""
    for queue in (Smallest(blocks), mp.CompiledQueue(smallest, blocks=blocks, groups=("b",))):
        sim = mp.Simulation(seed=1)
        cluster = mp.Cluster(sim, ClusterSpec.parse("1x1cpu"), queue=queue, scrape_period=None)
        durations = {"first": 100.0, "long": 50.0, "short": 10.0, "middle": 20.0, "shortest": 5.0}
        for name, duration in durations.items():
            cluster.endpoint.submit(mp.Workload(name, {"cpus": 1}, duration=duration))
            sim.run(until=sim.now + 1.0)
        position = {name: cluster.endpoint.explain(name).position for name in ("shortest", "short", "middle", "long")}
        assert list(position.values()) == [0, 1, 2, 3]
        cluster.endpoint.delete("middle")
        sim.run(until=1000.0)
        started = {name: cluster.workloads[name].started_s for name in ("first", "shortest", "short", "long")}
        assert list(started.values()) == [0.0, 100.0, 105.0, 115.0]


def test_a_key_may_depend_on_the_group_by_its_place_in_the_policy() -> None:
    sim = mp.Simulation(seed=1)
    cluster = mp.Cluster(sim, ClusterSpec.parse("1x1cpu"), queue=mp.CompiledQueue(by_group, groups=("urgent",)), scrape_period=None)
    for name, zone in (("a", "x"), ("b", "y"), ("c", "urgent")):
        cluster.endpoint.submit(mp.Workload(name, {"cpus": 1}, duration=10, zone=zone))
    sim.run(until=100.0)
    assert [cluster.workloads[name].started_s for name in "abc"] == [10.0, 20.0, 0.0]


def by_group(job: Any) -> float:
    return -job.group  # type: ignore[no-any-return]


def test_an_own_order_goes_with_quotas() -> None:
    spec, trace = mixed(100)
    zones = [mp.Quota(name, limit={"gpus": 64, "cpus": 1000}) for name in trace.groups if name] or [mp.Quota("all", groups=trace.groups)]
    runs = [mp.replay(spec, trace, queue=queue, zones=zones) for queue in ("sjf", mp.CompiledQueue(by_estimate))]
    assert len({run.fingerprint for run in runs}) == 1


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_key_that_is_not_a_number_is_an_option_error_that_names_the_job(compiled: bool, clock: Any) -> None:
    class Undefined(mp.QueuePolicy):
        name = "undefined"

        def key(self, job: Any) -> float:
            return undefined(job)

    with pytest.raises(OptionError, match=r"queue='undefined': the key is not a number \(NaN\) for job 1; expected a float"):
        cores(1, 3, 2, queue=mp.CompiledQueue(undefined) if compiled else Undefined(), clock=clock)


def undefined(job: Any) -> float:
    return math.nan if job.estimate_s > 2 else 1.0


@pytest.mark.parametrize("compiled", [False, True])
def test_what_a_key_raises_comes_out_of_the_run(compiled: bool) -> None:
    class Failing(mp.QueuePolicy):
        def key(self, job: Any) -> float:
            return fails(job)

    with pytest.raises(ZeroDivisionError):
        cores(1, 3, 2, queue=mp.CompiledQueue(fails) if compiled else Failing())


def fails(job: Any) -> float:
    return 1 / (job.estimate_s - 2)  # type: ignore[no-any-return]


def test_a_key_of_another_kind_is_an_option_error() -> None:
    class Words(mp.QueuePolicy):
        def key(self, job: Any) -> Any:
            return "soon"

    with pytest.raises(OptionError, match="queue='Words': the key is a str for job 0"):
        cores(1, queue=Words())


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_what_numba_cannot_compile_is_an_option_error_also_on_a_live_cluster() -> None:
    def reads_a_file(job: Any) -> float:
        return float(open("key.txt").read())  # noqa: PTH123

    with pytest.raises(OptionError, match="queue='reads_a_file': numba cannot compile it"):
        cores(1, queue=mp.CompiledQueue(reads_a_file))
    with pytest.raises(OptionError, match="queue='reads_a_file': numba cannot compile it"):
        mp.Cluster(mp.Simulation(), ClusterSpec.parse("1x1cpu"), queue=mp.CompiledQueue(reads_a_file))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: queue_policy(Smallest), r"expected an instance, Smallest\(\)"),
        (lambda: queue_policy(mp.QueuePolicy()), r"has no method key\(self, job\)"),
        (lambda: queue_policy(Smallest(), patience=3), "takes no options; found patience"),
        (lambda: mp.CompiledQueue(3), "expected a plain Python function"),  # type: ignore[arg-type]
        (lambda: mp.CompiledQueue(smallest, groups="team"), "expected the names of groups"),  # type: ignore[arg-type]
        (lambda: mp.CompiledQueue(smallest, groups=("a", "a")), "a group is there twice"),
        (lambda: mp.CompiledQueue(smallest, blocks="no"), "expected True or False"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_order_is_an_option_error(make: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make()


def test_the_manifest_says_which_code_ordered_the_jobs() -> None:
    spec, trace = mixed(10)
    mine, again, other, sjf = (
        mp.replay(spec, trace, queue=queue).manifest["queue_detail"]
        for queue in (Smallest(), Smallest(False), mp.CompiledQueue(by_estimate, groups=("x",)), "sjf")
    )
    assert mine == again != other and mine["groups"] == ["b"] and sjf == {}
    assert len(other["source_sha256"]) == 64 and other["groups"] == ["x"]


def test_the_built_in_policies_are_queue_policies_too() -> None:
    assert all(isinstance(policy, mp.QueuePolicy) and isinstance(policy, BuiltInQueue) for policy in mp.QUEUES.values())
    assert queue_policy("las", threshold=60).label() == "las(threshold=60)"
