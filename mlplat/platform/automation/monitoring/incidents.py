"""What an evaluation changes in the incidents of a watch: which are opened, which go on, which are over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .answers import IncidentKind
from .state import WatchState

_AT_ONCE = (IncidentKind.BASELINE_MISSING, IncidentKind.ACCESS)
"""Over with the first time that it is not so."""


class Found(NamedTuple):
    """Whether something is wrong, and its figures."""

    wrong: bool
    data: Mapping[str, Any] = {}


class Changes(NamedTuple):
    """Numbers of incidents, and rows of those to be opened. `again`: figures of those of the `loud` that are told again; the journal has
    no need of it."""

    opened: tuple[Mapping[str, Any], ...]
    quiet: tuple[int, ...]
    loud: tuple[int, ...]
    resolved: tuple[int, ...]
    again: Mapping[int, Mapping[str, Any]] = {}

    def __bool__(self) -> bool:
        return any(self)


def changes(state: WatchState, version: str, found: Mapping[IncidentKind, Found], retired: frozenset[str]) -> Changes:
    """What follows for the incidents of a watch from what was found of a version; of a kind that is not among it nothing is known.

    An incident of a `retired` version, which answers no longer, is over when the one in its place is normal for as long.
    """
    opened: list[dict[str, Any]] = []
    quiet: list[int] = []
    loud: list[int] = []
    resolved: list[int] = []
    again: dict[int, Mapping[str, Any]] = {}
    for one in state.open():
        if one.kind not in found:
            continue
        if found[one.kind].wrong:
            if one.version == version:
                loud.append(one.number)
                if (one.further + 1) % state.watch.again == 0:
                    again[one.number] = found[one.kind].data
        elif one.version == version or one.version in retired:
            quiet.append(one.number)
            if one.quiet + 1 >= (1 if one.kind in _AT_ONCE else state.watch.normal):
                resolved.append(one.number)
    for kind, each in found.items():
        if each.wrong and all(one.version != version for one in state.open(kind)):
            row = {"number": len(state.incidents) + len(opened) + 1, "kind": str(kind), "version": version, "data": dict(each.data)}
            opened.append(row)
    return Changes(tuple(opened), tuple(quiet), tuple(loud), tuple(resolved), again)
