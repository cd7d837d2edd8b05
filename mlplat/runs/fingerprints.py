"""Digests: of a run's content, of its inputs, and the manifest that says how a result was made."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from ..infra.kernels.state import RECORDS, STARTED
from ..version import VERSION

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.cluster_spec import ClusterSpec
    from ..infra.world import Run
    from ..workload import JobTrace

DEPENDENCIES = ("numba", "numpy", "polars", "simpy")


def arrays_digest(arrays: dict[str, npt.NDArray[Any]]) -> str:
    """SHA-256 over names, types, lengths and little-endian bytes.

    >>> arrays_digest({"a": np.array([1, 2])}) == arrays_digest({"a": np.array([1, 2])})
    True
    """
    digest = hashlib.sha256()
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {len(little)}\n".encode())
        digest.update(little.data.cast("B") if len(little) else b"")
    return digest.hexdigest()


def run_digest(run: Run) -> str:
    """The fingerprint: of every job's times and fate, and of every placement in order."""
    log, trace, count = run.world.log, run.trace, run.world.count
    end = int(count[RECORDS])
    return arrays_digest(
        {
            "submit": trace.submit,
            "duration": trace.duration,
            "state": log.state,
            "reason": log.reason,
            "start": np.where(np.isnan(log.start), np.nan, log.start),
            "order": log.order[: count[STARTED]],
            "records": log.records[:end].ravel(),
        }
    )


def trace_digest(trace: JobTrace) -> str:
    """SHA-256 of a trace: its columns, requests and groups."""
    names = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")
    described = json.dumps([[str(r) for r in trace.requests], list(trace.groups), trace.split], ensure_ascii=False)
    columns = {name: getattr(trace, name) for name in names}
    return hashlib.sha256((arrays_digest(columns) + described).encode()).hexdigest()


def manifest(run: Run, spec: ClusterSpec, *, clock: str, seed: int, until: float) -> dict[str, Any]:
    """Everything needed to make the result again."""
    return {
        "version": VERSION,
        "seed": seed,
        "queue": run.queue.name,
        "placement": run.placement.label(),
        "clock": clock,
        "until_s": until if np.isfinite(until) else None,
        "cluster": {"name": spec.name, "sha256": hashlib.sha256(spec.to_json().encode()).hexdigest()},
        "trace": {"source": run.trace.source, "jobs": len(run.trace), "sha256": trace_digest(run.trace)},
        "python": platform.python_version(),
        "dependencies": {name: metadata.version(name) for name in DEPENDENCIES},
    }
