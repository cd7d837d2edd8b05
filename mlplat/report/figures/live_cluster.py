"""The cluster of a simulation as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...infra.allocations import held_amounts
from ...infra.kernels.state import CPU, GPU, JOB, RECORDS
from ...timeline_view import clock_text
from .cluster_map import Record, cluster_map
from .texts import label

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ...infra.cluster import Cluster


def cluster_now(cluster: Cluster) -> go.Figure:
    """The floor plan of `cluster_at` for a live cluster at the instant of its simulation: racks, nodes, devices, and what workloads hold.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> cluster = mp.Cluster(sim, mp.ClusterSpec.parse("1x4xT4"))
    >>> _ = cluster.endpoint.submit(mp.Workload("train", {"cpus": 1, "gpus": 3}, duration="2h"))
    >>> sim.run(until="1h")
    >>> [held for held in cluster_now(cluster).data[0].z[0] if held is not None]
    [100.0, 100.0, 100.0, 0.0]
    """
    scheduler = cluster.scheduler
    world = scheduler.run.world
    attempt, node, amounts = held_amounts(world)
    jobs = world.log.records[: int(world.count[RECORDS]), JOB]
    records = []
    for i in np.flatnonzero(np.isnan(world.attempts.end[attempt])).tolist():
        job, here = int(jobs[i]), int(node[i])
        devices = next((held.devices for held in scheduler.held_by(job) if held.node == here), ())
        name = label(cluster.record_of(job).name)
        records.append(Record(here, tuple(devices), int(amounts[i, CPU]), int(amounts[i, GPU]), name))
    return cluster_map(cluster.spec, records, f"Cluster at {clock_text(cluster.sim.now)}")
