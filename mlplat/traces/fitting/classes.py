"""Jobs sorted into classes of similar width, and into the shapes of what they ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...resources import DEVICE_MILLI
from ...workload import JobTrace
from .counts import Floats, Ints

FEWEST = 100
"""Jobs of a class; a smaller one is put together with its neighbour."""
DEVICE_EDGES = (0.0, 1e-9, 1.0, 1.000001, 4.000001, 8.000001, 32.000001)
CORE_EDGES = (0.0, 1.000001, 4.000001, 16.000001, 64.000001, 256.000001)
MOST_SHAPES = 5000


@dataclass(frozen=True, slots=True)
class Shapes:
    """Distinct combinations: int64[S, 4] of request, last request, replicas, priority; and for each job the index of its own."""

    rows: Ints
    of_job: Ints


def distinct_shapes(trace: JobTrace) -> Shapes:
    """The shapes of a trace. Beyond 5,000, rare ones become the most like them in width among the common ones."""
    columns = [trace.request, trace.last_request, trace.replicas, trace.priority]
    rows, of_job, counts = np.unique(np.stack(columns, axis=1).astype(np.int64), axis=0, return_inverse=True, return_counts=True)
    of_job = of_job.reshape(-1)
    if len(rows) <= MOST_SHAPES:
        return Shapes(rows, of_job)
    width = np.zeros(len(rows))
    width[of_job] = _width(trace)
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_SHAPES])
    kept = kept[np.argsort(width[kept], kind="stable")]
    nearest = np.clip(np.searchsorted(width[kept], width), 0, len(kept) - 1)
    nearest[kept] = np.arange(len(kept))
    return Shapes(rows[kept], nearest[of_job])


def job_classes(trace: JobTrace) -> tuple[Ints, list[str]]:
    """For each job its class by devices, or by cores where no job asks for a device; and the names, narrow jobs first.

    >>> from mlplat.resources import ResourceRequest
    >>> requests = [ResourceRequest(gpus=1), ResourceRequest(gpus=8)]
    >>> trace = JobTrace.build(submit=range(300), duration=[1] * 300, request=[0] * 200 + [1] * 100, requests=requests)
    >>> job_classes(trace)[1]
    ['1 GPU', '8 GPUs']
    """
    width = _width(trace)
    devices = bool(trace.gpu_milli.any())
    cell = np.searchsorted(DEVICE_EDGES if devices else CORE_EDGES, width, side="right")
    found = np.unique(cell).tolist()
    parts: list[list[int]] = []
    for part in found:
        if parts and (np.isin(cell, parts[-1]).sum() < FEWEST or (part == found[-1] and (cell == part).sum() < FEWEST)):
            parts[-1].append(part)
        else:
            parts.append([part])
    of_job = np.zeros(len(trace), dtype=np.int64)
    names = []
    for i, part in enumerate(parts):
        inside = np.isin(cell, part)
        of_job[inside] = i
        names.append(_name(float(width[inside].min()), float(width[inside].max()), "GPU" if devices else "core"))
    return of_job, names


def _width(trace: JobTrace) -> Floats:
    return trace.gpu_milli / DEVICE_MILLI if trace.gpu_milli.any() else trace.width("cpu_milli") / 1000


def _name(least: float, most: float, unit: str) -> str:
    if most == 0:
        return f"no {unit}"
    text = f"{most:g}" if least == most else f"{least:g} to {most:g}"
    return f"{text} {unit}" + ("" if most <= 1 else "s")
