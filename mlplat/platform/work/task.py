"""`Task`: what is to be done, with what and for how long; and `Body`, the code that does it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...units import Duration, seconds

if TYPE_CHECKING:
    import simpy

    from ...infra.endpoint import ProgramReplica, Work
    from .outcomes import TaskReason

_NOT_IN_LABELS = re.compile(r"[^a-z0-9]+")
LONGEST_LABEL = 50
"""Characters of the name of a task in that of its workload, which has a number too."""
CAP_S = 300.0
"""The longest wait between two tries (s)."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for one environment, or a gang of them.

    `name`: what its workloads are called, with a number. `request`, `image`, `duration`, `replicas`, `sync`, `checkpoint`, `priority`,
    `usage`, `labels`: as of a `Workload`; the duration is a model, of simulated time. `timeout`: how long one try may be at work.
    `pending_timeout`: how long it may wait for room. `retries`: how often it is tried again where the infrastructure fails it.
    `failure_retries`: where its code raises, too. `backoff`: wait before the first of these, twice that before the next, at most 5 min.
    Raises OptionError.

    >>> Task("train", {"cpus": 4}, duration="10m", timeout="1h").timeout
    3600.0
    """

    name: str
    request: Any
    duration: Duration
    image: Any = None
    replicas: int = 1
    sync: Any = None
    checkpoint: Any = "none"
    priority: int = 0
    usage: Any = None
    labels: Mapping[str, str] = field(default_factory=dict)
    timeout: Duration | None = None
    pending_timeout: Duration | None = None
    retries: int = 3
    failure_retries: int = 0
    backoff: Duration = 10.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name in ("duration", "backoff"):
            put(self, name, _time(name, getattr(self, name)))
        for name in ("timeout", "pending_timeout"):
            given = getattr(self, name)
            put(self, name, math.inf if given is None else _time(name, given))
        for name in ("retries", "failure_retries"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or given < 0:
                raise OptionError(f"{name}={str(given)[:40]!r}: expected a whole number of at least 0")

    def wait_before(self, retry: int) -> float:
        """Seconds before a try that follows a failure, the first of them 1."""
        return float(min(self.backoff * 2 ** min(retry - 1, 60), max(CAP_S, self.backoff)))


def _time(name: str, given: Any) -> float:
    if isinstance(given, float) and given == math.inf:
        return given
    try:
        return seconds(given)
    except OptionError as error:
        raise OptionError(f"{name}: {error}") from None


def label_of(name: str) -> str:
    """A DNS label that looks like a name.

    >>> label_of("shop/Churn_v2: train")
    'shop-churn-v2-train'
    """
    return _NOT_IN_LABELS.sub("-", name.lower())[:LONGEST_LABEL].strip("-") or "task"


class Body:
    """The code of a task. Subclasses override what they need; by default nothing happens.

    What it does is done at simulated instants, under the events of its workload as cause. What `start` or `finish` raises ends the task:
    an InfrastructureError as `error`, which is tried again; AccessDenied, and anything else, as `failure`.

    >>> class Count(Body):
    ...
    ...     def finish(self, work):
    ...         return "done"
    >>> Count().finish(None)
    'done'
    """

    def start(self, work: Work) -> simpy.Event | None:
        """The environments are up: what it reads is settled now. With an event the work begins when that happens."""

    def saved(self, work: Work, work_s: float) -> None:
        """A checkpoint that holds so many seconds of its work is complete."""

    def finish(self, work: Work) -> Any:
        """Its time has passed: do it, and make known what comes of it, all or nothing. Returns the value of the task."""

    def stopped(self, work: Work, reason: str) -> None:
        """A try has ended before that; nothing of it counts that is not saved."""

    def waiting(self, reason: TaskReason) -> None:
        """It waits for room: ZONE_LIMIT or NO_CAPACITY."""

    def replica_up(self, replica: ProgramReplica) -> None:
        """One of its environments is up."""

    def replica_down(self, replica: ProgramReplica) -> None:
        """One of its environments is up no longer."""
