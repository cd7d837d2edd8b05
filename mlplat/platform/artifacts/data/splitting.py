"""Parting the rows of a version: which row belongs to which part, by a seed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....errors import OptionError, UnknownNameError, printable
from ....streams import check_seed, stream
from ...references import check_name
from .columns import encode, kind_of
from .dtypes import NUMBERS, describe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

FRACTIONS = {"train": 0.8, "valid": 0.1, "test": 0.1}
METHODS = ("stream", "content")
STREAM = "data.split"
MOST = 250
"""Parts of a split."""
_NUMBERED = (*(name for name in NUMBERS if not name.startswith("float")), "date", "time", "datetime", "duration", "boolean")


def checked_fractions(fractions: Mapping[str, float] | None) -> dict[str, float]:
    """Of each part its fraction; by default 0.8 train, 0.1 valid, 0.1 test. Raises OptionError unless they sum to 1."""
    if fractions is None:
        return dict(FRACTIONS)
    if not isinstance(fractions, Mapping) or not 1 <= len(fractions) <= MOST:
        raise OptionError(f"fractions: expected 1 to {MOST} parts by name")
    found = {}
    for name, fraction in fractions.items():
        if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 <= fraction <= 1:
            raise OptionError(f"fraction of {printable(str(name)[:60])!r}: {str(fraction)[:40]}; expected a number from 0 to 1")
        found[check_name(name, "part")] = float(fraction)
    if not math.isclose(math.fsum(found.values()), 1.0, abs_tol=1e-9):
        raise OptionError(f"fractions sum to {math.fsum(found.values()):g}; expected 1")
    return found


def assign(
    content: Any, rows: int, fractions: Mapping[str, float], seed: int, method: str = "stream", by: Sequence[str] = (), stratify: str = ""
) -> npt.NDArray[np.uint8]:
    """Of each row the number of its part.

    `method`: `stream` gives each row a number drawn from the stream `data.split` of the seed, and the parts, in order of these, their
    exact sizes. `content` takes the number from the values of the row, in the columns `by` or all, and the seed: equal rows come to one
    part and stay there in every version, and sizes are as fractions on average. With `stratify`, a column, each of its values is parted
    by itself, to exact sizes. Raises OptionError, UnknownNameError.
    """
    import numpy as np

    if method not in METHODS:
        raise UnknownNameError("method of splitting", printable(str(method)[:40]), METHODS)
    if method == "stream":
        if by:
            raise OptionError("by: the content of rows does not matter; expected method='content'")
        draws = stream(check_seed(seed), STREAM).integers(0, 2**64, rows, dtype=np.uint64)
    else:
        draws = _mixed(row_hashes(_frame(content), by) ^ np.uint64(_of_text(f"{STREAM}:{check_seed(seed)}")))
    shares = list(fractions.values())
    ends = np.cumsum(shares)
    if method == "content" and not stratify:
        found = np.searchsorted(ends * 2.0**64, draws.astype("f8"), side="right")
        return np.minimum(found, max(i for i, share in enumerate(shares) if share > 0)).astype("u1")
    strata = _strata(_frame(content), stratify) if stratify else np.zeros(rows, dtype="i8")
    order = np.lexsort((draws, strata))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(strata[order])) + 1, [rows]]).astype("i8")
    assigned = np.zeros(rows, dtype="u1")
    for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        sizes = exact_sizes(end - start, shares)
        assigned[order[start:end]] = np.repeat(np.arange(len(sizes), dtype="u1"), sizes)
    return assigned


def exact_sizes(rows: int, fractions: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the fractions; what is left over goes to the largest remainders, the earlier first.

    >>> exact_sizes(11, [0.8, 0.1, 0.1])
    [9, 1, 1]
    """
    whole = math.fsum(fractions)
    exact = [rows * fraction / whole for fraction in fractions]
    sizes = [math.floor(size + 1e-9) for size in exact]
    rest = rows - sum(sizes)
    for i in sorted(range(len(sizes)), key=lambda i: (sizes[i] - exact[i], i))[: max(rest, 0)]:
        sizes[i] += 1
    return sizes


def row_hashes(frame: pl.DataFrame, by: Sequence[str] = ()) -> npt.NDArray[np.uint64]:
    """64 bits of each row's values in some columns, or all, by their names; the same in every version of every library.

    Raises UnknownNameError.
    """
    import numpy as np

    names = sorted(by) if by else sorted(frame.columns)
    for name in names:
        if name not in frame.columns:
            raise UnknownNameError("column", printable(str(name)[:80]), frame.columns)
    found = np.zeros(len(frame), dtype="u8")
    for name in names:
        found = _mixed(found ^ _mixed(_value_hashes(frame[name]) + np.uint64(_of_text(name))))
    return found


def _value_hashes(column: pl.Series) -> npt.NDArray[np.uint64]:
    import numpy as np
    import polars as pl

    described = describe(column.dtype)
    kind = kind_of(described)
    if kind in _NUMBERED or kind in ("float32", "float64"):
        values = column.cast(pl.UInt8) if kind == "boolean" else column.to_physical()
        numbers = values.fill_null(0).to_numpy()
        if kind.startswith("float"):
            numbers = np.where(np.isnan(numbers), np.nan, numbers).astype("f8").view("u8")
        hashes = _mixed(numbers.astype("u8"))
        return np.where(column.is_null().to_numpy(), np.uint64(_of_text("null")), hashes)
    if kind in ("string", "categorical", "enum"):
        text = column.cast(pl.String)
        unique = text.unique()
        table = pl.DataFrame(
            {
                "value": unique,
                "hash": pl.Series([_of_text(f"text:{value}" if value is not None else "null") for value in unique], dtype=pl.UInt64),
            }
        )
        joined = pl.DataFrame({"value": text}).join(table, on="value", how="left", nulls_equal=True, maintain_order="left")
        return joined["hash"].to_numpy()
    return np.array([_of_bytes(encode(column[i : i + 1], described)) for i in range(len(column))], dtype="u8")


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014) after one step."""
    import numpy as np

    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


def _strata(frame: pl.DataFrame, column: str) -> npt.NDArray[np.int64]:
    """Of each row a number for its value, in order of first occurrence."""
    import numpy as np

    if column not in frame.columns:
        raise UnknownNameError("column", printable(str(column)[:80]), frame.columns)
    hashes = _value_hashes(frame[column])
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    ranks = np.argsort(np.argsort(first))
    return ranks[inverse].astype("i8")


def _frame(content: Any) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    if isinstance(content, pl.DataFrame):
        return content
    if isinstance(content, np.ndarray) and content.ndim:
        rows = np.ascontiguousarray(content, dtype=content.dtype.newbyteorder("<"))
        width = rows.nbytes // max(1, len(rows))
        data = rows.tobytes()
        return pl.DataFrame({"values": pl.Series([data[i * width : (i + 1) * width] for i in range(len(rows))], dtype=pl.Binary)})
    raise OptionError("rows are parted by content in a frame or an array; expected method='stream' and no stratify")


def _of_text(text: str) -> int:
    return _of_bytes(text.encode())


def _of_bytes(content: bytes) -> int:
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")
