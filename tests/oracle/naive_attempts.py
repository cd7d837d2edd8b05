"""The naive oracle's attempts: how long one takes, and what it has done and saved when it stops. From docs/interruptions.md."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .naive_state import Replica

FAILURES = ("node", "device", "fenced")
"""Outcomes of attempts that a failure of the hardware ended."""


@dataclass(frozen=True)
class NaiveCheckpoint:
    """How jobs save their work: the interval τ of work between checkpoints, the write time δ of one, the restart time of later attempts."""

    interval: float = math.inf
    write: float = 0.0
    restart: float = 0.0


NO_CHECKPOINTS = NaiveCheckpoint()


@dataclass(eq=False)
class NaiveAttempt:
    """One run of a job, from `start` to `end`; its work stops at `stop`.

    `work`: the work left when it started. `estimated_end`: by the expected span. `cause`: "node" or "fenced" once a crash or a partition
    has stopped its work and nobody has noticed. `unseen`: its work is done, behind a partition. `ending`, `grace_end`: how and when it
    gives back its room, while it is stopping. `done`, `saved`, `lost`: seconds of work. `level`, `fall`: of las.
    """

    job: int
    number: int
    start: float
    lead: float
    work: float
    completion: float
    estimated_end: float
    replicas: list[Replica] = field(default_factory=list)
    stop: float | None = None
    end: float | None = None
    outcome: str = "running"
    cause: str = ""
    unseen: bool = False
    ending: str = ""
    grace_end: float | None = None
    done: float = 0.0
    saved: float = 0.0
    lost: float = 0.0
    level: int = 0
    fall: float = math.inf

    @property
    def stopping(self) -> bool:
        """Whether it is preempted or drained and keeps its room for its grace."""
        return self.grace_end is not None and self.end is None

    def nodes(self) -> set[int]:
        """The nodes that its replicas are on."""
        return {replica.node for replica in self.replicas}


def checkpoints(work: float, policy: NaiveCheckpoint) -> float:
    """k: how many checkpoints are written in so much work; infinitely many in infinite work."""
    if policy.interval == math.inf:
        return 0
    return math.inf if work == math.inf else max(0, math.ceil(work / policy.interval) - 1)


def span(lead: float, work: float, policy: NaiveCheckpoint) -> float:
    """From start to completion of an attempt with so much work."""
    if work == math.inf:
        return math.inf
    return lead + (work + checkpoints(work, policy) * policy.write)


def work_until(attempt: NaiveAttempt, stop: float, policy: NaiveCheckpoint) -> tuple[float, float]:
    """(done, saved by periodic checkpoints) when the work of an attempt stops at a time before its completion."""
    elapsed = (stop - attempt.start) - attempt.lead
    interval, write, work = policy.interval, policy.write, attempt.work
    if elapsed <= 0:
        return 0.0, 0.0
    if interval == math.inf:
        return min(elapsed, work), 0.0
    k = checkpoints(work, policy)
    complete = min(math.floor(elapsed / (interval + write)), k)
    since = elapsed - complete * (interval + write)
    if complete < k:
        since = min(since, interval)
    return min(complete * interval + since, work), min(complete * interval, work)


def useful_work(attempt: NaiveAttempt, now: float, policy: NaiveCheckpoint) -> float:
    """What an attempt saved; for one that has not ended by `now`, what it has done by then."""
    if attempt.outcome != "running":
        return attempt.saved
    if attempt.stop is not None:
        return attempt.done
    return attempt.work if now == math.inf else work_until(attempt, now, policy)[0]
