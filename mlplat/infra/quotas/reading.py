"""Quotas and cohorts from what people write: objects, mappings, YAML and JSON. Errors name the place, in a file also the line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import yaml

from ...errors import InputError, OptionError, SpecError, UnknownNameError, printable, shown
from ...hardware.source_text import read_source
from ...hardware.spec_io import parse_json
from ...hardware.yaml_text import Loader, load_yaml
from .descriptions import Cohort, Described, Quota

KINDS: Final[Mapping[str, type[Quota] | type[Cohort]]] = {"quotas": Quota, "cohorts": Cohort}
SUFFIXES: Final = (".yaml", ".yml", ".json")
MOST_PLACES: Final = 100_000
"""Places of which the line is kept; an alias in YAML is many places."""


@dataclass(frozen=True, slots=True)
class ReadQuotas:
    """Descriptions and where each was found. `places`: of each, such as `quotas[2]`. `source`: the file; `lines`: of the places in it."""

    described: tuple[Described, ...]
    places: tuple[str, ...]
    source: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    @contextmanager
    def placing(self) -> Iterator[None]:
        """What is raised inside names the file, and the line of its place."""
        try:
            yield
        except SpecError as error:
            raise placed(error.problem, error.where, self.source, self.lines) from None
        except OptionError as error:
            raise error if self.source is None else OptionError(f"{self.source}: {error}") from None


def read_quotas(given: object, name: str = "quotas") -> ReadQuotas:
    """Descriptions from a list of `Quota`, `Cohort` and mappings, from a mapping with the lists `quotas` and `cohorts`, or from a YAML or
    JSON file with such a list or mapping. In a list a mapping with `kind: cohort` is a cohort. `name`: what errors call a list.

    Raises InputError, SpecError.

    >>> read_quotas([{"name": "a", "guarantee": {"gpus": 8}}]).described[0].guarantee
    {'gpus': 8}
    """
    if isinstance(given, (str, os.PathLike)):
        return _from_file(given, name)
    return _from_document(given, name, None, {})


def placed(problem: str, where: str, source: str | None, lines: Mapping[str, int]) -> SpecError:
    """An error with the line of the place in the file, or of what it is in."""
    place = where
    while place and place not in lines:
        cut = max(place.rfind("."), place.rfind("["))
        place = place[: max(0, cut)]
    if source is not None and place in lines:
        source = f"{source}:{lines[place]}"
    return SpecError(problem, where=where, source=source)


def _from_file(path: str | os.PathLike[str], name: str) -> ReadQuotas:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError("unknown kind of file of quotas", path=shown(path), expected=f"a name that ends in {', '.join(SUFFIXES)}")
    text = read_source(path)
    document = parse_json(text, path=shown(path)) if suffix == ".json" else load_yaml(text, path=shown(path))
    return _from_document(document, name, shown(path), lines_of(text))


def _from_document(document: object, name: str, source: str | None, lines: Mapping[str, int]) -> ReadQuotas:
    described: list[Described] = []
    places: list[str] = []

    def read(each: object, kind: type[Quota] | type[Cohort], place: str) -> None:
        try:
            described.append(_described(each, kind))
        except SpecError as error:
            inside = error.where if not error.where or error.where.startswith("[") else f".{error.where}"
            raise placed(error.problem, place + inside, source, lines) from None
        places.append(place)

    if isinstance(document, Mapping):
        for key, rows in document.items():
            if key not in KINDS:
                raise placed(str(UnknownNameError("key", printable(str(key)[:60]), KINDS)), printable(str(key)[:60]), source, lines)
            if not isinstance(rows, Sequence) or isinstance(rows, (str, bytes)):
                raise placed(f"expected a list (found {rows!a:.60})", str(key), source, lines)
            for i, row in enumerate(rows):
                read(row, KINDS[key], f"{key}[{i}]")
    elif isinstance(document, Sequence) and not isinstance(document, (str, bytes)):
        base = name if source is None else ""
        for i, row in enumerate(document):
            kind, said = _kind(row)
            read(said, kind, f"{base}[{i}]")
    else:
        kind_found = "nothing" if document is None else type(document).__name__
        where = name if source is None else ""
        raise placed(
            f"expected a list of quotas, or a mapping with 'quotas' and 'cohorts' (found {kind_found})",
            where,
            source,
            lines,
        )
    return ReadQuotas(tuple(described), tuple(places), source, lines)


def _kind(row: object) -> tuple[type[Quota] | type[Cohort], object]:
    if isinstance(row, Mapping) and row.get("kind") in ("quota", "cohort"):
        return (Cohort if row["kind"] == "cohort" else Quota), {key: value for key, value in row.items() if key != "kind"}
    return Quota, row


def _described(given: object, kind: type[Quota] | type[Cohort]) -> Described:
    if isinstance(given, (Quota, Cohort)):
        return given
    if not isinstance(given, Mapping):
        raise SpecError(f"expected a Quota, a Cohort, or a mapping (found {given!a:.60})")
    known = [each.name for each in fields(kind)]
    for key in given:
        if key not in known:
            place = printable(str(key)[:60])
            raise SpecError(str(UnknownNameError("key", place, known)), where=place)
    if "name" not in given:
        raise SpecError("is required and missing", where="name")
    made: Described = kind(**given)
    return made


def lines_of(text: str) -> dict[str, int]:
    """The line of every place in a document that was read, such as `quotas[2].guarantee.gpus`."""
    lines: dict[str, int] = {}
    try:
        root = yaml.compose(text, Loader=Loader)
    except (yaml.YAMLError, ValueError):  # JSON that is no YAML
        return lines

    def walk(node: Any, place: str, depth: int) -> None:
        if depth > 6 or len(lines) > MOST_PLACES:
            return
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inside = f"{place}.{key.value}" if place else str(key.value)
                lines[inside] = int(key.start_mark.line) + 1
                walk(value, inside, depth + 1)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                inside = f"{place}[{i}]"
                lines[inside] = int(value.start_mark.line) + 1
                walk(value, inside, depth + 1)

    if root is not None:
        walk(root, "", 0)
    return lines
