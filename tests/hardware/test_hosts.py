"""Host names, patterns, addresses and networks: what is read, and that nothing passes as something else."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError
from mlplat.hardware.hosts import contains, host_name, host_pattern, pattern_of, read_address, read_network


@given(st.one_of(st.text(max_size=30), st.text(alphabet="aZ0-._*:/%x1", max_size=20), st.none(), st.integers(), st.binary(max_size=4)))
def test_every_text_is_read_or_refused_and_read_again_as_the_same(text: Any) -> None:
    for read in (host_name, host_pattern, read_address, read_network):
        try:
            value = read(text)
        except MlplatError as error:
            assert str(error).isprintable()
        else:
            assert read(str(value)) == value


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "2130706433", "a.0x10", "a.1", "a..b", ".a", "", "\u212a.example.org", "-a.b", "a_b.c"]
)
def test_what_could_be_taken_for_an_address_or_another_name_is_no_host(host: str) -> None:
    with pytest.raises(OptionError):
        host_name(host)


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_network_contains_what_lies_in_it(first: int, first_bits: int, second: int, second_bits: int) -> None:
    outer = ipaddress.IPv4Network((first, first_bits), strict=False)
    inner = ipaddress.IPv4Network((second, second_bits), strict=False)
    assert contains(outer, inner) == (inner[0] in outer and inner[-1] in outer)
    assert contains(outer, inner[0]) == (int(inner[0]) >> (32 - first_bits) == int(outer[0]) >> (32 - first_bits))
    assert not contains(ipaddress.IPv6Network("::/0"), inner) and not contains(ipaddress.IPv6Network("::/0"), inner[0])


def test_a_pattern_has_any_one_label_in_place_of_the_star() -> None:
    assert pattern_of("a.b.example.org") == host_pattern("*.B.example.org") == "*.b.example.org"
