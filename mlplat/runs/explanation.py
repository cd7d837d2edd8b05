"""Why a job waited, and why it ran where it did. The run is made again up to the job's start, and the state at that moment is looked at."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import printable
from ..infra.kernels.attempt_state import Outcome
from ..infra.kernels.inspect_nodes import all_scores
from ..infra.kernels.live import take_back
from ..infra.kernels.state import LAST, NODE, REQUEST, JobState, Queue, Reason
from ..infra.quotas import with_the_rest
from ..infra.quotas.parts import parts_of
from ..infra.quotas.reasons import WAITING, UnderQuota, under_quota
from ..infra.records import attempts_of
from ..units import format_seconds
from .driving import drive
from .frames import asks, reason_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..infra.world import Run
    from .result import Result


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of one job of a run.

    `wait_s`: seconds from submission to start, None if it did not start. `behind`: the row of the job it waited for longest: the one
    whose start, last of all jobs ahead of it in the queue, let it become the next; None if nobody was ahead. `behind_s`: seconds until
    then. `blocked_s`: seconds after that, in which it was next and did not fit. `overtook`: how many jobs that the queue had before it
    started later.
    `quota`: what is known of it under its zone: at the end of one that waits then, else at its arrival; None in a run without zones.
    `node`: where the first replica went. `score`: its score there. `feasible`: how many nodes had room for it. `text`: all this as
    sentences.
    """

    job: int
    job_id: str
    state: str
    reason: str
    wait_s: float | None
    behind: int | None
    behind_s: float
    blocked_s: float
    overtook: int
    node: str | None
    score: float | None
    feasible: int
    text: str
    quota: UnderQuota | None = None

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>"


def explain(result: Result, job: int) -> Explanation:
    """The explanation of the job in row `job`. Costs one run up to the job's start."""
    return explain_in(result, result.rebuilt(), job)


def explain_in(result: Result, again: Run, job: int) -> Explanation:
    """The explanation of a job. `again`: the same run, at some instant before the job's start (under zones before its submission); it is
    let happen up to there, and cannot go on.
    """
    run = result._run
    log, submit = run.world.log, float(run.trace.submit[job])
    state, start = JobState(int(log.state[job])), float(log.start[job])
    name = printable(run.trace.id_of(job))
    if np.isnan(start):
        return _never_started(result, job, name, state)
    behind, behind_s, overtook = _ahead(run, job)
    wait, blocked = start - submit, start - submit - behind_s
    quota = _quota_at_arrival(result, again, job, wait) if result.quotas else None
    drive(again, result.until, probe=job)
    if quota is None and result.quotas:
        quota = _under_quota(result, again, job, start)
    take_back(again.address, job)
    scores = np.empty(len(again.nodes))
    cls = int(again.world.jobs.gang[job, LAST if again.gangs.replicas[job] == 1 else REQUEST])  # as it was placed, maybe in a flavor
    all_scores(again.address, cls, scores)
    again.check()
    place = int(again.world.log.records[again.world.log.first[job], NODE])
    node = int(again.world.cluster.row_of[place])
    feasible = int(np.isfinite(scores).sum())
    text = _waited(run, wait, behind, behind_s, blocked, overtook)
    if quota is not None:
        text += f" (at its arrival {quota.waits_because})" if quota.reason else " (entitled)" if quota.entitled else ""
        at_end = _under_quota(result, run, job, result.end_s)
        quota = at_end if at_end.reason else replace(quota, stopped=at_end.stopped, stopped_for=at_end.stopped_for)
    replicas = int(run.gangs.replicas[job])
    gang = f"; {replicas - 1} more replicas followed it" if replicas > 1 else ""
    best = scores[place] >= scores.max()
    chosen = f"best of {feasible} feasible" if best else f"one of {feasible} feasible, chosen for what stays free beside the blocked head"
    score = f"{run.placement.label()} score {scores[place]:.4g}, {chosen}"
    text += f"; placed on node {printable(run.nodes.names[node])}: {score}{gang}"
    text += _ran(result, job, state)
    if quota is not None:
        more = [quota.waits_because if state in WAITING else "", quota.had_stopped]
        text = "; ".join([text.removesuffix("."), *(said for said in more if said)]) + "."
    return Explanation(
        job,
        name,
        state.name.lower(),
        "",
        wait,
        behind,
        behind_s,
        blocked,
        overtook,
        run.nodes.names[node],
        float(scores[place]),
        feasible,
        f"Job {name} ({asks(run, job)}) {text}",
        quota,
    )


def _ran(result: Result, job: int, state: JobState) -> str:
    """How long it ran, and what interrupted it."""
    attempts = attempts_of(result._run, result.end_s)
    own = np.flatnonzero(attempts.job == job)
    ended = float(np.where(np.isnan(attempts.end[own]), result.end_s, attempts.end[own])[-1])
    ran = f"ran {format_seconds(ended - float(attempts.start[own[0]]))}"
    over = {JobState.COMPLETED: f"; {ran}", JobState.RUNNING: "; still running at the end"}
    text = over.get(state, f"; {ran}, and at the end it was {state.name.lower()}")
    interrupted = [Outcome(int(code)).name.lower() for code in attempts.outcome[own] if code > Outcome.COMPLETED]
    if not interrupted:
        return text + "."
    counted = ", ".join(f"{interrupted.count(name)} x {name}" for name in dict.fromkeys(interrupted))
    counted += _reclaimed_for(result._run, own[attempts.outcome[own] == Outcome.RECLAIMED])
    lost = float(attempts.lost[own].sum())
    return text + f", in {len(own)} attempts (interrupted: {counted}; {format_seconds(lost)} of work lost)."


