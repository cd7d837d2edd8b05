"""The file of one run: a Parquet table of one row, the same bytes whenever, wherever and by whichever worker the run is made."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...canonical import canonical_json
from ...errors import printable
from .durable_files import write_whole
from .planned import Run

RUNS = "runs"
ABOUT = ("scenario", "replication", "fields", "fingerprint", "error_kind", "error")
"""Columns before the figures. `fields` is JSON; of a failed run there are no figures and no fingerprint, of another no error."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
LONGEST_ERROR = 2000


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a run that is kept. `sha256`: of its file. Either `fingerprint` or `error_kind` and `error` are there."""

    scenario: str
    replication: int
    sha256: str
    fingerprint: str | None
    error_kind: str | None
    error: str | None

    @property
    def key(self) -> tuple[str, int]:
        """As in `Run.key`."""
        return self.scenario, self.replication


def file_of(folder: Path, run: Run) -> Path:
    """Where a run is kept in a sweep's folder."""
    return folder / RUNS / f"{run.name}.parquet"


def write_run(folder: Path, run: Run, values: Mapping[str, float | None], fingerprint: str) -> Finished:
    """Keep the figures of a run."""
    figures = {name: None if value is None or math.isnan(value) else float(value) for name, value in sorted(values.items())}
    return _write(folder, run, figures, fingerprint, None, None)


def write_failed(folder: Path, run: Run, kind: str, text: str) -> Finished:
    """Keep that a run failed, and with what. The text is made fit to be shown, and free of addresses, which differ each time."""
    told = _ADDRESS.sub("", " ".join(printable(line) for line in text.splitlines()))[:LONGEST_ERROR]
    return _write(folder, run, {}, None, kind, told)


def _write(
    folder: Path, run: Run, figures: Mapping[str, float | None], fingerprint: str | None, kind: str | None, error: str | None
) -> Finished:
    import polars as pl

    about = (run.scenario, run.replication, canonical_json(run.fields).decode(), fingerprint, kind, error)
    columns = [
        pl.Series(name, [value], dtype=pl.Int64 if name == "replication" else pl.String) for name, value in zip(ABOUT, about, strict=True)
    ]
    columns += [pl.Series(name, [value], dtype=pl.Float64) for name, value in figures.items()]
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer, compression="uncompressed", statistics=False)
    content = buffer.getvalue()
    write_whole(folder, f"{RUNS}/{run.name}.parquet", lambda stream: stream.write(content))
    return Finished(run.scenario, run.replication, hashlib.sha256(content).hexdigest(), fingerprint, kind, error)


def read_run(folder: Path, run: Run) -> Finished | None:
    """What is kept of a run; None where nothing is, or what is there is not the file of this run."""
    path = file_of(folder, run)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    row = read_row(content)
    if row is None or (row["scenario"], row["replication"]) != run.key or _fields(row) != json.loads(canonical_json(run.fields)):
        return None
    return Finished(*run.key, hashlib.sha256(content).hexdigest(), row["fingerprint"], row["error_kind"], row["error"])


def read_row(content: bytes) -> dict[str, Any] | None:
    """The row of a file; None where it is none."""
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        return None
    if frame.height != 1 or tuple(frame.columns[: len(ABOUT)]) != ABOUT:
        return None
    return frame.row(0, named=True)


def _fields(row: Mapping[str, Any]) -> Any:
    try:
        return json.loads(row["fields"])
    except (TypeError, ValueError):
        return None
