"""What quotas must be together, on a cluster and with the groups of a trace."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import SpecError, UnknownNameError, printable
from .amounts import column_of, dimension_names, named, spoken_amounts
from .arrays import capacity_of
from .descriptions import MAX_FLAVORS, MAX_QUOTAS, Cohort, Described, Quota, QuotaWarning
from .parts import NodeParts, parts_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...hardware.node_table import NodeTable


def check_quotas(
    described: Sequence[Described | None],
    nodes: NodeTable,
    *,
    groups: Sequence[str] | None = None,
    places: Sequence[str] | None = None,
) -> NodeParts:
    """The parts of the cluster that the quotas speak of. `groups`: of the trace, None where there is none. `places`: what errors call each
    description, `quotas['team-a']` if not given.

    Raises SpecError for two of one name, an unknown cohort, flavor or node, a cycle of cohorts, a group in two quotas or not in the trace,
    and for hard guarantees (guarantee less lend) beyond the capacity; OptionError for flavors or reservations that have a node in common.
    Warns (QuotaWarning) where all guarantees together are beyond the capacity.
    """
    if len(described) > MAX_QUOTAS:
        raise SpecError(f"{len(described):,} quotas and cohorts; expected at most {MAX_QUOTAS:,}")
    try:
        _check_names(described)
        _check_cohorts(described)
        _check_groups(described, groups)
        parts = parts_of(described, nodes)
    except SpecError as error:  # its place begins with the number of a description, `[2]`
        number, _, rest = error.where.removeprefix("[").partition("]")
        place = _place(described[int(number)]) if places is None else places[int(number)]
        raise SpecError(error.problem, where=place + rest) from None
    if len(parts.flavors) > MAX_FLAVORS:
        raise SpecError(f"{len(parts.flavors)} flavors; expected at most {MAX_FLAVORS}")
    _check_sums(described, nodes, parts)
    return parts


def _place(one: object) -> str:
    return f"quotas[{one.name!r}]" if isinstance(one, (Quota, Cohort)) else "quotas"


def _check_names(described: Sequence[Described | None]) -> None:
    seen: set[str] = set()
    for i, one in enumerate(described):
        if one is None:
            continue
        if not isinstance(one, (Quota, Cohort)):
            raise SpecError(f"expected a Quota or a Cohort (found {one!a:.60})", where=f"[{i}]")
        if one.name in seen:
            raise SpecError(f"a second one is called {one.name!r}", where=f"[{i}].name")
        seen.add(one.name)


def _check_cohorts(described: Sequence[Described | None]) -> None:
    parent = {one.name: one.parent for one in described if isinstance(one, Cohort)}
    for i, one in enumerate(described):
        if one is None:
            continue
        key, above = ("parent", one.parent) if isinstance(one, Cohort) else ("cohort", one.cohort)
        if above is not None and above not in parent:
            raise SpecError(str(UnknownNameError("cohort", printable(above), parent)), where=f"[{i}].{key}")
    for i, one in enumerate(described):
        if not isinstance(one, Cohort):
            continue
        way = [one.name]
        while (above := parent[way[-1]]) is not None and above not in way:
            way.append(above)
        if above == one.name:
            raise SpecError(f"is part of itself: {' in '.join(repr(name) for name in [*way, above][:10])}", where=f"[{i}].parent")


def _check_groups(described: Sequence[Described | None], groups: Sequence[str] | None) -> None:
    owner: dict[str, str] = {}
    known = None if groups is None else set(groups)
    for i, one in enumerate(described):
        if not isinstance(one, Quota):
            continue
        for k, group in enumerate(one.listed):
            where = f"[{i}].name" if one.groups is None else f"[{i}].groups[{k}]"
            if group in owner:
                raise SpecError(f"the group {printable(group)!r} is already of the quota {owner[group]!r}", where=where)
            owner[group] = one.name
            if known is not None and group not in known:
                raise SpecError(str(UnknownNameError("group of the trace", printable(group), known)), where=where)


def _check_sums(described: Sequence[Described | None], nodes: NodeTable, parts: NodeParts) -> None:
    capacity = capacity_of(nodes, parts)
    guarantees, hard = np.zeros_like(capacity), np.zeros_like(capacity)
    for one in described:
        if one is None:
            continue
        lend = {(flavor, column): units for flavor, column, units in named(one.lend)}
        for flavor, column, units in named(one.guarantee):
            place = column_of(flavor, column, parts.flavors)
            guarantees[place] += units
            if (flavor, column) in lend:
                hard[place] += max(0, units - lend[flavor, column])
    if (over := hard > capacity).any():
        raise SpecError(
            f"hard guarantees (guarantee less lend) add up to more than the cluster has: {_compared(hard, capacity, over, parts)}"
        )
    if (over := guarantees > capacity).any():
        text = f"guarantees add up to more than the cluster has: {_compared(guarantees, capacity, over, parts)}"
        warnings.warn(text, QuotaWarning, stacklevel=_level_of_the_user())


def _level_of_the_user() -> int:
    """How many calls above the caller of this function somebody outside the package is."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == __name__.partition(".")[0]:
        level, frame = level + 1, frame.f_back
    return max(1, level)


def _compared(amounts: npt.NDArray[np.int64], capacity: npt.NDArray[np.int64], over: npt.NDArray[np.bool_], parts: NodeParts) -> str:
    names = dimension_names(parts.flavors)
    said = []
    for column in np.flatnonzero(over).tolist():
        asked, has = (_number(row, column, parts) for row in (amounts, capacity))
        said.append(f"{names[column]} {asked} of {has}")
    return ", ".join(said)


def _number(row: npt.NDArray[np.int64], column: int, parts: NodeParts) -> str:
    value = next(iter(spoken_amounts(row, parts.flavors, [column]).values()))
    return f"{next(iter(value.values())) if isinstance(value, dict) else value:,}"
