"""The whole state of a platform as plain values, so that the live one and one folded anew over its store can be compared."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from mlplat.platform.facade import Platform

Attributes = Callable[[Any], Iterator[tuple[str, Any]]]

FOLDED = ("_catalogue", "_state", "_kept", "_told", "_repositories", "_packs", "_gone", "_imports", "_held")
"""Where components have what their journals say."""
CACHED = ("_names_of", "_below", "_trees", "_held_by_giver", "_indices", "_verified", "_sim", "_store")
"""What is made of the rest when it is asked for."""


def state_of(platform: Platform) -> dict[str, Any]:
    """Of each component what it knows."""
    grants = platform.identity._authorization.grants
    grants.advance(platform.sim.now)
    found = {
        source: {name: plain(vars(component)[name]) for name in FOLDED if name in vars(component)}
        for source, component in platform.components.items()
    }
    return found | {"grants": plain(grants), "directory": plain(platform.identity._authorization.directory)}


def plain(value: Any, attributes: Attributes | None = None) -> Any:
    """A value made of nothing but lists, text, numbers and bytes; the order of mappings counts. `attributes`: what counts of an object,
    unless said all but what is cached.
    """
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return [[plain(key, attributes), plain(part, attributes)] for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [plain(part, attributes) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(part, attributes) for part in value), key=repr)
    if isinstance(value, (array, bytearray, memoryview)):
        return bytes(value)
    return [type(value).__name__, *([name, plain(part, attributes)] for name, part in (attributes or _attributes)(value))]


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    names = {name: None for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(value, name)}
    for name in names | dict.fromkeys(getattr(value, "__dict__", ())):
        part = getattr(value, name)
        if name not in CACHED and not callable(part):
            yield name, part


def differing(first: Any, second: Any, where: str = "") -> str:
    """The first place in which two states differ, for people; empty where they do not."""
    if type(first) is not type(second) or not isinstance(first, (dict, list)):
        return "" if first == second else f"{where}: {first!r:.300} and {second!r:.300}"
    if len(first) != len(second):
        return f"{where}: {len(first)} and {len(second)} parts, {first!r:.300} and {second!r:.300}"
    places = first if isinstance(first, dict) else range(len(first))
    return next((found for place in places if (found := differing(first[place], second[place], f"{where}/{place}"))), "")
