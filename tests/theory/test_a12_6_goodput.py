"""A-12.6: goodput at Daly's interval beats that at a quarter and four times of it; half and double are no better. Paired over seeds."""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
import numpy.typing as npt
import pytest

from mlplat.hardware import ClusterSpec, FailureRate, Reliability
from mlplat.infra.checkpoints import CheckpointPolicy, daly
from mlplat.infra.incidents import Detection
from mlplat.platform.training.intervals import normal_quantile
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

MTBF, WRITE, RESTART = 10_000.0, 120.0, 60.0
HORIZON = 40 * MTBF
SEEDS = 200
TIMES = (0.25, 0.5, 1.0, 2.0, 4.0)


@cache
def goodputs() -> npt.NDArray[np.float64]:
    """Float64[seeds, intervals]: useful over held device time of one endless job on one node; all intervals of a seed meet its failures."""
    spec = ClusterSpec.parse("1x1xV100")
    trace = JobTrace.build(submit=[0], duration=[np.inf], request=[0], requests=[ResourceRequest(cpus=1, gpus=1)])
    rates = Reliability(node=FailureRate(mtbf=MTBF, mttr=0.001, repair="fixed"))
    at_once = Detection(period=0, grace=0, damping=None)
    optimum = float(daly(WRITE, MTBF))
    found = np.empty((SEEDS, len(TIMES)))
    for seed in range(SEEDS):
        outages = rates.outages(spec, seed=seed, until=HORIZON)
        for place, times in enumerate(TIMES):
            saving = CheckpointPolicy(times * optimum, write_s=WRITE, restart_s=RESTART)
            result = replay(spec, trace, failures=outages, checkpoint=saving, detection=at_once, until=HORIZON)
            found[seed, place] = result.summary()["goodput"]
    return found


def gain(times: float) -> tuple[float, float]:
    """By how much the optimum is better than another interval: the mean over seeds, and its standard error."""
    difference = goodputs()[:, TIMES.index(1.0)] - goodputs()[:, TIMES.index(times)]
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(SEEDS))


@pytest.mark.parametrize("times", [0.25, 4.0])
def test_a12_6_a_quarter_and_four_times_the_optimal_interval_are_worse(times: float) -> None:
    mean, error = gain(times)
    assert mean - normal_quantile(0.9995) * error > 0.0


@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a12_6_half_and_double_the_optimal_interval_are_not_significantly_better(times: float) -> None:
    mean, error = gain(times)
    assert mean > -normal_quantile(0.975) * error
