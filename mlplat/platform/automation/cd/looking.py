"""What continuous delivery says of deployments."""

from __future__ import annotations

from typing import NamedTuple

from ....html_tables import table
from ...component import call, call_of_anybody
from ...identity.authorization import Actor
from ...identity.rights import Right
from ...references import check_project
from .calls import CDCalls
from .changes import Change, Service
from .specs import Desired


class DeploymentStatus(NamedTuple):
    """A deployment now. `current`: what it is; None for nothing. `kept`: the version before, whose replicas are kept until `kept_until_s`
    (s). `under_way`: changes that are not over; the first may have begun."""

    name: str
    zone: str
    current: Desired | None
    kept: Desired | None
    kept_until_s: float
    under_way: tuple[Change, ...]

    def __str__(self) -> str:
        now = "nothing" if self.current is None else self.current.what
        kept = f", {self.kept.what} kept" if self.kept is not None else ""
        return "\n".join([f"{self.name} in {self.zone}: {now}{kept}", *(f"  {change}" for change in self.under_way)])


class DeploymentList(tuple[DeploymentStatus, ...]):
    """Deployments, by name."""

    __slots__ = ()

    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(each.name for each in self)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no deployments"

    def _repr_html_(self) -> str:
        rows = []
        for each in self:
            now, kept = ("" if part is None else part.what for part in (each.current, each.kept))
            rows.append((each.name, each.zone, now, kept, "; ".join(map(str, each.under_way))))
        return table(("deployment", "zone", "is", "kept", "under way"), rows)


class Looking(CDCalls):
    """Deployments, as far as they are looked at."""

    @call(Right.READ)
    def describe(self, name: str, *, actor: Actor) -> DeploymentStatus:
        """A deployment now. Raises UnknownNameError."""
        return self._status(self._service(name, actor))

    @call(Right.READ)
    def history(self, name: str, *, actor: Actor) -> tuple[Change, ...]:
        """All changes of a deployment, the oldest first. Raises UnknownNameError."""
        return tuple(self._catalogue.changes[number] for number in self._service(name, actor).changes)

    @call(Right.READ)
    def change(self, change: int, *, actor: Actor) -> Change:
        """A change as it is now."""
        return self._catalogue.changes[change]

    @call_of_anybody
    def list(self, project: str | None = None, *, actor: Actor) -> DeploymentList:
        """The deployments that the caller may read, of a project or of all. Raises OptionError."""
        start = "" if project is None else check_project(project) + "/"
        return DeploymentList(
            self._status(service)
            for name, service in sorted(self._catalogue.services.items())
            if name.startswith(start) and self._authorization.may(actor, Right.READ, self._place(name), service.zone)
        )

    def _status(self, service: Service) -> DeploymentStatus:
        under_way = tuple(self._catalogue.under_way(service.name))
        return DeploymentStatus(service.name, service.zone, service.current, service.kept, service.kept_until_s, under_way)
