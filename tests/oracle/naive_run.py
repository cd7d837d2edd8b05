"""The naive oracle's run: nodes, jobs, attempts and time, and what can happen to an attempt. From the two pages of definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mlplat.hardware import ClusterSpec
from mlplat.workload import JobTrace

from .naive_admission import Limits, admit_held, asked
from .naive_attempts import FAILURES, NO_CHECKPOINTS, NaiveAttempt, NaiveCheckpoint, span, work_until
from .naive_jobs import jobs_of
from .naive_placement import NaivePlacer, Policy
from .naive_quotas import NaiveQuotas
from .naive_state import Replica, State, copy_state, empty_cluster, give_back


class NaiveView(NamedTuple):
    """What the key of a user's own order may look at: docs/scheduling.md, own order."""

    submit_s: float
    estimate_s: float
    priority: int
    group: str
    replicas: int
    cpu_milli: int
    memory_mib: int
    disk_mib: int
    gpus: int
    gpu_milli: int
    all_gpu_milli: int


@dataclass(frozen=True)
class NaiveOptions:
    """What `schedule` is told besides cluster, trace and policies: see there."""

    checkpoint: NaiveCheckpoint = NO_CHECKPOINTS
    max_restarts: int | None = None
    scrape: float | None = None
    limits: Limits = field(default_factory=dict)
    patience: float = 7 * 86400.0
    preempt: bool = True
    grace: float = 0.0
    threshold: float = 3600.0
    weights: Mapping[str, float] = field(default_factory=dict)
    depth: int = 1000
    key: Callable[[NaiveView], float] | None = None


@dataclass
class Reservation:
    """What EASY promised a blocked head in one cycle: at `time`, job `head` would start no later than `shadow`."""

    time: float
    head: int
    shadow: float


@dataclass
class Outcome:
    """What became of one job.

    `start`: of its first attempt. `replicas`: of its last. `left`, `estimated`: its work left, in truth and as estimated. `failures`:
    attempts that failures ended. `served`: how long the attempts that have ended ran. `fallen`: whether its work went on until it
    fell to level 0 of las; it stays there, however float64 rounds what it has attained.
    """

    state: str = "pending"
    reason: str = ""
    start: float | None = None
    end: float | None = None
    replicas: list[Replica] = field(default_factory=list)
    left: float = 0.0
    estimated: float = 0.0
    attempts: int = 0
    failures: int = 0
    served: float = 0.0
    fallen: bool = False


