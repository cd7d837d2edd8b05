"""How a task ends, and why, in words."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ...errors import MlplatError


class Outcome(StrEnum):
    """What has become of a task; all but `running` are final."""

    RUNNING = "running"
    """It waits for room, or is at work."""
    SUCCESS = "success"
    FAILURE = "failure"
    """The work is wrong."""
    ERROR = "error"
    """The infrastructure was."""
    CANCELLED = "cancelled"


class TaskReason(StrEnum):
    """Why a task is not at work, or how it ended."""

    NONE = ""
    COMPLETED = "COMPLETED"
    RAISED = "RAISED"
    """Its code raised an error."""
    ACCESS_DENIED = "ACCESS_DENIED"
    """Its principal may not do, or may do no longer, what it is to do."""
    UNAVAILABLE = "UNAVAILABLE"
    """Something that it needs could not be reached."""
    TIMEOUT = "TIMEOUT"
    """It was at work for longer than it may be."""
    TIMEOUT_PENDING = "TIMEOUT_PENDING"
    """It has waited for longer than it may."""
    REJECTED = "REJECTED"
    """The cluster could never hold it."""
    OOM_KILLED = "OOM_KILLED"
    DISK_LIMIT = "DISK_LIMIT"
    IMAGE_NOT_FOUND = "IMAGE_NOT_FOUND"
    NO_ADDRESS = "NO_ADDRESS"
    NODE_LOST = "NODE_LOST"
    DEVICE_FAILED = "DEVICE_FAILED"
    FENCED = "FENCED"
    RESTARTS = "RESTARTS"
    """The cluster has given it up after too many restarts."""
    NO_ROOM = "NO_ROOM"
    """The nodes that could hold it are gone."""
    DELETED = "DELETED"
    """Somebody deleted its workload."""
    CANCELLED = "CANCELLED"
    """Whoever started it has called it off."""
    ZONE_LIMIT = "ZONE_LIMIT"
    """Waiting: the limit of its zone is used up."""
    NO_CAPACITY = "NO_CAPACITY"
    """Waiting: the cluster has no room now."""


OUTCOME: Final = MappingProxyType(
    {
        TaskReason.COMPLETED: Outcome.SUCCESS,
        TaskReason.RAISED: Outcome.FAILURE,
        TaskReason.ACCESS_DENIED: Outcome.FAILURE,
        TaskReason.UNAVAILABLE: Outcome.ERROR,
        TaskReason.TIMEOUT: Outcome.FAILURE,
        TaskReason.TIMEOUT_PENDING: Outcome.ERROR,
        TaskReason.REJECTED: Outcome.FAILURE,
        TaskReason.OOM_KILLED: Outcome.FAILURE,
        TaskReason.DISK_LIMIT: Outcome.FAILURE,
        TaskReason.IMAGE_NOT_FOUND: Outcome.FAILURE,
        TaskReason.NO_ADDRESS: Outcome.ERROR,
        TaskReason.NODE_LOST: Outcome.ERROR,
        TaskReason.DEVICE_FAILED: Outcome.ERROR,
        TaskReason.FENCED: Outcome.ERROR,
        TaskReason.RESTARTS: Outcome.ERROR,
        TaskReason.NO_ROOM: Outcome.ERROR,
        TaskReason.DELETED: Outcome.CANCELLED,
        TaskReason.CANCELLED: Outcome.CANCELLED,
    }
)
"""What each way to end counts as."""

OF_INFRASTRUCTURE: Final = frozenset(reason for reason, outcome in OUTCOME.items() if outcome is Outcome.ERROR) - {
    TaskReason.TIMEOUT_PENDING
}
"""What is tried again."""

SENTENCE: Final = MappingProxyType(
    {
        TaskReason.NONE: "it is at work",
        TaskReason.COMPLETED: "it has done its work",
        TaskReason.RAISED: "its code raised an error",
        TaskReason.ACCESS_DENIED: "its principal may not do what it is to do",
        TaskReason.UNAVAILABLE: "something that it needs could not be reached",
        TaskReason.TIMEOUT: "it was at work for longer than it may be",
        TaskReason.TIMEOUT_PENDING: "it has waited for longer than it may",
        TaskReason.REJECTED: "the cluster could never hold it",
        TaskReason.OOM_KILLED: "memory use passed the limit",
        TaskReason.DISK_LIMIT: "disk use passed the limit",
        TaskReason.IMAGE_NOT_FOUND: "its image is not there",
        TaskReason.NO_ADDRESS: "its network has no address left",
        TaskReason.NODE_LOST: "its node was lost",
        TaskReason.DEVICE_FAILED: "a device it used failed",
        TaskReason.FENCED: "its node was cut off and given up",
        TaskReason.RESTARTS: "the cluster has given it up after too many restarts",
        TaskReason.NO_ROOM: "the nodes that could hold it are gone",
        TaskReason.DELETED: "somebody deleted its workload",
        TaskReason.CANCELLED: "it was called off",
        TaskReason.ZONE_LIMIT: "the limit of its zone is used up",
        TaskReason.NO_CAPACITY: "the cluster has no room for it now",
    }
)
"""A reason as people read it."""


class InfrastructureError(MlplatError):
    """Raised by the code of a task where not the work is wrong but something it needs cannot be reached; it is tried again."""


def reason_of(word: str) -> TaskReason:
    """The reason that a cluster's word stands for: of a workload that was rejected a list of what it lacks.

    >>> reason_of("NODE_LOST"), reason_of("GPU_COUNT|MEMORY")
    (<TaskReason.NODE_LOST: 'NODE_LOST'>, <TaskReason.REJECTED: 'REJECTED'>)
    """
    return TaskReason(word) if word in TaskReason.__members__ else TaskReason.REJECTED
