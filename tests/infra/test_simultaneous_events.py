"""What happens to work that is done at the very instant at which its hardware fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mlplat as mp
from mlplat.infra.virtualization import Reason

CALLS: dict[str, Callable[[mp.Cluster], object]] = {
    "crash": lambda cluster: cluster.hardware.crash(0),
    "device": lambda cluster: cluster.hardware.fail_device(0, 0),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", [99.0, 100.0])
@pytest.mark.parametrize("events", ["all", "brief"])
def test_work_that_is_done_when_its_hardware_fails_is_done_and_so_are_its_environments(call: str, when: float, events: str) -> None:
    sim = mp.Simulation()
    spec = mp.ClusterSpec.parse("2x8xV100")
    cluster = mp.Cluster(sim, spec, detection=mp.Detection(0, 0), scrape_period=None, events=events)  # type: ignore[arg-type]
    handle = cluster.endpoint.submit(mp.Workload("train", {"gpus": 8}, replicas=2, duration=100.0))
    sim.at(when, CALLS[call], cluster)
    sim.run(until=when)
    environments = cluster.workloads["train"].environments
    if when < 100:
        assert handle.status.value == "running" or handle.reason in ("NODE_LOST", "DEVICE_FAILED")
    else:
        assert handle.status.value == "succeeded"
        assert [environment.reason for environment in environments] == [Reason.COMPLETED] * 2
    assert sim.log.check() == []
