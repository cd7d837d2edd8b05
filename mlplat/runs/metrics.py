"""The figures of a run: waits, completion times, slowdown, utilization. Percentiles are linear interpolations, as numpy's default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..infra.kernels.attempt_state import Outcome
from ..infra.kernels.state import JobState
from ..infra.records import attempts_of, end_times, placed
from ..resources import UNLIMITED
from .frames import held

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run

FINAL = (JobState.COMPLETED, JobState.REJECTED, JobState.LOST, JobState.FAILED, JobState.CANCELLED)
"""States that a job does not leave."""

SHORT_RUN_S = 10.0
"""Run times below this count as this in the bounded slowdown (Feitelson and Rudolph 1998)."""


def last_instant(run: Run, until: float) -> float:
    """Seconds at which the run ended: the horizon, else the last event."""
    log = run.world.log
    if np.isfinite(until):
        return until
    ends = end_times(run)
    arrived = run.trace.submit[log.state != JobState.PENDING]
    attempts = attempts_of(run)
    candidates = [array[~np.isnan(array)].max(initial=0.0) for array in (arrived, attempts.start, attempts.end, ends)]
    return float(max(candidates))


def measure(run: Run, until: float) -> dict[str, Any]:
    """The figures of `Result.summary` that follow from the run itself; None where there is nothing to measure."""
    log, trace = run.world.log, run.trace
    count = np.bincount(log.state, minlength=len(JobState))
    end, stop = end_times(run), last_instant(run, until)
    done = ~np.isnan(end)
    wait = (log.start - trace.submit)[~np.isnan(log.start)]
    jct = (end - trace.submit)[done]
    slowdown = jct / np.maximum(trace.duration[done], SHORT_RUN_S)
    first = float(trace.submit[0]) if len(trace) else 0.0
    quantiles = np.quantile(wait, (0.5, 0.95, 0.99)).tolist() if len(wait) else [None] * 3
    return {
        "jobs": len(trace),
        "completed": int(count[JobState.COMPLETED]),
        "rejected": int(count[list(FINAL)].sum() - count[JobState.COMPLETED]),
        "unfinished": int(len(trace) - count[list(FINAL)].sum()),
        "makespan_s": max(0.0, stop - first),
        "wait_mean_s": _mean(wait),
        "wait_p50_s": quantiles[0],
        "wait_p95_s": quantiles[1],
        "wait_p99_s": quantiles[2],
        "jct_mean_s": _mean(jct),
        "bounded_slowdown_mean": _mean(np.maximum(slowdown, 1.0)),
    } | _usage(run, first, stop)


def _usage(run: Run, first: float, stop: float) -> dict[str, Any]:
    """Utilization over the run, what is held at its end, as parts of the capacity (None for a pool without limit), and what interruptions
    cost.
    """
    records, attempts = placed(run), attempts_of(run, stop)
    of = records.attempt
    seconds = np.where(np.isnan(attempts.end), stop, attempts.end) - attempts.start
    amounts = held(run, records)
    capacity = {"cpu_milli": run.nodes.cpu_milli, "memory_mib": run.nodes.memory_mib, "gpu_milli": run.nodes.gpus.astype(np.int64) * 1000}
    used = {name: share_of(float(np.dot(amount, seconds[of])), capacity[name], stop - first) for name, amount in amounts.items()}
    gpu = amounts["gpu_milli"]
    final = int(gpu[np.isnan(attempts.end[of])].sum())
    allocated = float(np.dot(gpu, seconds[of]))
    return {
        "cpu_utilization": used["cpu_milli"],
        "memory_utilization": used["memory_mib"],
        "gpu_utilization": used["gpu_milli"],
        "gpu_allocation_final": share_of(float(final), capacity["gpu_milli"], 1.0),
        "preemptions": int((attempts.outcome == Outcome.PREEMPTED).sum()),
        "restarts": int((attempts.number > 0).sum()),
        "lost_gpu_hours": float(np.dot(gpu, attempts.lost[of])) / (1000 * 3600),
        "goodput": float(np.dot(gpu, attempts.saved[of])) / allocated if allocated > 0 else None,
    }


def share_of(amount: float, capacity: npt.NDArray[np.int64], seconds: float) -> float | None:
    if not len(capacity) or capacity.max() >= UNLIMITED or capacity.max() == 0 or seconds <= 0:
        return None
    return amount / (float(capacity.sum()) * seconds)


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None
