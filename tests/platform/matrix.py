"""The authorization matrix: every public call of a component by every kind of caller; whether it is refused is what the grants say.

A component enters with a way to make a world and a table of `Row`s; `deviations` makes a fresh world for each cell. What is expected is
worked out here, from the grants that were given, by a rule that shares nothing with the library's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import mlplat as mp
from mlplat.errors import AccessDenied
from mlplat.platform.identity import IdentityProvider, Principal, Right
from mlplat.platform.storage import Store

PASSWORD = "a password of the matrix"
PLATFORM = "platform"
ELSEWHERE = "project:elsewhere"
CALLERS = (
    "administrator",
    "owner",
    "colleague with grant",
    "colleague without",
    "third party with share",
    "share of another",
    "every other right",
    "revoked",
    "expired grant",
    "grant in another zone",
    "token",
    "narrow token",
    "expired token",
    "revoked token",
    "no token of ours",
    "anonymous",
    "deleted",
    "group",
)


class World(Protocol):
    """A component and what it stands on. `owner` owns the project that the resources of the table are in."""

    sim: mp.Simulation
    identity: IdentityProvider
    owner: Principal

    @property
    def component(self) -> Any: ...

    @property
    def stores(self) -> tuple[Store, ...]: ...

    def other(self, resource: str) -> str:
        """Another version of it, another thing of its kind, another project."""


class Row(NamedTuple):
    """How a method is called, and what for. A method with several rows has them under its name, a comma and a word.

    `arguments`: of a world and the caller (None for anonymous), the positional ones and the options. `needs`: every (right, resource) it
    takes, in `zone`; nothing for what any known principal may call. `instead`: each of these alone is enough as well. `whole`: not with
    a narrow token. `raises`: how an allowed call ends.
    """

    arguments: Callable[[Any, Principal | None], tuple[tuple[Any, ...], dict[str, Any]]]
    needs: tuple[tuple[Right, str], ...] = ()
    zone: str = ""
    whole: bool = False
    raises: type[Exception] | None = None
    instead: tuple[tuple[Right, str], ...] = ()


def given(*names: Any, **options: Any) -> Any:
    """Arguments, of which text that begins with `.` is an attribute of the world."""

    def arguments(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(getattr(world, name[1:]) if isinstance(name, str) and name.startswith(".") else name for name in names), options

    return arguments


class Given(NamedTuple):
    """A grant, as the test remembers it."""

    right: Right
    resource: str
    zone: str = ""
    over: bool = False


@dataclass
class Caller:
    """Who calls: with `actor`, known as `principal`; `good`: whether that can be taken for true; `narrow`: what its token is for."""

    principal: Principal | None
    actor: Principal | str | None
    given: list[Given] = field(default_factory=list)
    good: bool = True
    narrow: list[Given] | None = None


def covers(granted: str, asked: str) -> bool:
    """Whether a grant on one resource is one on another. Written from the words, without the library."""
    if granted in (PLATFORM, asked):
        return True
    if asked == PLATFORM:
        return False
    kind, path = asked.split(":", 1)
    project = path.split("/")[0]
    return granted in (f"project:{project}", f"{kind}:{project}/*", f"{kind}:{path.split('@')[0]}")


def holds(given: list[Given], right: Right, resource: str, zone: str) -> bool:
    """Whether one of the grants allows it."""
    return any(g.right == right and covers(g.resource, resource) and g.zone in ("", zone) and not g.over for g in given)


def expected(caller: Caller, row: Row) -> bool:
    """Whether the call passes."""
    if not caller.good:
        return False
    if caller.narrow is not None and (row.whole or not all(holds(caller.narrow, r, place, row.zone) for r, place in row.needs)):
        return False
    by_another = any(holds(caller.given, right, place, row.zone) for right, place in row.instead)
    return by_another or all(holds(caller.given, right, place, row.zone) for right, place in row.needs)


def make_caller(world: World, kind: str, row: Row) -> Caller:
    """A caller of a kind, with the grants that make it one."""
    identity, admin = world.identity, world.identity.admin
    if kind == "anonymous":
        return Caller(None, None, good=False)
    if kind == "no token of ours":
        return Caller(None, "mlp1.e30.0000", good=False)
    if kind == "administrator":
        identity.set_password(admin, PASSWORD, actor=admin)
        return Caller(admin, admin, [Given(right, PLATFORM) for right in Right])
    if kind == "owner":
        identity.set_password(world.owner, PASSWORD, actor=admin)
        (project,) = [name for name, owner in identity._authorization.directory.projects.items() if owner == world.owner.id]
        return Caller(world.owner, world.owner, [Given(right, f"project:{project}") for right in Right])
    if kind == "group":
        return Caller(None, _granted(world, identity.create_group("callers", actor=admin), row).actor, good=False)
    make = identity.create_third_party if kind == "third party with share" else identity.create_user
    person = make("caller", actor=admin)
    identity.set_password(person, PASSWORD, actor=admin)
    caller = _CHANGES.get(kind, _granted)(world, person, row)
    if kind.startswith("expired"):
        world.sim.run(until=world.sim.now + 24 * 3600)
    return caller


def _granted(world: World, person: Principal, row: Row, zone: str | None = None, until: float | None = None) -> Caller:
    where = row.zone if zone is None else zone
    for right, resource in row.needs:
        world.identity.grant(person, right, resource, zone=where, until=until, actor=world.identity.admin)
    return Caller(person, person, [Given(right, resource, where) for right, resource in row.needs])


def _share_of_another(world: World, person: Principal, row: Row) -> Caller:
    return _granted(world, person, row._replace(needs=tuple((right, world.other(resource)) for right, resource in row.needs)))


def _every_other_right(world: World, person: Principal, row: Row) -> Caller:
    needed = set(row.needs)
    places = dict.fromkeys(resource for _, resource in row.needs)
    others = tuple((right, resource) for resource in places for right in Right if (right, resource) not in needed)
    return _granted(world, person, row._replace(needs=others))


def _without(world: World, person: Principal, row: Row) -> Caller:
    return Caller(person, person)


def _revoked(world: World, person: Principal, row: Row) -> Caller:
    caller = _granted(world, person, row)
    for grant in world.identity.grants_of(person, actor=person):
        world.identity.revoke(grant, actor=world.identity.admin)
    return Caller(person, person, [given._replace(over=True) for given in caller.given])


def _expired(world: World, person: Principal, row: Row) -> Caller:
    caller = _granted(world, person, row, until=world.sim.now + 3600)
    return Caller(person, person, [given._replace(over=True) for given in caller.given])


def _elsewhere(world: World, person: Principal, row: Row) -> Caller:
    return _granted(world, person, row, zone="another-zone")


def _token(world: World, person: Principal, row: Row) -> Caller:
    caller = _granted(world, person, row)
    caller.actor = world.identity.authenticate(person.name, PASSWORD).token
    return caller


def _narrow(world: World, person: Principal, row: Row) -> Caller:
    caller = _granted(world, person, row)
    caller.actor = world.identity.create_token({ELSEWHERE: "owner"}, actor=person).token
    caller.narrow = [Given(right, ELSEWHERE) for right in Right]
    return caller


def _over(world: World, person: Principal, row: Row) -> Caller:
    caller = _token(world, person, row)
    caller.good = False
    return caller


def _revoked_token(world: World, person: Principal, row: Row) -> Caller:
    caller = _over(world, person, row)
    world.identity.revoke_tokens(actor=person)
    return caller


def _deleted(world: World, person: Principal, row: Row) -> Caller:
    _granted(world, person, row)
    world.identity.delete(person, actor=world.identity.admin)
    return Caller(person, person, good=False)


_CHANGES: Mapping[str, Callable[[World, Principal, Row], Caller]] = {
    "colleague without": _without,
    "share of another": _share_of_another,
    "every other right": _every_other_right,
    "revoked": _revoked,
    "expired grant": _expired,
    "grant in another zone": _elsewhere,
    "token": _token,
    "narrow token": _narrow,
    "expired token": _over,
    "revoked token": _revoked_token,
    "deleted": _deleted,
}


def state_of(world: World) -> tuple[object, ...]:
    """All that is kept: journals, but that of decisions, and the digests of contents. Records are never changed, only added."""
    return tuple(
        (tuple((name, tuple(store.records(name))) for name in store.journals() if name != "audit"), tuple(store.digests()))
        for store in world.stores
    )


def calls_of(component: type) -> set[str]:
    """Names of the public methods that take who calls."""
    public = ((name, getattr(component, name)) for name in dir(component) if not name.startswith("_"))
    return {name for name, member in public if callable(member) and "actor" in inspect.signature(member).parameters}


def methods_of(table: Mapping[str, Row]) -> set[str]:
    """Names of the methods that have a row."""
    return {name.partition(",")[0] for name in table}


def deviations(make: Callable[[], World], component: type, table: Mapping[str, Row]) -> tuple[list[str], int]:
    """Where the matrix is not as expected, in words, and how many cells it has."""
    calls, rows = calls_of(component), methods_of(table)
    found = [f"{component.__name__}.{name}: not in the table" for name in sorted(calls - rows)]
    found += [f"{component.__name__}.{name}: no such call" for name in sorted(rows - calls)]
    cells = [(name, row, kind) for name, row in table.items() for kind in CALLERS]
    for name, row, kind in cells:
        found += [f"{component.__name__}.{name}, {kind}: {problem}" for problem in _cell(make(), name.partition(",")[0], row, kind)]
    return found, len(cells)


def _cell(world: World, name: str, row: Row, kind: str) -> Iterator[str]:
    caller = make_caller(world, kind, row)
    passes = expected(caller, row)
    living = caller.principal if kind != "deleted" else None
    arguments, options = row.arguments(world, living)
    state, events = state_of(world), len(world.sim.log)
    try:
        getattr(world.component, name)(*arguments, actor=caller.actor, **options)
    except AccessDenied as error:
        if passes:
            yield f"refused: {error}"
        told = [event.predicate for event in world.sim.log[events:]]
        if told != ["access.denied"]:
            yield f"a refusal with the events {told}"
        if state_of(world) != state:
            yield "a refusal that changed something"
    except Exception as error:
        if row.raises is None or not isinstance(error, row.raises) or not passes:
            yield f"{type(error).__name__}: {error}"
    else:
        if not passes:
            yield "passed"
        if row.raises is not None:
            yield f"expected {row.raises.__name__}"
