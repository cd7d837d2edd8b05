"""`IdentityProvider`: principals, projects and grants; who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import AccessDenied, OptionError, UnknownNameError, printable
from ...units import Duration, seconds
from ..component import Component, call, call_of_anybody
from ..references import PLATFORM, Reference, check_name, check_project
from ..storage.store import Store
from .authorization import Actor, Authorization
from .decisions import Decision
from .grants import Grant
from .principals import Principal, PrincipalKind
from .rights import Right, rights_of

if TYPE_CHECKING:
    from ...context import Simulation

ADMINISTRATOR = "admin"


class IdentityProvider(Component):
    """Who is who, and who may do what: everything is denied that no grant allows.

    `admin`: the first principal, a user who holds every right on the platform and makes the others.

    >>> import mlplat as mp
    >>> identity = IdentityProvider(mp.Simulation())
    >>> ada = identity.create_user("ada", actor=identity.admin)
    >>> project = identity.create_project("shop", owner=ada, actor=identity.admin)
    >>> bob = identity.create_user("bob", actor=identity.admin)
    >>> share = identity.grant(bob, "read", "dataset:shop/clicks@3", actor=ada)
    >>> print(identity.decide("read", "dataset:shop/clicks@4", actor=bob))
    user-3 may not read dataset:shop/clicks@4: nothing grants that
    """

    SOURCE: ClassVar[str] = "identity"

    def __init__(self, sim: Simulation, store: Store | None = None) -> None:
        self._authorization = Authorization(sim)
        super().__init__(sim, self, store)
        first = self._authorization.directory.get("user-1")
        if first is None:
            self._keep_principal("user-1", ADMINISTRATOR, PrincipalKind.USER)
            self._keep_grant("user-1", frozenset(Right), PLATFORM, giver="user-1")
            first = self._authorization.directory.get("user-1")
        assert first is not None
        self.admin = first
        """Holds every right on the platform."""

    # -- principals

    @call(Right.ADMIN, resource=PLATFORM)
    def create_user(self, name: str, *, actor: Actor) -> Principal:
        """A user. Raises OptionError for a name that is taken."""
        return self._create(PrincipalKind.USER, name, actor)

    @call(Right.ADMIN, resource=PLATFORM)
    def create_group(self, name: str, members: Iterable[Principal | str] = (), *, actor: Actor) -> Principal:
        """A group. What is granted to it is granted to its members, while they are. Raises OptionError, UnknownNameError."""
        found = [self._member(member) for member in members]
        group = self._create(PrincipalKind.GROUP, name, actor)
        for member in found:
            self._keep({"what": "member.added", "group": group.id, "member": member.id})
        return group

    @call(Right.ADMIN, resource=PLATFORM)
    def add_to_group(self, group: Principal | str, member: Principal | str, *, actor: Actor) -> None:
        """A principal belongs to a group from now on. Raises OptionError, UnknownNameError."""
        found = self._group(group)
        self._keep({"what": "member.added", "group": found.id, "member": self._member(member).id})

    @call(Right.ADMIN, resource=PLATFORM)
    def remove_from_group(self, group: Principal | str, member: Principal | str, *, actor: Actor) -> None:
        """A principal belongs to a group no longer, and holds at once what it has by other ways only."""
        found = self._group(group)
        self._keep({"what": "member.removed", "group": found.id, "member": self._member(member).id})

    @call(Right.ADMIN, "project")
    def create_service_account(self, project: str, name: str, *, actor: Actor) -> Principal:
        """An automatic component that acts for a project. It has no right but what is granted to it."""
        self._project(project)
        return self._create(PrincipalKind.SERVICE_ACCOUNT, name, actor, project=project)

    @call(Right.ADMIN, resource=PLATFORM)
    def create_third_party(self, name: str, *, origin: str = "", actor: Actor) -> Principal:
        """Somebody outside, with no project. `origin`: their id on another platform."""
        return self._create(PrincipalKind.THIRD_PARTY, name, actor, origin=origin)

    @call(Right.ADMIN, resource=PLATFORM)
    def delete(self, principal: Principal | str, *, actor: Actor) -> None:
        """A principal is no more; what it made stays with its projects, its id is never another's. Raises OptionError for the first."""
        found = self._authorization.directory.find(principal)
        if found.id == "user-1":
            raise OptionError("the first administrator cannot be deleted")
        for grant in [grant for grant in self._authorization.grants if grant.grantee == found.id and grant.revoked_s is None]:
            self._revoke(grant, actor)
        self._keep({"what": "principal.deleted", "id": found.id})

    # -- projects

    @call(Right.ADMIN, resource=PLATFORM)
    def create_project(self, name: str, owner: Principal | str, *, actor: Actor) -> str:
        """A project, whose owner holds every right on what is in it. Raises OptionError for a name that is taken."""
        directory = self._authorization.directory
        if check_project(name) in directory.projects:
            raise OptionError(f"project {name!r} is there already")
        found = directory.find(owner)
        self._keep({"what": "project.created", "name": name, "owner": found.id})
        self._keep_grant(found.id, rights_of("owner"), f"project:{name}", giver=str(actor))
        return name

    @call(Right.ADMIN, "project")
    def add_member(self, project: str, principal: Principal | str, role: str = "contributor", *, actor: Actor) -> Grant:
        """A principal gets the rights of a role on everything in a project."""
        self._project(project)
        found = self._authorization.directory.find(principal)
        return self._keep_grant(found.id, rights_of(role), f"project:{project}", giver=str(actor))

    # -- grants

    @call(Right.SHARE, "resource")
    def grant(
        self,
        principal: Principal | str,
        rights: str | Right | Iterable[str | Right],
        resource: str,
        *,
        zone: str = "",
        until: Duration | None = None,
        actor: Actor,
    ) -> Grant:
        """Give a principal rights, or those of a role, on a resource, at once; `until` (absolute) it ends by itself.

        Who gives must hold `share` on it and what is given. Event `grant.created`. Raises AccessDenied, UnknownNameError, OptionError.
        """
        given, authorization = rights_of(rights), self._authorization
        found = authorization.directory.find(principal)
        ends = inf if until is None else seconds(until)
        if not ends > self._sim.now:
            raise OptionError(f"until={until!r}: expected a time after {self._sim.now:g} s")
        for right in sorted(given):
            authorization.require(actor, right, resource, zone, call="identity.grant")
        return self._keep_grant(found.id, given, resource, zone=zone, until=ends, giver=str(actor))

    @call_of_anybody
    def revoke(self, grant: Grant | int, *, actor: Actor) -> None:
        """A grant holds no longer, from the next call on. By who gave it, or who holds `share` or `admin` on its resource.

        Event `grant.revoked`. Raises AccessDenied, OptionError for a grant that does not hold any more.
        """
        found = self._authorization.grants.get(grant.id if isinstance(grant, Grant) else grant)
        if found is None or (found.giver != str(actor) and not self._may_end(found, actor)):
            raise AccessDenied(str(actor), "revoke", f"grant:{grant.id if isinstance(grant, Grant) else grant}", "nothing grants that")
        if found.revoked_s is not None:
            raise OptionError(f"grant {found.id} was revoked already")
        self._revoke(found, actor)

    @call_of_anybody
    def decide(self, right: str | Right, resource: str, *, zone: str = "", actor: Actor) -> Decision:
        """Whether the caller may use a right on a resource, and why."""
        (asked,) = rights_of([right])
        return self._authorization.decide(actor, asked, check_resource(resource), zone)

    # -- inside

    def _resource_of(self, parameter: str, value: Any) -> str:
        if parameter == "project":
            return f"project:{check_project(value)}"
        return check_resource(value)

    def _create(self, kind: PrincipalKind, name: str, actor: Actor, project: str = "", origin: str = "") -> Principal:
        directory = self._authorization.directory
        if not directory.is_free(kind, check_name(name)):
            raise OptionError(f"{kind.value} {name!r} is there already")
        number = directory.next_id(kind)
        self._keep_principal(number, name, kind, project, origin)
        found = directory.get(number)
        assert found is not None
        return found

    def _keep_principal(self, number: str, name: str, kind: PrincipalKind, project: str = "", origin: str = "") -> None:
        record = {"what": "principal.created", "id": number, "name": name, "kind": kind.value, "project": project, "origin": origin}
        self._keep(record)

    def _keep_grant(
        self, grantee: str, rights: frozenset[Right], resource: str, *, zone: str = "", until: float = inf, giver: str = ""
    ) -> Grant:
        number = len(self._authorization.grants) + 1
        record = {
            "what": "grant.created",
            "id": number,
            "grantee": grantee,
            "rights": sorted(right.value for right in rights),
            "resource": resource,
            "zone": zone,
            "until": None if until == inf else until,
            "giver": giver,
            "time": self._sim.now,
        }
        self._keep(record)
        self._emit(
            f"grant:{number}", "grant.created", giver, {key: record[key] for key in ("grantee", "rights", "resource", "zone", "until")}
        )
        grant = self._authorization.grants.get(number)
        assert grant is not None
        return grant

    def _revoke(self, grant: Grant, actor: Actor) -> None:
        self._keep({"what": "grant.revoked", "id": grant.id, "time": self._sim.now})
        self._emit(f"grant:{grant.id}", "grant.revoked", str(actor), {"grantee": grant.grantee, "resource": grant.resource})

    def _may_end(self, grant: Grant, actor: Actor) -> bool:
        decide = self._authorization.decide
        return any(decide(actor, right, grant.resource, grant.zone) for right in (Right.SHARE, Right.ADMIN))

    def _project(self, name: str) -> None:
        projects = self._authorization.directory.projects
        if name not in projects:
            raise UnknownNameError("project", name, projects)

    def _group(self, group: Principal | str) -> Principal:
        found = self._authorization.directory.find(group)
        if found.kind is not PrincipalKind.GROUP:
            raise OptionError(f"{found.id} is no group")
        return found

    def _member(self, member: Principal | str) -> Principal:
        found = self._authorization.directory.find(member)
        if found.kind is PrincipalKind.GROUP:
            raise OptionError(f"{found.id} is a group; expected a principal who can call")
        return found

    def _apply(self, record: Mapping[str, Any]) -> None:
        directory, grants = self._authorization.directory, self._authorization.grants
        match record["what"]:
            case "principal.created":
                kind = PrincipalKind(record["kind"])
                directory.add(Principal(record["id"], record["name"], kind, record["project"], record["origin"]))
            case "principal.deleted":
                directory.delete(record["id"])
            case "member.added":
                directory.add_member(record["group"], record["member"])
            case "member.removed":
                directory.remove_member(record["group"], record["member"])
            case "project.created":
                directory.projects[record["name"]] = record["owner"]
            case "grant.created":
                until = inf if record["until"] is None else record["until"]
                rights = frozenset(Right(right) for right in record["rights"])
                grants.add(
                    Grant(
                        record["id"], record["grantee"], rights, record["resource"], record["zone"], until, record["giver"], record["time"]
                    )
                )
            case "grant.revoked":
                grants.revoke(record["id"], record["time"])

    def __repr__(self) -> str:
        return f"IdentityProvider({len(self._authorization.grants):,} grants)"


def check_resource(resource: object) -> str:
    """The name of a resource: `kind:project/name`, a version of it, all of a kind in a project, a project, the platform.

    Raises OptionError.
    """
    text = str(resource)
    kind, colon, path = text.partition(":")
    if text == PLATFORM:
        return text
    if isinstance(resource, str) and colon and kind.isascii() and kind.isalpha() and kind.islower():
        if kind == "project":
            check_project(path)
            return text
        project, _, name = path.partition("/")
        if name == "*":
            check_project(project)
        else:
            Reference.parse(path)
        return text
    raise OptionError(f"resource {printable(text[:80])!r}: expected such as 'dataset:shop/clicks@3', 'dataset:shop/*' or 'project:shop'")
