"""Human spellings of amounts in a description: `cpus: 64`, `memory: 512GiB`, `disk: unlimited`, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import OptionError
from ..resources import UNLIMITED
from ..units import cpu_milli, mebibytes
from .spec_model import PlacedError

UNLIMITED_WORD = "unlimited"


def _cores(value: object) -> int:
    return UNLIMITED if value == UNLIMITED_WORD else cpu_milli(value)


def _size(value: object) -> int:
    if value == UNLIMITED_WORD:
        return UNLIMITED
    # A bare number would be bytes; who writes `memory: 512` means something larger, so the unit is asked for.
    if not isinstance(value, str) or not value.strip()[-1:].isalpha():
        raise OptionError(f"not a size: {value!r}; expected a number with a unit, such as '512GiB' or '90GB'")
    return mebibytes(value)


def _gibibytes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= UNLIMITED / 1024:
        raise OptionError(f"not a number of GiB: {value!r}; expected a number of at least 0")
    return math.ceil(value * 1024 - 1e-9)


_CORES = {"cpus": ("cpu_milli", _cores)}


def _sizes(dimension: str) -> dict[str, tuple[str, Callable[[object], int]]]:
    return {dimension: (f"{dimension}_mib", _size), f"{dimension}_gib": (f"{dimension}_mib", _gibibytes)}


SPELLINGS: Mapping[str, tuple[str, Callable[[object], int]]] = _CORES | _sizes("memory") | _sizes("disk") | _sizes("capacity")
"""Accepted spelling -> (the field it fills, how it is read)."""


def read_spellings(data: object, *spellings: str) -> object:
    """A mapping with the human `spellings` replaced by the fields they fill. Raises PlacedError. What is no mapping comes back.

    >>> read_spellings({"cpus": "250m", "memory": "1GiB"}, "cpus", "memory")
    {'cpu_milli': 250, 'memory_mib': 1024}
    """
    if not isinstance(data, Mapping):
        return data
    read = dict(data)
    for spelling in spellings:
        if spelling not in read:
            continue
        field, reader = SPELLINGS[spelling]
        value = read.pop(spelling)
        if value is None:
            continue
        if read.get(field) is not None:
            raise PlacedError(f"given twice: {field!r} says the same", spelling)
        try:
            read[field] = reader(value)
        except OptionError as error:
            raise PlacedError(str(error), spelling) from None
    return read


def write_spellings(data: dict[str, Any]) -> dict[str, Any]:
    """The same description, its amounts spelled for people where nothing is lost.

    >>> write_spellings({"cpu_milli": 64000, "memory_mib": 524288, "disk_mib": 1})
    {'cpus': 64, 'memory': '512GiB', 'disk': '1MiB'}
    """
    written: dict[str, Any] = {}
    for field, value in data.items():
        if field == "cpu_milli" and (value == UNLIMITED or value % 1000 == 0):
            written["cpus"] = UNLIMITED_WORD if value == UNLIMITED else value // 1000
        elif field in ("memory_mib", "disk_mib", "capacity_mib"):
            size = f"{value // 1024}GiB" if value % 1024 == 0 else f"{value}MiB"
            written[field.removesuffix("_mib")] = UNLIMITED_WORD if value == UNLIMITED else size
        else:
            written[field] = value
    return written


def spelled(*spellings: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """`SpecModel.spellings` for these human spellings: the field each fills, and its JSON Schema."""
    described: dict[str, tuple[str, dict[str, Any]]] = {}
    for spelling in spellings:
        field, reader = SPELLINGS[spelling]
        schema: dict[str, Any]
        if reader is _gibibytes:
            schema = {"type": "number", "minimum": 0, "description": f"GiB; fills {field}"}
        elif reader is _cores:
            schema = {"type": ["number", "string"], "description": f"cores such as 4, 0.5 or '250m'; fills {field}"}
        else:
            schema = {"type": "string", "description": f"a size such as '512GiB'; fills {field}"}
        described[spelling] = (field, schema)
    return described
