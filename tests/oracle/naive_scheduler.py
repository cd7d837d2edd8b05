"""The naive oracle: the event loop and the queue policies of docs/scheduling.md, over plain lists, with everything recomputed.

`schedule` is the slow, obvious twin of `mlplat.runs.replay.replay` without failures. It shares no code with the scheduler.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlplat.hardware import ClusterSpec
from mlplat.workload import JobTrace

from .naive_jobs import NaiveJob, jobs_of, rejection
from .naive_placement import NaivePlacer, Policy
from .naive_state import Replica, State, copy_state, empty_cluster, give_back, minimum, take_again


@dataclass
class Reservation:
    """What EASY promised a blocked head in one cycle: at `time`, job `head` would start no later than `shadow`."""

    time: float
    head: int
    shadow: float


@dataclass
class Outcome:
    """What became of one job."""

    state: str = "pending"
    reason: str = ""
    start: float | None = None
    end: float | None = None
    replicas: list[Replica] = field(default_factory=list)


@dataclass
class NaiveSchedule:
    """The whole run: one outcome a job, the order of starts, EASY's reservations, and the jobs after splitting."""

    jobs: list[NaiveJob]
    outcomes: list[Outcome]
    started: list[int]
    reservations: list[Reservation]

    def records(self) -> list[tuple[int, int, int, int, int]]:
        """(job, node, device, mig_start, replicas), in order of start; equal replicas next to each other on a node are one record."""
        rows: list[tuple[int, int, int, int, int]] = []
        for job in self.started:
            before: Replica | None = None
            for replica in self.outcomes[job].replicas:
                device = min(replica.devices, default=-1)
                alone = replica.request.gpu_milli > 0 or replica.request.mig != ""
                if before is not None and not alone and before.node == replica.node and before.request == replica.request:
                    rows[-1] = (*rows[-1][:4], rows[-1][4] + 1)
                else:
                    rows.append((job, replica.node, device, replica.mig_start, 1))
                before = replica
        return rows


def schedule(
    spec: ClusterSpec,
    trace: JobTrace,
    *,
    queue: str = "fifo",
    policy: Policy | str = "first-fit",
    ties: str | Sequence[int] = "node-order",
    seed: int = 0,
    until: float | None = None,
) -> NaiveSchedule:
    """Run a trace through the naive scheduler."""
    if isinstance(policy, str):
        policy = Policy(policy)
    return NaiveScheduler(spec, trace, queue, policy, ties, seed).run(math.inf if until is None else until)


class NaiveScheduler:
    """State of one run: the nodes, the waiting and the running jobs (rows of the trace), the time."""

    def __init__(self, spec: ClusterSpec, trace: JobTrace, queue: str, policy: Policy, ties: str | Sequence[int], seed: int) -> None:
        self.empty = empty_cluster(spec)
        self.jobs = jobs_of(trace, spec, self.empty)
        self.placer = NaivePlacer(policy, ties, seed, self.empty, self.jobs)
        self.cycle = {
            "fifo": self.fifo,
            "best-effort-fifo": self.best_effort_fifo,
            "sjf": self.sjf,
            "easy": self.easy,
            "loss": self.loss,
        }[queue]
        self.state: State = copy_state(self.empty)
        self.outcomes = [Outcome() for _ in self.jobs]
        self.waiting: list[int] = []
        self.running: list[int] = []
        self.started: list[int] = []
        self.reservations: list[Reservation] = []
        self.now = 0.0

    # -- events

    def run(self, until: float) -> NaiveSchedule:
        """Go from event instant to event instant until nothing is left to happen."""
        while True:
            ends = [self.end_of(job) for job in self.running]
            arrivals = [self.jobs[job].submit for job in range(len(self.jobs)) if self.outcomes[job].state == "pending"]
            instants = [t for t in ends + arrivals if t < math.inf and t <= until]
            if not instants:
                return NaiveSchedule(self.jobs, self.outcomes, self.started, self.reservations)
            self.now = min(instants)
            self.complete()
            self.arrive()
            self.cycle()

    def end_of(self, job: int) -> float:
        """When a running job completes."""
        start = self.outcomes[job].start
        assert start is not None
        return start + self.jobs[job].duration

    def complete(self) -> None:
        """Completions of this instant, in job order."""
        for job in sorted(self.running):
            if self.end_of(job) == self.now:
                self.running.remove(job)
                self.outcomes[job].state = "completed"
                self.outcomes[job].end = self.now
                for replica in self.outcomes[job].replicas:
                    give_back(self.state[replica.node], replica)

    def arrive(self) -> None:
        """Arrivals of this instant, in order of submission, each validated."""
        for job, outcome in enumerate(self.outcomes):
            if outcome.state == "pending" and self.jobs[job].submit == self.now:
                outcome.reason = rejection(self.jobs, job, self.empty, self.placer)
                outcome.state = "rejected" if outcome.reason else "waiting"
                if not outcome.reason:
                    self.waiting.append(job)

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
        outcome = self.outcomes[job]
        outcome.state, outcome.start, outcome.replicas = "running", self.now, replicas
        self.waiting.remove(job)
        self.running.append(job)
        self.started.append(job)

    # -- queue policies

    def fifo(self) -> None:
        """Start the first submitted while it fits."""
        while self.waiting and self.start(min(self.waiting)):
            pass

    def best_effort_fifo(self) -> None:
        """Start each that fits, in order of submission."""
        for job in sorted(self.waiting):
            self.start(job)

    def sjf(self) -> None:
        """Start the one of the shortest estimate while it fits."""
        while self.waiting and self.start(min(self.waiting, key=lambda job: (self.jobs[job].estimate, job))):
            pass

    def loss(self) -> None:
        """One attempt each."""
        for job in sorted(self.waiting):
            if not self.start(job):
                self.waiting.remove(job)
                self.outcomes[job].state, self.outcomes[job].reason = "lost", "NO_ROOM"

    def easy(self) -> None:
        """As fifo; behind a blocked head, start what does not delay it."""
        self.fifo()
        if not self.waiting:
            return
        head = min(self.waiting)
        shadow, later = self.reserve(head)
        self.reservations.append(Reservation(self.now, head, shadow))
        for job in sorted(self.waiting):
            if job == head:
                continue
            if self.now + self.jobs[job].estimate <= shadow and self.start(job):
                continue
            both = [minimum(now, then) for now, then in zip(self.state, later, strict=True)]
            replicas = self.placer.place_gang(both, self.jobs[job], job)
            if replicas is not None:
                for replica in replicas:
                    take_again(self.state[replica.node], replica)
                    take_again(later[replica.node], replica)
                self.note_start(job, replicas)

    def reserve(self, head: int) -> tuple[float, State]:
        """The shadow time of the head and the state S' that others may hold beyond it."""
        ends = {job: (self.outcomes[job].start or 0.0) + self.jobs[job].estimate for job in self.running}
        for shadow in sorted({end for end in ends.values() if end < math.inf}):
            later = self.given_back([job for job in self.running if ends[job] <= shadow])
            if self.placer.place_gang(later, self.jobs[head], head) is not None:
                return shadow, later
        return math.inf, self.given_back([job for job in self.running if ends[job] < math.inf])

    def given_back(self, ended: list[int]) -> State:
        """The current state as if these running jobs had ended."""
        later = copy_state(self.state)
        for node in later:
            node.frozen = True
        for job in ended:
            for replica in self.outcomes[job].replicas:
                give_back(later[replica.node], replica)
        return later
