"""Digests: of a run's content, of its inputs, and the manifest that says how a result was made."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ..infra.kernels.state import DEVICE, HELD, NODE, RECORDS, STARTED, Placement
from ..infra.node_selection import takes_anything
from ..infra.placement import CompiledPlacement, Fgd, PlacementPolicy
from ..infra.queue_keys import is_own
from ..infra.queueing import CompiledQueue, QueuePolicy
from ..version import VERSION

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..hardware.cluster_spec import ClusterSpec
    from ..hardware.node_table import NodeTable
    from ..infra.cluster_arrays import Ties
    from ..infra.world import Run
    from ..workload import JobTrace

AMOUNTS = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "gpu_milli")
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


def run_digest(run: Run, until: float) -> str:
    """The fingerprint: of what was put in, of every job's times and fate, and of every placement in order."""
    log, count = run.world.log, run.world.count
    rows = log.records[: count[RECORDS]]
    inputs = f"{trace_digest(run.trace)} {nodes_digest(run.nodes)} {until!r} "
    attempts = run.world.attempts
    made = {name: getattr(attempts, name)[: count[STARTED]] for name in ("start", "stop", "end", "outcome", "lost")}
    came_of_it = arrays_digest(
        {
            "state": log.state,
            "reason": log.reason,
            "start": np.where(np.isnan(log.start), np.nan, log.start),
            "order": log.order[: count[STARTED]],
            "node": run.world.cluster.row_of[rows[:, NODE]],
            "held": rows[:, HELD],
            "device": rows[:, DEVICE],
        }
        | ({name: np.where(np.isnan(column), np.nan, column) for name, column in made.items()} if run.world.interruptible else {})
    )
    return hashlib.sha256((inputs + came_of_it).encode()).hexdigest()


def trace_digest(trace: JobTrace) -> str:
    """SHA-256 of a trace: its columns, requests, groups and ids. Made once for each trace, which never changes."""
    if (known := _DIGESTS.get(trace)) is None:
        known = _DIGESTS[trace] = _trace_digest(trace)
    return known


_DIGESTS: WeakKeyDictionary[JobTrace, str] = WeakKeyDictionary()


def _trace_digest(trace: JobTrace) -> str:
    names = ("submit", "duration", "estimate", "request", "replicas", "last_request", "priority", "group")
    requests = [[*(getattr(r, name) for name in AMOUNTS), r.mig, *r.models] for r in trace.requests]
    described = json.dumps([requests, list(trace.groups), trace.split])
    digest = hashlib.sha256((arrays_digest({name: getattr(trace, name) for name in names}) + described).encode())
    if trace.job_id is not None:
        digest.update("\0".join(str(name) for name in trace.job_id.tolist()).encode())
    return digest.hexdigest()


def nodes_digest(nodes: NodeTable) -> str:
    """SHA-256 of a cluster's nodes: names, amounts, models, and which of them taints keep free."""
    tainted = np.flatnonzero(~takes_anything(nodes)).tolist()
    names = ("cpu_milli", "memory_mib", "disk_mib", "gpus", "model", "mig")
    described = json.dumps([list(nodes.names), [model.model_dump(mode="json") for model in nodes.models], *([tainted] if tainted else [])])
    return hashlib.sha256((arrays_digest({name: getattr(nodes, name) for name in names}) + described).encode()).hexdigest()


def ties_digest(ties: Ties) -> str:
    """The name of a tie order, or the SHA-256 of given ranks."""
    return ties if isinstance(ties, str) else arrays_digest({"ranks": np.asarray(ties, dtype=np.int64)})


def placement_detail(policy: PlacementPolicy) -> dict[str, Any]:
    """What a placement policy's label leaves out: the trace of its typical requests, the source of a user's own score."""
    detail: dict[str, Any] = {}
    if isinstance(policy, Fgd) and policy.typical is not None:
        detail["typical_sha256"] = trace_digest(policy.typical)
    if policy.code == Placement.CUSTOM:
        detail["source_sha256"] = _source_digest(policy.function if isinstance(policy, CompiledPlacement) else type(policy))
    return detail


def queue_detail(policy: QueuePolicy) -> dict[str, Any]:
    """What the label of a user's own queue policy leaves out: its source, and the groups that it tells apart."""
    if not is_own(policy):
        return {}
    source = _source_digest(policy.function if isinstance(policy, CompiledQueue) else type(policy))
    return {"source_sha256": source, "groups": list(policy.groups)}


def _source_digest(code: Any) -> str | None:
    """SHA-256 of the source of a function or class; None where there is none, as for what was typed in at a prompt."""
    try:
        return hashlib.sha256(inspect.getsource(getattr(code, "py_func", code)).encode()).hexdigest()
    except (OSError, TypeError):
        return None


def manifest(run: Run, spec: ClusterSpec, *, clock: str, seed: int, until: float, ties: Ties) -> dict[str, Any]:
    """Everything needed to make the result again."""
    return {
        "version": VERSION,
        "seed": seed,
        "queue": run.queue.label(),
        "queue_detail": queue_detail(run.queue),
        "placement": run.placement.label(),
        "placement_detail": placement_detail(run.placement),
        "ties": ties_digest(ties),
        "clock": clock,
        "until_s": until if np.isfinite(until) else None,
        "autoscaling": {"scan_s": run.scan} if run.scan else None,
        "conditions": run.conditions,
        "cluster": {"name": spec.name, "sha256": hashlib.sha256(spec.to_json().encode()).hexdigest()},
        "trace": {"source": run.trace.source, "jobs": len(run.trace), "sha256": trace_digest(run.trace)},
        "python": platform.python_version(),
        "dependencies": {name: metadata.version(name) for name in DEPENDENCIES},
    }
