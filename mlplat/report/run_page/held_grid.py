"""How much of each node was held at instants at equal distances: what the map of a large cluster shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...resources import UNLIMITED

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runs.run_frames import RunFrames

MOST_CELLS = 3_000_000
MOST_INSTANTS = 500


def grid_instants(run: RunFrames, first: float) -> npt.NDArray[np.float64]:
    """float64[T]: the instants, the first submission and the end of the run among them; at most so many that the grid stays small."""
    count = max(2, min(MOST_INSTANTS, MOST_CELLS // max(1, len(run.nodes))))
    return np.linspace(first, max(first, run.end_s), count)


def held_grid(run: RunFrames, instants: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """uint8[T, N]: the held part of each node's devices, in %, after everything at each instant; of its cores where it has no devices,
    and 255 where they have no limit.
    """
    spec, frame = run.spec.nodes(), run.attempts
    milli = spec.gpus.astype(np.int64) * 1000
    capacity = np.where(milli > 0, milli, np.where(spec.cpu_milli < UNLIMITED, spec.cpu_milli, 0))
    node = frame["node"].to_numpy().astype(np.int64)
    amount = np.where(milli[node] > 0, frame["gpu_milli"].to_numpy(), frame["cpu_milli"].to_numpy()).astype(np.float64)
    begin = np.searchsorted(instants, frame["start_s"].to_numpy(), side="left")
    end = np.searchsorted(instants, frame["end_s"].fill_null(np.inf).to_numpy(), side="left")
    kept = np.flatnonzero((end > begin) & (amount > 0))
    steps, nodes = len(instants), len(spec)
    size = (steps + 1) * nodes
    held = np.bincount(begin[kept] * nodes + node[kept], weights=amount[kept], minlength=size)
    held -= np.bincount(end[kept] * nodes + node[kept], weights=amount[kept], minlength=size)
    held = np.cumsum(held.reshape(steps + 1, nodes)[:steps], axis=0)
    share = np.divide(100.0 * held, capacity, out=np.full(held.shape, 255.0), where=capacity > 0)
    percent: npt.NDArray[np.uint8] = np.round(share).astype(np.uint8)
    return percent
