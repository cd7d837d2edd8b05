"""`frozen_json` reads what `frozen` makes of the same value, and refuses the same."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.canonical import canonical_json, frozen, frozen_json
from mlplat.errors import OptionError

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts), max_leaves=30)


def _kinds(value: Any) -> Any:
    """The types of a value's parts, which equality does not see."""
    if isinstance(value, MappingProxyType):
        return "mapping", {key: _kinds(part) for key, part in value.items()}
    return ("tuple", [_kinds(part) for part in value]) if isinstance(value, tuple) else type(value)


@given(VALUES)
def test_it_reads_what_canonical_json_writes(value: Any) -> None:
    found = frozen_json(canonical_json(value))
    assert found == frozen(value) and _kinds(found) == _kinds(frozen(value))


@pytest.mark.parametrize("text", ["1e999", "[1e999]", '{"a": [-1e999]}', '{"a": "\\ud800"}', '["\\udc00"]', "[" * 101 + "]" * 101])
def test_what_frozen_refuses_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        frozen(json.loads(text))
    with pytest.raises(OptionError):
        frozen_json(text.encode())


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b'"\xed\xa0\x80"', b"1 2", b"9" * 5000])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        frozen_json(text)


def test_an_integer_that_is_too_wide_is_refused() -> None:
    with pytest.raises(OptionError, match="bits"):
        frozen_json(b'{"a": ' + b"9" * 2000 + b"}")
