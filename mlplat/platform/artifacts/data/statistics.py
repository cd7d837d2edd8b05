"""What is known of a column at a glance: counted and measured when a version is published."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ....canonical import canonical_json
from .columns import kind_of
from .dtypes import NUMBERS, describe, type_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TOP = 10
BINS = 20
LONGEST = 100
"""Characters of a text that are shown of it."""
_TIMES = ("date", "time", "datetime", "duration")
_MEASURED = (*NUMBERS, "int128", "uint128", "decimal", "boolean")
_COUNTED = ("string", "categorical", "enum")


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """A column in numbers. What does not apply to its type, or has no value to apply to, is None or empty.

    `count`: its rows. `nulls`, `nans`: how many of them have no value, or NaN; neither counts below. `minimum`, `maximum`: numbers; text
    and times as text, of which the first 100 characters. `mean`, `std` (of the sample) and `quantiles` ((0.01, …), … (0.99, …), linear
    between neighbours): of the finite numbers; times have quantiles as text. `distinct`: how many values there are. `top`: up to ten
    values that occur more than once and how often, the most frequent first, then the smaller. `edges`, `bins`: a histogram of the finite
    numbers, with 20 bins of one width.
    """

    name: str
    type: str
    count: int
    nulls: int = 0
    nans: int = 0
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: tuple[tuple[float, float | str], ...] = ()
    distinct: int | None = None
    top: tuple[tuple[Any, int], ...] = ()
    edges: tuple[float, ...] = ()
    bins: tuple[int, ...] = ()


def statistics_of(content: Any) -> tuple[ColumnStatistics, ...]:
    """Of every column of checked content, named as `manifests.schema_of` does."""
    import numpy as np
    import polars as pl

    if isinstance(content, dict):
        return tuple(
            replace(each, name=f"{name}/{each.name}" if isinstance(part, pl.DataFrame) else name)
            for name, part in content.items()
            for each in statistics_of(part)
        )
    if isinstance(content, bytes):
        return ()
    if isinstance(content, np.ndarray):
        return (_of_array(content),)
    return tuple(_of_column(column) for column in content)


def to_bytes(statistics: tuple[ColumnStatistics, ...]) -> bytes:
    """Canonical JSON, in which `{"float": …}` is an infinity."""
    return canonical_json({"statistics": [{key: _said(value) for key, value in asdict(each).items()} for each in statistics]})


def from_bytes(content: bytes) -> tuple[ColumnStatistics, ...]:
    """The statistics whose bytes these are."""
    found = []
    for each in json.loads(content)["statistics"]:
        ends = {end: _heard(each[end]) for end in ("minimum", "maximum")}
        pairs = {name: tuple((_heard(left), right) for left, right in each[name]) for name in ("quantiles", "top")}
        found.append(ColumnStatistics(**{**each, **ends, **pairs, "edges": tuple(each["edges"]), "bins": tuple(each["bins"])}))
    return tuple(found)


def _of_array(array: npt.NDArray[Any]) -> ColumnStatistics:
    import polars as pl

    little = array.dtype.newbyteorder("<")
    if array.dtype.kind not in "biuf":
        return ColumnStatistics("values", little.str, array.size)
    measured = _of_column(pl.Series("values", array.reshape(-1).astype(array.dtype.newbyteorder("="))))
    return replace(measured, type=little.str)


def _of_column(column: pl.Series) -> ColumnStatistics:
    import polars as pl

    described = describe(column.dtype)
    kind, shown = kind_of(described), type_text(described)
    nulls = column.null_count()
    values = column.drop_nulls()
    plain = ColumnStatistics(column.name, shown, len(column), nulls)
    if kind == "boolean":
        values = values.cast(pl.UInt8)
    elif kind in ("int128", "uint128", "decimal", "float16"):
        values = values.cast(pl.Float64)
    if kind in _MEASURED:
        return _of_numbers(plain, values, kind)
    if kind in _TIMES:
        return _of_times(plain, values)
    return _of_text(plain, values.cast(pl.String)) if kind in _COUNTED else plain


def _of_numbers(plain: ColumnStatistics, values: pl.Series, kind: str) -> ColumnStatistics:
    import numpy as np

    nans = 0
    if values.dtype.is_float():
        known = values.filter(values.is_not_nan())
        nans, values = len(values) - len(known), known
    ordered = values.sort().to_numpy()
    if not len(ordered):
        return ColumnStatistics(plain.name, plain.type, plain.count, plain.nulls, nans, distinct=0)
    distinct, top = _runs(ordered)
    finite = ordered[np.isfinite(ordered)] if ordered.dtype.kind == "f" else ordered
    wide = finite.astype("f8")
    with np.errstate(all="ignore"):
        mean = float(wide.mean()) if len(wide) else None
        std = float(wide.std(ddof=1)) if len(wide) > 1 else None
    edges, bins = _histogram(wide)
    return ColumnStatistics(
        *(plain.name, plain.type, plain.count, plain.nulls, nans, ordered[0].item(), ordered[-1].item(), _finite(mean), _finite(std)),
        tuple((q, _quantile(wide, q)) for q in QUANTILES) if len(wide) else (),
        distinct,
        tuple((bool(value) if kind == "boolean" else value, count) for value, count in top),
        edges,
        bins,
    )


def _of_times(plain: ColumnStatistics, values: pl.Series) -> ColumnStatistics:
    import polars as pl

    if not len(values):
        return ColumnStatistics(plain.name, plain.type, plain.count, plain.nulls, distinct=0)
    ordered = values.sort()
    distinct, top = _runs(ordered.to_physical().to_numpy())
    last = len(ordered) - 1
    chosen = ordered.gather([0, last, *(round(q * last) for q in QUANTILES)])
    repeated = pl.Series([value for value, _ in top], dtype=ordered.to_physical().dtype).cast(ordered.dtype)
    low, high, *quantiles = _texts(chosen)
    return ColumnStatistics(
        *(plain.name, plain.type, plain.count, plain.nulls, 0, low, high),
        quantiles=tuple(zip(QUANTILES, quantiles, strict=True)),
        distinct=distinct,
        top=tuple(zip(_texts(repeated), (count for _, count in top), strict=True)),
    )


def _of_text(plain: ColumnStatistics, values: pl.Series) -> ColumnStatistics:
    import polars as pl

    if not len(values):
        return ColumnStatistics(plain.name, plain.type, plain.count, plain.nulls, distinct=0)
    counts = pl.DataFrame({"value": values}).group_by("value").len("count")
    often = counts.filter(pl.col("count") > 1)
    if len(often) > TOP:
        often = often.filter(pl.col("count") >= often["count"].top_k(TOP).min())
    top = often.sort("count", "value", descending=[True, False]).head(TOP)
    return ColumnStatistics(
        *(plain.name, plain.type, plain.count, plain.nulls, 0, _cut(str(values.min())), _cut(str(values.max()))),
        distinct=len(counts),
        top=tuple((_cut(value), count) for value, count in top.iter_rows()),
    )


def _runs(ordered: npt.NDArray[Any]) -> tuple[int, list[tuple[Any, int]]]:
    """How many values there are among sorted ones, and the most frequent."""
    import numpy as np

    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    counts = np.diff(starts, append=len(ordered))
    often = np.flatnonzero(counts > 1)
    first = often[np.argsort(-counts[often], kind="stable")][:TOP]
    return len(starts), [(ordered[starts[place]].item(), int(counts[place])) for place in first]


def _quantile(ordered: npt.NDArray[np.float64], q: float) -> float:
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    a, b = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    part = place - low
    return a if a == b else a * (1 - part) + b * part


def _histogram(ordered: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    import numpy as np

    if not len(ordered):
        return (), ()
    low, high = float(ordered[0]), float(ordered[-1])
    width = (high - low) / BINS
    edges = [low + width * i for i in range(BINS)] + [high]
    if not (0 < width < math.inf) or any(b <= a for a, b in pairwise(edges)):
        return (low, high), (len(ordered),)
    places = np.searchsorted(ordered, edges, side="left")
    places[-1] = len(ordered)
    return tuple(edges), tuple(np.diff(places).tolist())


def _texts(times: pl.Series) -> list[str]:
    import polars as pl

    found: list[str] = times.cast(pl.String).to_list() if times.dtype.base_type() is not pl.Duration else times.dt.to_string().to_list()
    return found


def _cut(text: str) -> str:
    return text[:LONGEST]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _said(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return tuple(_said(part) for part in value) if isinstance(value, tuple) else value


def _heard(value: Any) -> Any:
    return float(value["float"]) if isinstance(value, dict) else value
