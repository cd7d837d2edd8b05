"""Canonical JSON: one spelling for each value, so that equal content has equal bytes and equal digests, on every machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from .errors import OptionError, printable

DEEPEST = 100
WIDEST = 4096
"""Levels of nesting and bits of an integer that are taken; what is beyond is a mistake or cannot be read back everywhere."""
_SMALL = 2**62


def canonical_json(value: Any) -> bytes:
    """The canonical JSON of a value: UTF-8, keys sorted by code point, no spaces, floats as the shortest text that reads back the same.

    Takes None, booleans, numbers, text, mappings with text keys, lists and tuples, and scalars of numpy. Raises OptionError for anything
    else, for NaN and infinities, for text that is not Unicode (lone surrogates) and for what is nested deeper than 100 levels.

    >>> canonical_json({"b": [1, 2.5, True, None], "a": "ü"}).decode()
    '{"a":"ü","b":[1,2.5,true,null]}'
    """
    return encode(frozen(value)).encode()


encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=dict
).encode
"""Canonical text of a value that `frozen` has made."""


def frozen_json(content: bytes) -> Any:
    """The value of JSON text, as `frozen(json.loads(content))` has it and in a third of its time. Raises ValueError, OptionError.

    >>> frozen_json(b'{"a": [1, 2]}')
    mappingproxy({'a': (1, 2)})
    """
    found = _DECODER.decode(content.decode())
    if b"\\u" in content:  # there may be half of a surrogate pair
        return frozen(found)
    return _frozen_parts(found, DEEPEST) if type(found) in (dict, list) else frozen(found)


def frozen(value: Any, where: str = "value") -> Any:
    """The value in a form that JSON can say and nobody can change: read-only mappings, tuples, plain numbers and text.

    Raises OptionError naming the place, such as `data.labels[2]`, where there is something else.

    >>> frozen({"a": [1, 2]})
    mappingproxy({'a': (1, 2)})
    """
    return _frozen(value, where, DEEPEST)


def _frozen_parts(value: Any, levels: int) -> Any:
    if levels == 0:
        raise OptionError(f"value: nested deeper than {DEEPEST} levels")
    if type(value) is list:
        return tuple([_frozen_leaf(part) if type(part) not in (dict, list) else _frozen_parts(part, levels - 1) for part in value])
    for name, part in value.items():
        kind = type(part)
        if kind is dict or kind is list:
            value[name] = _frozen_parts(part, levels - 1)
        elif kind is not str:
            _frozen_leaf(part)
    return MappingProxyType(value)


def _frozen_leaf(value: Any) -> Any:
    if (type(value) is float and value - value != 0.0) or (type(value) is int and not -_SMALL < value < _SMALL):
        return _frozen(value, "value", DEEPEST)
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def frozen_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the data of an event with frozen values. Mappings of plain values and tuples of names, as most are, need no more."""
    if type(data) is not dict:
        return _frozen_mapping(data, "data", DEEPEST)
    for key, value in data.items():
        kind = type(value)
        if not (
            (kind is str and value.isascii())
            or (kind is int and -_SMALL < value < _SMALL)
            or (kind is float and value - value == 0.0)
            or value is None
            or kind is bool
            or (kind is tuple and all(type(part) is str and part.isascii() for part in value))
        ):
            return _frozen_mapping(data, "data", DEEPEST)
        if type(key) is not str or not key.isascii():
            return _frozen_mapping(data, "data", DEEPEST)
    return data.copy()


def _frozen(value: Any, where: str, levels: int) -> Any:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a scalar of numpy
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, float):
        if value - value != 0.0:
            raise OptionError(f"{where}: {value} has no place in JSON; expected a finite number")
        return float.__float__(value)
    if isinstance(value, int):
        if value.bit_length() > WIDEST:
            raise OptionError(f"{where}: an integer of {value.bit_length()} bits; expected at most {WIDEST}")
        return int.__int__(value)
    if levels == 0:
        raise OptionError(f"{where[:80]}…: nested deeper than {DEEPEST} levels, or inside itself")
    if isinstance(value, Mapping):
        return MappingProxyType(_frozen_mapping(value, where, levels))
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(part, f"{where}[{i}]", levels - 1) for i, part in enumerate(value))
    kind = type(value).__name__  # not the value, which may be a secret, and errors are told in events
    raise OptionError(f"{where}: a {kind} is nothing that JSON can say; expected text, numbers, booleans, null, lists or mappings")


def _frozen_mapping(value: Any, where: str, levels: int) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{where}: expected a mapping of names to values, found {_shown(value)}")
    content = {}
    for key, part in value.items():
        if not isinstance(key, str):
            raise OptionError(f"{where}: the key {_shown(key)} is not text")
        name = _text(key, where)
        content[name] = _frozen(part, f"{where}.{printable(name)}", levels - 1)
    return content


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise OptionError(f"{where}: {len(value):,} characters that are not Unicode text (they hold half of a surrogate pair)") from None
    return str.__str__(value)  # of an enumeration its value, not its name


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
