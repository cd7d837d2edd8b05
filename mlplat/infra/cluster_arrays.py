"""From a node table to the arrays of the kernels: `Nodes` (free amounts, which change) and `Cluster` (capacities, which do not)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OptionError
from ..resources import DEVICE_MILLI, UNLIMITED
from .kernels.state import CPU, DISK, GPU, MEMORY, MIG, MILLI, MODEL, NODE_COLUMNS, SPAN, STARTS, WHOLE, Cluster, Nodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable

Ties = str | Sequence[int]


def cluster_arrays(nodes: NodeTable, profiles: Sequence[str], ties: Ties = "node-order") -> Cluster:
    """Capacities, the tie order and the MIG table of the given profiles. Raises OptionError for a tie order that is none."""
    n, models = len(nodes), len(nodes.models)
    capacity = np.zeros((n, NODE_COLUMNS), dtype=np.int64)
    capacity[:, CPU], capacity[:, MEMORY], capacity[:, DISK] = nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib
    capacity[:, GPU], capacity[:, WHOLE] = nodes.gpus.astype(np.int64) * DEVICE_MILLI, nodes.gpus
    capacity[:, MODEL] = np.where(nodes.gpus > 0, nodes.model, models)
    capacity[:, MIG] = nodes.mig
    mig = np.zeros((max(1, len(profiles)), models + 1, 3), dtype=np.int64)
    for i, name in enumerate(profiles):
        for m, model in enumerate(nodes.models):
            profile = model.mig.profiles.get(name) if model.mig is not None else None
            if profile is not None:
                mig[i, m, STARTS] = sum(1 << start for start in profile.starts)
                mig[i, m, SPAN], mig[i, m, MILLI] = profile.span, profile.milli
    place_of = _places(ties, n)
    node_at = np.empty(n, dtype=np.int32)
    node_at[place_of] = np.arange(n, dtype=np.int32)
    limited = np.where(capacity[:, : GPU + 1] < UNLIMITED, capacity[:, : GPU + 1], 0)
    return Cluster(capacity=capacity, largest=limited.max(axis=0), mig=mig, node_at=node_at, place_of=place_of)


def _places(ties: Ties, n: int) -> npt.NDArray[np.int32]:
    if isinstance(ties, str):
        if ties not in ("node-order", "random"):
            raise OptionError(f"ties={ties!r}: expected 'node-order', 'random', or a rank for each of the {n} nodes")
        return np.arange(n, dtype=np.int32)
    ranks = np.asarray(ties)
    if ranks.shape != (n,) or ranks.dtype.kind not in "iu" or not np.array_equal(np.sort(ranks), np.arange(n)):
        raise OptionError(f"ties: expected 'node-order', 'random', or the ranks 0 to {n - 1}, one for each of the {n} nodes")
    return ranks.astype(np.int32)


def free_nodes(cluster: Cluster) -> Nodes:
    """All nodes empty."""
    capacity = cluster.capacity
    n, widest = len(capacity), max(1, int(capacity[:, WHOLE].max(initial=0)))
    free = np.zeros((n, NODE_COLUMNS), dtype=np.int64)
    free[:, : WHOLE + 1] = capacity[:, : WHOLE + 1]
    device = np.where(np.arange(widest) < capacity[:, WHOLE : WHOLE + 1], DEVICE_MILLI, 0).astype(np.int32)
    return Nodes(
        free=free,
        device=device,
        owner=np.full((n, widest), -1, dtype=np.int32),
        slices=np.zeros((n, widest) if capacity[:, MIG].any() else (0, widest), dtype=np.int32),
    )
