"""Checkpoints of a long job on a node that fails: Daly's model of the efficiency, and his optimum against the best simulated interval."""

from __future__ import annotations

import math
from functools import cache

import numba
import numpy as np
import pytest

from mlplat.hardware import ClusterSpec, FailureRate, Reliability
from mlplat.infra.checkpoints import CheckpointPolicy, daly, efficiency, young
from mlplat.infra.incidents import Detection
from mlplat.resources import ResourceRequest
from mlplat.runs.replay import replay
from mlplat.workload import JobTrace

from .replications import Floats, Replications, assert_theory, interval

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too long without compilation")

MTBF = 10_000.0
HORIZON = 3_000 * MTBF
GRID = np.geomspace(0.5, 2.0, 9)
"""Intervals that are tried, as parts of Daly's optimum."""

CASES = [(20.0, 60.0), (500.0, 300.0)]
"""Write and restart times: one far below the mean time between failures, and one for which Young's simpler optimum is no longer good."""


@cache
def simulated(write: float, restart: float) -> Replications[Floats]:
    """Float64[intervals] of each seed: the part of the time that is useful work, for one endless job on one node.

    All intervals of one seed meet the same failures. The node is up again a millisecond after each, and it is noticed at once: as in Daly's
    model, a failure costs the work since the last checkpoint and a restart, which may fail too.
    """
    spec = ClusterSpec.parse("1x1cpu")
    trace = JobTrace.build(submit=[0], duration=[np.inf], request=[0], requests=[ResourceRequest(cpus=1)])
    rates = Reliability(node=FailureRate(mtbf=MTBF, mttr=0.001, repair="fixed"))
    at_once = Detection(period=0, grace=0, damping=None)

    def run(seed: int) -> Floats:
        outages = rates.outages(spec, seed=seed, until=HORIZON)
        found = []
        for length in GRID * float(daly(write, MTBF)):
            saving = CheckpointPolicy(length, write_s=write, restart_s=restart)
            result = replay(spec, trace, failures=outages, checkpoint=saving, detection=at_once, until=HORIZON)
            found.append(result.attempts["saved_s"].sum() / HORIZON)
        return np.array(found)

    return Replications(run, first_seed=0)


@pytest.mark.parametrize(("write", "restart"), CASES)
def test_the_efficiency_of_every_interval_is_what_dalys_model_says(write: float, restart: float) -> None:
    theory = efficiency(GRID * daly(write, MTBF), write, restart, MTBF)
    for i, expected in enumerate(theory.tolist()):
        assert_theory(simulated(write, restart), lambda found, i=i: float(found[i]), expected, precision=0.005)  # type: ignore[misc]


@pytest.mark.parametrize(("write", "restart"), CASES)
def test_dalys_optimum_is_within_five_percent_of_the_best_simulated_interval(write: float, restart: float) -> None:
    found = simulated(write, restart).round(0)
    # Near its top the efficiency is a parabola in the logarithm of the interval, to third order; the top of each replication is one figure.
    tops = []
    for row in found:
        cubic = np.polynomial.Polynomial.fit(np.log(GRID), row, 3)
        fine = np.linspace(math.log(0.6), math.log(1.7), 20_001)
        tops.append(float(np.exp(fine[np.argmax(cubic(fine))])))
    best, half = interval(tops)  # as a part of Daly's optimum
    assert half < 0.05
    assert best - half > 0.95
    assert best + half < 1.05


@pytest.mark.parametrize(("write", "restart"), CASES)
def test_dalys_optimum_is_as_efficient_as_the_best_simulated_interval(write: float, restart: float) -> None:
    mean = np.mean(simulated(write, restart).round(0), axis=0)
    at_optimum = mean[len(GRID) // 2]
    assert at_optimum > 0.999 * mean.max()
    assert mean[0] < at_optimum > mean[-1]


def test_where_writing_takes_long_youngs_optimum_is_no_longer_within_five_percent() -> None:
    write, _ = CASES[1]
    assert float(young(write, MTBF)) > 1.1 * float(daly(write, MTBF))
