"""Calls about grants: giving rights, ending them, asking who holds which."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from ...errors import OptionError, printable
from ...units import Duration, seconds
from ..component import call, call_of_anybody
from ..references import PLATFORM, check_zone, covering
from .audit import AuditTrail
from .authorization import Actor
from .decisions import Decision, DecisionReason
from .grants import Grant
from .part import IdentityPart
from .principals import Principal
from .resources import check_resource
from .rights import Right, rights_of


class GrantCalls(IdentityPart):
    """Who may do what."""

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

        Who gives must hold `share` on it and what is given; when they no longer do, the grant ends. Event `grant.created`. Raises
        AccessDenied, UnknownNameError, OptionError.
        """
        authorization = self._authorization
        roles = authorization.directory.roles
        given, role = rights_of(rights, roles), rights if isinstance(rights, str) and rights in roles else ""
        found = self._find(principal, actor, anybody=True)
        ends = inf if until is None else seconds(until)
        if not ends > self._sim.now:
            raise OptionError(f"until={until!r}: expected a time after {self._sim.now:g} s")
        for right in sorted(given):
            giver = authorization.require(actor, right, resource, zone, call="identity.grant")
        return self._write_grant(self._grant_record(giver, found.id, given, resource, zone=check_zone(zone), until=ends, role=role))

    @call_of_anybody
    def revoke(self, grant: Grant | int, *, actor: Actor) -> None:
        """A grant holds no longer, from the next call on, nor do those that relied on it. By who gave it, or who holds `share` or
        `admin` on its resource; a membership by who holds `admin`.

        Event `grant.revoked` for each. Raises AccessDenied, OptionError for a grant that does not hold any more.
        """
        number, authorization = grant.id if isinstance(grant, Grant) else grant, self._authorization
        authorization.grants.advance(self._sim.now)
        found = authorization.grants.get(number)
        if found is None or not self._may_end(found, actor):
            resource = f"grant:{printable(str(number)[:40])}"
            authorization.refuse(actor, Right.SHARE, resource, DecisionReason.NO_GRANT, call="identity.revoke")
        if found.ended is not None:
            raise OptionError(f"grant {found.id} has ended already: {found.ended.value}")
        if found.on_behalf_of == PLATFORM:
            raise OptionError("the first administrator's grant cannot be revoked")
        self._write(self._record("grant.revoked", actor, id=found.id))

    @call_of_anybody
    def decide(self, right: str | Right, resource: str, *, zone: str = "", actor: Actor) -> Decision:
        """Whether the caller may use a right on a resource, and why."""
        asked = rights_of([right], {})
        if len(asked) != 1:
            raise OptionError(f"right={printable(str(right)[:40])!r}: expected one right")
        return self._authorization.decide(actor, next(iter(asked)), check_resource(resource), check_zone(zone))

    @call(Right.SHARE, "resource")
    def grants_on(self, resource: str, *, actor: Actor) -> tuple[Grant, ...]:
        """The grants in force on a resource, the nearest first: on itself, and on what covers it where the caller holds `share` too."""
        grants = self._authorization.grants
        grants.advance(self._sim.now)
        places = [place for place in covering(resource) if place == resource or self._authorization.may(actor, Right.SHARE, place)]
        return tuple(grant for place in places for grant in grants.on(place))

    @call_of_anybody
    def grants_of(self, principal: Principal | str | None = None, *, actor: Actor) -> tuple[Grant, ...]:
        """The grants in force of a principal and its groups, the caller's if not said: all of one's own; of others, those that the
        caller gave or holds `share` on. Raises UnknownNameError.
        """
        authorization = self._authorization
        caller, directory, grants = authorization.caller(actor), authorization.directory, authorization.grants
        number = caller.id if principal is None else self._find(principal, actor).id
        grants.advance(self._sim.now)
        found = [grant for name in directory.grantees(number) for grant in grants.to(name)]
        own = caller.id == number and not caller.is_narrow
        return tuple(
            grant
            for grant in found
            if own
            or (grant.giver == caller.id and not caller.is_narrow)
            or authorization.may(actor, Right.SHARE, grant.resource, grant.zone)
        )

    @call_of_anybody
    def audit(
        self, *, principal: Principal | str | None = None, resource: str | None = None, allowed: bool | None = None, actor: Actor
    ) -> AuditTrail:
        """The decisions that were taken, all of them for who holds `admin` on the platform; others see those about themselves.

        `principal`: those about it only, by id also about one who was deleted. `resource`, `allowed`: likewise.
        """
        authorization = self._authorization
        caller = authorization.caller(actor)
        if authorization.may(actor, Right.ADMIN, PLATFORM):
            about = None if principal is None else self._who_was(principal)
        elif (principal is None or str(principal) == caller.id) and not caller.is_narrow:
            about = caller.id
        else:
            authorization.refuse(actor, Right.ADMIN, PLATFORM, DecisionReason.NO_GRANT, call="identity.audit")
        authorization.audit.flush()
        return authorization.audit.select(principal=about, resource=resource, allowed=allowed)

    def _who_was(self, principal: Principal | str) -> str:
        """The id of one who is or was there, by id, or by name."""
        directory = self._authorization.directory
        return str(principal) if directory.get(str(principal)) is not None else directory.find(principal).id

    def _may_end(self, grant: Grant, actor: Actor) -> bool:
        authorization = self._authorization
        if authorization.may(actor, Right.ADMIN, grant.resource, grant.zone):
            return True
        if grant.on_behalf_of:
            return False
        caller = authorization.caller(actor)
        if grant.giver == caller.id:
            return caller.token is None or caller.token.allows(Right.SHARE, grant.resource, grant.zone)
        return authorization.may(actor, Right.SHARE, grant.resource, grant.zone)