class NaiveRun:
    """State of one run: the nodes, the waiting jobs (rows of the trace), the running attempts, the time.

    `state`: the nodes as the scheduler knows them. `truth`: per node "up", "crashed" or "partitioned"; `lost`, `cordoned`: nodes.
    """

    def __init__(
        self, spec: ClusterSpec, trace: JobTrace, policy: Policy, ties: str | Sequence[int], seed: int, options: NaiveOptions
    ) -> None:
        self.empty = empty_cluster(spec)
        self.jobs = jobs_of(trace, spec, self.empty)
        self.groups = trace.groups
        self.placer = NaivePlacer(policy, ties, seed, self.empty, self.jobs)
        self.options = options
        self.state: State = copy_state(self.empty)
        self.truth = ["up" for _ in self.empty]
        self.lost: set[int] = set()
        self.cordoned: set[int] = set()
        self.outcomes = [Outcome(left=job.duration, estimated=job.estimate) for job in self.jobs]
        self.waiting: list[int] = []
        self.running: list[NaiveAttempt] = []
        self.attempts: list[NaiveAttempt] = []
        self.ended: list[NaiveAttempt] = []
        self.reservations: list[Reservation] = []
        self.now = 0.0
        self.by_service = False
        table = spec.nodes()
        self.node_groups = [table.groups[group] for group in table.group]
        self.quotas: NaiveQuotas | None = None

    # -- asking

    def expected_span(self, job: int) -> float:
        """Of a waiting job, from start to its estimated end."""
        outcome = self.outcomes[job]
        return span(self.lead_of(job), outcome.estimated, self.options.checkpoint)

    def lead_of(self, job: int) -> float:
        """The lead of a job's next attempt."""
        return self.options.checkpoint.restart if self.outcomes[job].attempts else 0.0

    def limits_of(self, group: int) -> Mapping[str, int]:
        """The limits of a group, by dimension."""
        return self.options.limits.get(self.groups[group], {})

    def width(self, job: int) -> float:
        """Accelerators of a job, 1 if it uses none."""
        milli = asked(self.empty, self.jobs[job])["gpu"]
        return milli / 1000 if milli else 1.0

    def level(self, job: int) -> int:
        """The level of a waiting job under las."""
        return int(not self.outcomes[job].fallen and self.outcomes[job].served * self.width(job) < self.options.threshold)

    def hidden(self, attempt: NaiveAttempt) -> bool:
        """Whether its node is cut off, so that its completion would not be seen."""
        return any(self.truth[node] == "partitioned" for node in attempt.nodes())

    def on_node(self, node: int) -> list[NaiveAttempt]:
        """The attempts with a replica on a node, in job order."""
        return sorted((a for a in self.running if node in a.nodes()), key=lambda a: a.job)

    def given_back(self, ended: Sequence[NaiveAttempt]) -> State:
        """The current state as if these attempts had given back."""
        later = copy_state(self.state)
        for node in later:
            node.frozen = True
        for attempt in ended:
            for replica in attempt.replicas:
                give_back(later[replica.node], replica)
        return later

    def own_key(self, row: int) -> float:
        """The key of a job in a user's own order."""
        assert self.options.key is not None
        job = self.jobs[row]
        one = job.last_request if job.replicas == 1 else job.request
        amounts = one.cpu_milli, one.memory_mib, one.disk_mib, one.gpus, one.gpu_milli
        everything = asked(self.empty, job)["gpu"]
        return self.options.key(
            NaiveView(job.submit, job.estimate, job.priority, self.groups[job.group], job.replicas, *amounts, everything)
        )

    # -- starting

    def start(self, job: int) -> bool:
        """Start a job, placed by the policy on the current state, if its gang fits."""
        replicas = self.placer.place_gang(self.state, self.jobs[job], job)
        if replicas is None:
            return False
        self.note_start(job, replicas)
        return True

    def note_start(self, job: int, replicas: list[Replica]) -> None:
        """Write down that a job has started where it is already placed."""
        outcome, checkpoint = self.outcomes[job], self.options.checkpoint
        lead = self.lead_of(job)
        completion = self.now + span(lead, outcome.left, checkpoint)
        estimated_end = self.now + self.expected_span(job)
        attempt = NaiveAttempt(job, outcome.attempts, self.now, lead, outcome.left, completion, estimated_end, replicas)
        if self.by_service:
            attempt.level = self.level(job)
            if attempt.level:
                attempt.fall = self.now + (self.options.threshold / self.width(job) - outcome.served)
        outcome.state, outcome.replicas = "running", replicas
        outcome.attempts += 1
        if outcome.start is None:
            outcome.start = self.now
        self.waiting.remove(job)
        self.running.append(attempt)
        self.attempts.append(attempt)
        down = {self.truth[node] for node in attempt.nodes()}
        if "crashed" in down:
            self.halt(attempt, "node")
        elif "partitioned" in down:
            self.halt(attempt, "fenced")

    # -- stopping

    def halt(self, attempt: NaiveAttempt, cause: str) -> None:
        """A crash or a partition stops the work of an attempt, or spoils the writing of its last checkpoint; nobody notices."""
        if attempt.stopping:
            self.spoil(attempt)
        elif not attempt.cause:
            attempt.cause = cause
            self.stop_work(attempt)

    def stop_work(self, attempt: NaiveAttempt) -> None:
        """Work stops; what periodic checkpoints had is saved."""
        attempt.stop = self.now
        attempt.done, attempt.saved = work_until(attempt, self.now, self.options.checkpoint)

    def spoil(self, attempt: NaiveAttempt) -> None:
        """A stopping attempt does not come to the end of its last checkpoint."""
        assert attempt.stop is not None
        if attempt.ending != "completed":
            attempt.saved = work_until(attempt, attempt.stop, self.options.checkpoint)[1]

    def ask_to_stop(self, attempt: NaiveAttempt, outcome: str, grace: float) -> None:
        """Preempt or drain an attempt: it keeps its room for as long as it may write a checkpoint."""
        if attempt.stopping:
            return
        if attempt.cause:
            self.finish(attempt, attempt.cause)
            return
        write = self.options.checkpoint.write
        self.stop_work(attempt)
        if write <= grace:
            attempt.saved = attempt.done
        self.hold_room(attempt, outcome, self.now + min(write, grace))

    def hold_room(self, attempt: NaiveAttempt, outcome: str, until: float) -> None:
        """A stopped attempt ends at a time, or when the next scrape after it shows that it has."""
        period = self.options.scrape
        seen = until if period is None else max(until, math.ceil(until / period) * period)
        if seen > self.now:
            attempt.ending, attempt.grace_end, attempt.estimated_end = outcome, seen, seen
        else:
            self.finish(attempt, outcome)

    def interrupt(self, attempt: NaiveAttempt, outcome: str) -> None:
        """A failure ends an attempt that the scheduler gives up."""
        if attempt.stopping:
            self.spoil(attempt)
            self.finish(attempt, attempt.ending)
        elif attempt.cause:
            self.finish(attempt, attempt.cause)
        else:
            self.stop_work(attempt)
            self.finish(attempt, outcome)

    def complete(self, attempt: NaiveAttempt) -> None:
        """The work of an attempt is done."""
        attempt.stop, attempt.done, attempt.saved, attempt.cause = self.now, attempt.work, attempt.work, ""
        attempt.outcome = "completed"
        job = self.outcomes[attempt.job]
        job.state, job.end = "completed", self.now
        self.hold_room(attempt, "completed", self.now)

    def finish(self, attempt: NaiveAttempt, outcome: str) -> None:
        """An attempt ends: it gives back its room, and its job has completed, has failed or waits again."""
        assert attempt.stop is not None
        attempt.end, attempt.outcome = self.now, outcome
        attempt.lost = max(attempt.done - attempt.saved, 0.0)
        self.running.remove(attempt)
        self.ended.append(attempt)
        for replica in attempt.replicas:
            give_back(self.state[replica.node], replica)
        if self.quotas:
            self.quotas.released()
        job = self.outcomes[attempt.job]
        job.served += attempt.stop - attempt.start
        job.fallen |= attempt.fall <= attempt.stop
        if outcome == "completed":
            admit_held(self, self.jobs[attempt.job].group)
            return
        job.left, job.estimated = (max(work - attempt.saved, 0.0) for work in (job.left, job.estimated))
        job.failures += outcome in FAILURES
        if self.options.max_restarts is not None and job.failures > self.options.max_restarts:
            self.end_for_good(attempt.job, "failed", "RESTARTS")
        elif self.quotas:
            self.quotas.enter(attempt.job)
        else:
            job.state = "waiting"
            self.waiting.append(attempt.job)

    def end_for_good(self, row: int, state: str, reason: str = "") -> None:
        """A job will not run again."""
        job = self.outcomes[row]
        job.state, job.reason = state, reason
        admit_held(self, self.jobs[row].group)
