"""Calls about principals: users, groups, service accounts and third parties, and the roles of the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...errors import OptionError, printable
from ..component import call, call_of_anybody
from ..references import PLATFORM, check_name
from .authorization import Actor
from .part import IdentityPart
from .principals import Principal, PrincipalKind
from .rights import Right, rights_of
from .tokens import Scope


class Standing(NamedTuple):
    """Who calls: `principal`, the ids of its `groups`, and, of a token: its id, end (s), zone and scopes (None for no limit)."""

    principal: Principal
    groups: tuple[str, ...]
    token: int = 0
    expires_s: float | None = None
    zone: str = ""
    scopes: tuple[Scope, ...] | None = None


class PrincipalCalls(IdentityPart):
    """Who is there."""

    @call(Right.ADMIN, resource=PLATFORM)
    def create_user(self, name: str, *, actor: Actor) -> Principal:
        """A user. Raises OptionError for a name that is taken."""
        return self._make(PrincipalKind.USER, name, actor)

    @call(Right.ADMIN, resource=PLATFORM)
    def create_third_party(self, name: str, *, origin: str = "", actor: Actor) -> Principal:
        """Somebody outside, with no project. `origin`: their id on another platform, which only one can have. Raises OptionError."""
        if not isinstance(origin, str) or len(origin) > 200 or not origin.isprintable():
            raise OptionError(f"origin {printable(str(origin)[:80])!r}: expected the id on another platform, at most 200 characters")
        return self._make(PrincipalKind.THIRD_PARTY, name, actor, origin=origin)

    @call(Right.ADMIN, "project")
    def create_service_account(self, project: str, name: str, *, actor: Actor) -> Principal:
        """An automatic component that acts for a project. It has no right but what is granted to it."""
        self._check_project(project, actor)
        return self._make(PrincipalKind.SERVICE_ACCOUNT, name, actor, project=project)

    @call(Right.ADMIN, resource=PLATFORM)
    def create_group(self, name: str, members: Iterable[Principal | str] = (), *, actor: Actor) -> Principal:
        """A group. What is granted to it is granted to its members, while they are. Raises OptionError, UnknownNameError."""
        return self._make(PrincipalKind.GROUP, name, actor, members=[self._caller_named(member).id for member in members])

    @call(Right.ADMIN, resource=PLATFORM)
    def add_to_group(self, group: Principal | str, member: Principal | str, *, actor: Actor) -> None:
        """A principal belongs to a group from now on. Raises OptionError, UnknownNameError."""
        found = self._group(group)
        self._write(self._record("member.added", actor, group=found.id, member=self._caller_named(member).id))

    @call(Right.ADMIN, resource=PLATFORM)
    def remove_from_group(self, group: Principal | str, member: Principal | str, *, actor: Actor) -> None:
        """A principal belongs to a group no longer, and holds at once what it has by other ways only; what it gave by that ends."""
        found = self._group(group)
        self._write(self._record("member.removed", actor, group=found.id, member=self._caller_named(member).id))

    @call(Right.ADMIN, resource=PLATFORM)
    def delete(self, principal: Principal | str, *, actor: Actor) -> None:
        """A principal is no more; what it made stays with its projects, what it was granted and gave ends, its id is never another's.

        Raises OptionError for the first administrator.
        """
        found = self._authorization.directory.find(principal)
        if found.id == "user-1":
            raise OptionError("the first administrator cannot be deleted")
        self._write(self._record("principal.deleted", actor, id=found.id))

    @call_of_anybody
    def principals(self, kind: PrincipalKind | str | None = None, *, actor: Actor) -> tuple[Principal, ...]:
        """Who is there, in the order in which they came; a third party sees only itself and its groups. Raises OptionError."""
        if kind is not None and kind not in list(PrincipalKind):
            raise OptionError(f"kind={printable(str(kind)[:40])!r}: expected one of {', '.join(PrincipalKind)}")
        return tuple(each for each in self._visible(actor) if kind in (None, each.kind))

    @call_of_anybody
    def whoami(self, *, actor: Actor) -> Standing:
        """Who calls."""
        caller, directory = self._authorization.caller(actor), self._authorization.directory
        principal, token = self._known(caller.id), caller.token
        groups = directory.grantees(caller.id)[1:]
        if token is None:
            return Standing(principal, groups)
        return Standing(principal, groups, token.id, token.expires_s, token.zone, token.scopes)

    @call(Right.ADMIN, resource=PLATFORM)
    def create_role(self, name: str, rights: str | Right | Iterable[str | Right], *, actor: Actor) -> frozenset[Right]:
        """A name for several rights. Who is given a role is given its rights. Raises OptionError for a name that is taken."""
        roles = self._authorization.directory.roles
        given = rights_of(rights, roles)
        if check_name(name, "role") in roles or name in list(Right):
            raise OptionError(f"{name!r} is a role or right already")
        self._write(self._record("role.created", actor, name=name, rights=sorted(right.value for right in given)))
        return given

    @call_of_anybody
    def roles(self, *, actor: Actor) -> Mapping[str, frozenset[Right]]:
        """The rights of each role."""
        from types import MappingProxyType

        return MappingProxyType(dict(self._authorization.directory.roles))

    def _group(self, group: Principal | str) -> Principal:
        found = self._authorization.directory.find(group)
        if found.kind is not PrincipalKind.GROUP:
            raise OptionError(f"{found.id} is no group")
        return found

    def _caller_named(self, member: Principal | str) -> Principal:
        found = self._authorization.directory.find(member)
        if found.kind is PrincipalKind.GROUP:
            raise OptionError(f"{found.id} is a group; expected a principal who can call")
        return found
