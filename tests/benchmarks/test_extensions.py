"""The benchmark of policies of a user's own: on generated jobs too, they decide as the built-in ones that they imitate."""

from __future__ import annotations

import numba
import pytest

import mlplat as mp
from benchmarks.extensions import CLUSTER, PAIRS, jobs_of, measured


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="compiles functions of a user")
@pytest.mark.parametrize("name", list(PAIRS))
def test_each_pair_decides_the_same_on_generated_jobs(name: str) -> None:
    trace, source = jobs_of(None, 3000, seed=0)
    found = measured(mp.ClusterSpec.parse(CLUSTER), trace, 1, PAIRS[name])
    assert source == "synthetic" and {request.cpu_milli for request in trace.requests} == {0}
    assert found["same_result"] and found["engine_ratio"] > 0