def _reclaimed_for(run: Run, attempts: npt.NDArray[np.int64]) -> str:
    """For which jobs attempts were stopped, those of other quotas."""
    claimants = dict.fromkeys(run.world.attempts.by[attempts].tolist())
    names = [f"{printable(run.trace.id_of(job))} of {printable(run.trace.groups[run.trace.group[job]])!r}" for job in claimants]
    return f" for job {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""


def _never_started(result: Result, job: int, name: str, state: JobState) -> Explanation:
    run, end = result._run, result.end_s
    reason = reason_text(int(run.world.log.reason[job]))
    sentence = {
        JobState.PENDING: "was submitted after the end of the run.",
        JobState.WAITING: f"was still waiting at the end, after {format_seconds(end - float(run.trace.submit[job]))}.",
        JobState.HELD: "was held at the end: a limit of its group left no room for it.",
        JobState.REJECTED: f"was rejected: the empty cluster could not hold it ({reason}).",
        JobState.LOST: "was lost: it did not fit at its one attempt.",
        JobState.CANCELLED: "was deleted before it started.",
    }[state]
    if reason == Reason.QUOTA.name:
        sentence = "was rejected: it asks for more than a limit of its group (QUOTA)."
    quota = None
    if result.quotas and state in WAITING:
        quota = _under_quota(result, run, job, result.end_s)
        sentence = f"was still waiting at the end, after {format_seconds(end - float(run.trace.submit[job]))}. {quota}."
    elif result.quotas and reason == Reason.QUOTA.name:
        quota = _under_quota(result, run, job, result.end_s)
        sentence = f"was rejected: {quota.never_because}."
    text = f"Job {name} ({asks(run, job)}) {sentence}"
    return Explanation(job, name, state.name.lower(), reason, None, None, 0.0, 0.0, 0, None, None, 0, text, quota)


def _ahead(run: Run, job: int) -> tuple[int | None, float, int]:
    """(the job ahead in the queue that started last before this one, seconds waited until then, how many ahead started later or not
    at all).
    """
    log, trace = run.world.log, run.trace
    start, submit = log.start[job], trace.submit[job]
    rows = np.arange(len(trace))
    queued = (trace.submit <= start) & ~np.isin(log.state, (JobState.REJECTED, JobState.LOST)) & (rows != job)
    code = run.queue.code
    if code in (Queue.SJF, Queue.SRTF, Queue.PRIORITY, Queue.CUSTOM, Queue.CUSTOM_BEST_EFFORT):
        key = -trace.priority if code == Queue.PRIORITY else run.world.jobs.key if len(run.world.jobs.key) else trace.estimate
        queued &= (key < key[job]) | ((key == key[job]) & (rows < job))
    else:
        queued &= rows < job
    if len(run.world.quotas.of):
        queued &= run.world.quotas.lane == run.world.quotas.lane[job]
    position = np.full(len(trace), len(trace), dtype=np.int64)
    attempts = attempts_of(run)
    started = attempts.job[attempts.number == 0]
    position[started] = np.arange(len(started))
    before = queued & (position < position[job]) & (log.start > submit)
    overtook = int((queued & (position > position[job])).sum())
    if not before.any():
        return None, 0.0, overtook
    last = int(rows[before][np.argmax(position[before])])
    return last, float(log.start[last] - submit), overtook


def _waited(run: Run, wait: float, behind: int | None, behind_s: float, blocked: float, overtook: int) -> str:
    room = "room within its quota" if len(run.world.quotas.of) else "room"
    if wait == 0:
        text = "started at once"
    elif behind is None:
        text = f"waited {format_seconds(wait)} for {room}"
    else:
        ahead = f"{printable(run.trace.id_of(behind))} ({asks(run, behind)})"
        text = f"waited {format_seconds(wait)}: {format_seconds(behind_s)} behind job {ahead}"
        text += f", then {format_seconds(blocked)} for {room}" if blocked > 0 else ""
    return text + (f", ahead of {overtook:,} earlier jobs" if overtook else "")


def _under_quota(result: Result, run: Run, job: int, now: float) -> UnderQuota:
    """What is known of a job under its zone in a run as it is."""
    tree = with_the_rest(result.quotas)
    one = tree[int(run.world.quotas.of[job]) - 1]
    flavors = parts_of(tree, run.nodes).flavors
    return under_quota(run, job, now, one.name if one is not None else "", flavors, lambda each: str(run.trace.id_of(each)))


def _quota_at_arrival(result: Result, again: Run, job: int, wait: float) -> UnderQuota | None:
    """Why a job waited when it arrived, None for one that did not. `again`: the run before its first event, which goes on to there."""
    if wait == 0:
        return None
    submit = float(again.trace.submit[job])
    drive(again, submit)
    return _under_quota(result, again, job, submit)
