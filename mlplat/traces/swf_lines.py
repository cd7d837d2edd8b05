"""Lines of the Standard Workload Format into a `Table`: blanks are squeezed out in bulk, so that polars can take the lines apart."""

from __future__ import annotations

import numpy as np
import polars as pl

from .bad_rows import BadRows
from .source_bytes import Source
from .table import Integers, Table

FIELDS = (
    "job number", "submit time", "wait time", "run time", "allocated processors", "average CPU time", "used memory",
    "requested processors", "requested time", "requested memory", "status", "user", "group", "executable", "queue", "partition",
    "preceding job", "think time",
)  # fmt: skip
WANTED = (
    "job number", "submit time", "run time", "allocated processors", "used memory", "requested processors", "requested time",
    "requested memory", "user",
)  # fmt: skip

_COMMENT = b";"
_SPACE = 32
_BLANKS_ALIKE = bytes.maketrans(b"\t\r", b"  ")
_NUMBER_LETTERS = b"0123456789+-.eE"
_LINE_PATTERN = b" " * (len(FIELDS) - 1) + b"\n"
_CHUNK = 2**17  # letters squeezed at a time: what fits the cache is several times as fast


def read_swf_lines(source: Source, bad_rows: BadRows) -> tuple[Table, tuple[str, ...]]:
    """The fields in `WANTED` of every job, and the comment lines at the head. Lines without 18 fields are entered as bad."""
    data = source.data.removeprefix(b"\xef\xbb\xbf")
    header, start = _header(data)
    frame = _regular(data, start)
    if frame is not None:
        return Table(frame, bad_rows, first_line=len(header) + 1), tuple(line for line in header if line)
    frame, lines = _line_by_line(data[start:], len(header), bad_rows)
    return Table(frame, bad_rows, lines=lines), tuple(line for line in header if line)


def _header(data: bytes) -> tuple[list[str], int]:
    """The comment and blank lines before the first job, and where it begins."""
    lines: list[str] = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].strip()
        if line and not line.startswith(_COMMENT):
            break
        lines.append(line.decode("utf-8", errors="replace"))
        start = end + 1
    return lines, min(start, len(data))


def _regular(data: bytes, start: int) -> pl.DataFrame | None:
    """The fields read by polars, or None where some line is not 18 numbers apart by blanks."""
    index = [FIELDS.index(name) for name in WANTED]
    pieces: list[bytes] = []
    while start < len(data):
        end = len(data) if start + _CHUNK >= len(data) else data.rfind(b"\n", start, start + _CHUNK) + 1
        squeezed = _squeezed(data[start:end]) if end > start else None
        if squeezed is None:
            return None
        pieces.append(squeezed)
        start = end
    packed = b"".join(pieces)
    if not packed:
        return pl.DataFrame(schema=dict.fromkeys(WANTED, pl.String))
    try:
        frame = pl.read_csv(packed, separator=" ", has_header=False, columns=index, infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (packed.count(b"\n"), len(index)):
        return None
    frame.columns = list(WANTED)
    return frame


def _squeezed(lines: bytes) -> bytes | None:
    """One blank between fields and none around lines; None where a letter is not part of numbers, or a line has not 18 fields."""
    lines = lines.translate(_BLANKS_ALIKE)
    if lines.translate(None, _NUMBER_LETTERS + b" \n"):
        return None  # for the line by line reading to explain
    letters = np.frombuffer(lines, dtype=np.uint8)
    blank = letters == _SPACE
    gap = letters <= _SPACE  # blanks and line ends: nothing else so low is left
    superfluous = np.zeros_like(blank)
    np.logical_and(blank[:-1], gap[1:], out=superfluous[:-1])  # the last of a run of blanks stays, unless the line ends there
    packed = letters[~superfluous].tobytes().replace(b"\n ", b"\n").strip(b" \n")
    if not packed:
        return b""
    packed += b"\n"
    count = packed.count(b"\n")
    return packed if packed.translate(None, _NUMBER_LETTERS) == _LINE_PATTERN * count else None


def _line_by_line(body: bytes, before: int, bad_rows: BadRows) -> tuple[pl.DataFrame, Integers]:
    """The same slowly, with the line of each job."""
    columns: list[list[str]] = [[] for _ in WANTED]
    index = [FIELDS.index(name) for name in WANTED]
    lines: list[int] = []
    for line, raw in enumerate(body.split(b"\n"), start=before + 1):
        text = raw.strip()
        if not text or text.startswith(_COMMENT):
            continue
        try:
            cells = text.decode("ascii").split()
        except UnicodeDecodeError:
            bad_rows.add("bytes that are not text", line=line, value=text[:80].decode("latin-1"), expected="18 numbers")
            continue
        if len(cells) != len(FIELDS):
            shown = text[:80].decode("ascii")
            bad_rows.add(f"{len(cells):,} fields in this line", line=line, value=shown, expected="18 numbers apart by blanks")
            continue
        lines.append(line)
        for column, i in zip(columns, index, strict=True):
            column.append(cells[i])
    frame = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in zip(WANTED, columns, strict=True)])
    return frame, np.array(lines, dtype=np.int64)
