"""Small inputs with everything in them:

gangs, shares, MIG instances, whole devices, jobs without device, jobs that never fit or never end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplat.hardware import ClusterSpec
from mlplat.resources import ResourceRequest
from mlplat.workload import JobTrace

MIXED_CLUSTER = """
name: mixed
groups:
- {name: v, count: 3, cpus: 16, memory: 64GiB, disk: 100GiB, gpus: 4, gpu_model: V100}
- {name: t, count: 2, cpus: 8, memory: 32GiB, disk: 100GiB, gpus: 2, gpu_model: T4}
- {name: m, count: 2, cpus: 16, memory: 64GiB, disk: 100GiB, gpus: 2, gpu_model: A100-40, mig: true}
- {name: c, count: 2, cpus: 32, memory: 128GiB, disk: 500GiB}
"""

REQUESTS = (
    ResourceRequest(cpus=2, memory_gib=8, gpus=1),
    ResourceRequest(cpus=4, memory_gib=8, gpus=4),
    ResourceRequest(cpus=1, memory_gib=2, gpu_milli=300),
    ResourceRequest(cpus=1, memory_gib=2, gpu_milli=700, models="T4"),
    ResourceRequest(cpus=2, memory_gib=4, mig="3g.20gb"),
    ResourceRequest(cpus=1, memory_gib=1, mig="1g.5gb"),
    ResourceRequest(cpus=8, memory_gib=16, disk_gib=20),
    ResourceRequest(cpus=500),
)


def mixed(jobs: int = 400, seed: int = 3, **columns: Any) -> tuple[ClusterSpec, JobTrace]:
    """A busy cluster of four kinds of nodes, whole seconds so that many events fall on one instant, some durations of zero and some
    without end.
    """
    draws = np.random.default_rng(seed)
    duration = draws.integers(0, 120, jobs).astype(float)
    duration[draws.random(jobs) < 0.005] = math.inf
    trace = JobTrace.build(
        submit=np.cumsum(draws.integers(0, 4, jobs)),
        duration=duration,
        request=draws.integers(0, len(REQUESTS), jobs),
        replicas=np.where(draws.random(jobs) < 0.2, draws.integers(2, 5, jobs), 1),
        requests=REQUESTS,
        group=draws.integers(0, 3, jobs),
        groups=("vision", "speech", "ads"),
        job_id=np.array([f"job-{i:04d}" for i in range(jobs)]),
    )
    return ClusterSpec.from_yaml(MIXED_CLUSTER), trace.with_columns(**columns) if columns else trace


def cores(rows: list[tuple[float, float, int]], estimate: list[float] | None = None) -> JobTrace:
    """Jobs of (submit, duration, cores)."""
    return JobTrace.build(
        submit=[row[0] for row in rows],
        duration=[row[1] for row in rows],
        estimate=estimate,
        request=list(range(len(rows))),
        requests=[ResourceRequest(cpus=row[2]) for row in rows],
    )
