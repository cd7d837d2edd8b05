"""From what a run has written down to the frames of a `Result`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..infra.kernels.state import STARTED, JobState, Reason
from ..infra.records import Records, gpu_milli, placed
from .columns import FRAMES, STATES

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run

EVENTS = ("completed", "submitted", "rejected", "started", "lost")


def end_times(run: Run) -> npt.NDArray[np.float64]:
    """float64[N]: when each job completed, NaN for those that did not."""
    log = run.world.log
    return np.where(log.state == JobState.COMPLETED, log.start + run.trace.duration, np.nan)


def reason_text(reason: int) -> str:
    """The names of the flags, joined.

    >>> reason_text(3)
    'CPU|MEMORY'
    """
    return "|".join(flag.name or "" for flag in Reason if flag and reason & flag)


def _codes(codes: npt.NDArray[Any], names: list[str]) -> pl.Series:
    """An Enum column from codes, without a string a row."""
    return pl.Series(codes).cast(pl.UInt32).cat.to(pl.Enum(names))


def jobs_frame(run: Run) -> pl.DataFrame:
    """One row a job, in the order of the trace."""
    log, trace = run.world.log, run.trace
    reasons, reason = np.unique(log.reason, return_inverse=True) if log.reason.any() else (np.zeros(1, np.int16), log.reason)
    columns = {
        "job": np.arange(len(trace), dtype=np.uint32),
        "group": _codes(trace.group, list(dict.fromkeys(trace.groups))) if len(set(trace.groups)) == len(trace.groups) else None,
        "submit_s": trace.submit,
        "start_s": pl.Series(log.start, nan_to_null=True),
        "end_s": pl.Series(end_times(run), nan_to_null=True),
        "wait_s": pl.Series(log.start - trace.submit, nan_to_null=True),
        "state": _codes(log.state, list(STATES)),
        "reason": _codes(reason, [reason_text(int(r)) for r in reasons]),
        "replicas": run.gangs.replicas,
    }
    if columns["group"] is None:
        columns["group"] = pl.Series(np.array(trace.groups, dtype=object)[trace.group], dtype=pl.String)
    if trace.job_id is not None:
        columns["job_id"] = pl.Series(trace.job_id.tolist(), dtype=pl.String)
    return pl.DataFrame({column.name: columns[column.name] for column in FRAMES["jobs"] if column.name in columns})


def attempts_frame(run: Run, records: Records | None = None) -> pl.DataFrame:
    """One row a record, in order of start."""
    records = placed(run) if records is None else records
    return pl.DataFrame(
        {
            "job": records.job.astype(np.uint32),
            "attempt": np.zeros(len(records.job), dtype=np.uint32),
            "node": records.node.astype(np.uint32),
            "device": records.device,
            "mig_start": records.mig_start,
            "replicas": records.replicas,
            "start_s": run.world.log.start[records.job],
            "end_s": pl.Series(end_times(run)[records.job], nan_to_null=True),
        }
    )


def held(run: Run, records: Records) -> dict[str, npt.NDArray[np.int64]]:
    """int64[R] of each record: `cpu_milli`, `memory_mib`, `gpu_milli`."""
    amounts = {
        name: np.array([getattr(r, name) for r in run.gangs.requests], dtype=np.int64)[records.request] * records.replicas
        for name in ("cpu_milli", "memory_mib")
    }
    return amounts | {"gpu_milli": gpu_milli(run, records)}


def nodes_frame(run: Run, horizon: float) -> pl.DataFrame:
    """One row a node."""
    records = placed(run)
    nodes = run.nodes
    start = run.world.log.start[records.job]
    end = end_times(run)[records.job]
    seconds = np.where(np.isnan(end), horizon, end) - start
    amounts = held(run, records)

    def busy(name: str, unit: float) -> npt.NDArray[Any]:
        return np.bincount(records.node, weights=amounts[name] * seconds / unit, minlength=len(nodes))

    gpu_busy = busy("gpu_milli", 1000)
    first = float(run.trace.submit[0]) if len(run.trace) else 0.0
    possible = nodes.gpus * max(0.0, horizon - first)
    names = [model.name for model in nodes.models]
    return pl.DataFrame(
        {
            "node": np.arange(len(nodes), dtype=np.uint32),
            "name": pl.Series(nodes.names, dtype=pl.String),
            "model": pl.Series([None if m < 0 else names[m] for m in nodes.model.tolist()], dtype=pl.String),
            "gpus": nodes.gpus,
            "jobs": np.bincount(records.node, minlength=len(nodes)).astype(np.uint32),
            "cpu_busy_s": busy("cpu_milli", 1000),
            "memory_busy_s": busy("memory_mib", 1024),
            "gpu_busy_s": gpu_busy,
            "gpu_utilization": pl.Series(
                np.divide(gpu_busy, possible, out=np.full(len(nodes), np.nan), where=possible > 0), nan_to_null=True
            ),
        }
    )


def timeline_frame(run: Run) -> pl.DataFrame:
    """The cluster after each instant at which something changed."""
    log, submit = run.world.log, run.trace.submit
    records = placed(run)
    end = end_times(run)
    arrived, started, ended = log.state != JobState.PENDING, ~np.isnan(log.start), ~np.isnan(end)
    settled = np.isin(log.state, (JobState.REJECTED, JobState.LOST))
    times = np.concatenate([submit[arrived & ~settled], log.start[started], end[ended]])
    n_in, n_start, n_end = int((arrived & ~settled).sum()), int(started.sum()), int(ended.sum())
    changes = {
        "waiting": np.concatenate([np.ones(n_in), -np.ones(n_start), np.zeros(n_end)]).astype(np.int64),
        "running": np.concatenate([np.zeros(n_in), np.ones(n_start), -np.ones(n_end)]).astype(np.int64),
    }
    for name, amount in held(run, records).items():
        per_job = np.zeros(len(submit), dtype=np.int64)
        np.add.at(per_job, records.job, amount)
        changes[name] = np.concatenate([np.zeros(n_in, dtype=np.int64), per_job[started], -per_job[ended]])
    order = np.argsort(times, kind="stable")
    instant = times[order]
    final = np.append(np.flatnonzero(np.diff(instant)), len(instant) - 1) if len(instant) else np.zeros(0, dtype=np.int64)
    return pl.DataFrame({"time_s": instant[final]} | {name: np.cumsum(change[order])[final] for name, change in changes.items()})


def events_frame(run: Run) -> pl.DataFrame:
    """Every event in order: at one instant completions in job order, arrivals in order of submission, then starts as they were decided.

    A job that ends at the instant it starts completes right after its start.
    """
    log, submit = run.world.log, run.trace.submit
    end = end_times(run)
    jobs = np.arange(len(submit), dtype=np.uint32)
    order = log.order[: run.world.count[STARTED]]
    picked = {
        "completed": (jobs[~np.isnan(end)], end),
        "submitted": (jobs[log.state != JobState.PENDING], submit),
        "rejected": (jobs[log.state == JobState.REJECTED], submit),
        "started": (order.astype(np.uint32), log.start),
        "lost": (jobs[log.state == JobState.LOST], submit),
    }
    time = np.concatenate([times[rows] for rows, times in picked.values()])
    kind = np.repeat(np.arange(len(EVENTS)), [len(rows) for rows, _ in picked.values()])
    job = np.concatenate([rows for rows, _ in picked.values()])
    # A job that ends at the instant it starts completes right behind its start, so that reading on never holds more than there is.
    at_once = (kind == 0) & (end[job] == log.start[job])
    position = np.zeros(len(submit), dtype=np.int64)
    position[order] = np.arange(len(order))
    starts = at_once | (kind == EVENTS.index("started"))
    rank = np.where(at_once, EVENTS.index("started"), kind)
    sorted_rows = np.lexsort((at_once, np.where(starts, position[job], 0), rank, time))
    return pl.DataFrame({"time_s": time[sorted_rows], "event": _codes(kind[sorted_rows], list(EVENTS)), "job": job[sorted_rows]})
