"""Quotas and cohorts as people describe them: who may use how much of a cluster when others want it too (docs/quotas.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple

from ...errors import OptionError, SpecError, UnknownNameError, printable
from ...hardware.durations import LONGEST_S
from ...html_tables import fields_of
from ...units import Duration, seconds
from .amounts import DIMENSIONS, GUARANTEED, Amounts, flavors_in, spoken_amounts

MAX_QUOTAS: Final = 10_000
MAX_FLAVORS: Final = 60
MAX_NAME: Final = 250
RECLAIM: Final = ("any", "lower-priority", "never")
WITHIN: Final = ("never", "lower-priority", "lower-or-newer")
BORROW_WITHIN: Final = ("never", "lower-priority")
WHEN_CAN_BORROW: Final = ("borrow", "try-next")
WHEN_CAN_PREEMPT: Final = ("try-next", "preempt")


class QuotaWarning(UserWarning):
    """Quotas are guaranteed more than the cluster has: not all of it can be had at once.

    >>> import warnings
    >>> from mlplat import ClusterSpec, Cluster, Simulation
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     cluster = Cluster(Simulation(), ClusterSpec.parse("1x8xV100"), quotas=[Quota("a", guarantee={"gpus": 9})])
    >>> told[0].category is QuotaWarning
    True
    """


def _short(one: Any) -> str:
    """What was said of a description, and nothing else."""
    said = [repr(one.name), *(f"{key}={value!r}" for key, value in _said(one).items() if key != "name")]
    return f"{type(one).__name__}({', '.join(said)})"


class ReservedNodes(NamedTuple):
    """The first so many nodes of a group, or of the cluster where there is no group."""

    nodes: int
    group: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Cohort:
    """Quotas that lend to each other. `parent`: the cohort it is part of; None: it hangs below the cluster and, without `lend`, what is
    unused stays in it. `guarantee`, `limit`, `lend`: of its own, as for a `Quota`. Raises SpecError.

    >>> Cohort("research", lend={"gpus": 4}).lend["gpus"]
    4
    """

    name: str
    parent: str | None = None
    guarantee: Mapping[str, Any] = Amounts()
    limit: Mapping[str, Any] = Amounts()
    lend: Mapping[str, Any] = Amounts()

    def __post_init__(self) -> None:
        _check_name("name", self.name)
        if self.parent is not None:
            _check_name("parent", self.parent)
        _read_amounts(self)

    __repr__ = _short

    def to_dict(self) -> dict[str, Any]:
        """What was said of it, as plain values."""
        return _said(self)

    def _repr_html_(self) -> str:
        return fields_of(self)


@dataclass(frozen=True, slots=True, repr=False)
class Quota:
    """What a group of jobs may use. Immutable; amounts are mappings as in `Amounts`.

    `guarantee`: what it always gets, 0 where not given. `limit`: the most it may use, also `environments`. `lend`: how much of an unused
    guarantee others may use, all where not given, 0 for a hard guarantee. `cohort`: those it lends to and borrows from first.
    `groups`: the groups of a trace whose jobs it is for; None for the one of its own name. The quota `""` is of all groups that no other
    one lists. `priority`: of two quotas that are entitled the higher goes first. `weight`: under `drf`, of what it borrows.
    `reclaim`: whose jobs it may stop in other quotas to get back what is guaranteed: `"any"`, `"lower-priority"`, `"never"`. `within`: of
    its own jobs: `"never"`, `"lower-priority"`, `"lower-or-newer"`; None: what the queue policy does. `borrow_within`: of other quotas
    to use more than the guarantee: `"never"`, `"lower-priority"`, up to the priority `borrow_within_threshold`. `reclaim_within`: the
    seconds that jobs it stops have left. `flavors`: node groups and accelerator models in which its jobs are tried, in this order; where
    not given those that the amounts name, then all others. `when_can_borrow`: `"borrow"` in a flavor, or `"try-next"` first.
    `when_can_preempt`: `"try-next"`, or `"preempt"` in a flavor before the next is tried. `reserve`: nodes that no other quota's jobs
    may use, a list of names
    or `{"group": "a100", "nodes": 2}`. `suspended`: no job of it starts.
    Raises SpecError.

    >>> Quota("team-a", guarantee={"gpus": 8, "cpus": 64}, limit={"gpus": 16}, lend={"gpus": 4}, cohort="research").guarantee
    {'cpus': 64, 'gpus': 8}
    """

    name: str
    guarantee: Mapping[str, Any] = Amounts()
    limit: Mapping[str, Any] = Amounts()
    lend: Mapping[str, Any] = Amounts()
    cohort: str | None = None
    groups: tuple[str, ...] | None = None
    priority: int = 0
    weight: float = 1.0
    reclaim: Literal["any", "lower-priority", "never"] = "any"
    within: Literal["never", "lower-priority", "lower-or-newer"] | None = None
    borrow_within: Literal["never", "lower-priority"] = "never"
    borrow_within_threshold: int | None = None
    reclaim_within: Duration = 60.0
    flavors: tuple[str, ...] = ()
    when_can_borrow: Literal["borrow", "try-next"] = "borrow"
    when_can_preempt: Literal["try-next", "preempt"] = "try-next"
    reserve: ReservedNodes | tuple[str, ...] | None = None
    suspended: bool = False

    def __post_init__(self) -> None:
        if self.name != "":
            _check_name("name", self.name)
        if self.cohort is not None:
            _check_name("cohort", self.cohort)
        for key, choices in (("reclaim", RECLAIM), ("borrow_within", BORROW_WITHIN)):
            _check_choice(key, getattr(self, key), choices)
        for key, choices in (("when_can_borrow", WHEN_CAN_BORROW), ("when_can_preempt", WHEN_CAN_PREEMPT)):
            _check_choice(key, getattr(self, key), choices)
        if self.within is not None:
            _check_choice("within", self.within, WITHIN)
        _check_whole("priority", self.priority)
        if isinstance(self.weight, bool) or not isinstance(self.weight, (int, float)) or not 0 <= self.weight <= 1e12:
            raise SpecError(f"expected a number from 0 (found {self.weight!a:.40})", where="weight")
        if self.borrow_within_threshold is not None:
            _check_whole("borrow_within_threshold", self.borrow_within_threshold)
            if self.borrow_within == "never":
                raise SpecError("is for borrow_within='lower-priority'", where="borrow_within_threshold")
        if not isinstance(self.suspended, bool):
            raise SpecError(f"expected true or false (found {self.suspended!a:.40})", where="suspended")
        self._set("weight", float(self.weight))
        self._set("reclaim_within", _time("reclaim_within", self.reclaim_within))
        if self.groups is not None:
            self._set("groups", _names("groups", self.groups, empty_too=True))
        self._set("flavors", _names("flavors", self.flavors))
        self._set("reserve", _reserve(self.reserve))
        _read_amounts(self)
        named = list(dict.fromkeys(name for amounts in (self.guarantee, self.limit, self.lend) for name in flavors_in(amounts)))
        for name in named:
            if self.flavors and name not in self.flavors:
                raise SpecError(f"amounts are given for the flavor {name!a:.60}, which is not among them", where="flavors")

    def _set(self, key: str, value: object) -> None:
        object.__setattr__(self, key, value)

    __repr__ = _short

    @property
    def listed(self) -> tuple[str, ...]:
        """The groups it is for."""
        return self.groups if self.groups is not None else (self.name,) if self.name else ()

    def to_dict(self) -> dict[str, Any]:
        """What was said of it, as plain values.

        >>> Quota("team-a", guarantee={"gpus": 8}, reclaim_within="2m").to_dict()
        {'name': 'team-a', 'guarantee': {'gpus': 8}, 'reclaim_within': 120.0}
        """
        return _said(self)

    def _repr_html_(self) -> str:
        return fields_of(self)


Described = Quota | Cohort


def with_the_rest(described: Sequence[Described | None]) -> list[Described | None]:
    """The same with the quota `""` of all others at the end, where it is not there yet."""
    there = any(isinstance(one, Quota) and one.name == "" for one in described)
    return list(described) if there else [*described, Quota("")]


def _read_amounts(one: Quota | Cohort) -> None:
    """Put `Amounts` for what was given, and compare them."""
    read: dict[str, Amounts] = {}
    for key in ("guarantee", "limit", "lend"):
        given = getattr(one, key)
        if key == "limit":
            read[key] = given if isinstance(given, Amounts) else Amounts(given, where=key)
        else:
            read[key] = Amounts(given, where=key, known=GUARANTEED)
        object.__setattr__(one, key, read[key])
    guaranteed = {(flavor, column): units for flavor, column, units in read["guarantee"].named()}
    for flavor, column, units in read["limit"].named():
        if units < (most := guaranteed.get((flavor, column), 0)):
            raise SpecError(f"is below what is guaranteed, {_amount(column, most)}", where=_place("limit", flavor, column))
    if isinstance(one, Cohort):
        return
    for flavor, column, units in read["lend"].named():
        if units > (most := guaranteed.get((flavor, column), 0)):
            raise SpecError(f"is above what is guaranteed, {_amount(column, most)}", where=_place("lend", flavor, column))


def _place(key: str, flavor: str, column: int) -> str:
    return ".".join(part for part in (key, printable(flavor), DIMENSIONS[column]) if part)


def _amount(column: int, units: int) -> str:
    row = [0] * 5
    row[column] = units
    return f"{next(iter(spoken_amounts(row, (), [column]).values())):,}"


def _check_name(key: str, value: object) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or not value.isprintable():
        raise SpecError(f"expected printable text of 1 to {MAX_NAME} characters (found {value!a:.60})", where=key)


def _check_choice(key: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise SpecError(str(UnknownNameError(key, printable(str(value)[:40]), choices)), where=key)


def _check_whole(key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise SpecError(f"expected a whole number (found {value!a:.40})", where=key)


def _time(key: str, value: Any) -> float:
    try:
        read = seconds(value)
    except OptionError as error:
        raise SpecError(str(error), where=key) from None
    if read > LONGEST_S:
        raise SpecError(f"expected at most {LONGEST_S:g} s (found {read:g} s)", where=key)
    return read


def _names(key: str, given: object, *, empty_too: bool = False) -> tuple[str, ...]:
    if not isinstance(given, (list, tuple)):
        raise SpecError(f"expected a list of names (found {given!a:.60})", where=key)
    for place, name in enumerate(given):
        if not (empty_too and name == ""):
            _check_name(f"{key}[{place}]", name)
        if name in given[:place]:
            raise SpecError(f"{name!a:.60} is given twice", where=f"{key}[{place}]")
    return tuple(given)


def _reserve(given: object) -> ReservedNodes | tuple[str, ...] | None:
    if given is None or isinstance(given, ReservedNodes):
        return given
    if isinstance(given, (list, tuple)):
        return _names("reserve", given) or None
    if not isinstance(given, Mapping):
        raise SpecError(f"expected a list of nodes, or {{'group': …, 'nodes': …}} (found {given!a:.60})", where="reserve")
    for key in given:
        if key not in ReservedNodes._fields:
            raise SpecError(str(UnknownNameError("key", printable(str(key)[:40]), ReservedNodes._fields)), where="reserve")
    nodes, group = given.get("nodes"), given.get("group")
    if isinstance(nodes, bool) or not isinstance(nodes, int) or nodes < 1:
        raise SpecError(f"expected a whole number of at least 1 (found {nodes!a:.40})", where="reserve.nodes")
    if group is not None:
        _check_name("reserve.group", group)
    return ReservedNodes(nodes, group)


def _said(one: Quota | Cohort) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for each in fields(one):
        value = getattr(one, each.name)
        if value == each.default:
            continue
        if isinstance(value, Amounts):
            value = value.to_dict()
        elif isinstance(value, ReservedNodes):
            value = {key: part for key, part in value._asdict().items() if part is not None}
        elif isinstance(value, tuple):
            value = list(value)
        said[each.name] = value
    return said
