"""How a job of one replica is spread over nodes (docs/scheduling.md, Gangs)."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra.splitting import split_jobs
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace, Split

CLUSTER = "3x4xV100+4x2xT4+2x64cpu"


def split(request: ResourceRequest, how: Split, cluster: str = CLUSTER, replicas: int = 1) -> list[ResourceRequest]:
    """What each replica of the job asks for, in order."""
    trace = JobTrace.build(submit=[0], duration=[1], request=[0], requests=[request], replicas=[replicas], split=how)
    gangs = split_jobs(trace, ClusterSpec.parse(cluster).nodes())
    assert len(gangs.request) == len(gangs.last_request) == len(gangs.replicas) == 1
    first, last = gangs.requests[gangs.request[0]], gangs.requests[gangs.last_request[0]]
    return [first] * (int(gangs.replicas[0]) - 1) + [last]


@pytest.mark.parametrize("how", ["never", "nodes", "cores"])
@pytest.mark.parametrize(
    "request_",
    [
        ResourceRequest(gpus=4, cpus=7),
        ResourceRequest(gpu_milli=300, cpus=9),
        ResourceRequest(mig="1g.5gb", cpus=3),
        ResourceRequest(cpus=1),
    ],
    ids=str,
)
def test_what_fits_one_node_is_left_alone(how: Split, request_: ResourceRequest) -> None:
    assert split(request_, how) == [request_]


@pytest.mark.parametrize(
    ("devices", "widths"), [(5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1]), (12, [4, 4, 4]), (100, [4] * 25), (4, [4])], ids=str
)
def test_a_job_wider_than_the_widest_node_becomes_whole_nodes_and_a_rest(devices: int, widths: list[int]) -> None:
    assert [part.gpus for part in split(ResourceRequest(gpus=devices), "nodes")] == widths


def test_other_amounts_are_dealt_out_in_proportion_to_the_devices_rounded_up() -> None:
    parts = split(ResourceRequest(gpus=11, cpu_milli=10_000, memory_mib=1100, disk_mib=12), "nodes")
    assert [part.cpu_milli for part in parts] == [3637, 3637, 2728]  # 10000 * 4 / 11, 10000 * 3 / 11
    assert [part.memory_mib for part in parts] == [400, 400, 300]
    assert [part.disk_mib for part in parts] == [5, 5, 4]


@pytest.mark.parametrize("devices", range(5, 40))
def test_parts_add_up_to_the_job_and_to_no_more_than_rounding(devices: int) -> None:
    request = ResourceRequest(gpus=devices, cpu_milli=7919, memory_mib=104_729, disk_mib=3)
    parts = split(request, "nodes")
    assert sum(part.gpus for part in parts) == devices
    for name in ("cpu_milli", "memory_mib", "disk_mib"):
        assert 0 <= sum(getattr(part, name) for part in parts) - getattr(request, name) < len(parts)


def test_the_width_is_that_of_the_nodes_the_job_accepts() -> None:
    parts = split(ResourceRequest(gpus=5, models="T4"), "nodes")
    assert [part.gpus for part in parts] == [2, 2, 1]
    assert {part.models for part in parts} == {("T4",)}
    assert [part.gpus for part in split(ResourceRequest(gpus=5, models="T4|V100"), "nodes")] == [4, 1]
    assert [part.gpus for part in split(ResourceRequest(gpus=5, models="H100"), "nodes")] == [5]  # refused later, with its reason


def test_cores_become_single_cores_with_their_part_of_memory_and_disk() -> None:
    parts = split(ResourceRequest(cpu_milli=2500, memory_mib=10, disk_mib=4), "cores")
    assert parts == [ResourceRequest(cpu_milli=1000, memory_mib=4, disk_mib=2)] * 3
    assert split(ResourceRequest(cpus=200), "cores") == [ResourceRequest(cpus=1)] * 200


@pytest.mark.parametrize(("how", "request_"), [("nodes", ResourceRequest(cpus=500)), ("cores", ResourceRequest(gpus=9, cpus=8))])
def test_each_way_of_splitting_leaves_the_other_kind_of_job_alone(how: Split, request_: ResourceRequest) -> None:
    assert split(request_, how) == [request_]


@pytest.mark.parametrize("how", ["nodes", "cores", "never"])
def test_gangs_and_jobs_on_a_pool_are_never_split(how: Split) -> None:
    wide = ResourceRequest(gpus=9, cpus=8)
    assert split(wide, how, replicas=2) == [wide, wide]
    assert split(wide, how, cluster="pool:16gpu") == [wide]
    assert split(ResourceRequest(cpus=8), how, cluster="pool:16cpu") == [ResourceRequest(cpus=8)]


def test_equal_parts_of_different_jobs_are_one_request() -> None:
    requests = [ResourceRequest(gpus=k) for k in (1, 4, 5, 8)]
    trace = JobTrace.build(submit=[0] * 4, duration=[1] * 4, request=range(4), requests=requests, split="nodes")
    gangs = split_jobs(trace, ClusterSpec.parse(CLUSTER).nodes())
    assert [gangs.requests[i].gpus for i in gangs.request] == [1, 4, 4, 4]
    assert gangs.last_request[0] == gangs.last_request[2] and gangs.request[1] == gangs.request[2] == gangs.last_request[3]
    assert gangs.replicas.tolist() == [1, 1, 2, 2]


def outcome(cluster: str, how: Split, *requests: ResourceRequest) -> list[tuple[Any, ...]]:
    trace = JobTrace.build(
        submit=[0] * len(requests), duration=[5] * len(requests), request=range(len(requests)), requests=requests, split=how
    )
    return replay(ClusterSpec.parse(cluster), trace).jobs.select("state", "start_s", "replicas", "reason").rows()


def test_what_is_split_runs_where_the_whole_could_not() -> None:
    wide = ResourceRequest(gpus=6, cpus=12)
    assert outcome("2x4xT4", "nodes", wide, wide) == [("completed", 0, 2, ""), ("completed", 5, 2, "")]
    assert outcome("2x4xT4", "never", wide, wide) == [("rejected", None, 1, "GPU_COUNT")] * 2
    assert outcome("2x4xT4", "nodes", ResourceRequest(gpus=9)) == [("rejected", None, 3, "GANG")]
    assert outcome("3x4cpu", "cores", ResourceRequest(cpus=11)) == [("completed", 0, 11, "")]
    assert outcome("3x4cpu", "cores", ResourceRequest(cpus=13)) == [("rejected", None, 13, "GANG")]
    assert outcome("3x4cpu", "never", ResourceRequest(cpus=11)) == [("rejected", None, 1, "CPU")]
