"""From a description to arrays: `ClusterSpec` -> `NodeTable`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from .node_table import NodeKind, NodeTable

if TYPE_CHECKING:
    import numpy.typing as npt

    from .accelerators import Accelerator
    from .cluster_spec import ClusterSpec


def expand(spec: ClusterSpec) -> NodeTable:
    """One row a node, groups in order. The arrays are read-only, since the table is shared by all who ask the spec for it."""
    import numpy as np

    counts = np.array([group.count for group in spec.groups], dtype=np.int64)

    def column(values: list[Any], dtype: type) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.repeat(np.array(values, dtype=dtype), counts)
        array.setflags(write=False)
        return array

    models: dict[str, Accelerator] = {}
    model_index = []
    for group in spec.groups:
        model = spec.accelerator_of(group)
        if model is not None:
            models.setdefault(model.name, model)
        model_index.append(-1 if model is None else list(models).index(model.name))
    kinds: dict[tuple[Any, ...], int] = {}
    kind_index = [kinds.setdefault((tuple(group.labels.items()), group.taints), len(kinds)) for group in spec.groups]
    layout = spec.rack_layout
    rack = np.concatenate([layout.of_nodes(g, group.count) for g, group in enumerate(spec.groups)])
    rack.setflags(write=False)
    return NodeTable(
        names=tuple(chain.from_iterable(group.names() for group in spec.groups)),
        cpu_milli=column([group.cpu_milli for group in spec.groups], np.int64),
        memory_mib=column([group.memory_mib for group in spec.groups], np.int64),
        disk_mib=column([group.disk_mib for group in spec.groups], np.int64),
        gpus=column([group.gpus for group in spec.groups], np.int32),
        model=column(model_index, np.int32),
        models=tuple(models.values()),
        mig=column([group.mig for group in spec.groups], np.bool_),
        rack=rack,
        racks=layout.names,
        group=column(list(range(len(spec.groups))), np.int32),
        price_per_hour=column([spec.node_price(group) for group in spec.groups], np.float64),
        groups=tuple(group.name for group in spec.groups),
        kind=column(kind_index, np.int32),
        kinds=tuple(NodeKind(dict(labels), taints) for labels, taints in kinds),
        pool=spec.pool,
    )
