"""Two versions side by side: rows and columns that were added, removed or changed, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ....errors import OptionError, UnknownNameError, printable
from .columns import kind_of
from .dtypes import NUMBERS, describe, type_text
from .manifests import ArrayManifest, FrameManifest, Manifest, MappingManifest, schema_of
from .statistics import ColumnStatistics

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from .versions import DatasetVersion


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """What is different in `after` from `before`.

    `same`: whether their content is. `columns_added`, `columns_removed`: names. `columns_retyped`: name, type before and after.
    `parts_changed`: of mappings, the parts of another digest.

    Rows are compared in the columns that both have with the same type. Without `keys` as multisets: one that occurs twice and then three
    times was added once. With keys, columns that tell the rows apart, `changed_before` and `changed_after` have, line by line, those with
    the same key and other values in `columns_changed` (name, number of rows). `rows_added` and `rows_removed` are frames, or arrays, in
    the order in which they stand there; None where there are no rows to compare.
    """

    before: DatasetVersion
    after: DatasetVersion
    same: bool
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_retyped: tuple[tuple[str, str, str], ...] = ()
    parts_changed: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    rows_added: Any = field(default=None, compare=False)
    rows_removed: Any = field(default=None, compare=False)
    changed_before: Any = field(default=None, compare=False)
    changed_after: Any = field(default=None, compare=False)
    columns_changed: tuple[tuple[str, int], ...] = ()
    statistics: tuple[tuple[str, ColumnStatistics | None, ColumnStatistics | None], ...] = ()
    """Of each column, before and after."""

    def __str__(self) -> str:
        def count(rows: Any) -> str:
            return "?" if rows is None else f"{len(rows):,}"

        return (
            f"{self.before.reference} to {self.after.reference}: rows +{count(self.rows_added)} -{count(self.rows_removed)} "
            f"~{count(self.changed_after)}, columns +{len(self.columns_added)} -{len(self.columns_removed)} ~{len(self.columns_retyped)}"
        )


def columns_between(before: Manifest, after: Manifest) -> dict[str, Any]:
    """The differences of two schemas, and of the parts of mappings."""
    old, new = dict(schema_of(before)), dict(schema_of(after))
    parts: tuple[str, ...] = ()
    if isinstance(before, MappingManifest) and isinstance(after, MappingManifest):
        left, right = ({name: (part.kind, part.digest) for name, part in each.parts} for each in (before, after))
        parts = tuple(sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name)))
    return {
        "columns_added": tuple(name for name in new if name not in old),
        "columns_removed": tuple(name for name in old if name not in new),
        "columns_retyped": tuple(
            (name, type_text(old[name]), type_text(new[name])) for name in old if name in new and old[name] != new[name]
        ),
        "parts_changed": parts,
    }


def common_columns(before: FrameManifest, after: FrameManifest) -> list[str]:
    """Names of the columns that both have with the same type, in order of the first."""
    new = {column.name: column.dtype for column in after.columns}
    return [column.name for column in before.columns if column.name in new and column.dtype == new[column.name]]


def rows_between(before: pl.DataFrame, after: pl.DataFrame, common: Sequence[str], keys: Sequence[str] = ()) -> dict[str, Any]:
    """The differences of the rows of two frames. Raises OptionError for keys that do not tell rows apart, UnknownNameError."""
    import polars as pl

    for key in keys:
        if key not in common:
            raise UnknownNameError("column of both versions", printable(str(key)[:80]), common)
    if not common:
        return {"rows_added": after, "rows_removed": before}
    old, new = (_comparable(frame, common) for frame in (before, after))
    places = {name: f"c{i}" for i, name in enumerate(common)}
    if not keys:
        added_rows, removed_rows = _surplus_rows(old, new)
        return {"rows_added": after[added_rows], "rows_removed": before[removed_rows]}
    by = [places[key] for key in keys]
    for frame, where in ((old, "before"), (new, "after")):
        if frame.select(by).is_duplicated().any():
            raise OptionError(f"keys {', '.join(map(printable, keys))}: two rows {where} have the same; expected others")
    added, removed = after[_only(new, old, by)], before[_only(old, new, by)]
    rest = [name for name in common if name not in keys]
    left, right = old.with_row_index("left"), new.with_row_index("right")
    pairs = left.join(right, on=by, how="inner", nulls_equal=True, maintain_order="left", suffix="_after")
    other = {name: pairs[places[name]].ne_missing(pairs[f"{places[name]}_after"]) for name in rest}
    changed = pairs.filter(pl.any_horizontal(list(other.values()))) if rest else pairs.clear()
    return {
        "rows_added": added,
        "rows_removed": removed,
        "changed_before": before[changed["left"]],
        "changed_after": after[changed["right"]],
        "columns_changed": tuple((name, int(differs.sum())) for name, differs in other.items() if differs.any()),
    }


def arrays_between(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> dict[str, Any]:
    """The differences of two arrays in what lies along the first axis, as multisets."""
    old, new = _row_bytes(before), _row_bytes(after)
    return {"rows_added": after[_surplus(new, old)], "rows_removed": before[_surplus(old, new)]}


def is_alike(before: ArrayManifest, after: ArrayManifest) -> bool:
    """Whether two arrays have the same type and the same axes but the first, which there is."""
    return bool(before.shape and after.shape) and (before.dtype, before.shape[1:]) == (after.dtype, after.shape[1:])


def statistics_between(
    before: Sequence[ColumnStatistics], after: Sequence[ColumnStatistics]
) -> tuple[tuple[str, ColumnStatistics | None, ColumnStatistics | None], ...]:
    """Of each column of either, both."""
    old, new = ({each.name: each for each in side} for side in (before, after))
    return tuple((name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new]))


def _comparable(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The columns as c0, c1, …, with values that are equal just where those are kept alike: of floating-point numbers their bits, which
    all NaNs that were kept have alike.
    """
    import polars as pl

    return pl.DataFrame([_bits(frame[name]).alias(f"c{i}") for i, name in enumerate(names)])


