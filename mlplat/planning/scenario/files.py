"""The files of a scenario: itself, and those that it names; and where in a file something is wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import InputError, SpecError, shown
from ...hardware.cluster_spec import ClusterSpec
from ...hardware.source_text import read_source
from ...hardware.spec_io import SUFFIXES as CLUSTER_SUFFIXES
from ...hardware.spec_io import parse_json
from ...hardware.yaml_text import load_yaml
from ...infra.quotas.reading import lines_of, placed
from .part import placed_at

SUFFIXES = (".yaml", ".yml", ".json")


def read_scenario(path: str | os.PathLike[str]) -> tuple[Any, Path, dict[str, int]]:
    """The document of a scenario's file, its folder, and the line of every place in it. Raises InputError."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError("unknown kind of scenario file", path=shown(path), expected=f"a name that ends in {', '.join(SUFFIXES)}")
    text = read_source(path)
    document = parse_json(text, path=shown(path)) if suffix == ".json" else load_yaml(text, path=shown(path))
    return document, Path(path).parent, lines_of(text)


@contextmanager
def located(source: str | os.PathLike[str] | None, lines: Mapping[str, int]) -> Iterator[None]:
    """A SpecError raised inside names the scenario's file and the line of its place, unless it names a file already."""
    try:
        yield
    except SpecError as error:
        if source is None or error.source is not None:
            raise
        raise placed(error.problem, error.where, shown(source), lines) from None


def read_cluster(value: Any, folder: Path) -> ClusterSpec:
    """The cluster of a scenario: a description, a shorthand, or a file. Raises SpecError, InputError."""
    if isinstance(value, ClusterSpec):
        return value
    if isinstance(value, Mapping):
        with placed_at("cluster"):
            return ClusterSpec.model_validate(value)
    if not isinstance(value, str):
        raise SpecError(
            f"expected a description with 'groups', a shorthand such as 96x8xV100, or a file (found {value!r:.60})", where="cluster"
        )
    if Path(value).suffix.lower() in CLUSTER_SUFFIXES or os.sep in value:
        return ClusterSpec.open(folder / value)
    with placed_at("cluster"):
        return ClusterSpec.parse(value)


def read_zones(value: Any, folder: Path) -> Any:
    """The quotas and cohorts of a scenario, None for none. Raises SpecError, InputError."""
    from ...infra.quotas import Cohort, Quota
    from ...infra.quotas.reading import read_quotas

    if value is None or (isinstance(value, tuple) and all(isinstance(one, (Quota, Cohort)) for one in value)):
        return value or None
    if isinstance(value, str):
        return read_quotas(folder / value).described or None
    if isinstance(value, Mapping):
        with placed_at("zones"):
            return read_quotas(value).described or None
    return read_quotas(value, "zones").described or None


def zones_document(zones: Any) -> Any:
    """Plain values that `read_zones` makes the same of."""
    from ...infra.quotas import Quota

    if zones is None:
        return None
    lists: dict[str, list[Any]] = {"quotas": [], "cohorts": []}
    for one in zones:
        lists["quotas" if isinstance(one, Quota) else "cohorts"].append(one.to_dict())
    return {key: rows for key, rows in lists.items() if rows}


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content; read again where its size or time has changed. Raises InputError."""
    try:
        found = path.stat()
        return _digest(os.fspath(path.resolve()), found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=shown(path)) from None


@lru_cache(maxsize=256)
def _digest(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
