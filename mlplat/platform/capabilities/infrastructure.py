"""The parts below a platform, looked at through the Management Endpoint and the description of the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .table import Mark, marks

if TYPE_CHECKING:
    from ...infra.cluster import Cluster


def hardware(cluster: Cluster) -> Iterator[tuple[str, Mapping[str, Mark]]]:
    """The devices that a cluster has, each kind with what it does."""
    capacity = cluster.endpoint.capacity().total
    spec = cluster.spec
    if capacity.cpu_milli:
        yield "CPU", marks("R1")
    if capacity.memory_mib:
        yield "RAM", marks("R1")
    if capacity.gpu_milli:
        yield "Accelerators", marks("R2")
    if capacity.disk_mib or spec.storage:
        yield "Storage", marks("R3")
    if spec.network is not None:
        yield "Network devices", marks("R3")
    if any(group.racks for group in spec.groups):
        yield "Racks and failure domains", marks("s1 s2 s3 s4")


def infrastructure(cluster: Cluster) -> Iterator[tuple[str, Mapping[str, Mark]]]:
    """What makes one cluster of them."""
    yield "Cluster", marks("s1 s2 R3 R4")
    yield "Node", marks("s1 s2 s3 R4")
    yield "Virtualization", marks("s4 R5 s17")
    yield "Resource Scheduler", marks("s2 R4 s5 s17")
    if cluster.scrape_period is not None:
        yield "Monitoring Component", marks("R4")
    yield "Cluster State Watcher", marks("R4 s14")
    if cluster.network is not None:
        yield "Network Manager", marks("R3 R5")
    yield "Management Endpoint", marks("s3 R4 s5 s14")
