"""Nodes as an administrator sees and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..allocations import held_amounts
from ..kernels.state import STARTED
from ..node_marks import NodeMarks
from ..node_membership import NodeMembership
from .cluster_state import ClusterState, bound_amounts, failed_amounts, free_amounts, frozen_array, present, whole_capacity
from .descriptions import NodeDescription

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..cluster import Cluster


class NodeManagement:
    """Cordons and drains through the watcher, whose orders take effect when their instant is settled; it tells of them at once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._marks, self._membership = NodeMarks(cluster), NodeMembership(cluster)

    def cordon(self, node: str, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.cordon`."""
        row = self._row(node)
        self._cluster.watcher.cordon(row, actor=actor)
        return self.describe(row)

    def drain(self, node: str, grace: float, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.drain`."""
        row = self._row(node)
        self._cluster.watcher.drain(row, grace, actor=actor)
        return self.describe(row)

    def uncordon(self, node: str, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.uncordon`."""
        row = self._row(node)
        self._cluster.watcher.uncordon(row, actor=actor)
        return self.describe(row)

    def label(self, node: str, labels: Mapping[str, str | None], actor: str) -> NodeDescription:
        """See `ManagementEndpoint.label`."""
        row = self._row(node)
        self._marks.label(row, labels, actor)
        return self.describe(row)

    def taint(self, node: str, key: str, value: str, effect: str, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.taint`."""
        row = self._row(node)
        self._marks.taint(row, key, value, effect, actor)
        return self.describe(row)

    def untaint(self, node: str, key: str, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.untaint`."""
        row = self._row(node)
        self._marks.untaint(row, key, actor)
        return self.describe(row)

    def add(self, group: str, actor: str) -> str:
        """See `ManagementEndpoint.add_node`."""
        return self._cluster.nodes.names[self._membership.add(group, actor)]

    def remove(self, node: str, grace: float, actor: str) -> NodeDescription:
        """See `ManagementEndpoint.remove_node`."""
        row = self._row(node)
        self._membership.remove(row, grace, actor)
        return self.describe(row)

    def health(self, row: int) -> str:
        """What is known of a node, orders of this instant included."""
        return str(self._cluster.watcher.health(row))

    def describe(self, node: str | int) -> NodeDescription:
        """See `ManagementEndpoint.describe_node`."""
        cluster, row = self._cluster, self._row(node)
        failed = failed_amounts(cluster)
        parts = (whole_capacity(cluster) - failed, bound_amounts(cluster), free_amounts(cluster))
        cpu, memory, disk, gpu = ((int(parts[0][row, d]), int(parts[1][row, d]), int(parts[2][row, d])) for d in range(4))
        return NodeDescription(
            name=cluster.nodes.names[row],
            health=self.health(row),
            model=cluster.nodes.models[cluster.nodes.model[row]].name if cluster.nodes.gpus[row] else None,
            cpu_milli=cpu,
            memory_mib=memory,
            disk_mib=disk,
            gpu_milli=gpu,
            failed_devices=cluster.hardware.broken_devices(row),
            workloads=tuple(self._names_on(row)),
            labels=MappingProxyType(self._marks.labels(row)),
            taints=tuple(map(str, self._marks.taints(row))),
        )

    def state(self, statuses: Mapping[str, int]) -> ClusterState:
        """See `ManagementEndpoint.state`."""
        cluster = self._cluster
        there = present(cluster)[:, None]
        failed = failed_amounts(cluster) * there
        return ClusterState(
            time=cluster.sim.now,
            names=cluster.nodes.names,
            health=tuple(self.health(row) for row in range(len(cluster.nodes))),
            capacity=frozen_array(whole_capacity(cluster) * there - failed),
            failed=frozen_array(failed),
            bound=frozen_array(bound_amounts(cluster)),
            free=frozen_array(free_amounts(cluster) * there),
            workloads=MappingProxyType(dict(statuses)),
        )

    def _row(self, node: str | int) -> int:
        return self._cluster.hardware.row(node)

    def _names_on(self, row: int) -> list[str]:
        """The jobs that hold room on a node, in order of start."""
        jobs = set(_jobs_on(self._cluster, row).tolist())
        return [record.name for record in self._cluster.workloads.values() if record.job in jobs] if jobs else []


def _jobs_on(cluster: Cluster, row: int) -> npt.NDArray[np.int32]:
    """The numbers of the jobs whose attempt has not given its room on a node back."""
    world = cluster.scheduler.run.world
    attempt, node, _ = held_amounts(world)
    started = int(world.count[STARTED])
    there = np.unique(attempt[(node == row) & np.isnan(world.attempts.end[:started])[attempt]])
    return np.asarray(world.log.order[:started][there])
