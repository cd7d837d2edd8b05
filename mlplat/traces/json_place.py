"""A value of a JSON document together with its path, to read it or to say what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from ..errors import InputError
from .table import MAX_TEXT

MAX_JSON_BYTES = 2**30
"""A parsed document takes about ten times its size in memory."""


class PlaceError(Exception):
    """Something in the document is not as it should be. Internal: the reader turns it into an InputError of the file."""

    def __init__(self, problem: str, value: Any, expected: str) -> None:
        self.problem, self.expected = problem, expected
        self.value = None if value is None else json.dumps(value, default=str)[:80]
        super().__init__(problem)


class Place:
    """The value at `path`."""

    def __init__(self, value: Any, path: str) -> None:
        self.value, self.path = value, path

    def refuse(self, problem: str, expected: str) -> NoReturn:
        """Raises PlaceError about this value."""
        raise PlaceError(f"{self.path}: {problem}" if self.path else problem, self.value, expected)

    def at(self, key: str) -> Place:
        """The value under a key, None where there is none."""
        return Place(self.value.get(key), f"{self.path}.{key}" if self.path else key)

    def mapping(self, *keys: str) -> Place:
        """The object under the keys; empty where it is absent or null."""
        place = self
        for key in keys:
            place = place.at(key)
            if place.value is None:
                place.value = {}
            if not isinstance(place.value, Mapping):
                place.refuse("is not an object", "an object")
        return place

    def items(self, key: str) -> list[Place]:
        """The values of the list under a key; none where it is absent or null."""
        place = self.at(key)
        if place.value is None:
            return []
        if not isinstance(place.value, list):
            place.refuse("is not a list", "a list")
        return [Place(value, f"{place.path}[{i}]") for i, value in enumerate(place.value)]

    def objects(self, key: str) -> list[Place]:
        """The objects in the list under a key."""
        places = self.items(key)
        for place in places:
            if not isinstance(place.value, Mapping):
                place.refuse("is not an object", "an object")
        return places

    def text(self, key: str, *, required: bool = False) -> str:
        """The printable text under a key; empty where it is absent."""
        place = self.at(key)
        if place.value is None and not required:
            return ""
        value = place.value
        if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable() or (required and not value):
            place.refuse("is not a text that can be used", "printable text" + (", not empty" if required else ""))
        return str(value)

    def moment(self, key: str) -> float | None:
        """Unix seconds of a time such as `2024-01-31T12:00:00Z`, None where it is absent."""
        place = self.at(key)
        if place.value is None:
            return None
        try:
            when = datetime.fromisoformat(place.value)
            when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
            unix = when.timestamp()
        except (TypeError, ValueError, OverflowError):
            unix = -1.0
        if unix < 0:
            place.refuse("is not a time", "a time since 1970 such as 2024-01-31T12:00:00Z")
        return unix


def parse_json(data: bytes, path: str) -> Any:
    """The document in strict JSON (no NaN, no Infinity). Raises InputError with the line."""
    if len(data) > MAX_JSON_BYTES:
        raise InputError(f"the document has {len(data):,} bytes", path=path, expected=f"at most {MAX_JSON_BYTES:,}")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("bytes that are not UTF-8 text", path=path, line=line, expected="JSON") from None
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", path=path, line=error.lineno, expected="JSON") from None
    except RecursionError:
        raise InputError("is nested too deeply", path=path, expected="JSON as kubectl prints it") from None
    except ValueError as error:
        raise InputError(f"is not JSON that can be used: {error}", path=path, expected="JSON") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
