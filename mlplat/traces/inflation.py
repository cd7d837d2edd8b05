"""Bring a trace to a given total of GPU demand, as the published experiments on GPU sharing construct their arrival streams.

Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023,
and the simulator released with it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..resources import DEVICE_MILLI
from ..streams import stream
from ..workload import JobTrace
from .transformations import reorder

MAX_JOBS = 10**8
_BATCH = 4096

Rows = npt.NDArray[np.int64]


def inflate(
    trace: JobTrace,
    target_gpu_milli: float | None = None,
    *,
    ratio: float | None = None,
    capacity_gpus: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> JobTrace:
    """An arrival stream (submitted at 0, 1, 2, … s) of the trace's jobs, shuffled, with clones added or jobs taken away to reach a target.

    The target is `target_gpu_milli`, or `ratio` times the capacity of `capacity_gpus` devices. If the jobs ask for less, jobs drawn
    uniformly
    with replacement from the trace are appended as clones, until one is drawn whose milli *of one device* would exceed the target together
    with the sum so far; that one is left out. (This is the published rule: the total can exceed the target by less than what the last job
    asks
    for on its other devices.) If the jobs ask for more, uniformly drawn jobs are taken away until they do not. Equal arguments, equal
    streams.

    Raises OptionError for a target that is none, or that the trace's jobs cannot reach.

    >>> from mlplat.resources import ResourceRequest
    >>> trace = JobTrace.build(submit=[0, 0], duration=[1, 1], request=[0, 0], requests=[ResourceRequest(gpu_milli=500)])
    >>> int(inflate(trace, ratio=1.3, capacity_gpus=4).gpu_milli.sum())
    5000
    """
    target = _target(target_gpu_milli, ratio, capacity_gpus)
    draws = stream(seed, "traces.inflate")
    rows = draws.permutation(len(trace)) if shuffle else np.arange(len(trace))
    demand = trace.gpu_milli
    total = int(demand.sum())
    if total > target:
        return reorder(trace, _tuned_down(rows, demand, total - target, draws))
    clones = _clones(trace, demand, total, target, draws)
    return reorder(trace, np.concatenate([rows, clones]))


def _target(milli: float | None, ratio: float | None, gpus: int | None) -> float:
    if (milli is None) == (ratio is None) or (ratio is None) != (gpus is None):
        raise OptionError("inflate: expected either target_gpu_milli, or ratio and capacity_gpus")
    for name, value in (("target_gpu_milli", milli), ("ratio", ratio), ("capacity_gpus", gpus)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < math.inf):
            raise OptionError(f"{name}={value!r}: expected a number above 0")
    return float(milli) if milli is not None else float(ratio or 0) * float(gpus or 0) * DEVICE_MILLI


def _tuned_down(rows: Rows, demand: Rows, surplus: float, draws: np.random.Generator) -> Rows:
    """`rows` without the shortest random sequence of jobs that asks for at least the surplus."""
    order = draws.permutation(len(rows))
    removed = int(np.searchsorted(np.cumsum(demand[rows[order]]), surplus, side="left")) + 1
    kept = np.ones(len(rows), dtype=bool)
    kept[order[:removed]] = False
    return rows[kept]


def _clones(trace: JobTrace, demand: Rows, total: int, target: float, draws: np.random.Generator) -> Rows:
    """The rows of the clones, in the order of the draws."""
    if total == target:
        return np.zeros(0, dtype=np.int64)
    if not demand.any():
        raise OptionError("inflate: no job of the trace asks for devices, so that no number of clones reaches the target")
    if (target - total) / demand.mean() > MAX_JOBS:
        raise OptionError(f"inflate: a target of {target:g} milli takes more than {MAX_JOBS:,} jobs")
    per_device = trace.per_request("device_milli")[trace.request]
    clones: list[Rows] = []
    while True:
        drawn = draws.integers(0, len(trace), size=_BATCH)
        after = total + np.cumsum(demand[drawn])
        too_much = (after - demand[drawn] + per_device[drawn] > target) & (demand[drawn] > 0)
        if too_much.any():
            clones.append(drawn[: int(np.argmax(too_much))])
            return np.concatenate(clones)
        clones.append(drawn)
        total = int(after[-1])
