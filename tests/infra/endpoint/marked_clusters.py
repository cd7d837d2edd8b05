"""A cluster whose nodes have labels and taints, and work that selects and tolerates them."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.infra.cluster import Cluster

SPEC = """
groups:
- {name: fast, count: 2, cpus: 8, memory: 32GiB, racks: [r1, r2], labels: {disk: ssd, tier: a}}
- {name: slow, count: 2, cpus: 8, memory: 32GiB, labels: {disk: hdd}}
- {name: gpu, count: 2, cpus: 8, memory: 32GiB, gpus: 4, gpu_model: V100, taints: ["dedicated=training:NoSchedule"]}
"""
TRAINING = [{"key": "dedicated", "value": "training"}]


def cluster(text: str = SPEC, **options: Any) -> Cluster:
    return mp.Cluster(
        mp.Simulation(seed=7), mp.ClusterSpec.from_yaml(text), **({"scrape_period": None, "queue": "best-effort-fifo"} | options)
    )


def node_of(of: Cluster, name: str) -> str | None:
    return of.endpoint.describe(name).parts[0].node


def submit(of: Cluster, name: str, selector: dict[str, str] | None = None, tolerations: Any = (), **more: Any) -> None:
    fields = {"duration": "1h", **more}
    request = fields.pop("request", {"cpus": 8})
    of.endpoint.submit(mp.Workload(name, request, node_selector=selector or {}, tolerations=tolerations, **fields))
