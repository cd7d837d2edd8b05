"""The naive oracle: the event loop of docs/scheduling.md and docs/interruptions.md, over plain lists, with everything recomputed.

`schedule` is the slow, obvious twin of `mlplat.runs.replay.replay`. It shares no code with the scheduler.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplat.hardware import ClusterSpec
from mlplat.workload import JobTrace

from .naive_admission import Limits, admit
from .naive_attempts import NO_CHECKPOINTS, NaiveAttempt, NaiveCheckpoint
from .naive_conservative import conservative
from .naive_drf import drf
from .naive_incidents import NaiveIncident, happen
from .naive_jobs import NaiveJob, rejection
from .naive_placement import Policy
from .naive_preemption import las, priority, srtf
from .naive_queues import best_effort_fifo, easy, fifo, loss, own, own_best_effort, sjf
from .naive_quota_checks import check_books
from .naive_quota_tree import Described
from .naive_quotas import NaiveQuotas
from .naive_run import NaiveOptions, NaiveRun, NaiveView, Outcome, Reservation
from .naive_state import Replica

CYCLES: dict[str, Callable[[NaiveRun], None]] = {
    "fifo": fifo,
    "best-effort-fifo": best_effort_fifo,
    "sjf": sjf,
    "own": own,
    "own-best-effort": own_best_effort,
    "easy": easy,
    "loss": loss,
    "priority": priority,
    "srtf": srtf,
    "las": las,
    "drf": drf,
    "conservative": conservative,
}


@dataclass
class NaiveSchedule:
    """The whole run: one outcome a job, the attempts in order of start and of end, EASY's reservations, and the jobs after splitting."""

    jobs: list[NaiveJob]
    outcomes: list[Outcome]
    attempts: list[NaiveAttempt]
    ended: list[NaiveAttempt]
    reservations: list[Reservation]
    quotas: NaiveQuotas | None = None

    def records(self) -> list[tuple[int, int, int, int, int]]:
        """(job, node, device, mig_start, replicas), in order of start; equal replicas next to each other on a node are one record."""
        return [(attempt.job, *record) for attempt in self.attempts for record in placement_records(attempt.replicas)]


def placement_records(replicas: Iterable[Replica]) -> list[tuple[int, int, int, int]]:
    """(node, device, mig_start, replicas) of one attempt."""
    rows: list[tuple[int, int, int, int]] = []
    before: Replica | None = None
    for replica in replicas:
        alone = replica.request.gpu_milli > 0 or replica.request.mig != ""
        if before is not None and not alone and before.node == replica.node and before.request == replica.request:
            rows[-1] = (*rows[-1][:3], rows[-1][3] + 1)
        else:
            rows.append((replica.node, min(replica.devices, default=-1), replica.mig_start, 1))
        before = replica
    return rows


def schedule(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str = "fifo",
    policy: Policy | str = "first-fit",
    ties: str | Sequence[int] = "node-order",
    until: float | None = None,
    seed: int = 0,
    incidents: Iterable[tuple[Any, ...]] = (),
    checkpoint: NaiveCheckpoint = NO_CHECKPOINTS,
    max_restarts: int | None = None,
    scrape: float | None = None,
    limits: Limits | None = None,
    patience: float = 7 * 86400.0,
    preempt: bool = True,
    grace: float = 0.0,
    threshold: float = 3600.0,
    weights: Mapping[str, float] | None = None,
    depth: int = 1000,
    key: Callable[[NaiveView], float] | None = None,
    quotas: Sequence[Described] | None = None,
    fair_preemption: Sequence[str] = (),
) -> NaiveSchedule:
    """Run a trace through the naive scheduler.

    `incidents`: (time, code, node, device, grace), of which the last two may be left out. `limits`: group -> dimension (cpu, memory, gpu;
    in milli-cores, MiB, milli) -> the most. `weights`: by group. `key`: of the queues `own` and `own-best-effort`. `quotas`: quotas and
    cohorts, for a run under docs/quotas.md.
    """
    if isinstance(policy, str):
        policy = Policy(policy)
    options = NaiveOptions(checkpoint, max_restarts, scrape, limits or {}, patience, preempt, grace, threshold, weights or {}, depth, key)
    run = NaiveRun(spec, trace, policy, ties, seed, options)
    run.by_service = queue == "las"
    listed = sorted(NaiveIncident(*incident) for incident in incidents)
    if quotas is not None:
        run.quotas = NaiveQuotas(run, quotas, queue, fair_preemption)
    cycle = CYCLES[queue] if run.quotas is None else under_quotas
    return NaiveScheduler(run, cycle, listed).run_until(math.inf if until is None else until)


def under_quotas(run: NaiveRun) -> None:
    """The cycle of docs/quotas.md."""
    assert run.quotas is not None
    run.quotas.cycle()


class NaiveScheduler:
    """The event loop over one run: completions, recoveries, failures, arrivals, then one cycle."""

    def __init__(self, run: NaiveRun, cycle: Callable[[NaiveRun], None], incidents: list[NaiveIncident]) -> None:
        self.run = run
        self.cycle = cycle
        self.incidents = incidents

    def run_until(self, until: float) -> NaiveSchedule:
        """Go from event instant to event instant until nothing is left to happen."""
        run = self.run
        while True:
            instants = [t for t in self.instants() if t < math.inf and t <= until]
            if not instants:
                return NaiveSchedule(run.jobs, run.outcomes, run.attempts, run.ended, run.reservations, run.quotas)
            run.now = max(run.now, min(instants))
            self.end_attempts()
            while self.incidents and self.incidents[0].time <= run.now:
                happen(run, self.incidents.pop(0))
            self.arrive()
            self.cycle(run)
            if run.quotas:
                check_books(run.quotas)

    def instants(self) -> list[float]:
        """When something is due."""
        run = self.run
        arrivals = [job.submit for job, outcome in zip(run.jobs, run.outcomes, strict=True) if outcome.state == "pending"]
        attempts = [t for a in run.running for t in (self.due_end(a), a.fall if a.level and a.stop is None else math.inf)]
        return arrivals + attempts + [incident.time for incident in self.incidents]

    def due_end(self, attempt: NaiveAttempt) -> float:
        """When an attempt completes or, if it is stopping, its grace ends. Never, if nobody sees it."""
        if attempt.grace_end is not None:
            return attempt.grace_end
        return math.inf if attempt.cause else attempt.completion

    def end_attempts(self) -> None:
        """Completions, ends of grace and falls of level that are due, in job order."""
        run = self.run
        for attempt in sorted(run.running, key=lambda a: a.job):
            if attempt.fall <= run.now and attempt.stop is None:
                attempt.level = 0
            if self.due_end(attempt) > run.now:
                continue
            if attempt.stopping:
                run.finish(attempt, attempt.ending)
            elif run.hidden(attempt):
                run.halt(attempt, "fenced")
                attempt.unseen = True
            else:
                run.complete(attempt)

    def arrive(self) -> None:
        """Arrivals of this instant, in order of submission: each is validated and admitted."""
        run = self.run
        for row, outcome in enumerate(run.outcomes):
            if outcome.state == "pending" and run.jobs[row].submit <= run.now:
                outcome.reason = rejection(run.jobs, row, run.empty, run.placer)
                if outcome.reason:
                    outcome.state = "rejected"
                elif run.quotas:
                    run.quotas.arrive(row)
                else:
                    admit(run, row)
