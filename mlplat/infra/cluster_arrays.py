"""From a node table to the arrays of the kernels: `Nodes` (free amounts, which change) and `Cluster` (capacities, which do not)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OptionError
from ..resources import DEVICE_MILLI, UNLIMITED
from .kernels.state import CPU, DISK, GPU, KIND, LOGGED, MEMORY, MIG, MILLI, MODEL, NODE_COLUMNS, SPAN, STARTS, TYPE, WHOLE, Cluster, Nodes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.node_table import NodeTable

MAX_DEVICE_CELLS = 500_000_000
"""Nodes times devices of the widest one: the device arrays have a row a node, as wide as the widest."""

Ties = str | Sequence[int]


def cluster_arrays(
    nodes: NodeTable, profiles: Sequence[str], ties: Ties = "node-order", kind: npt.NDArray[np.int32] | None = None
) -> tuple[Cluster, Nodes]:
    """Capacities and the MIG table of the given profiles, and all nodes empty, numbered in the tie order. `kind`: int32[N], of each row as
    to labels and taints.

    Raises OptionError for a tie order that is none.
    """
    n, models = len(nodes), len(nodes.models)
    row_of = np.empty(n, dtype=np.int32)
    row_of[_places(ties, n)] = np.arange(n, dtype=np.int32)
    each = np.zeros((n, NODE_COLUMNS), dtype=np.int64)
    each[:, CPU], each[:, MEMORY], each[:, DISK] = nodes.cpu_milli, nodes.memory_mib, nodes.disk_mib
    each[:, GPU], each[:, WHOLE] = nodes.gpus.astype(np.int64) * DEVICE_MILLI, nodes.gpus
    each[:, MODEL] = np.where(nodes.gpus > 0, nodes.model, models)
    each[:, MIG] = nodes.mig
    each[:, KIND] = each[:, MODEL] + (0 if kind is None else kind.astype(np.int64) * (models + 1))
    capacity, row = np.unique(each, axis=0, return_inverse=True)
    limited = np.where(capacity[:, : GPU + 1] < UNLIMITED, capacity[:, : GPU + 1], 0)
    cluster = Cluster(capacity=capacity, largest=limited.max(axis=0), mig=_mig_table(nodes, profiles), row_of=row_of)
    return cluster, _free_nodes(capacity, row.ravel()[row_of])


def _mig_table(nodes: NodeTable, profiles: Sequence[str]) -> npt.NDArray[np.int64]:
    mig = np.zeros((max(1, len(profiles)), len(nodes.models) + 1, 3), dtype=np.int64)
    for i, name in enumerate(profiles):
        for m, model in enumerate(nodes.models):
            profile = model.mig.profiles.get(name) if model.mig is not None else None
            if profile is not None:
                mig[i, m, STARTS] = sum(1 << start for start in profile.starts)
                mig[i, m, SPAN], mig[i, m, MILLI] = profile.span, profile.milli
    return mig


def numbers_of_rows(row_of: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """int32[N]: the kernels' number of each row of the node table; the inverse of `Cluster.row_of`."""
    number = np.empty(len(row_of), dtype=np.int32)
    number[row_of] = np.arange(len(row_of), dtype=np.int32)
    return number


def _places(ties: Ties, n: int) -> npt.NDArray[np.int32]:
    if isinstance(ties, str):
        if ties not in ("node-order", "random"):
            raise OptionError(f"ties={ties!r}: expected 'node-order', 'random', or a rank for each of the {n} nodes")
        return np.arange(n, dtype=np.int32)
    try:
        ranks = np.asarray(ties)
    except ValueError:  # ragged
        ranks = np.zeros(0)
    if ranks.shape != (n,) or ranks.dtype.kind not in "iu" or not np.array_equal(np.sort(ranks), np.arange(n)):
        raise OptionError(f"ties: expected 'node-order', 'random', or the ranks 0 to {n - 1}, one for each of the {n} nodes")
    return ranks.astype(np.int32)


def _free_nodes(capacity: npt.NDArray[np.int64], kind: npt.NDArray[np.intp]) -> Nodes:
    """All nodes empty; `kind`: the row of each in the capacities."""
    n, widest = len(kind), max(1, int(capacity[:, WHOLE].max(initial=0)))
    if n * widest > MAX_DEVICE_CELLS:
        raise OptionError(f"{n:,} nodes, the widest with {widest:,} devices: expected at most {MAX_DEVICE_CELLS:,} nodes times devices")
    free = np.zeros((n, NODE_COLUMNS), dtype=np.int64)
    free[:, : WHOLE + 1] = capacity[kind, : WHOLE + 1]
    free[:, TYPE], free[:, LOGGED] = kind, -1
    return Nodes(
        free=free,
        device=np.where(np.arange(widest) < free[:, WHOLE : WHOLE + 1], DEVICE_MILLI, 0).astype(np.int32),
        owner=np.full((n, widest), -1, dtype=np.int32),
        slices=np.zeros((n, widest) if capacity[:, MIG].any() else (0, widest), dtype=np.int32),
    )
