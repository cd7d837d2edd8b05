"""Canonical bytes of a piece of a column, and back: equal values have equal bytes, whatever holds them and whoever made them.

A head, canonical JSON {column, parts, rows} and a line feed, then the parts, one after the other, whose sizes in bytes the head gives:

* `column`: the layout, such as `f8`, `bits`, `text`, `list`.
* The first part has a bit for each row, set where there is a value, the lowest bit first; it is empty where no value is missing.
* Numbers, dates, times and codes of enumerations: little endian, 0 where missing. A NaN is the quiet one without payload; -0 is not 0.
* Text, bytes: lengths (`u4`), then UTF-8. Wide integers and decimals are text. Categories are text too.
* Lists: lengths, then the values of all of them as a column. Structs: each field as a column, missing where the struct is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ....canonical import canonical_json
from .dtypes import NUMBERS, dtype_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

_AS_TEXT = ("string", "categorical", "decimal", "int128", "uint128")
_WHOLE = {"date": "<i4", "time": "<i8", "datetime": "<i8", "duration": "<i8", "enum": "<u4"}


def kind_of(described: Any) -> str:
    """The kind of a described type, without parameters."""
    return described if isinstance(described, str) else next(iter(described))


def encode(column: pl.Series, described: Any) -> bytes:
    """The canonical bytes of a column of a type (`dtypes.describe`)."""
    kind = kind_of(described)
    if kind == "null":
        return _packed("null", len(column), [])
    missing = column.is_null()
    valid = b"" if not missing.any() else _bits(~missing.to_numpy())
    if kind == "boolean":
        return _packed("bits", len(column), [valid, _bits(column.fill_null(False).to_numpy())])
    if kind in NUMBERS or kind in _WHOLE:
        values = _numbers(column, kind)
        return _packed(values.dtype.str[1:], len(column), [valid, values.tobytes()])
    if kind in _AS_TEXT or kind == "binary":
        return _packed("text", len(column), [valid, *_text(column, kind)])
    if kind == "struct":
        fields = [
            encode(column.struct.field(name).zip_with(~missing, _nothing(inner, len(column))), inner) for name, inner in described[kind]
        ]
        return _packed("struct", len(column), [valid, *fields])
    lists, inner = (column, described["list"]) if kind == "list" else (column.arr.to_list(), described["array"][0])
    lengths = lists.list.len().fill_null(0)
    flat = lists.filter(lengths > 0).explode() if (lengths > 0).any() else _nothing(inner, 0)
    return _packed("list", len(column), [valid, _lengths(lengths), encode(flat, inner)])


def decode(content: bytes | memoryview, described: Any) -> pl.Series:
    """The column whose canonical bytes these are."""
    import numpy as np
    import polars as pl

    rows, parts = _unpacked(content)
    kind, dtype = kind_of(described), dtype_of(described)
    if kind == "null":
        return pl.Series([None] * rows, dtype=pl.Null)
    if kind == "boolean":
        column = pl.Series(np.unpackbits(_array(parts[1], "u1"), count=rows, bitorder="little").astype(bool), dtype=pl.Boolean)
    elif kind in NUMBERS:
        column = pl.Series(_array(parts[1], np.dtype(kind).newbyteorder("<")), dtype=dtype)
    elif kind == "enum":
        names = pl.Series(described["enum"] or [None], dtype=dtype)
        column = names.gather(pl.Series(_array(parts[1], "<u4")))
    elif kind in _WHOLE:
        column = pl.Series(_array(parts[1], _WHOLE[kind])).cast(dtype)
    elif kind in _AS_TEXT or kind == "binary":
        column = _from_text(parts, kind)
        if kind not in ("string", "binary"):
            column = column.zip_with(_valid(parts[0], rows), _nothing("string", rows)).cast(dtype)
    elif kind == "struct":
        fields = [decode(part, inner).alias(name) for part, (name, inner) in zip(parts[1:], described[kind], strict=True)]
        column = pl.DataFrame(fields).to_struct()
    else:
        inner = described["list"] if kind == "list" else described["array"][0]
        column = _gathered(_array(parts[1], "<u4"), decode(parts[2], inner), inner)
        if kind == "array":
            column = column.zip_with(_valid(parts[0], rows), _nothing({"list": inner}, rows)).list.to_array(described["array"][1])
    return column.zip_with(_valid(parts[0], rows), _nothing(described, rows)) if len(parts[0]) else column


def _numbers(column: pl.Series, kind: str) -> npt.NDArray[Any]:
    import numpy as np
    import polars as pl

    if kind == "enum":
        column = column.to_physical().cast(pl.UInt32)
    physical = column.to_physical().fill_null(0).to_numpy()
    values = np.ascontiguousarray(physical, dtype=np.dtype(_WHOLE.get(kind, kind)).newbyteorder("<"))
    if values.dtype.kind == "f":
        wrong = np.isnan(values)
        if wrong.any():
            values = values.copy()
            values[wrong] = np.nan
    return values


def _text(column: pl.Series, kind: str) -> tuple[bytes, bytes]:
    import polars as pl

    if kind == "binary":
        return _lengths(column.bin.size().fill_null(0)), b"".join(column.drop_nulls().to_list())
    column = column if kind == "string" else column.cast(pl.String)
    return _lengths(column.str.len_bytes().fill_null(0)), "".join(column.drop_nulls().to_list()).encode()


def _from_text(parts: list[memoryview], kind: str) -> pl.Series:
    import polars as pl

    ends = _array(parts[1], "<u4").cumsum(dtype="i8").tolist()
    data = bytes(parts[2])
    if kind == "binary":
        return pl.Series([data[a:b] for a, b in zip([0, *ends], ends, strict=False)], dtype=pl.Binary)
    text = data.decode()
    if len(text) == len(data):
        values = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    else:
        values = [data[a:b].decode() for a, b in zip([0, *ends], ends, strict=False)]
    return pl.Series(values, dtype=pl.String)


def _gathered(lengths: npt.NDArray[Any], flat: pl.Series, inner: Any) -> pl.Series:
    """Lists of these lengths, of values one after the other."""
    import numpy as np
    import polars as pl

    rows = np.arange(len(lengths))
    made = pl.DataFrame({"row": np.repeat(rows, lengths), "values": flat}).group_by("row", maintain_order=True).agg("values")
    found = pl.DataFrame({"row": rows}).join(made, on="row", how="left", maintain_order="left")["values"]
    empty = pl.Series([[]], dtype=pl.List(dtype_of(inner)))
    return found.zip_with(pl.Series(lengths > 0), empty.new_from_index(0, len(lengths)))


def _nothing(described: Any, rows: int) -> pl.Series:
    import polars as pl

    return pl.Series([None], dtype=dtype_of(described)).new_from_index(0, rows)


def _valid(part: memoryview, rows: int) -> pl.Series:
    import numpy as np
    import polars as pl

    if not len(part):
        return pl.Series(np.ones(rows, dtype=bool))
    return pl.Series(np.unpackbits(_array(part, "u1"), count=rows, bitorder="little").astype(bool))


def _bits(values: npt.NDArray[np.bool_]) -> bytes:
    import numpy as np

    return np.packbits(values, bitorder="little").tobytes()


def _lengths(lengths: pl.Series) -> bytes:
    return lengths.to_numpy().astype("<u4").tobytes()


def _array(part: memoryview, dtype: Any) -> npt.NDArray[Any]:
    import numpy as np

    return np.frombuffer(part, dtype=dtype)


def _packed(layout: str, rows: int, parts: list[bytes]) -> bytes:
    head = canonical_json({"column": layout, "parts": [len(part) for part in parts], "rows": rows})
    return b"".join([head, b"\n", *parts])


def _unpacked(content: bytes | memoryview) -> tuple[int, list[memoryview]]:
    view = memoryview(content)
    length = bytes(view[:65536]).index(b"\n")
    head = json.loads(bytes(view[:length]))
    parts, place = [], length + 1
    for size in head["parts"]:
        parts.append(view[place : place + size])
        place += size
    return head["rows"], parts
