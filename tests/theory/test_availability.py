"""Hardware that fails and is repaired works MTBF / (MTBF + MTTR) of the time, as seen by jobs that never end."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from mlplat.hardware import ClusterSpec, FailureRate, Reliability
from mlplat.infra.incidents import Detection
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.runs.result import Result
from mlplat.workload import JobTrace

from .replications import Replications, assert_theory, obeying_littles_law

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

HOURS, NODES, DEVICES = 3600.0, 10, 4
HORIZON = 20_000 * HOURS
AT_ONCE = Detection(period=0, grace=0, damping=None)


def running_part(result: Result) -> float:
    """The part of the time in which a job runs, over jobs and the last nine tenths of the run: everything is up when it begins."""
    first, span = 0.1 * HORIZON, 0.9 * HORIZON
    start, end = (result.attempts[name].to_numpy() for name in ("start_s", "end_s"))
    held = np.where(np.isnan(end), HORIZON, end).clip(first) - start.clip(first)
    return float(held.sum() / (span * len(result.trace)))


def endless_jobs(component: str, rate: FailureRate, first_seed: int) -> Replications[Result]:
    """One endless job for each component that can fail, on hardware of which nothing else does, and whose failures are noticed at once."""
    jobs, request = (NODES, ResourceRequest(gpus=DEVICES)) if component == "node" else (NODES * DEVICES, ResourceRequest(gpus=1))
    spec = ClusterSpec.uniform(nodes=NODES, gpus=DEVICES, gpu_model="T4")
    trace = JobTrace.build(submit=np.zeros(jobs), duration=np.full(jobs, np.inf), request=np.zeros(jobs), requests=[request])
    rates = Reliability(**{component: rate})

    def run(seed: int) -> Result:
        return obeying_littles_law(replay(spec, trace, failures=rates, detection=AT_ONCE, until=HORIZON, seed=seed))

    return Replications(run, first_seed)


@pytest.mark.parametrize("component", ["node", "device"])
@pytest.mark.parametrize(
    "rate",
    [
        FailureRate(mtbf="90h", mttr="10h"),
        FailureRate(mtbf="90h", mttr="10h", repair="fixed"),
        FailureRate(mtbf="60h", mttr="40h", distribution="weibull", shape=2.0),
    ],
    ids=["exponential", "fixed repair", "weibull"],
)
def test_jobs_run_as_long_as_the_availability_of_their_hardware_says(component: str, rate: FailureRate) -> None:
    assert_theory(endless_jobs(component, rate, 100), running_part, rate.availability, precision=0.01)


def test_the_number_of_nodes_that_work_is_binomial() -> None:
    # Looked at ten relaxation times apart, 90 h * 10 h / 100 h each, the numbers of nodes that work are as good as independent.
    rate = FailureRate(mtbf="90h", mttr="10h")
    part = rate.availability
    expected = NODES * part * (1 - part)

    def variance(result: Result) -> float:
        looked_at = np.arange(0.1 * HORIZON, HORIZON, 90 * HOURS)
        at = np.searchsorted(result.timeline["time_s"].to_numpy(), looked_at, side="right") - 1
        return float(((result.timeline["running"].to_numpy()[at] - NODES * part) ** 2).mean())

    assert_theory(endless_jobs("node", rate, 300), variance, expected, precision=0.1)