def _bits(column: pl.Series) -> pl.Series:
    import polars as pl

    kind = kind_of(describe(column.dtype))
    if kind in NUMBERS and kind.startswith("float"):
        values = column.fill_null(0.0).to_numpy()
        bits = pl.Series(values.view(f"i{values.dtype.itemsize}"))
        return bits.zip_with(column.is_not_null(), pl.Series([None], dtype=bits.dtype).new_from_index(0, len(bits)))
    if kind == "categorical":
        return column.cast(pl.String)
    if kind in ("list", "array", "struct"):
        return pl.Series([None if value is None else _spelt(value) for value in column.to_physical().to_list()], dtype=pl.String)
    return column


def _spelt(value: Any) -> str:
    return repr(value)


def _surplus_rows(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Numbers of the rows that the second has more often than the first, the last of them; and the other way round."""
    import polars as pl

    both = min(len(old), len(new))
    differ = pl.repeat(False, both, eager=True)
    for name in old.columns:
        differ = differ | old[name][:both].ne_missing(new[name][:both])
    rest = []  # what stands in the same place on both sides cancels out
    for side, frame in enumerate((old, new)):
        kept = pl.concat([differ, pl.repeat(True, len(frame) - both, eager=True)])
        rest.append(frame.with_row_index("row").with_columns(side=pl.lit(side)).filter(kept))
    counts = pl.concat(rest).group_by(old.columns).agg("row", after=pl.col("side").sum(), before=(pl.col("side") == 0).sum())
    more, less = counts.filter(pl.col("after") > pl.col("before")), counts.filter(pl.col("after") < pl.col("before"))
    surplus = pl.col("after").cast(pl.Int64) - pl.col("before").cast(pl.Int64)
    added = more.select(pl.col("row").list.tail(surplus)).explode("row")["row"]
    removed = less.select(pl.col("row").list.slice(pl.col("after"), -surplus)).explode("row")["row"]
    return added.sort(), removed.sort()


def _only(frame: pl.DataFrame, other: pl.DataFrame, by: Sequence[str]) -> pl.Series:
    """Numbers of the rows that the other has not, ascending."""
    return frame.with_row_index("row").join(other, on=list(by), how="anti", nulls_equal=True, maintain_order="left")["row"]


def _row_bytes(array: npt.NDArray[Any]) -> list[bytes]:
    import numpy as np

    rows = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    width = rows.nbytes // max(1, len(rows))
    data = rows.tobytes()
    return [data[i * width : (i + 1) * width] for i in range(len(rows))]


def _surplus(rows: Sequence[bytes], others: Sequence[bytes]) -> list[int]:
    left: Mapping[bytes, int] = Counter(others)
    counts = dict(left)
    found = []
    for place, row in enumerate(rows):
        if counts.get(row, 0):
            counts[row] -= 1
        else:
            found.append(place)
    return found
