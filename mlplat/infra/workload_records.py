"""What a cluster remembers of a workload: where it is in its life, its environments, and the event that last changed it."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .virtualization.environments import RuntimeEnvironment
    from .workload_spec import Workload


class WorkloadStatus(Enum):
    """Where a workload is in its life."""

    PENDING = "pending"
    """It waits for room."""
    HELD = "held"
    """A limit of its group keeps it out of the queue."""
    STARTING = "starting"
    """It has room; its environments pull their image and start."""
    RUNNING = "running"
    STOPPING = "stopping"
    """Its work has stopped; it keeps its room until its grace is over."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


OVER = frozenset((WorkloadStatus.SUCCEEDED, WorkloadStatus.FAILED, WorkloadStatus.REJECTED, WorkloadStatus.CANCELLED))
"""Statuses that a workload does not leave."""


class WorkloadRecord:
    """One gang and what has become of it. The cluster makes and changes it; times are simulated seconds, NaN for what has not happened.

    `job`: its number in the scheduler. `reason`: a word of a documented enum, empty where there is nothing to say. `environments`: of the
    current attempt, in order of the replicas. `unready`: how many of them are not up. `has_program`: whether real code is called for it.
    `last_event`: the id of the event that last changed it, or of what led to it where that is not recorded.
    """

    __slots__ = (
        "actor",
        "attempts",
        "ended_s",
        "environments",
        "has_program",
        "job",
        "last_event",
        "reason",
        "started_s",
        "status",
        "submitted_s",
        "unready",
        "workload",
    )

    def __init__(self, workload: Workload, job: int, submitted_s: float, actor: str, last_event: int | None) -> None:
        self.workload, self.job, self.submitted_s, self.actor, self.last_event = workload, job, submitted_s, actor, last_event
        self.status = WorkloadStatus.PENDING
        self.reason = ""
        self.environments: tuple[RuntimeEnvironment, ...] | list[RuntimeEnvironment] = ()
        self.unready = self.attempts = 0
        self.has_program = False
        self.started_s = self.ended_s = math.nan

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.workload.name

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.status in OVER

    def __repr__(self) -> str:
        return f"WorkloadRecord({self.name!r}: {self.status.value}{', ' + self.reason if self.reason else ''})"
