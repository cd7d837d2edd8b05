"""Text with a separator (CSV, `sacct -P`) into a `Table`: columnar where the file is regular, row by row where something is odd."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from ..errors import InputError, shown
from .bad_rows import BadRows
from .source_bytes import Source
from .table import Table

MAX_COLUMNS = 1000
_BOM = b"\xef\xbb\xbf"
_QUOTING: dict[bool, Literal[0, 3]] = {True: csv.QUOTE_MINIMAL, False: csv.QUOTE_NONE}


def read_table(
    source: Source, bad_rows: BadRows, *, required: Sequence[str], optional: Sequence[str] = (), separator: str = ",", quotes: bool = True
) -> Table:
    """The named columns of a file with a header. Raises InputError where the header lacks a required column or names one twice.

    Rows with too few or too many cells, or with bytes that are not UTF-8 text, are entered as bad.

    >>> source = Source("jobs.csv", "jobs.csv", b"minutes;owner\\n5;ann\\n")
    >>> table = read_table(source, BadRows("jobs.csv", "raise"), required=["minutes"], separator=";")
    >>> table.seconds("minutes").tolist()
    [5.0]
    """
    data = source.data.removeprefix(_BOM)
    names = _header(data, source.path, separator, quotes)
    names = [name if name.isprintable() else shown(name) for name in names]
    missing = [column for column in required if column not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing or twice or len(names) > MAX_COLUMNS:
        problem = f"the header lacks {', '.join(missing)}" if missing else f"the header names {', '.join(twice)} twice"
        if len(names) > MAX_COLUMNS:
            problem = f"the header has {len(names):,} columns"
        raise InputError(problem, path=source.path, line=1, value=separator.join(names), expected=separator.join(required))
    wanted = [name for name in names if name in required or name in optional]
    frame = _regular(data, names, wanted, separator)
    if frame is not None:
        return Table(frame, bad_rows)
    return _row_by_row(data, names, wanted, bad_rows, separator, quotes)


def _header(data: bytes, path: str, separator: str, quotes: bool) -> list[str]:
    first = data[: data.find(b"\n") if b"\n" in data else len(data)]
    if not data or data.isspace():
        raise InputError("the file is empty", path=path, expected="a header and a row for each job")
    try:
        text = first.decode("utf-8").removesuffix("\r").partition("\r")[0]
        cells = next(csv.reader([text], delimiter=separator, strict=True, quoting=_QUOTING[quotes]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the header is not text with {separator!r} between the names: {error}", path=path, line=1) from None
    return [cell.strip() for cell in cells]


def _regular(data: bytes, names: list[str], wanted: list[str], separator: str) -> pl.DataFrame | None:
    """The columns read by polars, or None where the file is not plainly regular: each line has as many cells as the header, and no quotes.

    The marks (separators and line ends) alone are compared with the pattern they must make, so nothing rests on how polars mends rows.
    """
    if data.endswith((b"\n\n", b"\n\r\n")):
        data = data.rstrip(b"\r\n")
    if len(names) < 2 or not _is_utf8(data):
        return None
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return None
    marks = data.translate(None, bytes(set(range(256)) - set(separator.encode() + b'\n"\0')))
    if not data.endswith(b"\n"):
        marks += b"\n"
    lines, rest = divmod(len(marks), len(names))
    if rest or marks != (separator.encode() * (len(names) - 1) + b"\n") * lines:
        return None
    if lines == 1:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    index = [i for i, name in enumerate(names) if name in wanted]
    try:
        frame = pl.read_csv(data, separator=separator, has_header=True, columns=index, infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (lines - 1, len(index)):
        return None
    frame.columns = [names[i] for i in index]
    return frame


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _row_by_row(data: bytes, names: list[str], wanted: list[str], bad_rows: BadRows, separator: str, quotes: bool) -> Table:
    """The same by the csv module, which knows quotes and says which line is at fault."""
    text = data.decode("utf-8", errors="surrogateescape")
    strange = "\0" in text or not _is_utf8(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, quoting=_QUOTING[quotes])
    next(reader, None)
    index = [names.index(name) for name in wanted]
    columns: list[list[str | None]] = [[] for _ in wanted]
    lines: list[int] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            bad_rows.add(f"the row cannot be taken apart: {error}", line=line)
            continue
        if cells is None:
            break
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue  # a blank line
        if len(cells) != len(names):
            bad_rows.add(f"{len(cells):,} cells in this row", line=line, expected=f"{len(names)}, as in the header")
            continue
        if strange and not _is_text("".join(cells)):
            odd = next(name for name, cell in zip(names, cells, strict=True) if not _is_text(cell))
            bad_rows.add("bytes that are not UTF-8 text", line=line, column=odd, expected="text")
            continue
        lines.append(line)
        for column, i in zip(columns, index, strict=True):
            column.append(cells[i] or None)
    frame = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in zip(wanted, columns, strict=True)])
    return Table(frame, bad_rows, lines=np.array(lines, dtype=np.int64))


def _is_text(cell: str) -> bool:
    """Whether a cell has no NUL and none of the surrogates that stand for bytes that could not be decoded."""
    if "\0" in cell:
        return False
    try:
        return cell.isascii() or bool(cell.encode())
    except UnicodeEncodeError:
        return False
