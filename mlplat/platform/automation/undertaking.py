"""Having work done in a zone of the cluster; on a platform without one it is done all the same, when its time has passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import MlplatError, OptionError, printable
from ..work.outcomes import Outcome, TaskReason
from ..work.unplaced import UnplacedTasks

if TYPE_CHECKING:
    from ...context import Simulation
    from ...events import Event
    from ..identity.authorization import Actor
    from ..identity.principals import Principal
    from ..work.task import Body, Task
    from ..work.tasks import Tasks
    from ..zones.zone_manager import ZoneManager


class Undertaken(Protocol):
    """Work under way: a `TaskRun`, or one that only takes its time."""

    outcome: Outcome
    reason: TaskReason
    error: str
    value: Any

    def then(self, callback: Callable[[Any], object]) -> None:
        """Call it when it is over."""

    def cancel(self) -> None:
        """Call it off."""


def undertake(sim: Simulation, tasks: Tasks | None, task: Task, body: Body, zone: str, actor: Principal, cause: Event) -> Undertaken:
    """Start a task. `tasks`: of the platform, None without a cluster. Raises what `Tasks.run` does; then nothing has started."""
    if tasks is not None:
        return tasks.run(task, body, zone=zone, actor=actor, cause=cause)
    return UnplacedTasks(sim).run(task, body, zone=zone, actor=actor, cause=cause)


def own_zone(zones: ZoneManager | None, principal: Principal) -> str:
    """The development zone of somebody, the first by name where there are several; empty for none."""
    if zones is None:
        return ""
    return next((each.name for each in zones.list(actor=principal) if each.kind == "development" and each.bound_to == principal.id), "")


def chosen_zone(zones: ZoneManager | None, zone: object, actor: Principal) -> str:
    """The zone that is said, else the caller's own. Raises OptionError where there is none, UnknownNameError, AccessDenied."""
    if zones is None:
        return ""
    if zone:
        return zones.get(zone, actor=actor).name  # type: ignore[arg-type]
    found = own_zone(zones, actor)
    if not found:
        raise OptionError(f"{actor.id} has no development zone; expected zone=, where the work is done")
    return found


def refused(error: MlplatError) -> str:
    """Why something was refused, for a record."""
    return printable(f"{type(error).__name__}: {error}")[:2000]


def acting(actor: Actor, behalf: str) -> dict[str, str]:
    """For the data of an event: on whose behalf, where that is not who acts."""
    return {} if str(actor) == behalf or not behalf else {"on_behalf_of": behalf}
