"""The life cycle of a runtime environment: its states, the changes that are allowed, why it ended, and what that counts as."""

from __future__ import annotations

from enum import Enum
from typing import Final

from ...errors import MlplatError


class _Word(Enum):
    """An enumeration of words. Members are singletons, so their identity hashes them, at a fraction of the cost of Enum's own hash."""

    __hash__ = object.__hash__


class State(_Word):
    """Where an environment is in its life. It holds its room on the node until it is in one of the last three."""

    PENDING = "pending"
    PULLING = "pulling"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EVICTED = "evicted"


class Reason(_Word):
    """Why an environment, or one run of its program, ended."""

    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    OOM_KILLED = "OOM_KILLED"
    DISK_LIMIT = "DISK_LIMIT"
    IMAGE_NOT_FOUND = "IMAGE_NOT_FOUND"
    NO_ADDRESS = "NO_ADDRESS"
    NODE_LOST = "NODE_LOST"
    DEVICE_FAILED = "DEVICE_FAILED"
    PREEMPTED = "PREEMPTED"
    RECLAIM = "RECLAIM"
    DRAINED = "DRAINED"
    DELETED = "DELETED"
    FENCED = "FENCED"
    IDLE = "IDLE"


TERMINAL: Final = frozenset({State.SUCCEEDED, State.FAILED, State.EVICTED})

TRANSITIONS: Final = {
    State.PENDING: frozenset({State.PULLING, State.FAILED, State.EVICTED}),
    State.PULLING: frozenset({State.STARTING, State.FAILED, State.EVICTED}),
    State.STARTING: frozenset({State.RUNNING, State.FAILED, State.EVICTED}),
    State.RUNNING: frozenset({State.STOPPING, State.FAILED, State.EVICTED}),
    State.STOPPING: TERMINAL,
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.EVICTED: frozenset(),
}
"""From each state, the states that may follow."""

END_STATE: Final = {
    Reason.COMPLETED: State.SUCCEEDED,
    Reason.ERROR: State.FAILED,
    Reason.OOM_KILLED: State.FAILED,
    Reason.IMAGE_NOT_FOUND: State.FAILED,
    Reason.NO_ADDRESS: State.FAILED,
    Reason.NODE_LOST: State.FAILED,
    Reason.DEVICE_FAILED: State.FAILED,
    Reason.DISK_LIMIT: State.EVICTED,
    Reason.PREEMPTED: State.EVICTED,
    Reason.RECLAIM: State.EVICTED,
    Reason.DRAINED: State.EVICTED,
    Reason.DELETED: State.EVICTED,
    Reason.FENCED: State.EVICTED,
    Reason.IDLE: State.EVICTED,
}
"""The last state for each reason: the program's own success, a failure, or taken away by a decision."""

OUTCOME: Final = {
    Reason.COMPLETED: "success",
    Reason.ERROR: "failure",
    Reason.OOM_KILLED: "failure",
    Reason.DISK_LIMIT: "failure",
    Reason.IMAGE_NOT_FOUND: "failure",
    Reason.NO_ADDRESS: "error",
    Reason.NODE_LOST: "error",
    Reason.DEVICE_FAILED: "error",
    Reason.FENCED: "error",
    Reason.PREEMPTED: "cancelled",
    Reason.RECLAIM: "cancelled",
    Reason.DRAINED: "cancelled",
    Reason.DELETED: "cancelled",
    Reason.IDLE: "cancelled",
}
"""What a reason counts as: the work was right, the work was wrong, the infrastructure was, or somebody decided."""

SENTENCE: Final = {
    Reason.COMPLETED: "the program has done its work",
    Reason.ERROR: "the program ended with an error",
    Reason.OOM_KILLED: "memory use passed the limit",
    Reason.DISK_LIMIT: "disk use passed the limit",
    Reason.IMAGE_NOT_FOUND: "the image is not known to the cluster",
    Reason.NO_ADDRESS: "its network has no address left",
    Reason.NODE_LOST: "the node was lost",
    Reason.DEVICE_FAILED: "a device it used failed",
    Reason.PREEMPTED: "more urgent work took the room",
    Reason.RECLAIM: "the room was guaranteed to others, who need it now",
    Reason.DRAINED: "the node was drained",
    Reason.DELETED: "its owner deleted it",
    Reason.FENCED: "the node was cut off and given up",
    Reason.IDLE: "it had been idle for too long",
}
"""A reason as people read it."""


class IllegalTransitionError(MlplatError):
    """An environment was told to enter a state that cannot follow the one it is in. Attributes: `name`, `state`, `wanted`."""

    def __init__(self, name: str, state: State, wanted: State) -> None:
        self.name, self.state, self.wanted = name, state, wanted
        allowed = ", ".join(s.value for s in State if s in TRANSITIONS[state]) or "nothing"
        super().__init__(f"environment {name!r} is {state.value} and cannot become {wanted.value}; after {state.value} comes {allowed}")
