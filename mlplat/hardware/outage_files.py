"""Outages in CSV files: a schedule written for later, or a record of what failed in a real cluster."""

from __future__ import annotations

import csv
import io
import math
import os
from typing import TYPE_CHECKING, Any

from ..errors import InputError, printable, shown
from .durations import LONGEST_S
from .outages import KIND_NAMES, MAX_OUTAGES, Outages
from .source_text import read_source
from .spec_io import write_text

if TYPE_CHECKING:
    from .cluster_spec import ClusterSpec

REQUIRED = ("start_s", "end_s", "kind", "node")
OPTIONAL = ("device", "notice_s", "grace_s")


class _Row:
    """One row of the file, whose bad cells are told by file, line and column."""

    def __init__(self, cells: list[str], position: dict[str, int], file: str, line: int) -> None:
        self.file, self.line = file, line
        self.text = {column: cells[at].strip() for column, at in position.items()}

    def bad(self, column: str, expected: str, problem: str = "bad value") -> InputError:
        return InputError(problem, path=self.file, line=self.line, column=column, value=self.text.get(column, ""), expected=expected)

    def seconds(self, column: str, *, empty: float | None = None, infinite: bool = False) -> float:
        cell = self.text.get(column, "")
        if not cell and empty is not None:
            return empty
        try:
            time = float(cell)
        except ValueError:
            time = math.nan
        if not (0 <= time <= LONGEST_S or (infinite and time == math.inf)):
            raise self.bad(column, f"seconds from 0 to {LONGEST_S:g}" + (", or inf" if infinite else ""))
        return round(time, 3) if time < math.inf else time

    def number(self, column: str, most: int, expected: str) -> int:
        cell = self.text.get(column, "")
        if not (cell.isascii() and cell.isdigit() and len(cell) < 10 and int(cell) <= most):
            raise self.bad(column, expected)
        return int(cell)


def read_outages(path: str | os.PathLike[str], spec: ClusterSpec | None, until: float | None) -> Outages:
    """See `Outages.read_csv`."""
    file = shown(path)
    names = {} if spec is None else {name: row for row, name in enumerate(spec.nodes().names)}
    gpus = None if spec is None else spec.nodes().gpus
    reader = csv.reader(io.StringIO(read_source(path), newline=""), strict=True)
    columns: dict[str, Any] = {name: [] for name in ("start", "end", "kind", "node", "device", "notice", "grace")}
    try:
        position = _header(next(reader, None), file)
        width = max(position.values())
        for cells in reader:
            if not cells:
                continue
            if len(cells) <= width:
                raise InputError(f"{len(cells)} cells in this row", path=file, line=reader.line_num, expected="as many as in the header")
            row = _Row(cells, position, file, reader.line_num)
            _append(columns, row, names, gpus)
            if len(columns["start"]) > MAX_OUTAGES:
                raise InputError("too many rows", path=file, line=reader.line_num, expected=f"at most {MAX_OUTAGES:,}")
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", path=file, line=reader.line_num) from None
    return Outages.build(**columns, until=until)


def _header(cells: list[str] | None, file: str) -> dict[str, int]:
    names = [cell.strip() for cell in cells or []]
    missing = [column for column in REQUIRED if column not in names]
    if missing or len(set(names)) < len(names):
        problem = f"the header lacks {', '.join(missing)}" if missing else "the header names a column twice"
        raise InputError(problem, path=file, line=1, value=printable(",".join(names)), expected=",".join(REQUIRED))
    return {name: names.index(name) for name in (*REQUIRED, *OPTIONAL) if name in names}


def _append(columns: dict[str, list[Any]], row: _Row, names: dict[str, int], gpus: Any) -> None:
    start, end = row.seconds("start_s"), row.seconds("end_s", infinite=True)
    if end <= start:
        raise row.bad("end_s", f"later than the start, {start:g}, by a millisecond at least")
    kind = row.text["kind"].lower()
    if kind not in KIND_NAMES:
        raise row.bad("kind", "one of " + ", ".join(KIND_NAMES))
    node = names.get(row.text["node"], -1)
    if node < 0:
        last = 2**31 - 1 if gpus is None else len(gpus) - 1
        node = row.number("node", last, "the row of a node" if gpus is None else f"the name of a node, or its row up to {last}")
    device = -1
    if kind == "device":
        last = 10**9 if gpus is None else int(gpus[node]) - 1
        device = row.number("device", last, "a device of the node" + (f", from 0 to {last}" if gpus is not None and last >= 0 else ""))
    elif row.text.get("device", "") not in ("", "-1"):
        raise row.bad("device", "an empty cell where the outage is not that of a device")
    columns["start"].append(start)
    columns["end"].append(end)
    columns["kind"].append(kind)
    columns["node"].append(node)
    columns["device"].append(device)
    columns["notice"].append(row.seconds("notice_s", empty=0.0))
    columns["grace"].append(row.seconds("grace_s", empty=0.0))


def write_outages(outages: Outages, path: str | os.PathLike[str], spec: ClusterSpec | None) -> None:
    """See `Outages.write_csv`."""
    import polars as pl

    frame = outages.to_polars()
    if spec is not None:
        outages.check(spec.nodes())
        frame = frame.with_columns(pl.Series("node", spec.nodes().names, dtype=pl.String).gather(frame["node"]).alias("node"))
    write_text(path, frame.write_csv())
