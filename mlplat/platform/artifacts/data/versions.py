"""What the Data Store answers with: datasets, versions, snapshots and splits. Nobody can change them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .statistics import ColumnStatistics

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version of a dataset; its content never changes.

    `name`: `project/name`. `version`: counted from 1, never used again. `digest`: of the content. `kind`: `frame`, `array`, `bytes` or
    `mapping`. `rows`: None where that says nothing. `columns`: names and types, of a mapping those of its parts. `size`: bytes that the
    version takes, with what it shares with others. `how`: `publish`, `append`, `derive` or `register`. `created_s`: seconds. `creator`: id
    of who made it. `parents`: `dataset:project/name@version`, or `withheld:` and a digest for whom may not read it. `code`: the commit
    that made it, empty where that is not known, `withheld:` and its id for whom may not read it. `keys`: columns that tell the rows apart,
    if it was said. `origin`: `external` for what was made elsewhere, as `source` says, else empty.
    """

    name: str
    version: int
    digest: str
    kind: str
    rows: int | None
    columns: tuple[tuple[str, str], ...]
    size: int
    how: str
    created_s: float
    creator: str
    parents: tuple[str, ...] = ()
    code: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    keys: tuple[str, ...] = ()
    origin: str = ""
    source: str = ""

    @property
    def reference(self) -> str:
        """Such as `shop/clicks@3`."""
        return f"{self.name}@{self.version}"

    @property
    def resource(self) -> str:
        """What it is called in grants and events, `dataset:shop/clicks@3`."""
        return f"dataset:{self.reference}"

    def __str__(self) -> str:
        return self.reference


class Snapshot(NamedTuple):
    """A version under a name of its own that never leads elsewhere; the version stays while it is there. `created_s`: seconds."""

    dataset: str
    name: str
    version: int
    created_s: float
    creator: str


class Split(NamedTuple):
    """How the rows of a version are parted. `parts`: names and rows of each. `by`: columns whose content decided; `stratify`: the column
    whose values are parted alike, or empty. `digest`: of the assignment, a byte for each row.
    """

    reference: str
    name: str
    parts: tuple[tuple[str, int], ...]
    fractions: tuple[tuple[str, float], ...]
    seed: int
    method: str
    by: tuple[str, ...]
    stratify: str
    digest: str


class DatasetSummary(NamedTuple):
    """A dataset in a line: `versions` that the caller may read, and the newest of them."""

    name: str
    versions: int
    newest: DatasetVersion


class DatasetDescription(NamedTuple):
    """All that is known of a version without its rows."""

    version: DatasetVersion
    statistics: tuple[ColumnStatistics, ...]
    splits: tuple[Split, ...]
    snapshots: tuple[str, ...]

    def column(self, name: str) -> ColumnStatistics:
        """The statistics of a column. Raises UnknownNameError."""
        from ....errors import UnknownNameError, printable

        for each in self.statistics:
            if each.name == name:
                return each
        raise UnknownNameError("column", printable(name[:80]), [each.name for each in self.statistics])

    def to_polars(self) -> pl.DataFrame:
        """A row for each column: name, type, count, nulls, nans, minimum and maximum (as text), mean, std, distinct."""
        import polars as pl

        numbers, text = dict.fromkeys(("count", "nulls", "nans"), pl.Int64), dict.fromkeys(("minimum", "maximum"), pl.String)
        schema = {"name": pl.String, "type": pl.String, **numbers, **text, "mean": pl.Float64, "std": pl.Float64, "distinct": pl.Int64}
        rows = [[_cell(getattr(each, name), name in text) for name in schema] for each in self.statistics]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def _headline(self) -> str:
        version = self.version
        if version.rows is None:
            return f"{version}: {version.kind}, {version.size:,} bytes kept"
        return f"{version}: {version.rows:,} rows, {len(version.columns):,} columns"

    def __str__(self) -> str:
        return f"{self._headline}\n{self.to_polars()}" if self.statistics else self._headline

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self._headline)}</p>" + (self.to_polars()._repr_html_() if self.statistics else "")


def _cell(value: Any, as_text: bool) -> Any:
    from ....errors import printable

    return printable(str(value)) if as_text and value is not None else value


class Retention(NamedTuple):
    """What a retention did. `dropped`: versions that are no more. `kept`: versions that it would have dropped, and who names them."""

    dropped: tuple[str, ...]
    kept: tuple[tuple[str, tuple[str, ...]], ...]


def version_of(record: Mapping[str, Any]) -> DatasetVersion:
    """From its record in the journal."""
    return DatasetVersion(
        record["name"],
        record["version"],
        record["digest"],
        record["kind"],
        record["rows"],
        tuple((name, shown) for name, shown in record["columns"]),
        record["size"],
        record["how"],
        record["time"],
        record["actor"],
        tuple(parent for parent, _ in record["parents"]),
        record["code"],
        tuple(record["tags"]),
        record["note"],
        tuple(record["keys"]),
        record["origin"],
        record["source"],
    )
