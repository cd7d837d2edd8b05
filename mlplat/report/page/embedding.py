"""Data inside a page: JSON that cannot close the element it is in, and numbers as deflated bytes in base64.

In the page `await mlplat.data(name)` gives them back: the value of the JSON, a typed array for a NumPy array, and for a Polars frame
an object with an entry for each column: a typed array for numbers and truth values (null is NaN),
an array of texts for others (null is null).
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from .elements import attribute

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from polars import DataFrame, Series

_LEVEL = 6
_KINDS = ("float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8")
_HIDDEN = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def data_element(name: str, value: object) -> str:
    """The script element that holds a value under a name.

    Raises OptionError for a value that can be held in none of these forms.

    >>> data_element("jobs", {"name": "</script>"})
    '<script type="application/json" data-name="jobs">{"name":"\\\\u003c/script\\\\u003e"}</script>'
    """
    return f'<script type="application/json" data-name="{attribute(name)}">{json_text(_plain(name, value))}</script>'


def json_text(value: object) -> str:
    """JSON (ASCII; NaN and infinities as null) that can stand inside a script element whatever is in it.

    >>> json_text(["<!--", float("nan"), 1.5])
    '["\\\\u003c!--",null,1.5]'
    """
    return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False).translate(_HIDDEN)


def packed(array: NDArray[Any]) -> dict[str, object]:
    """A one-dimensional array of numbers or truth values as JSON: kind, length and its little-endian bytes, deflated, in base64.

    64-bit integers become 32-bit ones where that holds them, else floats (exact to 2**53).

    >>> packed(np.arange(3))["packed"], packed(np.arange(3))["length"]
    ('int32', 3)
    """
    array = _narrow(np.ascontiguousarray(array))
    content = zlib.compress(array.astype(array.dtype.newbyteorder("<")).tobytes(), _LEVEL)
    return {"packed": array.dtype.name, "length": len(array), "bytes": base64.b64encode(content).decode()}


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == bool:
        return array.astype(np.uint8)
    if array.dtype.name in _KINDS:
        return array
    if array.dtype.kind in "iu":
        fits = not len(array) or (array.min() >= -(2**31) and array.max() < 2**31)
        return array.astype(np.int32 if fits else np.float64)
    return array.astype(np.float64)


def _plain(name: str, value: object) -> object:
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype.kind not in "biuf":
            raise OptionError(f"data {name!r} of a page: expected a one-dimensional array of numbers, found {value.dtype} {value.shape}")
        return packed(value)
    if hasattr(value, "get_columns"):
        return _frame(value)  # type: ignore[arg-type]
    return value


def _frame(frame: DataFrame) -> dict[str, object]:
    return {"frame": [[column.name, _column(column)] for column in frame.get_columns()]}


def _column(column: Series) -> object:
    if column.dtype.is_numeric() or column.dtype.base_type().__name__ == "Boolean":
        if column.null_count():
            return packed(column.cast(float).fill_null(math.nan).to_numpy())
        return packed(column.to_numpy())
    values = [None if v is None else v if isinstance(v, str) else str(v) for v in column.to_list()]
    names = list(dict.fromkeys(values))
    if len(names) > len(values) // 2:
        return values
    codes = {name: code for code, name in enumerate(names)}
    return {"names": names, "codes": packed(np.array([codes[v] for v in values], dtype=np.int32))}


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    if value is None or isinstance(value, (str, int)):
        return value
    raise OptionError(f"data of a page: expected values that JSON can hold, found {type(value).__name__}")
