"""All runs of a sweep as one table."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .run_files import ABOUT, RUNS, read_row

if TYPE_CHECKING:
    import polars as pl

    from .planned import Run

LAST = ("fingerprint", "error_kind", "error", "scenario")
"""Columns behind the figures."""


def results_bytes(folder: Path, runs: Sequence[Run]) -> bytes:
    """The table of all runs as a Parquet file, the same bytes for the same runs."""
    buffer = io.BytesIO()
    results_frame(folder, [run.key for run in runs]).write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def results_frame(folder: Path, keys: Iterable[tuple[str, int]]) -> pl.DataFrame:
    """A row for each of these runs that is there, in this order: the number of its point, its replication, the fields that are varied,
    its figures, `fingerprint`, `error_kind`, `error` and the digest of its scenario.
    """
    import polars as pl

    rows, numbers = [], dict[str, int]()
    for scenario, replication in keys:
        number = numbers.setdefault(scenario, len(numbers))
        try:
            row = read_row((folder / RUNS / f"{scenario}-{replication}.parquet").read_bytes())
        except FileNotFoundError:
            continue
        if row is not None:
            rows.append((number, row))
    fields = [json.loads(row["fields"]) for _, row in rows]
    varied = list(dict.fromkeys(name for each in fields for name in each))
    figures = sorted({name for _, row in rows for name in row} - set(ABOUT))
    columns = [
        pl.Series("point", [number for number, _ in rows], dtype=pl.Int64),
        pl.Series("replication", [row["replication"] for _, row in rows], dtype=pl.Int64),
        *(field_column(name, [each.get(name) for each in fields]) for name in varied),
    ]
    for name in figures:
        shown = f"figures.{name}" if name in varied else name
        columns.append(pl.Series(shown, [row.get(name) for _, row in rows], dtype=pl.Float64))
    columns += [pl.Series(name, [row[name] for _, row in rows], dtype=pl.String) for name in LAST]
    return pl.DataFrame(columns)


def field_column(name: str, values: Sequence[Any]) -> pl.Series:
    """The values of a field: whole numbers, numbers, truths or text; as JSON where they are mixed or something else."""
    import polars as pl

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds <= {int}:
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    if kinds <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    return pl.Series(name, [json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values], dtype=pl.String)


def points_frame(frame: pl.DataFrame, varied: Sequence[str]) -> pl.DataFrame:
    """A row for each point: its fields, how many runs there are and failed, and the mean of each figure over those that did not."""
    import polars as pl

    figures = [name for name in frame.columns[2 + len(varied) :] if name not in LAST]
    return frame.group_by("point", maintain_order=True).agg(
        *(pl.col(name).first() for name in varied),
        pl.len().cast(pl.Int64).alias("runs"),
        pl.col("error_kind").is_not_null().sum().cast(pl.Int64).alias("failed"),
        *(pl.col(name).mean() for name in figures if name not in ("runs", "failed")),
    )
