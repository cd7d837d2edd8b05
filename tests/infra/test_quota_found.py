"""Faults that runs under quotas once had."""

from __future__ import annotations

import numpy as np

import mlplat as mp
from mlplat.infra.placement import placement_policy
from mlplat.infra.queueing import queue_policy
from mlplat.infra.quotas import Quota
from mlplat.infra.world import build_run


def test_what_a_job_asked_for_is_kept_when_it_is_the_only_one() -> None:
    """It was a view of what it is placed with, if the trace had one job."""
    spec = mp.ClusterSpec.parse("2x4xT4")
    trace = mp.JobTrace.build(submit=[0.0], duration=[1.0], request=[0], requests=[mp.ResourceRequest(gpus=1)], groups=("a",))
    quotas = [Quota("a", flavors=("T4",))]
    run = build_run(spec.nodes(), trace, queue_policy("fifo"), placement_policy("best-fit"), quotas=quotas)
    assert not np.shares_memory(run.world.quotas.base, run.world.jobs.gang)
