"""From the distinct requests of a trace to the arrays of the kernels (`Classes`), and the reasons why a request can never run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..resources import DEVICE_MILLI, ResourceRequest
from .kernels.state import (
    COUNT,
    CPU,
    DISK,
    GPU,
    KIND,
    MEMORY,
    MIG,
    MODEL,
    PROFILE,
    SHARE,
    STARTS,
    TAG,
    TYPE,
    UNLIKE,
    UNSELECTED,
    WHOLE,
    Classes,
    Cluster,
    Nodes,
    Reason,
)
from .splitting import accepted

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable


def mig_profiles(requests: Sequence[ResourceRequest]) -> list[str]:
    """The distinct MIG profiles asked for, in order of first use."""
    return list(dict.fromkeys(request.mig for request in requests if request.mig))


def class_arrays(requests: Sequence[ResourceRequest], nodes: NodeTable, profiles: Sequence[str]) -> Classes:
    """One row a request. Of the kinds of nodes there is one for each model, as if there were neither labels nor taints."""
    ask = np.zeros((len(requests), 8), dtype=np.int64)
    accepts = np.zeros((len(requests), len(nodes.models) + 1), dtype=np.bool_)
    by_models: dict[tuple[str, ...], npt.NDArray[np.bool_]] = {}
    for i, request in enumerate(requests):
        ask[i, CPU], ask[i, MEMORY], ask[i, DISK] = request.cpu_milli, request.memory_mib, request.disk_mib
        ask[i, GPU] = request.gpus * DEVICE_MILLI + request.gpu_milli
        ask[i, COUNT], ask[i, SHARE] = request.gpus, request.gpu_milli
        ask[i, PROFILE] = profiles.index(request.mig) if request.mig else -1
        if request.models not in by_models:
            by_models[request.models] = accepted(request, nodes)
        accepts[i] = by_models[request.models]
    ask[:, TAG] = _tags(requests)
    uses_device = np.array([request.uses_gpu for request in requests], dtype=np.bool_)
    return Classes(ask=ask, accepts=accepts, barred=np.where(uses_device[:, None] & ~accepts, UNLIKE, 0).astype(np.int8))


def _tags(requests: Sequence[ResourceRequest]) -> list[int]:
    """The tag of gpu-clustering for each request: -1 without GPU, else one number for each kind."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(tag_name(request), len(numbers)) if request.uses_gpu else -1 for request in requests]


def tag_name(request: ResourceRequest) -> str:
    """What gpu-clustering calls the kind of a request for devices."""
    return f"mig-{request.mig}" if request.mig else "share-gpu" if request.gpu_milli else f"{request.gpus}-gpu"


def node_types(nodes: Nodes, cluster: Cluster) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A node of each distinct capacity, int64[T], and how many nodes have it, int64[T]."""
    kind = nodes.free[:, TYPE]
    first = np.empty(len(cluster.capacity), dtype=np.int64)
    first[kind[::-1]] = np.arange(len(kind) - 1, -1, -1)
    return first, np.bincount(kind, minlength=len(first)).astype(np.int64)


def refusal(classes: Classes, cluster: Cluster, cls: int) -> Reason:
    """Why no empty node holds one replica of a class, by dimension (docs/scheduling.md, Events); where some would but for labels or
    taints, that.
    """
    ask, capacity = classes.ask[cls], cluster.capacity
    could = _could_hold(classes, cluster, cls)
    if could.any():
        selected = classes.barred[cls, capacity[:, KIND]] & UNSELECTED == 0
        return Reason.TAINT if (could & selected).any() else Reason.NODE_SELECTOR
    reason = Reason.NONE
    for dimension, flag in ((CPU, Reason.CPU), (MEMORY, Reason.MEMORY), (DISK, Reason.DISK)):
        if (capacity[:, dimension] < ask[dimension]).all():
            reason |= flag
    if ask[COUNT] or ask[SHARE] or ask[PROFILE] >= 0:
        model = capacity[:, MODEL]
        taken = classes.accepts[cls][model]
        if not taken.any():
            reason |= Reason.GPU_MODEL
        elif ask[PROFILE] >= 0:
            if not (taken & (capacity[:, MIG] == 1) & (cluster.mig[ask[PROFILE], model, STARTS] != 0)).any():
                reason |= Reason.MIG_PROFILE
        elif not (taken & (capacity[:, MIG] == 0) & (capacity[:, WHOLE] >= max(1, int(ask[COUNT])))).any():
            reason |= Reason.GPU_COUNT
    return reason or Reason.COMBINATION


def _could_hold(classes: Classes, cluster: Cluster, cls: int) -> npt.NDArray[np.bool_]:
    """bool[types]: whether an empty node of a type holds one replica of a class, barred or not."""
    ask, capacity = classes.ask[cls], cluster.capacity
    could = (capacity[:, [CPU, MEMORY, DISK]] >= ask[[CPU, MEMORY, DISK]]).all(axis=1)
    if ask[COUNT] or ask[SHARE] or ask[PROFILE] >= 0:
        model = capacity[:, MODEL]
        could &= classes.accepts[cls][model] & ((capacity[:, MIG] == 1) == (ask[PROFILE] >= 0))
        if ask[PROFILE] >= 0:
            could &= cluster.mig[ask[PROFILE], model, STARTS] != 0
        else:
            could &= capacity[:, WHOLE] >= max(1, int(ask[COUNT]))
    return np.asarray(could)
