"""What a run has written down, read as arrays: the attempts in order of start, and one record for each node an attempt was placed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..resources import DEVICE_MILLI
from .kernels.attempt_state import Outcome
from .kernels.inspect_nodes import work_done
from .kernels.state import DEVICE, HELD, JOB, MIG_SHIFT, MILLI, NODE, PROFILE, RECORDS, STARTED, JobState

if TYPE_CHECKING:
    import numpy.typing as npt

    from .world import Run


class Attempts(NamedTuple):
    """A attempts in order of start.

    `job`: int32[A]. `number`: int32[A], 0 for a job's first. `start`, `stop` (of its work), `end` (of its room; NaN for what goes on):
    float64[A]. `outcome`: int8[A], `Outcome`. `saved`, `lost`: float64[A], seconds of work; of one that still runs, what it has done and 0.
    `first`: int64[A + 1], its first record, and last the number of records.
    """

    job: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]
    start: npt.NDArray[np.float64]
    stop: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.int8]
    saved: npt.NDArray[np.float64]
    lost: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]


class Records(NamedTuple):
    """R records.

    `attempt`: int64[R], place in `Attempts`. `job`, `node`, `replicas`, `device` (lowest used, -1 without GPU), `mig_start` (-1 without
    MIG): int32[R]. `request`: int32[R].
    """

    attempt: npt.NDArray[np.int64]
    job: npt.NDArray[np.int32]
    node: npt.NDArray[np.int32]
    replicas: npt.NDArray[np.int32]
    device: npt.NDArray[np.int32]
    mig_start: npt.NDArray[np.int32]
    request: npt.NDArray[np.int32]


def end_times(run: Run) -> npt.NDArray[np.float64]:
    """float64[n]: when each job completed, NaN for those that did not."""
    log = run.world.log
    end = run.world.progress.end if run.world.interruptible else log.start + run.trace.duration
    return np.where(log.state == JobState.COMPLETED, end, np.nan)


def attempts_of(run: Run, until: float = np.inf) -> Attempts:
    """The attempts of a run so far. `until`: the instant up to which work of those that still run is counted; infinite: not at all."""
    world = run.world
    made, records = int(world.count[STARTED]), int(world.count[RECORDS])
    job = world.log.order[:made]
    if not world.interruptible:
        start, end = world.log.start[job], end_times(run)[job]
        outcome = np.where(np.isnan(end), np.int8(Outcome.RUNNING), np.int8(Outcome.COMPLETED))
        saved = np.where(np.isnan(end), until - start, run.trace.duration[job])
        first = np.append(world.log.first[job], records)
        return Attempts(job, np.zeros(made, dtype=np.int32), start, end, end, outcome, saved, np.zeros(made), first)
    log = world.attempts
    saved = log.saved[:made].copy()
    going_on = np.flatnonzero(log.outcome[:made] == Outcome.RUNNING)
    if len(going_on) and until < np.inf:
        done = np.zeros(len(world.jobs.submit))
        work_done(run.address, until, done)
        saved[going_on] += done[job[going_on]]
    first = np.append(log.first[:made], records)
    return Attempts(
        job, _numbers(job), log.start[:made], log.stop[:made], log.end[:made], log.outcome[:made], saved, log.lost[:made], first
    )


def _numbers(job: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """How many earlier entries are of the same job."""
    order = np.argsort(job, kind="stable")
    ranked = job[order]
    begins = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])) if len(job) else np.zeros(0, dtype=np.int64)
    number = np.empty(len(job), dtype=np.int32)
    number[order] = np.arange(len(job)) - np.repeat(begins, np.diff(np.append(begins, len(job))))
    return number


def placed(run: Run) -> Records:
    """The records of a run so far."""
    world = run.world
    made, count = int(world.count[STARTED]), int(world.count[RECORDS])
    rows = world.log.records[:count]
    first = world.attempts.first[:made] if world.interruptible else world.log.first[world.log.order[:made]]
    attempt = np.repeat(np.arange(made), np.diff(np.append(first, count)))
    job, device = rows[:, JOB], rows[:, DEVICE]
    request = run.gangs.request[job]
    last = np.append(attempt[1:] != attempt[:-1], True) if len(job) else np.zeros(0, dtype=np.bool_)
    request[last] = run.gangs.last_request[job[last]]
    mig_start = np.full(len(job), -1, dtype=np.int32)
    if run.profiles:
        sliced = world.classes.ask[request, PROFILE] >= 0
        mig_start[sliced] = device[sliced] >> MIG_SHIFT
        device = np.where(sliced, device & ((1 << MIG_SHIFT) - 1), device)
    return Records(attempt, job, world.cluster.row_of[rows[:, NODE]], rows[:, HELD], device, mig_start, request)


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
