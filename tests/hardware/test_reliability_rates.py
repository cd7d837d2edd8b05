"""How often hardware interrupts a job: from stated rates, and from outages seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlplat.hardware import LLAMA3, ClusterSpec, FailureRate, Outages, Reliability
from mlplat.hardware.interruption_rates import group_rates, job_mtbf
from mlplat.resources import ResourceRequest

NODE, DEVICE, RACK, FABRIC = (FailureRate(mtbf=mtbf, mttr=1) for mtbf in (1e6, 4e6, 1e7, 2e7))
EVERYTHING = Reliability(node=NODE, device=DEVICE, rack=RACK, fabric=FABRIC)
SPEC = ClusterSpec.uniform(nodes=16, cpus=64, gpus=8, gpu_model="H100", racks=4)


def mtbf(request: ResourceRequest, replicas: int, failures: Reliability | Outages = EVERYTHING, spec: ClusterSpec = SPEC) -> float:
    return float(job_mtbf(failures, spec, [request], [0], [replicas])[0])


@pytest.mark.parametrize(
    ("request_", "replicas", "nodes", "devices", "racks"),
    [
        (ResourceRequest(gpus=8), 1, 1, 8, 1),
        (ResourceRequest(gpus=8), 5, 5, 40, 2),
        (ResourceRequest(gpus=8), 16, 16, 128, 4),
        (ResourceRequest(gpus=8), 99, 99, 792, 4),
        (ResourceRequest(gpus=1), 9, 2, 9, 1),
        (ResourceRequest(gpus=3), 4, 2, 12, 1),
        (ResourceRequest(gpu_milli=500), 17, 2, 17, 1),
        (ResourceRequest(cpus=1), 1, 1, 0, 1),
        (ResourceRequest(cpus=16, gpus=1), 8, 2, 8, 1),
    ],
)
def test_the_rate_of_a_job_is_the_sum_over_what_it_uses(
    request_: ResourceRequest, replicas: int, nodes: int, devices: int, racks: int
) -> None:
    expected = nodes / 1e6 + devices / 4e6 + racks / 1e7 + 1 / 2e7
    assert mtbf(request_, replicas) == pytest.approx(1 / expected, rel=1e-12)


def test_only_groups_that_can_hold_a_replica_count_and_by_their_nodes() -> None:
    groups = [
        {"name": "old", "count": 30, "gpus": 2, "gpu_model": "T4", "reliability": {"node": {"mtbf": 2e6, "mttr": 1}}},
        {"name": "new", "count": 10, "gpus": 8, "gpu_model": "H100"},
        {"name": "cut", "count": 10, "gpus": 8, "gpu_model": "A100-40", "mig": True, "reliability": {"node": {"mtbf": 1e5, "mttr": 1}}},
    ]
    spec = ClusterSpec.model_validate({"groups": groups})
    failures = Reliability(node=NODE)
    assert mtbf(ResourceRequest(gpus=8), 1, failures, spec) == pytest.approx(1e6)
    assert mtbf(ResourceRequest(gpus=1), 1, failures, spec) == pytest.approx(40 / (30 / 2e6 + 10 / 1e6))
    assert mtbf(ResourceRequest(gpus=1, models="H100"), 1, failures, spec) == pytest.approx(1e6)
    assert mtbf(ResourceRequest(mig="3g.20gb"), 17, failures, spec) == pytest.approx(1e5 / 2)
    assert mtbf(ResourceRequest(gpus=9), 1, failures, spec) == math.inf


def test_without_failures_nothing_interrupts() -> None:
    assert mtbf(ResourceRequest(gpus=8), 16, Reliability()) == math.inf
    assert job_mtbf(EVERYTHING, SPEC, [], [], []).shape == (0,)
    assert mtbf(ResourceRequest(gpus=8), 16, Outages.build(start=[], end=[], node=[])) == math.inf


def test_equal_jobs_of_a_long_trace_are_reckoned_once() -> None:
    requests = [ResourceRequest(gpus=8), ResourceRequest(cpus=1)]
    which, replicas = np.arange(1_000_000) % 2, np.arange(1_000_000) % 7 + 1
    each = job_mtbf(EVERYTHING, SPEC, requests, which, replicas)
    for i in range(14):
        assert each[i] == mtbf(requests[which[i]], int(replicas[i]))


def test_rates_observed_in_drawn_outages_are_those_they_were_drawn_from() -> None:
    rates = {"node": FailureRate(mtbf="20d", mttr=60), "device": FailureRate(mtbf="60d", mttr=60)}
    reliability = Reliability(**rates, rack=FailureRate(mtbf="5d", mttr=60), fabric=FailureRate(mtbf="2d", mttr=60))
    outages = reliability.outages(SPEC, seed=2, until="2000d")
    stated, observed = group_rates(reliability, SPEC), group_rates(outages, SPEC)
    for name in stated._fields:
        assert getattr(observed, name) == pytest.approx(getattr(stated, name), rel=0.1), name


def test_the_llama_3_job_is_interrupted_every_three_hours() -> None:
    spec = ClusterSpec.uniform(nodes=2100, gpus=8, gpu_model="H100")
    assert mtbf(ResourceRequest(gpus=8), 2048, LLAMA3, spec) == pytest.approx(54 * 86400 / 419)
