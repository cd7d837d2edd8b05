"""Small clusters for the tests of the endpoint, and a digest of all that a refused call must leave alone."""

from __future__ import annotations

import hashlib
from typing import Any

import mlplat as mp
from mlplat.infra.cluster import Cluster


def cluster(nodes: str = "2x8xV100", *, seed: int = 7, **options: Any) -> Cluster:
    """A cluster without a monitor."""
    return mp.Cluster(mp.Simulation(seed=seed), mp.ClusterSpec.parse(nodes), **({"scrape_period": None} | options))


NETWORK: dict[str, Any] = {"topology": "leaf-spine", "external": [{"name": "browser", "latency": "20ms"}], "propagation_delay": "1s"}


def networked(*, seed: int = 7, network: dict[str, Any] | None = None, **options: Any) -> Cluster:
    """A cluster with a network, in which `web` (2 replicas) and `db` of zone shop and `train` of zone lab are ready."""
    spec = mp.ClusterSpec.uniform(nodes=4, cpus=8, network=NETWORK | (network or {}))
    of = mp.Cluster(mp.Simulation(seed=seed), spec, **({"scrape_period": None} | options))
    for name, zone, replicas in (("web", "shop", 2), ("db", "shop", 1), ("train", "lab", 1)):
        of.endpoint.submit(work(name, kind="service", replicas=replicas, zone=zone, labels={"app": name}))
    of.sim.run(until="5s")
    return of


def network_digest(of: Cluster) -> str:
    """`state_digest`, and what the network declares, resolves and decides."""
    assert of.network is not None
    services, traffic = of.network.services, of.network.traffic
    said: list[object] = [of.network.addresses.networks]
    said += [services.list(), traffic.policies.list(), traffic.ingress.list(), traffic.connections.counts()]
    said.append([(served.full_name, served.endpoints(), served.counts, served.pending) for served in services._declared])
    ways = [(a, b, str(of.network.can_reach(a, b))) for a in ("train/0/0", "browser") for b in ("web/0/0", "db/0/0")]
    return hashlib.sha256(repr((state_digest(of), said, ways)).encode()).hexdigest()


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
