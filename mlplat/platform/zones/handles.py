"""What the Zone Manager answers: a zone as it is at that instant, through which one works in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import printable
from ...html_tables import facts
from ...units import format_seconds

if TYPE_CHECKING:
    from ...infra.endpoint import EnvironmentLog, Program, WorkloadHandle, WorkloadList
    from ...infra.quotas import Quota
    from ...infra.workload_spec import Workload
    from ..identity.authorization import Actor
    from .answers import ZoneExplanation, ZoneStatus
    from .zone_manager import ZoneManager


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as of the instant at which it was asked for.

    `quota`: guarantee, limit and what belongs to them, as the scheduler has it. `created_s`: seconds. `creator`: an id. `network`: its
    own, such as `10.0.8.0/24`; empty where the cluster has none. `leaving`: whether it goes once it is empty. The calls are those of the
    Zone Manager about this zone.
    """

    quota: Quota
    created_s: float
    creator: str
    network: str
    leaving: bool
    _zones: ZoneManager = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """Unique on the platform."""
        return self.quota.name

    @property
    def resource(self) -> str:
        """What it is called in grants and events."""
        return f"zone:{self.name}"

    @property
    def guarantee(self) -> Mapping[str, Any]:
        """What it always gets."""
        return self.quota.guarantee

    @property
    def limit(self) -> Mapping[str, Any]:
        """The most it may use; nothing of a resource that is not limited."""
        return self.quota.limit

    @property
    def suspended(self) -> bool:
        """Whether nothing starts in it."""
        return self.quota.suspended

    def submit(self, workload: Workload, *, program: Program | None = None, actor: Actor) -> WorkloadHandle:
        """See `ZoneManager.submit`."""
        return self._zones.submit(self.name, workload, program=program, actor=actor)

    def environment(self, image: Any, request: Any, *, name: str | None = None, actor: Actor, **options: Any) -> WorkloadHandle:
        """See `ZoneManager.environment`."""
        return self._zones.environment(self.name, image, request, called=name, actor=actor, **options)

    def workloads(self, *, actor: Actor) -> WorkloadList:
        """See `ZoneManager.workloads`."""
        return self._zones.workloads(self.name, actor=actor)

    def logs(self, workload: str, replica: int = 0, *, actor: Actor) -> EnvironmentLog:
        """See `ZoneManager.logs`."""
        return self._zones.logs(f"{self.name}@{workload}", replica, actor=actor)

    def touch(self, environment: str, *, actor: Actor) -> None:
        """See `ZoneManager.touch`."""
        self._zones.touch(f"{self.name}@{environment}", actor=actor)

    def stop(self, workload: str, *, actor: Actor, **options: Any) -> None:
        """See `ZoneManager.stop`."""
        self._zones.stop(f"{self.name}@{workload}", actor=actor, **options)

    def status(self, *, actor: Actor) -> ZoneStatus:
        """See `ZoneManager.describe`."""
        return self._zones.describe(self.name, actor=actor)

    def explain(self, *, actor: Actor) -> ZoneExplanation:
        """See `ZoneManager.explain`."""
        return self._zones.explain(self.name, actor=actor)

    def _repr_html_(self) -> str:
        rows = [("guarantee", self.guarantee), ("limit", self.limit), ("network", self.network), ("suspended", self.suspended)]
        return facts([*rows, ("leaving", self.leaving)], title=self.name, lead=[str(self)])


@dataclass(frozen=True, slots=True)
class DevelopmentZone(Zone):
    """A developer's zone: a limit, no guarantee.

    `owner`: the id of the developer, the only one who starts something there. `idle_s`: seconds without use after which an interactive
    environment is stopped; None for never. `over_limit`: what becomes of work above the limit, `"wait"` or `"refuse"`.
    """

    owner: str = ""
    idle_s: float | None = None
    over_limit: str = "wait"

    def __str__(self) -> str:
        idle = "" if self.idle_s is None else f", stopped after {format_seconds(self.idle_s)} without use"
        return f"development zone {self.name} of {printable(self.owner)}: at most {_amounts(self.limit)}{idle}{_marks(self)}"


@dataclass(frozen=True, slots=True)
class DeploymentZone(Zone):
    """A project's zone: a guarantee and a limit. `project`: its name; members with `deploy` start work there."""

    project: str = ""

    @property
    def resource(self) -> str:
        """What it is called in grants and events, `zone:shop/shop-prod`."""
        return f"zone:{self.project}/{self.name}"

    @property
    def lend(self) -> Mapping[str, Any]:
        """How much of an unused guarantee others may use; all of a resource that is not named."""
        return self.quota.lend

    def __str__(self) -> str:
        most = f", at most {_amounts(self.limit)}" if self.limit else ""
        return f"deployment zone {self.name} of project {self.project}: {_amounts(self.guarantee)} guaranteed{most}{_marks(self)}"


def _amounts(amounts: Mapping[str, Any]) -> str:
    parts = [
        f"{printable(key)} ({_amounts(amount)})" if isinstance(amount, Mapping) else f"{amount:g} {key}" for key, amount in amounts.items()
    ]
    return ", ".join(parts) or "nothing"


def _marks(zone: Zone) -> str:
    return (", suspended" if zone.suspended else "") + (", to be deleted" if zone.leaving else "")
