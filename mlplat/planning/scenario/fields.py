"""Values at paths of a scenario's document: how `Scenario.with_fields` finds and replaces them."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import SpecError, printable
from ...hardware.amounts import SPELLINGS

_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def with_fields(document: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document with other values at these paths. Raises SpecError naming the path and what is there."""
    changed = copy.deepcopy(document)
    counts: dict[str, Any] = {group["name"]: group.get("count", 1) for group in changed["cluster"]["groups"]}
    for path, value in fields.items():
        _put(changed, str(path), _plain(value))
    _follow_counts(changed, counts, fields)
    if "policies.queue" in fields and not any(str(path).startswith("policies.queue_options") for path in fields):
        _keep_options_of_the_queue(changed)
    return changed


def parts_of(path: str) -> list[str | int]:
    """A path's parts. Raises SpecError for what is none.

    >>> parts_of("cluster.groups[0].count")
    ['cluster', 'groups', 0, 'count']
    """
    parts: list[str | int] = []
    at = 0
    while at < len(path):
        if parts and path[at] == ".":
            at += 1
        found = _PART.match(path, at)
        if found is None:
            raise SpecError("is no path; expected such as 'cluster.groups[0].count' or 'policies.queue'", where=printable(path[:100]))
        parts.append(found[2] if found[1] is None else int(found[1]))
        at = found.end()
    if not parts or isinstance(parts[0], int):
        raise SpecError("is no path; expected such as 'cluster.groups[0].count' or 'policies.queue'", where=printable(path[:100]))
    return parts


def _put(document: Any, path: str, value: Any) -> None:
    parts = parts_of(path)
    at = document
    for i, part in enumerate(parts[:-1]):
        at = _inside(at, part, path, parts[:i], make=True)
    last = parts[-1]
    if isinstance(at, list):
        at[_row(at, last, path, parts[:-1])] = value
        if isinstance(last, str) and isinstance(value, Mapping) is False:
            raise SpecError(f"is an entry of a list, found {value!r:.60}; expected a mapping", where=printable(path))
        return
    if not isinstance(at, dict):
        raise _refused(at, path, parts[:-1])
    if isinstance(last, int):
        raise SpecError(f"is a mapping and has no [{last}]. There: {_listed(at)}", where=_written(parts[:-1]))
    _drop_other_spellings(at, last)
    at[_key(at, last)] = value


def _inside(at: Any, part: str | int, path: str, before: list[str | int], *, make: bool) -> Any:
    if isinstance(at, list):
        return _entry(at, part, path, before)
    if not isinstance(at, dict):
        raise _refused(at, path, before)
    if isinstance(part, int):
        raise SpecError(f"is a mapping and has no [{part}]. There: {_listed(at)}", where=_written(before))
    key = _key(at, part)
    if at.get(key) is None:
        at[key] = {}
    return at[key]


def _key(at: dict[Any, Any], part: str) -> Any:
    """The key of a mapping as it is there: that of a width is a number in YAML."""
    return part if part in at else next((key for key in at if str(key) == part), part)


def _entry(at: list[Any], part: str | int, path: str, before: list[str | int]) -> Any:
    row = _row(at, part, path, before)
    entry = at[row]
    # A step of a workload is a mapping with one key, which is its name: the path goes on inside it.
    if isinstance(part, str) and isinstance(entry, dict) and "name" not in entry:
        return entry[part]
    return entry


def _row(at: list[Any], part: str | int, path: str, before: list[str | int]) -> int:
    where = _written(before)
    if isinstance(part, int):
        if part >= len(at):
            raise SpecError(f"has {len(at)} entries and no [{part}] (in {printable(path)!r})", where=where)
        return part
    named = [row for row, entry in enumerate(at) if isinstance(entry, dict) and (entry.get("name") == part or list(entry) == [part])]
    if len(named) != 1:
        names = [str(entry.get("name", next(iter(entry), ""))) for entry in at if isinstance(entry, dict)]
        problem = (
            f"has no entry {printable(part)!r}" if not named else f"has several entries {printable(part)!r}; expected their number, [0]"
        )
        raise SpecError(f"{problem}. There: {', '.join(map(printable, names[:20])) or 'nothing'} (in {printable(path)!r})", where=where)
    return named[0]


def _drop_other_spellings(at: dict[str, Any], key: str) -> None:
    """`memory_mib` and `memory` say the same: what is put takes the place of both."""
    field = SPELLINGS[key][0] if key in SPELLINGS else key
    for other in [other for other in at if other != key and (other == field or SPELLINGS.get(str(other), ("",))[0] == field)]:
        del at[other]


def _follow_counts(document: dict[str, Any], before: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Racks grow and shrink with a group; a group without nodes is left out, and what is said of it elsewhere."""
    cluster = document["cluster"]
    if not isinstance(cluster, dict) or not isinstance(cluster.get("groups"), list):
        return
    kept = []
    for i, group in enumerate(cluster["groups"]):
        name, count = (group.get("name"), group.get("count", 1)) if isinstance(group, dict) else (None, 1)
        if isinstance(count, int) and not isinstance(count, bool) and count == 0:
            for place in (("search", "groups"), ("costs", "groups")):
                document.get(place[0], {}).get(place[1], {}).pop(name, None)
            continue
        kept.append(group)
        said = {f"cluster.groups[{i}].racks", f"cluster.groups.{name}.racks"} & {str(path) for path in fields}
        old = before.get(str(name))
        if isinstance(group, dict) and isinstance(group.get("racks"), int) and isinstance(old, int) and isinstance(count, int) and not said:
            if old != count and count > 0:
                group["racks"] = max(1, math.ceil(count * group["racks"] / old))
    if not kept:
        raise SpecError("all groups have no nodes; expected at least one node", where="cluster.groups")
    cluster["groups"] = kept


def _keep_options_of_the_queue(document: dict[str, Any]) -> None:
    """Options that the new queue policy does not have are dropped with the old one."""
    from ...infra.queueing import QUEUES

    policies = document["policies"]
    known = QUEUES[policies["queue"]].options if policies.get("queue") in QUEUES else ()
    options = {name: value for name, value in policies.get("queue_options", {}).items() if name in known}
    policies.pop("queue_options", None)
    if options:
        policies["queue_options"] = options


def _plain(value: Any) -> Any:
    """Scalars of numpy as Python's."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return copy.deepcopy(value)


def _listed(at: dict[Any, Any]) -> str:
    return ", ".join(printable(str(key)) for key in list(at)[:20]) or "nothing"


def _refused(at: Any, path: str, before: list[str | int]) -> SpecError:
    return SpecError(f"is {printable(repr(at))[:60]}, which has no parts (in {printable(path)!r})", where=_written(before))


def _written(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return printable(text)
