"""A run in which jobs fail, are rejected and start again, with names that are to be shown and not obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mlplat as mp
from mlplat.runs.result import Result
from tests.platform.metadata.two_models import register_two_models

HOSTILE = (
    '<script>alert("1")</script>',
    "a\x1b[31mred\nline",
    '"]; click n0 href "javascript:x"',
    "x:y,z;#quot; %%{init}%%",
    "=1+1",
    "‮end",
)
SPEC = """
name: mixed
groups:
  - {name: v, count: 3, cpus: 32, memory: 256GiB, gpus: 4, gpu_model: V100, racks: 2}
  - {name: "c<b>", count: 1, cpus: 64, memory: 256GiB}
"""


@pytest.fixture(scope="session")
def run() -> Result:
    """Gangs, shares, processors only; a node that fails while jobs run there; a job that no node can hold; some that run at the end."""
    rng = np.random.default_rng(3)
    requests = [
        mp.ResourceRequest(cpus=2, gpus=1),
        mp.ResourceRequest(cpus=4, gpus=4),
        mp.ResourceRequest(cpus=1, gpu_milli=300),
        mp.ResourceRequest(cpus=8),
        mp.ResourceRequest(gpus=9),
    ]
    count = 120
    submit = np.sort(rng.uniform(0, 4000, count)).round(3)
    request = rng.integers(0, 4, count)
    request[7] = 4
    duration = rng.uniform(1, 900, count).round(3)
    duration[-1] = 50_000
    trace = mp.JobTrace.build(
        submit=submit,
        duration=duration,
        request=request,
        requests=requests,
        replicas=np.where(request == 1, 2, 1),
        group=np.arange(count) % len(HOSTILE),
        groups=list(HOSTILE),
        job_id=[f"{HOSTILE[i % len(HOSTILE)]}{i}" for i in range(count)],
    )
    spec = mp.ClusterSpec.from_yaml(SPEC)
    outages = mp.Outages.build(start=[1000.0, 2500.0], end=[1600.0, 2600.0], node=[0, 1])
    return mp.replay(spec, trace, queue="easy", failures=outages, until=6000, seed=1)


@pytest.fixture(scope="session")
def run_folder(run: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, saved."""
    folder = tmp_path_factory.mktemp("run")
    run.save(folder)
    return folder


@pytest.fixture(scope="session")
def simulation() -> Iterator[mp.Simulation]:
    """A live cluster on which a node fails and workloads move."""
    sim = mp.Simulation(seed=3)
    cluster = mp.Cluster(sim, mp.ClusterSpec.from_yaml(SPEC))
    for i in range(12):
        workload = mp.Workload(f"train-{i}", {"cpus": 2, "gpus": 2}, duration="20m", replicas=1 + i % 2)
        sim.at(i * 30, cluster.endpoint.submit, workload)
    sim.at(600, cluster.hardware.crash, "v-0")
    sim.at(3000, cluster.hardware.restore, "v-0")
    for name in HOSTILE:
        sim.emit(f"thing:{name}", "thing.failed", source=name, data={"what": name})
    sim.run(until="3h")
    yield sim


@pytest.fixture(scope="session")
def platform_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with a model of code, data and an image, and one of which nothing is known."""
    path = tmp_path_factory.mktemp("platform") / "store"
    with mp.Platform.open(path) as platform:
        register_two_models(platform)
    return path
