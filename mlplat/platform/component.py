"""What the components of a platform have in common: every call carries who calls, is checked, and is written down where it is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ..errors import AccessDenied, IntegrityError, MlplatError, OptionError, UnknownNameError, printable
from .identity.authorization import Actor
from .identity.principals import Principal
from .identity.rights import Right
from .record_shapes import Shape, check_before_writing, check_record
from .references import PLATFORM, Reference, check_project, check_zone, plain
from .storage.store import JournalError, Store, StoreError, told

if TYPE_CHECKING:
    from ..context import Simulation
    from ..events import Event
    from .capabilities.table import Mark
    from .identity.authorization import Authorization
    from .identity.provider import IdentityProvider

WIDEST = 4096
"""Bits of an integer in a call."""
F = TypeVar("F", bound=Callable[..., Any])


class Check(NamedTuple):
    """What a call is checked for: `right` on the resources that `parameters` name, or on `resource`; None for any principal."""

    right: Right | None
    parameters: tuple[str, ...]
    resource: str


def call(right: Right, *parameters: str, resource: str = "") -> Callable[[F], F]:
    """A public call of a component, made by who holds `right` on what it is about.

    `parameters`: names of the parameters that say that (`Component._resource_of`); the first of the method unless said. `resource`: a
    fixed resource instead. A parameter `zone` of the method is the zone in which the right is needed. Inside, `actor` is the Principal.

    What is refused leaves one event: `access.denied`, or `call.refused` {error, reason} for everything else that is wrong.
    """

    def checked(method: F) -> F:
        names = [name for name in inspect.signature(method).parameters if name != "self"]
        return _checked(method, Check(right, parameters or (() if resource else (names[0],)), resource))

    return checked


def call_of_anybody(method: F) -> F:
    """A public call that every known principal may make, since its answer holds only what the caller may see."""
    return _checked(method, Check(None, (), PLATFORM))


def _checked(method: F, check: Check) -> F:
    signature = inspect.signature(method)
    names = [name for name in signature.parameters if name != "self"]
    if "actor" not in names:
        raise TypeError(f"{method.__qualname__}: a call takes the keyword `actor`")
    if check.right is not None and "zone" in names and signature.parameters["zone"].kind is not inspect.Parameter.KEYWORD_ONLY:
        raise TypeError(f"{method.__qualname__}: `zone` is a keyword")
    places = {name: names.index(name) for name in check.parameters}
    zoned = "zone" in names
    name = method.__name__

    @wraps(method)
    def made(self: Component, *arguments: Any, actor: Actor = None, **options: Any) -> Any:
        action = f"{self.SOURCE}.{name}"
        try:
            if any(type(given) is not str and isinstance(given, (str, int)) for given in (*arguments, *options.values())):
                arguments = tuple(_plain(given) for given in arguments)
                options = {parameter: _plain(given) for parameter, given in options.items()}
            if check.right is None:
                principal = self._authorization.require_known(actor, check.resource, call=action, source=self.SOURCE)
            else:
                resources: list[tuple[str, str, Any]] = [(check.resource, "", None)] if check.resource else []
                for parameter, place in places.items():
                    given = options[parameter] if parameter in options else arguments[place] if place < len(arguments) else None
                    if given is not None:
                        meant = self._alike(parameter, self._meant(parameter, given, options), actor)
                        resources.append((self._resource_of(parameter, meant), parameter, given))
                if not resources:  # Python says best what is missing
                    signature.bind(self, *arguments, actor=actor, **options)
                    raise OptionError(f"{action}: expected {' or '.join(places)}")
                zone = check_zone(options.get("zone") or "") if zoned else ""
                for resource, parameter, given in resources:
                    named = partial(self._named, parameter, given, resource) if parameter else None
                    where = zone or self._zone_in(resource)
                    principal = self._authorization.require(
                        actor, check.right, resource, where, call=action, source=self.SOURCE, named=named
                    )
            return method(self, *arguments, actor=principal, **options)
        except MlplatError as error:
            self._refused(action, error, actor)
            raise

    made.check = check  # type: ignore[attr-defined]
    return made  # type: ignore[return-value]


def _plain(given: Any) -> Any:
    """An argument, of text its characters: what was checked is what the method gets. Raises OptionError for a number too long to tell."""
    if isinstance(given, int) and int.bit_length(given) > WIDEST:
        raise OptionError(f"an integer of {int.bit_length(given):,} bits; expected at most {WIDEST:,}")
    return plain(given) if isinstance(given, str) else given


class Component:
    """A component of the platform, in a simulation, with a store of its records.

    `KIND`: of the resources it holds, such as `dataset`. `SOURCE`: its name in events. Public methods are made calls by `call` or
    `call_of_anybody`; properties and methods without either do not exist, except those of `UNCHECKED`.
    """

    KIND: ClassVar[str] = ""
    SOURCE: ClassVar[str] = ""
    _RECORDS: ClassVar[Mapping[str, Mapping[str, Shape]]] = {}
    """What a record has, by its `what`; a journal with others is not folded. Empty where that is not declared."""
    UNCHECKED: ClassVar[Mapping[str, str]] = {}
    """Public names that check for themselves, or that nobody needs a right for, each with the reason."""

    def __init__(self, sim: Simulation, identity: IdentityProvider, store: Store | None = None) -> None:
        self._sim = sim
        self._authorization: Authorization = identity._authorization
        self._store = Store() if store is None else store
        self._begin()
        self._fold()

    def _begin(self) -> None:
        """Make the state before the first record."""

    def _fold(self) -> None:
        """Stand where the journal says. Raises JournalError for a record that no component of this kind can have written."""
        for number, record in enumerate(self._store.records(self.SOURCE)):
            try:
                if self._RECORDS:
                    check_record(record, self._RECORDS)
                self._apply(record)
            except (IntegrityError, JournalError, StoreError):
                raise
            except Exception as error:
                raise JournalError(self._store.place, self.SOURCE, number, told(error)) from error

    # -- what a call is about

    def _alike(self, parameter: str, value: Any, actor: Actor) -> Any:
        """Of several versions that an argument may mean alike, as by a digest, the one that the caller may read; else what it is."""
        return value

    def _resource_of(self, parameter: str, value: Any) -> str:
        """The resource that an argument names. Raises OptionError.

        By the name of the parameter: `project`; `name`, an artifact without a version; `version`, one version in a call that takes the
        right on the whole artifact; any other, such as `ref`, one version, and the right on that is enough.
        """
        if parameter == "project":
            return f"project:{check_project(value)}"
        reference = Reference.parse(value)
        return f"{self.KIND}:{reference.path if parameter in ('name', 'version') else self._resolved(reference)}"

    def _resolved(self, reference: Reference) -> Reference:
        """The version that a reference means now, so that a right on one version opens no other; as it is where there is none."""
        return reference

    def _digest_of(self, reference: Reference) -> str | None:
        """The digest of a version; None where it is not there, empty where its name says it all. For other components: unchecked."""
        return None

    def _named(self, parameter: str, value: Any, resource: str) -> str:
        """How a refusal names the resource that an argument means: as it was written, since what it stands for is not to be told."""
        return resource if parameter in ("project", "name", "version") else f"{self.KIND}:{Reference.parse(value)}"

    def _zone_in(self, resource: str) -> str:
        """The zone in which a call about a resource is made that does not say one; empty for none."""
        return ""

    def _meant(self, parameter: str, given: Any, options: dict[str, Any]) -> Any:
        """What an argument means beside the keywords of the call, before `_resource_of` is asked: such as the version at a time. What
        it makes of `options` there is what the method gets.
        """
        return given

    def _check_project(self, name: str, actor: Actor) -> None:
        """That there is a project. Raises UnknownNameError, which names those that the caller may read."""
        projects = self._authorization.directory.projects
        if name not in projects:
            known = [project for project in projects if self._authorization.may(actor, Right.READ, f"project:{project}")]
            raise UnknownNameError("project", name, known)

    def _may_read(self, actor: Actor, resource: str) -> bool:
        """For choosing what to show."""
        return self._authorization.may(actor, Right.READ, resource)

    def _capabilities(self) -> Mapping[str, Mapping[str, Mark]]:
        """What it, as it is wired now, does for the capabilities of a platform: marks by what it is called there."""
        return {}

    # -- what is kept and told

    def _apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record of the journal says."""
        raise NotImplementedError

    def _record(self, what: str, actor: Actor, **values: Any) -> dict[str, Any]:
        """For the journal: what `actor` (a principal, or the id of one) does now."""
        return {"what": what, "time": self._sim.now, "actor": str(actor), **values}

    def _keep(self, *records: Mapping[str, Any]) -> None:
        """Write records to the journal, all or none, and change the state as they say.

        A call keeps everything that it changes at once: then a process that is killed leaves all of it or nothing. Raises RecordError for
        what could not be read again, where that is checked (`record_shapes.checks_writing`).
        """
        check_before_writing(self.SOURCE, records, self._RECORDS)
        self._store.append(self.SOURCE, *records)
        for record in records:
            self._apply(record)

    def _contents(self) -> Iterable[str]:
        """Digests of all content in the store that the journal or the state names; what nobody names may be given up
        (`storage.sweeping`)."""
        raise NotImplementedError

    def _emit(self, subject: str, predicate: str, actor: Actor, data: Mapping[str, Any] | None = None, cause: Any = None) -> Event:
        return self._sim.emit(subject, predicate, source=self.SOURCE, actor=str(actor), cause=cause, data=data)

    def __repr__(self) -> str:
        """Says nothing of what is held, not even how much: who looks is not known."""
        return f"{type(self).__name__}()"

    def _refused(self, action: str, error: MlplatError, actor: Actor) -> None:
        if isinstance(error, AccessDenied) or getattr(error, "_told", False):
            return
        error._told = True  # type: ignore[attr-defined]
        number, wrong = self._authorization.who(actor)
        data = {"error": type(error).__name__, "reason": printable(str(error))[:500]}
        self._emit(f"call:{action}", "call.refused", number if wrong is None else "anonymous", data)


def principal_of(actor: Actor) -> Principal:
    """Who calls; inside a call that is known."""
    assert isinstance(actor, Principal)
    return actor
