"""Jobs wider than a node as gangs: what `JobTrace.split` means on a given cluster (docs/scheduling.md, Gangs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..hardware.accelerators import resolve_model
from ..resources import ResourceRequest
from .node_selection import takes_anything

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable
    from ..workload import JobTrace


class Gangs(NamedTuple):
    """The jobs of a trace as the cluster runs them.

    `requests`: the distinct requests of one replica. `request`, `last_request`: int32[N], index into them. `replicas`: int32[N].
    """

    requests: tuple[ResourceRequest, ...]
    request: npt.NDArray[np.int32]
    last_request: npt.NDArray[np.int32]
    replicas: npt.NDArray[np.int32]


def accepted(request: ResourceRequest, nodes: NodeTable) -> npt.NDArray[np.bool_]:
    """bool[models + 1]: whether the request accepts each accelerator model of the cluster; the last entry, no device, is False."""
    wanted = {*request.models, *(resolve_model(name) for name in request.models)}
    return np.array([not wanted or model.name in wanted for model in nodes.models] + [False], dtype=np.bool_)


def split_jobs(trace: JobTrace, nodes: NodeTable) -> Gangs:
    """The gangs that the trace's jobs become on these nodes. Jobs that are gangs already are left as they are."""
    if trace.split == "never" or nodes.pool or not len(trace):
        return Gangs(trace.requests, trace.request, trace.last_request, trace.replicas)
    table: dict[ResourceRequest, int] = {request: i for i, request in enumerate(trace.requests)}
    first, last, count = np.arange(len(table), dtype=np.int32), np.arange(len(table), dtype=np.int32), np.ones(len(table), dtype=np.int32)
    for i, request in enumerate(trace.requests):
        part, rest, count[i] = _parts(request, nodes) if trace.split == "nodes" else _cores(request)
        first[i], last[i] = table.setdefault(part, len(table)), table.setdefault(rest, len(table))
    single = trace.replicas == 1
    return Gangs(
        tuple(table),
        np.where(single, first[trace.request], trace.request),
        np.where(single, last[trace.last_request], trace.last_request),
        np.where(single, count[trace.last_request], trace.replicas),
    )


def _parts(request: ResourceRequest, nodes: NodeTable) -> tuple[ResourceRequest, ResourceRequest, int]:
    """What a replica and the last replica ask for, and their number, where a request is wider than the widest node it may be on."""
    open_to_it = accepted(request, nodes)[nodes.model] & ~nodes.mig & takes_anything(nodes) if request.gpus else False
    width = int(np.max(np.where(open_to_it, nodes.gpus, 0)))
    if width == 0 or request.gpus <= width:
        return request, request, 1
    replicas = -(-request.gpus // width)
    return _portion(request, width), _portion(request, request.gpus - width * (replicas - 1)), replicas


def _portion(request: ResourceRequest, gpus: int) -> ResourceRequest:
    """The part of a request that goes with so many of its devices."""
    amounts = {name: -(-getattr(request, name) * gpus // request.gpus) for name in ("cpu_milli", "memory_mib", "disk_mib")}
    return ResourceRequest(gpus=gpus, models=request.models, **amounts)


def _cores(request: ResourceRequest) -> tuple[ResourceRequest, ResourceRequest, int]:
    """One-core replicas of a request without devices."""
    if request.uses_gpu or request.cpu_milli <= 1000:
        return request, request, 1
    cores = -(-request.cpu_milli // 1000)
    one = ResourceRequest(cpu_milli=1000, memory_mib=-(-request.memory_mib // cores), disk_mib=-(-request.disk_mib // cores))
    return one, one, cores
