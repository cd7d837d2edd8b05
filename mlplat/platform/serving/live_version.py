"""A version of a live service: the workload that its replicas are, and where each of them stands in the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...infra.endpoint import Program

if TYPE_CHECKING:
    from ...clock import Call, Repeating
    from ...infra.endpoint import ProgramReplica
    from .answers import Predictor
    from .versions import Version

Inputs = Callable[[Any], Any]
"""Of rows of a stream, the inputs of these requests, one frame."""
SPARE = 4
"""Places beyond twice the limit: a replica that was lost keeps its place until that is noticed."""


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What a service is told. `retries`, `backoff_s`: of the clients. `sample`: part of the requests that are sampled.

    `flush_s`: from one telling of what was seen to the next. `health_s`: after which the health check notices a replica that is gone.
    `grace_s`: how long what leaves may finish its requests.
    """

    retries: int = 0
    backoff_s: float = 1.0
    sample: float = 0.0
    flush_s: float = 10.0
    health_s: float = 10.0
    grace_s: float = 60.0


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """What a version is: `number` from 1, `model` by reference, its `digest`, how it serves, what a replica is. `load_s`: reading the
    model into memory.

    `model_mib`: what is fetched before, where the cluster has a network. `account`: in whose name it is scaled.
    """

    number: int
    model: str
    digest: str
    spec: Version
    request: Any
    image: Any
    load_s: float
    model_mib: float
    account: str


@dataclass(slots=True, eq=False)
class LiveVersion:
    """A version while it is there."""

    plan: VersionPlan
    row: int
    workload: str
    replicas: int
    predictor: Predictor | None = None
    weight: float = 0.0
    places: dict[str, int] = field(default_factory=dict)
    """Of the replicas that are up, by name."""
    addresses: dict[str, str] = field(default_factory=dict)
    """Of replicas by address, also of those that are silent."""
    loading: dict[str, Call | None] = field(default_factory=dict)
    """Replicas that are up and have not yet loaded the model; None while they get it."""
    silent: dict[str, tuple[int, Call]] = field(default_factory=dict)
    """Replicas that nobody has noticed to be gone: their places, and the call by which that is noticed."""
    lost_places: set[int] = field(default_factory=set)
    """Places of replicas that were lost since samples were told last."""
    leaving_to: int | None = None
    """Replicas that stay when those that are being drained have gone."""
    leave_by: float = 0.0
    retiring: bool = False
    lost: int = 0
    """Replicas that went with their nodes."""
    refused: int = -1
    turns: Repeating | None = None

    def index(self, replica: str) -> int:
        """Which replica of the workload one is: `web-v1/2.1/0` is 2."""
        return int(replica.removeprefix(self.workload + "/").split("/")[0].split(".")[0])


class Replicas(Program):
    """The program of a version's replicas: says which are up."""

    def __init__(self, up: Callable[[ProgramReplica], None], down: Callable[[ProgramReplica], None]) -> None:
        self._up, self._down = up, down

    def replica_up(self, replica: ProgramReplica) -> None:
        """A replica is up; the model is still to be loaded."""
        self._up(replica)

    def replica_down(self, replica: ProgramReplica) -> None:
        """A replica is gone."""
        self._down(replica)
