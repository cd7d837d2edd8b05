"""Small clusters for the tests of the endpoint, and a digest of all that a refused call must leave alone."""

from __future__ import annotations

import hashlib
from typing import Any

import mlplat as mp
from mlplat.infra.cluster import Cluster


def cluster(nodes: str = "2x8xV100", *, seed: int = 7, **options: Any) -> Cluster:
    """A cluster without a monitor."""
    return mp.Cluster(mp.Simulation(seed=seed), mp.ClusterSpec.parse(nodes), **({"scrape_period": None} | options))


def work(name: str, *, gpus: int = 0, cpus: float = 1, memory_gib: float = 0, **fields: Any) -> mp.Workload:
    """A workload of one replica, for an hour unless it is a service."""
    if fields.get("kind") != "service":
        fields.setdefault("duration", "1h")
    return mp.Workload(name, mp.ResourceRequest(cpus=cpus, gpus=gpus, memory_gib=memory_gib), **fields)


def state_digest(of: Cluster) -> str:
    """SHA-256 of the scheduler's arrays, the workloads and what the watcher and the virtualization know; not of the log."""
    digest = hashlib.sha256()
    world = of.scheduler.run.world
    for part in (world.nodes, world.hardware, world.groups, world.log[:3], world.waiting, (world.count, world.trees.clock)):
        for array in part:
            digest.update(array.tobytes())
    said = [(r.name, r.status, r.reason, r.attempts, r.submitted_s, r.job, len(r.environments)) for r in of.workloads.values()]
    health = [of.watcher.health(node) for node in range(len(of.nodes))]
    running = [of.virtualization.running_on(node) for node in range(len(of.nodes))]
    digest.update(repr((said, health, running, of.sim.env.peek(), of.scheduler.settling.incidents)).encode())
    return digest.hexdigest()
