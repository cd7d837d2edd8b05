"""How values are kept: with a key nothing of them can be read or moved, and what is wrong is a typed error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import OptionError
from mlplat.platform.secrets.sealing import MARK, Seal
from mlplat.platform.storage.contents import ContentError

PLACE = ("prod", "shop/database", 2)
KEYS = st.binary(min_size=32, max_size=40)
VALUES = st.binary(min_size=1, max_size=200)


@given(key=KEYS, value=VALUES, salt=st.binary(min_size=32, max_size=32))
def test_what_was_closed_is_opened_with_the_same_key_at_the_same_place(key: bytes, value: bytes, salt: bytes) -> None:
    assert Seal(key).open(Seal(key).close(value, PLACE, salt), PLACE, "d") == value
    assert Seal(None).open(Seal(None).close(value, PLACE, salt), PLACE, "d") == value


@given(key=KEYS, value=st.binary(min_size=8, max_size=200))
def test_a_sealed_content_has_neither_the_value_nor_another_of_its_length_in_it_twice(key: bytes, value: bytes) -> None:
    seal = Seal(key)
    here, there = seal.close(value, PLACE, b""), seal.close(value, ("test", *PLACE[1:]), b"")
    assert value not in here and len(here) == len(MARK) + 32 + len(value)
    assert here != there and here[len(MARK) + 32 :] != there[len(MARK) + 32 :]
    assert Seal(key[::-1] + b"x").close(value, PLACE, b"")[len(MARK) :] != here[len(MARK) :]


@given(key=KEYS, value=VALUES, data=st.data())
def test_a_content_that_was_changed_or_put_elsewhere_is_not_opened(key: bytes, value: bytes, data: st.DataObject) -> None:
    seal = Seal(key)
    content = seal.close(value, PLACE, b"")
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    changed = (int.from_bytes(content, "big") ^ 1 << bit).to_bytes(len(content), "big")
    for wrong, place in ((changed, PLACE), (content, ("", *PLACE[1:])), (content, (*PLACE[:2], 3)), (content[:-1], PLACE), (b"", PLACE)):
        with pytest.raises(ContentError):
            seal.open(wrong, place, "sha256:d")
    with pytest.raises(ContentError):
        Seal(key + b"x").open(content, PLACE, "sha256:d")


@pytest.mark.parametrize("key", [b"", bytes(31), "x" * 32, 5, bytearray(32)])
def test_a_key_that_is_none_is_refused_without_a_word_of_it(key: Any) -> None:
    with pytest.raises(OptionError, match=r"^secret_key: .*; expected at least 32 bytes, such as secrets\.token_bytes\(32\)$") as refused:
        Seal(key)
    assert "xx" not in str(refused.value)


def test_keys_have_names_that_tell_them_apart() -> None:
    names = {Seal(bytes([number]) * 32).name for number in range(100)}
    assert len(names) == 100 and all(len(name) == 16 for name in names) and Seal(None).name == ""
    assert (repr(Seal(bytes(32))), repr(Seal(None))) == ("Seal(with a key)", "Seal(without a key)")
