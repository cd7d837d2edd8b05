"""Descriptions in files: YAML and JSON in and out, and `ClusterSpec.open`, which tells the kinds of file apart."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import InputError, SpecError, shown
from .amounts import write_spellings
from .source_text import read_source
from .yaml_text import load_yaml

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .cluster_spec import ClusterSpec

Source = str | os.PathLike[str]
Spec = TypeVar("Spec", bound="ClusterSpec")
SUFFIXES = (".yaml", ".yml", ".json", ".csv")


def open_source(cls: type[Spec], source: Source) -> Spec:
    """A cluster from a file, by its suffix, or from a shorthand. Raises InputError, SpecError, UnknownNameError."""
    suffix = Path(source).suffix.lower()
    if isinstance(source, str) and not _is_file(source) and suffix not in SUFFIXES and os.sep not in source:
        return cls.parse(source)
    if suffix == ".csv":
        return cls.from_openb(source)
    if suffix == ".json":
        text = read_source(source)
        document = parse_json(text, path=source)
        if isinstance(document, Mapping) and ("items" in document or document.get("kind") == "Node"):
            from .kubernetes_nodes import read_kubernetes_nodes

            return cls.model_validate(read_kubernetes_nodes(document, path=source))
        return validated(cls, document, source)
    if suffix in (".yaml", ".yml"):
        return validated(cls, load_yaml(read_source(source), path=source), source)
    raise InputError("unknown kind of cluster file", path=shown(source), expected=f"a name that ends in {', '.join(SUFFIXES)}")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def yaml_document(source: Source) -> tuple[Any, object]:
    """The parsed document and the file it is from (None for text). Raises InputError."""
    if isinstance(source, str) and ("\n" in source or ": " in source or source.lstrip().startswith(("{", "["))):
        return load_yaml(source), None
    return load_yaml(read_source(source), path=source), source


def json_document(source: Source) -> tuple[Any, object]:
    """The parsed document and the file it is from (None for text). Raises InputError."""
    if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
        return parse_json(source), None
    return parse_json(read_source(source), path=source), source


def parse_json(text: str, *, path: object = None) -> Any:
    """Strict JSON: no repeated keys, no NaN. Raises InputError with the line."""

    def refuse_constant(constant: str) -> None:
        raise InputError("not a JSON number", path=path, value=constant)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise InputError("a key is given twice", path=path, value=twice)
        return made

    try:
        return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", path=path, line=error.lineno) from None
    except ValueError:  # an integer of thousands of digits
        raise InputError("not JSON that can be read: a number is too long", path=path) from None
    except RecursionError:
        raise InputError("not JSON that can be read: it is nested too deeply", path=path) from None


def validated(cls: type[Spec], document: Any, source: object = None) -> Spec:
    """The spec that a parsed document describes. Raises SpecError with the source and the place inside it."""
    if not isinstance(document, Mapping):
        kind = "nothing" if document is None else type(document).__name__
        raise SpecError(f"expected a mapping with 'groups' (found {kind})", source=None if source is None else shown(source))
    try:
        return cls.model_validate(document)
    except SpecError as error:
        if source is None:
            raise
        raise SpecError(error.problem, where=error.where, source=shown(source)) from None


def to_document(spec: ClusterSpec) -> dict[str, Any]:
    """Plain values that `validated` turns back into an equal spec: defaults left out, amounts spelled for people."""
    document = _plain(spec)
    for field in ("groups", "accelerators", "storage"):
        if field in document:
            document[field] = [write_spellings(row) for row in document[field]]
    return document


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True)


def to_yaml(spec: ClusterSpec) -> str:
    """The description as YAML."""
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(to_document(spec), Dumper=dumper, sort_keys=False, allow_unicode=True, width=140)
    return str(text)


def to_json(spec: ClusterSpec) -> str:
    """The description as JSON."""
    return json.dumps(to_document(spec), indent=2, ensure_ascii=False) + "\n"


def write_text(path: Source, text: str) -> str:
    """Write `text` to `path` and return it. Raises InputError where that cannot be done."""
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", path=shown(path)) from None
    except ValueError:
        raise InputError("is not the name of a file", path=shown(path)) from None
    return text
