"""Declarations: manifests read, and their workloads compared with what there is and carried out."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from ...errors import InputError, OptionError, SpecError, UnknownNameError, printable, shown
from ...hardware.source_text import read_source
from ...hardware.yaml_text import Loader, load_yaml
from ..workload_spec import FIELDS, Workload
from .manifest_kinds import MANIFESTS
from .manifest_writing import plain
from .network_objects import NetworkObject, label_of

if TYPE_CHECKING:
    from .directory import Directory


class Wanted(NamedTuple):
    """A workload of a manifest, and where it is described, such as `document 2`."""

    workload: Workload
    where: str


class Declared(NamedTuple):
    """A service, policy or ingress of a manifest, and where it is described."""

    thing: NetworkObject
    where: str


class Change(NamedTuple):
    """A field that differs."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What `apply` has done, or would do, in the order of the manifest: names of workloads, then what is of the network, such as
    `NetworkPolicy shop/open`. `changes`: of each changed one the fields that differ.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=lambda: MappingProxyType({}))
    dry_run: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.created or self.changed or self.deleted)

    def lines(self) -> list[str]:
        """A line for each, as of `diff`."""
        lines = [f"+ {name}" for name in self.created]
        for name in self.changed:
            what = ", ".join(f"{change.field} {change.old} -> {change.new}" for change in self.changes[name])
            lines.append(f"~ {name}: {what}")
        return [*lines, *(f"- {name}" for name in self.deleted), *(f"= {name}" for name in self.unchanged)]

    def __str__(self) -> str:
        return "\n".join(self.lines()) or "nothing"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


# -- reading


def read_manifest(source: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[list[Wanted], list[Declared]]:
    """The workloads that a manifest describes, and what it declares of the network. Raises SpecError naming document and path, InputError
    for what is no YAML.
    """
    path, documents = _documents(source)
    wanted: list[Wanted] = []
    declared: list[Declared] = []
    first: dict[str, int] = {}
    for number, document in enumerate(documents, start=1):
        if document is None:
            continue
        where = (f"{shown(path)}, " if path is not None else "") + f"document {number}"
        try:
            described = _manifest(document)
        except SpecError as error:
            raise SpecError(error.problem, where=error.where, source=where) from None
        name = described.name if isinstance(described, Workload) else label_of(described)
        if name in first:
            raise SpecError(f"{name!r} is described in document {first[name]} too", where="metadata.name", source=where)
        first[name] = number
        if isinstance(described, Workload):
            wanted.append(Wanted(described, where))
        else:
            declared.append(Declared(described, where))
    return wanted, declared


def _manifest(document: object) -> Workload | NetworkObject:
    if not isinstance(document, Mapping):
        raise SpecError(f"expected a mapping with apiVersion, kind, metadata and spec (found {type(document).__name__})")
    kind = document.get("kind")
    if kind is None:
        raise SpecError("is required and missing", where="kind")
    if not isinstance(kind, str) or kind not in MANIFESTS:
        raise SpecError(str(UnknownNameError("kind", printable(str(kind)[:40]), MANIFESTS)), where="kind")
    return MANIFESTS[kind].model_validate(document).described()


def _documents(source: object) -> tuple[object, list[Any]]:
    """The path, None for what is no file, and the parsed documents, None for an empty one."""
    if isinstance(source, Mapping):
        return None, [source]
    if isinstance(source, (list, tuple)):
        return None, list(source)
    if isinstance(source, str) and ("\n" in source or ": " in source or source.lstrip().startswith(("{", "["))):
        return None, [load_yaml(text) for text in _split(source, None)]
    if isinstance(source, (str, os.PathLike)):
        return source, [load_yaml(text, path=source) for text in _split(read_source(source), source)]
    raise OptionError(f"a manifest is YAML text, a file, or parsed documents, not a {type(source).__name__}")


def _split(text: str, path: object) -> list[str]:
    """The documents of a stream, each moved down to its own lines, so that errors name the lines of the whole."""
    try:
        events: Any = yaml.parse(text, Loader=Loader)
        marks: list[Any] = [event.start_mark for event in events if isinstance(event, yaml.DocumentStartEvent)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"not YAML: {error.problem or error}", path=path, line=mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {str(error).splitlines()[0]}", path=path) from None
    if not marks:
        return []
    ends = [*(mark.index for mark in marks[1:]), len(text)]
    return ["\n" * mark.line + text[mark.index : end] for mark, end in zip(marks, ends, strict=True)]


# -- comparing and carrying out


def difference(directory: Directory, wanted: Sequence[Wanted], prunable: AbstractSet[str], dry_run: bool) -> Diff:
    """What has to be done so that there is what is wanted. Raises SpecError for a name that is being deleted."""
    created, changed, unchanged = [], [], []
    changes: dict[str, tuple[Change, ...]] = {}
    for workload, where in wanted:
        name = workload.name
        entry = directory.get(name)
        try:
            directory.check_stays(name)
        except OptionError as error:
            raise SpecError(str(error), where="metadata.name", source=where) from None
        if entry is None:
            created.append(name)
        elif differing := _changes(entry.workload, workload):
            changed.append(name)
            changes[name] = differing
        else:
            unchanged.append(name)
    kept = {workload.name for workload, _ in wanted}
    deleted = [name for name in sorted(prunable - kept) if directory.get(name) is not None and directory.stays(name)]
    return Diff(tuple(created), tuple(changed), tuple(unchanged), tuple(deleted), MappingProxyType(changes), dry_run)


def carry_out(directory: Directory, diff: Diff, wanted: Sequence[Wanted], actor: str) -> None:
    """Do what a difference says: first deletions, so that their room is free, then all else in the order of the manifest."""
    for name in diff.deleted:
        directory.delete(name, None)
    created, changed = set(diff.created), set(diff.changed)
    for workload, _ in wanted:
        if workload.name in created:
            directory.start(workload, actor)
        elif workload.name in changed:
            directory.replace(workload, actor)


def _changes(old: Workload, new: Workload) -> tuple[Change, ...]:
    pairs = [(name, plain(old, name), plain(new, name)) for name in FIELDS]
    return tuple(Change(name, str(before), str(after)) for name, before, after in pairs if before != after)
