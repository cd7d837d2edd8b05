"""Calls about projects and who belongs to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...errors import OptionError, UnknownNameError
from ..component import call
from ..references import PLATFORM, check_project
from .authorization import Actor
from .grants import Grant
from .part import IdentityPart
from .principals import Principal
from .rights import Right, rights_of


class Member(NamedTuple):
    """`principal` belongs to a project in a `role` (empty for rights that have no name) since `since_s`, by the grant `grant` (its id)."""

    principal: Principal
    role: str
    rights: frozenset[Right]
    since_s: float
    grant: int


class ProjectCalls(IdentityPart):
    """Projects. A membership is the project's own: it relies on nobody, and lasts until it is ended or its member is deleted."""

    @call(Right.ADMIN, resource=PLATFORM)
    def create_project(self, name: str, owner: Principal | str, *, actor: Actor) -> str:
        """A project, whose owner holds every right on what is in it. Raises OptionError for a name that is taken."""
        directory = self._authorization.directory
        if check_project(name) in directory.projects:
            raise OptionError(f"project {name!r} is there already")
        found = directory.find(owner)
        self._write(self._record("project.created", actor, name=name, owner=found.id), self._admission(name, found, "owner", actor))
        return name

    @call(Right.ADMIN, "project")
    def add_member(self, project: str, principal: Principal | str, role: str = "contributor", *, actor: Actor) -> Grant:
        """A principal gets the rights of a role on everything in a project, instead of those of the role it had in it before."""
        self._check_project(project, actor)
        found = self._authorization.directory.find(principal)
        return self._write_grant(self._admission(project, found, role, actor), *self._dismissals(project, found, actor))

    @call(Right.ADMIN, "project")
    def remove_member(self, project: str, principal: Principal | str, *, actor: Actor) -> None:
        """A principal belongs to a project no longer; what it gave by that ends. Raises UnknownNameError for one who does not."""
        self._check_project(project, actor)
        found = self._authorization.directory.find(principal)
        dismissals = self._dismissals(project, found, actor)
        if not dismissals:
            raise UnknownNameError("member", found.id, [grant.grantee for grant in self._memberships(project)])
        self._write(*dismissals)

    @call(Right.READ, "project")
    def members(self, project: str, *, actor: Actor) -> tuple[Member, ...]:
        """Who belongs to a project, in the order in which they came to their role."""
        self._check_project(project, actor)
        return tuple(
            Member(self._known(grant.grantee), grant.role, grant.rights, grant.created_s, grant.id) for grant in self._memberships(project)
        )

    def _memberships(self, project: str, principal: str | None = None) -> list[Grant]:
        place, grants = f"project:{project}", self._authorization.grants
        grants.advance(self._sim.now)
        return [grant for grant in grants.on(place) if grant.on_behalf_of == place and (principal is None or grant.grantee == principal)]

    def _admission(self, project: str, principal: Principal, role: str, actor: Actor) -> dict[str, Any]:
        place, roles = f"project:{project}", self._authorization.directory.roles
        rights, name = rights_of(role, roles), role if isinstance(role, str) and role in roles else ""
        return self._grant_record(actor, principal.id, rights, place, role=name, on_behalf_of=place)

    def _dismissals(self, project: str, principal: Principal, actor: Actor) -> list[dict[str, Any]]:
        return [self._record("grant.revoked", actor, id=grant.id) for grant in self._memberships(project, principal.id)]
