"""Canonical bytes of columns: equal values have equal bytes, however they are held, and come back as they were."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from mlplat.errors import OptionError
from mlplat.platform.artifacts.data import content
from mlplat.platform.artifacts.data.columns import decode, encode
from mlplat.platform.artifacts.data.dtypes import describe, dtype_of, type_text
from mlplat.platform.storage import digest_of

_DAY = dt.datetime(2026, 1, 2, 3, 4, 5, 678901)
COLUMNS = [
    *(pl.Series([1, None, 3], dtype=kind) for kind in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)),
    *(pl.Series([1.5, None, float("nan"), -0.0, float("inf")], dtype=kind) for kind in (pl.Float16, pl.Float32, pl.Float64)),
    pl.Series([2**100, None, -1], dtype=pl.Int128),
    pl.Series([2**120, None], dtype=pl.UInt128),
    pl.Series([Decimal("1.20"), None, Decimal("-3.05")]),
    pl.Series([True, None, False]),
    pl.Series(["é", None, "", "a\nb"]),
    pl.Series([b"\x00\xff", None, b""]),
    pl.Series([dt.date(2026, 1, 2), None]),
    pl.Series([dt.time(1, 2, 3), None]),
    *(pl.Series([_DAY, None], dtype=pl.Datetime(unit, zone)) for unit, zone in (("ms", None), ("us", "UTC"), ("ns", "Europe/Berlin"))),
    pl.Series([dt.timedelta(days=1, microseconds=1), None], dtype=pl.Duration("us")),
    pl.Series(["b", None, "a"], dtype=pl.Categorical),
    pl.Series(["b", None, "a"], dtype=pl.Enum(["z", "b", "a"])),
    pl.Series([None, None], dtype=pl.Enum([])),
    pl.Series([None, None]),
    pl.Series([[1, None], [], None, [3]]),
    pl.Series([[["a"], []], [], None, [None]]),
    pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
    pl.Series([[[1, 2], [3, 4]], None], dtype=pl.Array(pl.Array(pl.Int8, 2), 2)),
    pl.Series([{"a": 1, "b": [1.0]}, None, {"a": None, "b": None}]),
    pl.Series([[{"a": 1}], None, []]),
    *(pl.Series([], dtype=kind) for kind in (pl.String, pl.Null, pl.List(pl.Int8), pl.Struct({"a": pl.Int8}), pl.Array(pl.Int8, 3))),
]


def ids(column: Any) -> str:
    return type_text(describe(column.dtype))


@pytest.mark.parametrize("column", COLUMNS, ids=ids)
def test_a_column_comes_back_as_it_was(column: pl.Series) -> None:
    described = describe(column.dtype)
    encoded = encode(column, described)
    back = decode(encoded, described)
    assert dtype_of(described) == back.dtype == column.dtype
    assert_series_equal(back, column, check_names=False, check_exact=True)
    assert encode(back, described) == encoded


@pytest.mark.parametrize("column", COLUMNS, ids=ids)
def test_the_bytes_do_not_depend_on_how_a_column_is_held(column: pl.Series) -> None:
    described = describe(column.dtype)
    encoded = encode(column, described)
    twice = pl.concat([column, column], rechunk=True)
    assert encode(twice.slice(len(column)), described) == encoded
    assert encode(pl.concat([column[:1], column[1:]], rechunk=False), described) == encoded
    hidden = twice[: len(column)].zip_with(pl.Series([True] * len(column), dtype=pl.Boolean), column)
    assert encode(hidden, described) == encoded


def test_what_is_under_a_missing_value_does_not_count() -> None:
    for values, kind in (([1, 2, 3], "int64"), (["a", "b", "c"], "string"), ([[1], [2], [3]], {"list": "int64"}), ([True] * 3, "boolean")):
        column = pl.Series(values)
        hidden = column.zip_with(pl.Series([True, False, True]), pl.Series([None] * 3, dtype=column.dtype))
        assert encode(hidden, kind) == encode(pl.Series([values[0], None, values[2]], dtype=column.dtype), kind)


def test_every_nan_is_the_same_and_zero_has_a_sign() -> None:
    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000], dtype="u8").view("f8")
    assert encode(pl.Series(odd), "float64") == encode(pl.Series([float("nan")] * 2), "float64")
    assert encode(pl.Series([0.0]), "float64") != encode(pl.Series([-0.0]), "float64")


def test_golden_bytes_and_digests() -> None:
    assert encode(pl.Series([1, None]), "int64") == b'{"column":"i8","parts":[1,16],"rows":2}\n\x01\x01' + bytes(15)
    assert encode(pl.Series(["ü", None, "a"]), "string") == (
        b'{"column":"text","parts":[1,12,3],"rows":3}\n\x05\x02' + bytes(7) + b"\x01" + bytes(3) + b"\xc3\xbca"
    )
    every = b"".join(encode(column, describe(column.dtype)) for column in COLUMNS)
    assert digest_of(every) == "sha256:c5aefac967327bc7c337e76181157cb76f86a986c30b1472f70ea6caed3217b3"
    frame = pl.DataFrame({"user": [1, 2], "item": ["a", None], "price": [0.5, float("nan")]})
    assert content.draft(frame).manifest.digest == "sha256:9af110ddfe28e08f0e58c53fa22fd6d93196fabb803aafb74a49bf0c77770c6c"


@pytest.mark.parametrize(
    ("column", "match"),
    [
        (pl.Series([object()], dtype=pl.Object), "type Object"),
        (pl.Series([{}], dtype=pl.Struct([])), "type Struct"),
        (pl.Series(["a"], dtype=pl.Categorical(pl.Categories("mine"))), "a name of their own"),
    ],
)
def test_what_has_no_canonical_bytes_is_refused_by_name(column: pl.Series, match: str) -> None:
    with pytest.raises(OptionError, match=match):
        content.checked(column.alias("x").to_frame())


VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(),
    "text": st.text(max_size=5),
    "flag": st.booleans(),
}


@st.composite
def frames(draw: st.DrawFn) -> dict[str, list[Any]]:
    rows = draw(st.integers(0, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3))
    return {f"{kind}-{i}": draw(st.lists(st.one_of(st.none(), VALUES[kind]), min_size=rows, max_size=rows)) for i, kind in enumerate(kinds)}


def made(columns: dict[str, list[Any]]) -> pl.DataFrame:
    types = {"int": pl.Int64, "float": pl.Float64, "text": pl.String, "flag": pl.Boolean}
    return pl.DataFrame({name: pl.Series(name, values, dtype=types[name.partition("-")[0]]) for name, values in columns.items()})


def spelt(columns: dict[str, list[Any]]) -> str:
    """Each value as Python writes it: NaN is NaN, -0 is not 0."""
    return repr(list(columns.items()))


@given(frames(), frames(), st.data())
def test_digests_are_equal_just_where_content_is(left: dict[str, list[Any]], right: dict[str, list[Any]], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "BLOCK", 4)
        patch.setattr(content, "TIERS", 2)
        one, other = made(left), made(right)
        assert (content.draft(one).manifest.digest == content.draft(other).manifest.digest) == (spelt(left) == spelt(right))
        cut = data.draw(st.integers(0, len(one)))
        again = pl.concat([one[:cut], one[cut:]], rechunk=False)
        whole = content.draft(one).manifest
        assert content.draft(again).manifest.digest == whole.digest
        first = content.draft(one[:cut]).manifest
        assert content.append(first, one[:cut], one[cut:])[0].manifest.digest == whole.digest
