"""The whole cluster as of one instant: of every node its capacity, what is bound and what is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...html_tables import table
from ...resources import DEVICE_MILLI, UNLIMITED
from ..allocations import capacity, held_amounts
from ..kernels.attempt_state import ABSENT, OFFLINE, SHUT
from ..kernels.state import CPU, STARTED

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from ..cluster import Cluster

DIMENSIONS = ("cpu_milli", "memory_mib", "disk_mib", "gpu_milli")


class Amounts(NamedTuple):
    """Of a node or of all: milli-cores, MiB, MiB, milli of devices."""

    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpu_milli: int


class Capacity(NamedTuple):
    """What a cluster has: the sums over the nodes that are there, when all of it works, and over what works and takes work now
    (`*_in_service`).
    """

    nodes: int
    nodes_in_service: int
    total: Amounts
    in_service: Amounts
    gpus_by_model: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Every node at one instant, in the order of `spec.nodes()`; read-only arrays int64[N, 4] with the columns of `Amounts`.

    A node that is not there has nothing. `capacity`: of what works; `failed`: of devices that do not, so that both together are what the
    node was bought with. `bound`: what workloads hold, from the record of every attempt; `free`: what the scheduler may still give.
    `free + bound = capacity`, always.
    `health`: `ready`, `cordoned`, `draining`, `unreachable` or `down`. `workloads`: how many there are of each status.
    """

    time: float
    names: tuple[str, ...]
    health: tuple[str, ...]
    capacity: npt.NDArray[np.int64]
    failed: npt.NDArray[np.int64]
    bound: npt.NDArray[np.int64]
    free: npt.NDArray[np.int64]
    workloads: Mapping[str, int]

    def total(self, of: str = "capacity") -> Amounts:
        """The sum over all nodes of `capacity`, `failed`, `bound` or `free`."""
        return Amounts(*getattr(self, of).sum(axis=0).tolist())

    def frame(self) -> pl.DataFrame:
        """A row a node: `node`, `health`, and for each dimension its capacity, what is bound and what is free."""
        import polars as pl

        columns = {
            f"{dimension}_{part}": getattr(self, part)[:, place]
            for place, dimension in enumerate(DIMENSIONS)
            for part in ("capacity", "bound", "free")
        }
        return pl.DataFrame({"node": self.names, "health": self.health} | columns)

    def __repr__(self) -> str:
        ready = sum(health == "ready" for health in self.health)
        counts = ", ".join(f"{count} {status}" for status, count in self.workloads.items()) or "no workloads"
        return f"ClusterState(at {self.time:g} s: {ready} of {len(self.names)} nodes ready, {counts})"

    def _repr_html_(self) -> str:
        rows = [
            (part, *("unlimited" if amount >= UNLIMITED else amount for amount in self.total(part)))
            for part in ("capacity", "failed", "bound", "free")
        ]
        return table(("", *DIMENSIONS), rows, lead=[repr(self)])


def free_amounts(cluster: Cluster) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what the scheduler may give of each node, whether or not it takes work now."""
    world = cluster.scheduler.run.world
    free = np.empty((len(cluster.nodes), len(DIMENSIONS)), dtype=np.int64)
    free[world.cluster.row_of] = world.nodes.free[:, : len(DIMENSIONS)]
    off = np.zeros(len(free), dtype=np.bool_)
    off[world.cluster.row_of] = (world.hardware.health & SHUT) != 0
    free[off, CPU] += OFFLINE
    return free


def bound_amounts(cluster: Cluster) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what is held on each node, summed over every attempt that has not given its room back."""
    world = cluster.scheduler.run.world
    bound = np.zeros((len(cluster.nodes), len(DIMENSIONS)), dtype=np.int64)
    attempt, node, amounts = held_amounts(world)
    holds = np.isnan(world.attempts.end[: int(world.count[STARTED])])[attempt]
    np.add.at(bound, node[holds], amounts[holds])
    return bound


def failed_amounts(cluster: Cluster) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what the scheduler knows to be broken."""
    world = cluster.scheduler.run.world
    failed = np.zeros((len(cluster.nodes), len(DIMENSIONS)), dtype=np.int64)
    failed[world.cluster.row_of, 3] = world.hardware.down.sum(axis=1) * DEVICE_MILLI
    return failed


def present(cluster: Cluster) -> npt.NDArray[np.bool_]:
    """bool[N]: the nodes that are there."""
    world = cluster.scheduler.run.world
    there = np.empty(len(cluster.nodes), dtype=np.bool_)
    there[world.cluster.row_of] = world.hardware.health & ABSENT == 0
    return there


def whole_capacity(cluster: Cluster) -> npt.NDArray[np.int64]:
    """int64[N, 4]: what each node has when all of it works."""
    return capacity(cluster.nodes)


def cluster_capacity(cluster: Cluster) -> Capacity:
    """The sums over all nodes that are there."""
    nodes, there = cluster.nodes, present(cluster)
    whole = whole_capacity(cluster)
    serving = np.array([cluster.scheduler.takes_work(node) for node in range(len(nodes))], dtype=np.bool_)
    working = (whole - failed_amounts(cluster))[serving].sum(axis=0)
    by_model = {model.name: int(nodes.gpus[there & (nodes.model == place)].sum()) for place, model in enumerate(nodes.models)}
    total = Amounts(*whole[there].sum(axis=0).tolist())
    return Capacity(int(there.sum()), int(serving.sum()), total, Amounts(*working.tolist()), by_model)


def frozen_array(array: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The array, which can be written to no more."""
    array.flags.writeable = False
    return array
