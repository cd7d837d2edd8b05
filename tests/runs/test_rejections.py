"""Why jobs are refused: each dimension by itself, several together, gangs, and the one attempt of a loss system."""

from __future__ import annotations

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace

CLUSTER = ClusterSpec.from_yaml(
    """
groups:
- {name: v, count: 2, cpus: 16, memory: 64GiB, disk: 10GiB, gpus: 4, gpu_model: V100}
- {name: m, count: 1, cpus: 8, memory: 32GiB, disk: 10GiB, gpus: 1, gpu_model: A100-40, mig: true}
- {name: c, count: 1, cpus: 64, memory: 16GiB, disk: 10GiB}
"""
)

REFUSED = {
    "CPU": ResourceRequest(cpus=65),
    "MEMORY": ResourceRequest(memory_gib=65),
    "DISK": ResourceRequest(disk_gib=11),
    "GPU_COUNT": ResourceRequest(gpus=5),
    "GPU_MODEL": ResourceRequest(gpus=1, models="H100"),
    "MIG_PROFILE": ResourceRequest(mig="7g.80gb"),
    "COMBINATION": ResourceRequest(cpus=32, gpus=1),
    "CPU|MEMORY": ResourceRequest(cpus=65, memory_gib=65),
    "CPU|MEMORY|DISK|GPU_COUNT": ResourceRequest(cpus=65, memory_gib=65, disk_gib=11, gpus=8),
    "MEMORY|GPU_MODEL": ResourceRequest(memory_gib=65, gpu_milli=500, models="T4"),
}


def outcome(request: ResourceRequest, replicas: int = 1, queue: str = "fifo") -> tuple[str, str]:
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[request], replicas=[replicas])
    row = replay(CLUSTER, trace, queue=queue).jobs.row(0, named=True)
    return row["state"], row["reason"]


@pytest.mark.parametrize("reason", REFUSED)
def test_each_reason_is_named(reason: str) -> None:
    assert outcome(REFUSED[reason]) == ("rejected", reason)


@pytest.mark.parametrize(
    ("request_", "replicas", "expected"),
    [
        (ResourceRequest(gpus=4), 2, ("completed", "")),
        (ResourceRequest(gpus=4), 3, ("rejected", "GANG")),
        (ResourceRequest(gpus=3), 3, ("rejected", "GANG")),  # nine devices are there, but not in threes
        (ResourceRequest(mig="3g.20gb"), 2, ("completed", "")),
        (ResourceRequest(mig="3g.20gb"), 3, ("rejected", "GANG")),
        (ResourceRequest(mig="4g.20gb"), 2, ("rejected", "GANG")),  # seven slices would do for neither start
        (ResourceRequest(gpu_milli=600), 8, ("completed", "")),
        (ResourceRequest(gpu_milli=600), 9, ("rejected", "GANG")),
        (ResourceRequest(cpus=65), 2, ("rejected", "CPU")),
    ],
)
def test_a_gang_is_refused_if_the_empty_cluster_cannot_hold_it(request_: ResourceRequest, replicas: int, expected: tuple[str, str]) -> None:
    assert outcome(request_, replicas) == expected


@pytest.mark.parametrize("queue", ["fifo", "best-effort-fifo", "sjf", "easy", "loss"])
def test_a_refused_job_delays_nobody(queue: str) -> None:
    trace = JobTrace.build(
        submit=[0, 0, 1], duration=[5, 5, 5], request=[0, 1, 1], requests=[ResourceRequest(gpus=5), ResourceRequest(gpus=1)]
    )
    result = replay(CLUSTER, trace, queue=queue)
    assert result.jobs["state"].to_list() == ["rejected", "completed", "completed"]
    assert result.jobs["start_s"].to_list() == [None, 0, 1]
    assert result.summary()["rejected"] == 1


def test_a_loss_system_says_there_was_no_room() -> None:
    trace = JobTrace.build(submit=[0, 1, 2, 10], duration=[10] * 4, request=[0, 0, 0, 0], requests=[ResourceRequest(gpus=4)])
    result = replay(CLUSTER, trace, queue="loss")
    assert result.jobs.select("state", "reason").rows() == [("completed", ""), ("completed", ""), ("lost", "NO_ROOM"), ("completed", "")]
    assert result.summary()["rejected"] == 1
    assert result.events["event"].to_list().count("lost") == 1


def test_shares_and_partitioned_devices_do_not_mix() -> None:
    only_mig = ClusterSpec.from_yaml("groups: [{name: m, count: 1, cpus: 8, memory: 32GiB, gpus: 1, gpu_model: A100-40, mig: true}]")
    for request in (ResourceRequest(gpus=1), ResourceRequest(gpu_milli=10)):
        trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[request])
        assert replay(only_mig, trace).jobs["reason"].to_list() == ["GPU_COUNT"]
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[ResourceRequest(mig="1g.5gb")])
    assert replay(ClusterSpec.parse("2x4xV100"), trace).jobs["reason"].to_list() == ["MIG_PROFILE"]
