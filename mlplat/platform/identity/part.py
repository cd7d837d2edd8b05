"""What the parts of the Identity Provider have in common: finding what a call names, and writing down what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, ClassVar

from ...errors import OptionError, UnknownNameError, printable
from ..component import Component
from ..record_shapes import Shape, check_before_writing
from ..references import check_name, check_project
from .authorization import Actor, Caller
from .decisions import DecisionReason
from .grants import Grant
from .journal import RECORDS
from .principals import Principal, PrincipalKind
from .resources import check_resource
from .rights import Right


class IdentityPart(Component):
    """A part of the Identity Provider. All parts share one state."""

    SOURCE: ClassVar[str] = "identity"
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = RECORDS

    def _resource_of(self, parameter: str, value: Any) -> str:
        if parameter == "project":
            return f"project:{check_project(value)}"
        return check_resource(value)

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        return resource

    def _contents(self) -> Iterable[str]:
        return ()

    def _write(self, *records: Mapping[str, Any]) -> None:
        """Keep records, all of them or none. Tell of the grants that begin and end by it."""
        check_before_writing(self.SOURCE, records, self._RECORDS)
        self._authorization.grants.advance(self._sim.now)
        self._store.append(self.SOURCE, *records)
        self._take(*records)

    def _take(self, *records: Mapping[str, Any]) -> None:
        """Change the state as records say that were kept, maybe together with those of another component. Tell of grants."""
        grants = self._authorization.grants
        grants.advance(self._sim.now)
        before = len(grants.ends)
        for record in records:
            self._apply(record)
            if record["what"] == "grant.created":
                data = {key: record[key] for key in ("grantee", "rights", "resource", "zone", "until")}
                self._emit(f"grant:{record['id']}", "grant.created", record["actor"], data)
        first = None
        for number in grants.ends[before:]:
            grant = grants.get(number)
            assert grant is not None and grant.ended is not None
            data = {"grantee": grant.grantee, "resource": grant.resource, "reason": grant.ended.value}
            cause = first if grant.ended is DecisionReason.GIVER_LOST else None
            event = self._emit(f"grant:{number}", "grant.revoked", records[0]["actor"], data, cause)
            first = first or event

    def _grant_record(
        self,
        actor: Actor,
        grantee: str,
        rights: frozenset[Right],
        resource: str,
        *,
        zone: str = "",
        until: float = inf,
        role: str = "",
        on_behalf_of: str = "",
    ) -> dict[str, Any]:
        """Of the next grant."""
        return self._record(
            "grant.created",
            actor,
            id=self._next_grant,
            grantee=grantee,
            rights=sorted(right.value for right in rights),
            resource=resource,
            zone=zone,
            until=None if until == inf else until,
            giver=str(actor),
            role=role,
            on_behalf_of=on_behalf_of,
        )

    @property
    def _next_grant(self) -> int:
        return len(self._authorization.grants) + 1

    def _write_grant(self, record: dict[str, Any], *others: Mapping[str, Any]) -> Grant:
        """Keep the record of the next grant, and others after it. Returns the grant."""
        self._write(record, *others)
        grant = self._authorization.grants.get(record["id"])
        assert grant is not None
        return grant

    def _principal_record(
        self, actor: Actor, number: str, name: str, kind: PrincipalKind, *, project: str = "", origin: str = ""
    ) -> dict[str, Any]:
        return self._record("principal.created", actor, id=number, name=name, kind=kind.value, project=project, origin=origin)

    def _known(self, number: str) -> Principal:
        """Who has or had this id, which is there."""
        found = self._authorization.directory.get(number)
        assert found is not None
        return found

    def _make(self, kind: PrincipalKind, name: str, actor: Actor, *, members: Iterable[str] = (), **values: str) -> Principal:
        """A new principal; `members`: ids, of a group. Raises OptionError for a name or origin that is taken."""
        directory = self._authorization.directory
        if not directory.is_free(kind, check_name(name)):
            raise OptionError(f"{kind.value} {name!r} is there already")
        origin = values.get("origin", "")
        if directory.from_elsewhere(origin) is not None:
            raise OptionError(f"origin {origin!r} is the id of a principal who is there already")
        number = directory.next_id(kind)
        joined = [self._record("member.added", actor, group=number, member=member) for member in members]
        self._write(self._principal_record(actor, number, name, kind, **values), *joined)
        return self._known(number)

    def _visible(self, actor: Actor) -> list[Principal]:
        """Who is there, as far as the caller sees it: a third party sees itself and its groups."""
        caller, directory = self._authorization.caller(actor), self._authorization.directory
        if self._sees_all(caller):
            return directory.living()
        return [each for each in directory.living() if each.id in directory.grantees(caller.id)]

    @staticmethod
    def _sees_all(caller: Caller) -> bool:
        return caller.principal is not None and caller.principal.kind is not PrincipalKind.THIRD_PARTY

    def _find(self, principal: Principal | str, actor: Actor, *, anybody: bool = False) -> Principal:
        """A living principal that the caller sees, or `anybody`. Raises UnknownNameError, which names those that they see, OptionError."""
        caller, directory = self._authorization.caller(actor), self._authorization.directory
        anybody = anybody or self._sees_all(caller)
        try:
            found = directory.find(principal)
            if anybody or found.id in directory.grantees(caller.id):
                return found
        except UnknownNameError:
            pass
        except OptionError:
            if anybody:
                raise
        name = principal.id if isinstance(principal, Principal) else str(principal)
        raise UnknownNameError("principal", printable(name[:80]), [each.name for each in self._visible(actor)])
