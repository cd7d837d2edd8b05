"""Who is there: principals, groups and projects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...errors import OptionError, UnknownNameError, printable
from .principals import Principal, PrincipalKind, same
from .rights import ROLES, Right


@dataclass(slots=True)
class _Group:
    members: dict[str, None] = field(default_factory=dict)


class Directory:
    """Principals by id and name, members of groups, projects.

    Ids are counted, over all that ever were; a name is free again once its principal is deleted, its id is not.
    """

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}
        self._living: dict[tuple[PrincipalKind, str], str] = {}
        self._deleted: set[str] = set()
        self._groups: dict[str, _Group] = {}
        self._groups_of: dict[str, dict[str, None]] = {}
        self._origins: dict[str, str] = {}
        self.callers: dict[str, Principal] = {}
        """By id, those who can call: the living, without the groups."""
        self.projects: dict[str, str] = {}
        """Of each project the id of who owns it first."""
        self.roles: dict[str, frozenset[Right]] = dict(ROLES)
        """Rights of each role, those of every platform first."""

    def next_id(self, kind: PrincipalKind) -> str:
        """The id that the next principal gets."""
        return f"{kind.value}-{len(self._principals) + 1}"

    def add(self, principal: Principal) -> None:
        """One more principal."""
        self._principals[principal.id] = principal
        self._living[principal.kind, principal.name] = principal.id
        if principal.origin:
            self._origins[principal.origin] = principal.id
        if principal.kind is PrincipalKind.GROUP:
            self._groups[principal.id] = _Group()
        else:
            self.callers[principal.id] = principal

    def delete(self, number: str) -> None:
        """A principal is no more; its id stays taken."""
        principal = self._principals[number]
        self._deleted.add(number)
        self.callers.pop(number, None)
        del self._living[principal.kind, principal.name]
        self._origins.pop(principal.origin, None)
        for group in self._groups_of.pop(number, {}):
            self._groups[group].members.pop(number, None)
        for member in self._groups.pop(number, _Group()).members:
            self._groups_of[member].pop(number, None)

    def add_member(self, group: str, member: str) -> None:
        """A principal belongs to a group (ids)."""
        self._groups[group].members[member] = None
        self._groups_of.setdefault(member, {})[group] = None

    def remove_member(self, group: str, member: str) -> None:
        """A principal belongs to a group no longer."""
        self._groups[group].members.pop(member, None)
        self._groups_of.get(member, {}).pop(group, None)

    def members(self, group: str) -> list[str]:
        """Ids of the members of a group, in the order in which they came."""
        return list(self._groups[group].members)

    def grantees(self, number: str) -> tuple[str, ...]:
        """In whose name a principal may do something: its own id and those of its groups."""
        return (number, *self._groups_of.get(number, ()))

    def get(self, number: str) -> Principal | None:
        """The principal who has or had this id."""
        return self._principals.get(number)

    def living(self) -> list[Principal]:
        """All who were not deleted, in the order in which they came."""
        return [self._principals[number] for number in self._principals if number not in self._deleted]

    def named(self, name: str, kinds: Iterable[PrincipalKind]) -> Principal | None:
        """The living principal with this id or name, of the first of the kinds that has one."""
        if self.is_living(name) and self._principals[name].kind in kinds:
            return self._principals[name]
        return next((self._principals[self._living[kind, name]] for kind in kinds if (kind, name) in self._living), None)

    def from_elsewhere(self, origin: str) -> Principal | None:
        """The living principal who has this id on another platform."""
        return self._principals.get(self._origins.get(origin, ""))

    def is_living(self, number: str) -> bool:
        """Whether there is a principal with this id, who was not deleted."""
        return number in self._principals and number not in self._deleted

    def is_free(self, kind: PrincipalKind, name: str) -> bool:
        """Whether no living principal of the kind has this name."""
        return (kind, name) not in self._living

    def find(self, who: Principal | str) -> Principal:
        """A living principal, by its id, or by its name where only one has it. Raises UnknownNameError, OptionError."""
        if isinstance(who, Principal):
            if self.is_living(who.id) and same(self._principals[who.id], who):
                return self._principals[who.id]
            who = who.id
        elif isinstance(who, str):
            if self.is_living(who):
                return self._principals[who]
            named = [self._living[kind, who] for kind in PrincipalKind if (kind, who) in self._living]
            if len(named) == 1:
                return self._principals[named[0]]
            if named:
                raise OptionError(f"{printable(who[:80])!r} is the name of {' and '.join(named)}; expected an id")
        raise UnknownNameError("principal", printable(str(who)[:80]), [name for _, name in self._living])
