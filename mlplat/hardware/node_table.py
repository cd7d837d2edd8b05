"""The nodes of a cluster as arrays, one row a node: what the scheduler kernels read. Made by `ClusterSpec.nodes()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .accelerators import Accelerator
    from .node_group import Taint


class NodeKind(NamedTuple):
    """The labels and taints that nodes have in common, as their group states them.

    >>> NodeKind(labels={"tier": "test"}, taints=()).labels["tier"]
    'test'
    """

    labels: Mapping[str, str]
    taints: tuple[Taint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NodeTable:
    """Capacities of N nodes. A node has devices of one model only.

    `cpu_milli`, `memory_mib`, `disk_mib`: int64[N] (`resources.UNLIMITED` where a pool has no limit). `gpus`: int32[N] devices.
    `model`: int32[N], index into `models`, -1 where there is no device. `mig`: bool[N], whether the devices are partitioned (they then
    take MIG profiles only). `rack`: int32[N], index into `racks`. `group`: int32[N], index into `groups`.
    `price_per_hour`: float64[N]. `kind`: int32[N], index into `kinds`.

    >>> from mlplat.hardware import ClusterSpec
    >>> nodes = ClusterSpec.parse("2x8xV100").nodes()
    >>> nodes.names, nodes.cpu_milli.tolist(), nodes.gpus.tolist()
    (('node-0', 'node-1'), [64000, 64000], [8, 8])
    """

    names: tuple[str, ...]
    cpu_milli: npt.NDArray[np.int64]
    memory_mib: npt.NDArray[np.int64]
    disk_mib: npt.NDArray[np.int64]
    gpus: npt.NDArray[np.int32]
    model: npt.NDArray[np.int32]
    models: tuple[Accelerator, ...]
    mig: npt.NDArray[np.bool_]
    rack: npt.NDArray[np.int32]
    racks: tuple[str, ...]
    group: npt.NDArray[np.int32]
    price_per_hour: npt.NDArray[np.float64]
    groups: tuple[str, ...]
    kind: npt.NDArray[np.int32]
    kinds: tuple[NodeKind, ...]
    pool: bool = False

    def __len__(self) -> int:
        return len(self.names)
