"""Gangs whose last replica asks for something the others do not: such a gang can come to fit without a release."""

from __future__ import annotations

import pytest

from mlplat.hardware import ClusterSpec
from mlplat.infra.placement import Fgd
from mlplat.infra.queueing import JobView, QueuePolicy
from mlplat.resources import ResourceRequest
from mlplat.runs.fragmentation import fragmentation
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace


def test_easy_starts_the_head_when_the_room_of_its_last_replica_is_free() -> None:
    spec = ClusterSpec.uniform(nodes=1, cpus=3, gpus=1, gpu_model="T4")
    requests = [ResourceRequest(gpus=1), ResourceRequest(cpus=1), ResourceRequest(cpus=2)]
    trace = JobTrace.build(
        submit=[0, 0, 0], duration=[10, 5, 100], request=[0, 1, 2], last_request=[0, 0, 2], replicas=[1, 2, 1], requests=requests
    )
    assert replay(spec, trace, queue="easy", placement="first-fit").jobs["start_s"].to_list() == [0, 10, 0]


class FirstCome(QueuePolicy):
    """`best-effort-fifo` without patience, as a user would write it."""

    blocks = False

    def key(self, job: JobView) -> float:
        return job.submit_s


@pytest.mark.parametrize("queue", ["best-effort-fifo", "easy", FirstCome()], ids=["best-effort-fifo", "easy", "own"])
def test_a_gang_that_others_make_fit_is_not_passed_over(queue: str | QueuePolicy) -> None:
    requests = [
        ResourceRequest(memory_gib=90),
        ResourceRequest(cpus=1, memory_gib=20),
        ResourceRequest(cpus=1),
        ResourceRequest(memory_gib=75),
        ResourceRequest(cpus=4),
    ]
    trace = JobTrace.build(
        submit=[0, 0, 1, 1, 1, 2],
        duration=[50, 50, 5, 50, 5, 1],
        request=[0, 1, 2, 3, 2, 2],
        last_request=[0, 1, 4, 3, 4, 4],
        replicas=[1, 1, 2, 1, 2, 2],
        requests=requests,
    )
    spec = ClusterSpec.uniform(nodes=2, cpus=4, memory_gib=100)
    assert replay(spec, trace, queue=queue, placement="best-fit").jobs["start_s"].to_list() == [0, 0, 6, 1, 1, 11]


def test_typical_requests_are_counted_as_the_cluster_runs_them() -> None:
    """A job of six devices on nodes of four is a gang whose replicas ask for four: that is what FGD sees of it."""
    spec = ClusterSpec.parse("4x4xT4")
    wide = JobTrace.build(submit=[0], duration=[5], request=[0], requests=[ResourceRequest(gpus=6)], split="nodes")
    gang = JobTrace.build(submit=[0], duration=[5], request=[0], requests=[ResourceRequest(gpus=4)])
    probe = JobTrace.build(submit=[0], duration=[5], request=[0], requests=[ResourceRequest(gpu_milli=500)])
    as_wide = fragmentation(spec, probe, measure=Fgd(typical=wide))["fragment_milli"].to_list()
    assert as_wide == fragmentation(spec, probe, measure=Fgd(typical=gang))["fragment_milli"].to_list()
