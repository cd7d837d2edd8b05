"""Declarations: manifests read, compared with what there is, carried out, and written."""

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
from ...hardware.durations import spelled_duration
from ...hardware.source_text import read_source
from ...hardware.yaml_text import load_yaml
from ..virtualization.restarts import NEVER, RestartPolicy
from ..workload_spec import FIELDS, NO_CHECKPOINT, Workload
from .manifest_models import API_VERSION, MANIFESTS

if TYPE_CHECKING:
    from .directory import Directory

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Wanted(NamedTuple):
    """A workload of a manifest, and where it is described, such as `document 2`."""

    workload: Workload
    where: str


class Change(NamedTuple):
    """A field of a workload that differs."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What `apply` has done, or would do: names in the order of the manifest. `changes`: of each changed one the fields that differ."""

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
        """A line for each workload, as of `diff`."""
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


def read_manifest(source: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The workloads that a manifest describes. Raises SpecError naming document and path, InputError for what is no YAML."""
    path, documents = _documents(source)
    wanted: list[Wanted] = []
    first: dict[str, int] = {}
    for number, document in enumerate(documents, start=1):
        if document is None:
            continue
        where = (f"{shown(path)}, " if path is not None else "") + f"document {number}"
        try:
            workload = _manifest(document)
        except SpecError as error:
            raise SpecError(error.problem, where=error.where, source=where) from None
        if workload.name in first:
            raise SpecError(f"{workload.name!r} is described in document {first[workload.name]} too", where="metadata.name", source=where)
        first[workload.name] = number
        wanted.append(Wanted(workload, where))
    return wanted


def _manifest(document: object) -> Workload:
    if not isinstance(document, Mapping):
        raise SpecError(f"expected a mapping with apiVersion, kind, metadata and spec (found {type(document).__name__})")
    kind = document.get("kind")
    if kind is None:
        raise SpecError("is required and missing", where="kind")
    if not isinstance(kind, str) or kind not in MANIFESTS:
        raise SpecError(str(UnknownNameError("kind", printable(str(kind)[:40]), MANIFESTS)), where="kind")
    return MANIFESTS[kind].model_validate(document).workload()


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
        events: Any = yaml.parse(text, Loader=_LOADER)
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
    pairs = [(name, _plain(old, name), _plain(new, name)) for name in FIELDS]
    return tuple(Change(name, str(before), str(after)) for name, before, after in pairs if before != after)


def _plain(workload: Workload, name: str) -> Any:
    value = getattr(workload, name)
    if name == "image" and value is not None and not isinstance(value, str):
        return value.digest
    return dict(value) if isinstance(value, Mapping) else value


# -- writing


def write_manifest(workloads: Sequence[Workload]) -> str:
    """YAML with a document for each workload. Raises OptionError for a usage model, which YAML cannot say."""
    documents = [_document(workload) for workload in workloads]
    return str(yaml.dump_all(documents, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=140))


def _document(workload: Workload) -> dict[str, Any]:
    if workload.usage is not None:
        raise OptionError(f"workload {workload.name!r} has a usage model, which a manifest cannot say")
    metadata: dict[str, Any] = {"name": workload.name}
    if workload.labels:
        metadata["labels"] = dict(workload.labels)
    said: dict[str, Any] = {}
    if workload.replicas != 1:
        said["replicas"] = workload.replicas
    said["resources"] = _resources(workload)
    if workload.image is not None:
        said["image"] = _plain(workload, "image")
    if workload.duration < float("inf"):
        said["duration"] = spelled_duration(workload.duration)
    if workload.estimate != workload.duration:
        said["estimate"] = spelled_duration(workload.estimate)
    if workload.priority:
        said["priority"] = workload.priority
    if workload.zone:
        said["zone"] = workload.zone
    if workload.restart != NEVER:
        said["restart"] = _restart(workload.restart)
    if workload.checkpoint != NO_CHECKPOINT:
        said["checkpoint"] = str(workload.checkpoint)
    if workload.sync is not None:
        said["sync"] = workload.sync.described()
    if workload.stop_grace:
        said["stop_grace"] = spelled_duration(workload.stop_grace)
    if workload.node_selector:
        said["node_selector"] = dict(workload.node_selector)
    if workload.tolerations:
        said["tolerations"] = [toleration.said() for toleration in workload.tolerations]
    return {"apiVersion": API_VERSION, "kind": workload.kind.capitalize(), "metadata": metadata, "spec": said}


def _resources(workload: Workload) -> dict[str, Any]:
    request = workload.request
    said: dict[str, Any] = {}
    if request.cpu_milli:
        said["cpus"] = request.cpu_milli // 1000 if request.cpu_milli % 1000 == 0 else f"{request.cpu_milli}m"
    for key, mib in (("memory", request.memory_mib), ("disk", request.disk_mib)):
        if mib:
            said[key] = f"{mib // 1024}GiB" if mib % 1024 == 0 else f"{mib}MiB"
    for key in ("gpus", "gpu_milli", "mig"):
        if getattr(request, key):
            said[key] = getattr(request, key)
    if request.models:
        said["gpu_model"] = request.models[0] if len(request.models) == 1 else list(request.models)
    return said


def _restart(policy: RestartPolicy) -> Any:
    usual = RestartPolicy(policy.kind)
    more = {
        key: getattr(policy, f"{key}_s") for key in ("base", "cap", "reset") if getattr(policy, f"{key}_s") != getattr(usual, f"{key}_s")
    }
    if policy.max_restarts is not None:
        more["max_restarts"] = policy.max_restarts
    return {"policy": policy.kind} | more if more else policy.kind
