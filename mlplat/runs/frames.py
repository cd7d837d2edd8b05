"""From what a run has written down to the frames of a `Result`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..infra.kernels.attempt_state import Outcome
from ..infra.kernels.state import JobState, Reason
from ..infra.records import Attempts, Records, attempts_of, end_times, gpu_milli, placed
from .columns import EVENTS, FRAMES, STATES

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run

OUTCOMES = [outcome.name.lower() for outcome in Outcome]
ENDINGS = {
    Outcome.COMPLETED: "completed",
    Outcome.PREEMPTED: "preempted",
    Outcome.DRAINED: "drained",
    Outcome.NODE: "interrupted",
    Outcome.DEVICE: "interrupted",
    Outcome.FENCED: "interrupted",
    Outcome.CANCELLED: "cancelled",
    Outcome.ERROR: "failed",
    Outcome.RECLAIMED: "preempted",
}
"""Outcome of an attempt -> event at its end."""


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
        "asks": _asks(run),
        "attempts": started_times(run),
    }
    if columns["group"] is None:
        columns["group"] = pl.Series(np.array(trace.groups, dtype=object)[trace.group], dtype=pl.String)
    if trace.job_id is not None:
        columns["job_id"] = pl.Series(trace.job_id.tolist(), dtype=pl.String)
    return pl.DataFrame({column.name: columns[column.name] for column in FRAMES["jobs"] if column.name in columns})


def asks(run: Run, job: int) -> str:
    """What a job asks for, in words."""
    gangs, replicas = run.gangs, int(run.gangs.replicas[job])
    request = gangs.requests[int(gangs.last_request[job] if replicas == 1 else gangs.request[job])]
    return str(request) if replicas == 1 else f"{replicas} x {request}"


def _asks(run: Run) -> pl.Series:
    """What each job asks for: a text for each shape of gang, in order of first use."""
    gangs = run.gangs
    request = np.where(gangs.replicas == 1, gangs.last_request, gangs.request).astype(np.int64)
    _, first, shape = np.unique(request << 32 | gangs.replicas, return_index=True, return_inverse=True)
    texts = [asks(run, job) for job in first.tolist()]
    index = {text: code for code, text in enumerate(dict.fromkeys(texts[i] for i in np.argsort(first).tolist()))}
    codes = np.array([index[text] for text in texts], dtype=np.int64)[shape]
    return _codes(codes, list(index))


def started_times(run: Run) -> npt.NDArray[np.uint32]:
    """uint32[n]: how often each job started."""
    world = run.world
    times: npt.NDArray[Any] = world.progress.attempts if world.interruptible else ~np.isnan(world.log.start)
    return times.astype(np.uint32)


def attempts_frame(run: Run, until: float) -> pl.DataFrame:
    """One row a record, in order of start."""
    records, attempts = placed(run), attempts_of(run, until)
    of = records.attempt
    frame = pl.DataFrame(
        {
            "job": records.job.astype(np.uint32),
            "attempt": attempts.number[of].astype(np.uint32),
            "node": records.node.astype(np.uint32),
            "device": records.device,
            "mig_start": records.mig_start,
            "replicas": records.replicas,
            "start_s": attempts.start[of],
            "stop_s": pl.Series(attempts.stop[of], nan_to_null=True),
            "end_s": pl.Series(attempts.end[of], nan_to_null=True),
            "outcome": _codes(attempts.outcome[of], OUTCOMES),
            "saved_s": attempts.saved[of],
            "lost_s": attempts.lost[of],
        }
        | held(run, records)
    )
    if not len(run.world.quotas.parent):
        return frame
    by = pl.Series(run.world.attempts.by[of].astype(np.int64))
    return frame.with_columns(stopped_for=pl.when(by >= 0).then(by).cast(pl.UInt32))


def held(run: Run, records: Records) -> dict[str, npt.NDArray[np.int64]]:
    """int64[R] of each record: `cpu_milli`, `memory_mib`, `gpu_milli`."""
    amounts = {
        name: np.array([getattr(r, name) for r in run.gangs.requests], dtype=np.int64)[records.request] * records.replicas
        for name in ("cpu_milli", "memory_mib")
    }
    return amounts | {"gpu_milli": gpu_milli(run, records)}


def nodes_frame(run: Run, horizon: float, paid: npt.NDArray[np.float64]) -> pl.DataFrame:
    """One row a node. `paid`: float64[N], seconds (`scaled.paid_seconds`)."""
    records = placed(run)
    nodes = run.nodes
    attempts = attempts_of(run)
    start, end = attempts.start[records.attempt], attempts.end[records.attempt]
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
            "paid_s": paid,
        }
    )


def timeline_frame(run: Run) -> pl.DataFrame:
    """The cluster after each instant at which something changed."""
    log, submit = run.world.log, run.trace.submit
    records, attempts = placed(run), attempts_of(run)
    arrived = (log.state != JobState.PENDING) & ~np.isin(log.state, (JobState.REJECTED, JobState.LOST))
    over = ~np.isnan(attempts.end)
    again = over & waits_again(run, attempts)
    sizes = (int(arrived.sum()), len(attempts.job), int(over.sum()))
    times = np.concatenate([submit[arrived], attempts.start, attempts.end[over]])
    changes = {
        "waiting": np.concatenate([np.ones(sizes[0]), -np.ones(sizes[1]), again[over]]).astype(np.int64),
        "running": np.repeat([0, 1, -1], sizes),
    }
    for name, amount in held(run, records).items():
        each = np.zeros(len(attempts.job), dtype=np.int64)
        np.add.at(each, records.attempt, amount)
        changes[name] = np.concatenate([np.zeros(sizes[0], dtype=np.int64), each, -each[over]])
    order = np.argsort(times, kind="stable")
    instant = times[order]
    final = np.append(np.flatnonzero(np.diff(instant)), len(instant) - 1) if len(instant) else np.zeros(0, dtype=np.int64)
    return pl.DataFrame({"time_s": instant[final]} | {name: np.cumsum(change[order])[final] for name, change in changes.items()})


def waits_again(run: Run, attempts: Attempts) -> npt.NDArray[np.bool_]:
    """bool[A]: whether the job waited again after the attempt."""
    again = attempts.outcome > Outcome.COMPLETED
    over = np.isin(run.world.log.state, (JobState.FAILED, JobState.CANCELLED))
    if over.any():
        last = np.full(len(over), -1, dtype=np.int64)
        last[attempts.job] = np.arange(len(attempts.job))
        again[last[over & (last >= 0)]] = False
    return again


def events_frame(run: Run) -> pl.DataFrame:
    """Every event in order. At one instant: what ends, arrivals in order of submission, then starts as they were decided.

    A job that ends at the instant it starts ends right after its start, and one that is preempted before the start it makes room for.
    """
    log, submit = run.world.log, run.trace.submit
    attempts = attempts_of(run)
    over = np.flatnonzero(~np.isnan(attempts.end))
    jobs = np.arange(len(submit), dtype=np.uint32)
    refused = {"rejected": jobs[log.state == JobState.REJECTED], "lost": jobs[log.state == JobState.LOST]}
    arrived = jobs[log.state != JobState.PENDING]
    endings = np.array([EVENTS.index(ENDINGS.get(outcome, "failed")) for outcome in Outcome])
    final = over[(log.state[attempts.job[over]] == JobState.FAILED) & ~waits_again(run, attempts)[over]]
    final = final[attempts.outcome[final] != Outcome.ERROR]
    entered, began, ended = _order_within_instants(run, attempts)
    parts = [
        (arrived, submit, entered[arrived], "submitted"),
        (refused["rejected"], submit, entered[refused["rejected"]] + 0.5, "rejected"),
        (refused["lost"], submit, np.full(len(refused["lost"]), np.inf), "lost"),
    ]
    job = np.concatenate([rows for rows, _, _, _ in parts] + [attempts.job, attempts.job[over], attempts.job[final]])
    time = np.concatenate([times[rows] for rows, times, _, _ in parts] + [attempts.start, attempts.end[over], attempts.end[final]])
    number = np.concatenate([numbers for _, _, numbers, _ in parts] + [began, ended[over], ended[final] + 0.5])
    kind = np.concatenate(
        [np.full(len(rows), EVENTS.index(name)) for rows, _, _, name in parts]
        + [np.full(len(began), EVENTS.index("started")), endings[attempts.outcome[over]], np.full(len(final), EVENTS.index("failed"))]
    )
    order = np.lexsort((job, number, time))
    return pl.DataFrame({"time_s": time[order], "event": _codes(kind[order], list(EVENTS)), "job": job[order].astype(np.uint32)})


def _order_within_instants(run: Run, attempts: Attempts) -> tuple[npt.NDArray[Any], ...]:
    """Numbers that sort what happens at one instant: of the arrival of each job, and of the start and the end of each attempt."""
    n, made = len(run.trace), len(attempts.job)
    if run.world.interruptible:
        log = run.world.attempts
        return (
            run.world.progress.arrived_as.astype(np.float64),
            log.began_as[:made].astype(np.float64),
            log.ended_as[:made].astype(np.float64),
        )
    began = 2.0 * n + np.arange(made)
    at_once = attempts.end == attempts.start
    return n + np.arange(n, dtype=np.float64), began, np.where(at_once, began + 0.5, attempts.job)
