"""What a run has written down, read as arrays: one record for each node a job was placed on, in order of start."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..resources import DEVICE_MILLI
from .kernels.state import DEVICE, HELD, JOB, MIG_SHIFT, MILLI, NODE, PROFILE, RECORDS

if TYPE_CHECKING:
    import numpy.typing as npt

    from .world import Run


class Records(NamedTuple):
    """R records.

    `job`, `node`, `replicas`, `device` (lowest used, -1 without GPU), `mig_start` (-1 without MIG): int32[R]. `request`: int32[R].
    """

    job: npt.NDArray[np.int32]
    node: npt.NDArray[np.int32]
    replicas: npt.NDArray[np.int32]
    device: npt.NDArray[np.int32]
    mig_start: npt.NDArray[np.int32]
    request: npt.NDArray[np.int32]


def placed(run: Run) -> Records:
    """The records of a run so far."""
    rows = run.world.log.records[: run.world.count[RECORDS]]
    job, device = rows[:, JOB], rows[:, DEVICE]
    request = run.gangs.request[job]
    last = np.append(job[1:] != job[:-1], True) if len(job) else np.zeros(0, dtype=np.bool_)
    request[last] = run.gangs.last_request[job[last]]
    mig_start = np.full(len(job), -1, dtype=np.int32)
    if run.profiles:
        sliced = run.world.classes.ask[request, PROFILE] >= 0
        mig_start[sliced] = device[sliced] >> MIG_SHIFT
        device = np.where(sliced, device & ((1 << MIG_SHIFT) - 1), device)
    return Records(job, run.world.cluster.row_of[rows[:, NODE]], rows[:, HELD], device, mig_start, request)


def gpu_milli(run: Run, records: Records) -> npt.NDArray[np.int64]:
    """int64[R]: accelerator milli that each record holds, a MIG instance for what it counts for on the node's model."""
    ask = run.world.classes.ask
    requests = run.gangs.requests
    milli = np.array([r.gpus * DEVICE_MILLI + r.gpu_milli for r in requests], dtype=np.int64)[records.request] * records.replicas
    if run.profiles:
        sliced = ask[records.request, PROFILE] >= 0
        model = run.nodes.model[records.node[sliced]]
        milli[sliced] = run.world.cluster.mig[ask[records.request[sliced], PROFILE], model, MILLI]
    return milli
