"""Content in and out of a store: frames column by column, arrays and files in pieces. What two versions have in common is kept once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ....errors import OptionError, UnknownNameError, printable
from ...references import check_name
from ...storage.digests import digest_of, digest_of_array
from ...storage.store import Store
from .columns import decode, encode
from .dtypes import describe, dtype_of
from .manifests import ArrayManifest, BytesManifest, Chunk, ColumnManifest, FrameManifest, Manifest, MappingManifest, Part

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

BLOCK = 65_536
"""Rows of a block of a column."""
TIERS = 16
"""So many small pieces in a row become one."""
PIECE = 8 * 2**20
"""Bytes of a piece of an array or file, at most (of an array at least one row)."""
RAW = b'{"chunk":"raw"}\n'
"""Stands before pieces of arrays and files, so that they are nobody else's content."""


class Draft(NamedTuple):
    """Content that may be kept. `pieces`: by their digests."""

    manifest: Manifest
    pieces: dict[str, bytes]


def checked(content: Any) -> Any:
    """Content as it can be kept: a frame, an array, bytes, or a dict of these in order of their names. Raises OptionError."""
    if isinstance(content, Mapping):
        if not content:
            raise OptionError("a mapping without parts; expected frames, arrays or bytes by name")
        names = sorted(check_name(name, "part") for name in content)
        return {name: _checked_part(content[name], f"part {name!r}") for name in names}
    return _checked_part(content, "content")


def draft(content: Any) -> Draft:
    """Checked content as it would be kept; nothing is."""
    if isinstance(content, dict):
        parts = {name: draft(part) for name, part in content.items()}
        pieces = {digest: piece for part in parts.values() for digest, piece in part.pieces.items()}
        return Draft(MappingManifest(tuple((name, cast(Part, part.manifest)) for name, part in parts.items())), pieces)
    pieces = {}
    if isinstance(content, bytes):
        return Draft(BytesManifest(digest_of(content), _pieces(pieces, content, 1, PIECE, len(content))), pieces)
    if _is_frame(content):
        described = [describe(dtype, f"column {printable(name)!r}") for name, dtype in content.schema.items()]
        return Draft(FrameManifest(tuple(_column(pieces, column, of) for column, of in zip(content, described, strict=True))), pieces)
    return Draft(_array_manifest(pieces, content, content, ()), pieces)


def append(manifest: Manifest, before: Any, rows: Any) -> tuple[Draft, Any]:
    """Content with rows after it as it would be kept: of what is there nothing is kept again. `before`: the content of the manifest.

    The other answer is the whole content. Raises OptionError for rows of another schema.
    """
    import numpy as np

    pieces: dict[str, bytes] = {}
    if isinstance(manifest, FrameManifest) and _is_frame(rows):
        given = [(name, describe(dtype, f"column {printable(name)!r}")) for name, dtype in rows.schema.items()]
        expected = [(column.name, column.dtype) for column in manifest.columns]
        if given != expected:
            raise OptionError(f"rows with other columns, {_differing(expected, given)}; expected the names, types and order of the head")
        whole = before.vstack(rows).rechunk()
        return Draft(
            FrameManifest(tuple(_appended(pieces, old, whole[old.name], rows[old.name]) for old in manifest.columns)), pieces
        ), whole
    if isinstance(manifest, ArrayManifest) and isinstance(rows, np.ndarray):
        little = rows.dtype.newbyteorder("<").str
        if not manifest.shape or little != manifest.dtype or rows.shape[1:] != manifest.shape[1:]:
            expected_shape = ", ".join(["*", *map(str, manifest.shape[1:])])
            raise OptionError(f"rows {little}{list(rows.shape)}; expected {manifest.dtype}[{expected_shape}]")
        joined = np.concatenate([before, rows])
        return Draft(_array_manifest(pieces, joined, rows, manifest.chunks), pieces), joined
    raise OptionError(f"{_called(rows)} after a version of kind {manifest.kind}; expected a frame after a frame, an array after an array")


def keep(store: Store, made: Draft, known: Manifest | None = None) -> Manifest:
    """Keep a draft. Returns its manifest. Of columns and parts that `known` has too nothing is kept again, however they are in pieces."""
    manifest: Manifest = _shared(made.manifest, known)
    for chunk in manifest.chunks:
        if chunk.digest in made.pieces:
            store.put(made.pieces[chunk.digest])
    return manifest


def read(store: Store, manifest: Manifest, columns: Iterable[str] | None = None) -> Any:
    """The content of a manifest; of frames only some columns, in the order asked for. Raises UnknownNameError, OptionError."""
    import polars as pl

    if isinstance(manifest, FrameManifest):
        found = {column.name: column for column in manifest.columns}
        names = list(found) if columns is None else _names(columns, found)
        return pl.DataFrame([_read_column(store, found[name]) for name in names])
    if columns is not None:
        raise OptionError(f"columns of {manifest.kind}; expected a frame")
    if isinstance(manifest, MappingManifest):
        return {name: read(store, part) for name, part in manifest.parts}
    content = b"".join([memoryview(store.get(chunk.digest))[len(RAW) :] for chunk in manifest.chunks])
    return content if isinstance(manifest, BytesManifest) else _array(content, manifest)


def first(manifest: Manifest, rows: int) -> Manifest:
    """The manifest of the first pieces that have so many rows together (files: bytes), if there are as many."""
    match manifest:
        case FrameManifest():
            return FrameManifest(tuple(column._replace(chunks=_first(column.chunks, rows)) for column in manifest.columns))
        case ArrayManifest() if manifest.shape:
            chunks = _first(manifest.chunks, rows)
            return manifest._replace(chunks=chunks, shape=(sum(chunk.rows for chunk in chunks), *manifest.shape[1:]))
        case BytesManifest():
            return manifest._replace(chunks=_first(manifest.chunks, rows))
        case MappingManifest():
            return MappingManifest(tuple((name, cast(Part, first(part, rows))) for name, part in manifest.parts))
    return manifest


def head(content: Any, rows: int) -> Any:
    """The first rows of content, of files the first bytes."""
    if isinstance(content, dict):
        return {name: head(part, rows) for name, part in content.items()}
    return content[:rows] if getattr(content, "shape", None) != () else content


def take(content: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Some rows of content whose parts all have them."""
    if isinstance(content, dict):
        return {name: part if isinstance(part, bytes) else take(part, rows) for name, part in content.items()}
    return content[rows]


def _checked_part(part: Any, where: str) -> Any:
    import numpy as np
    import polars as pl

    if isinstance(part, (bytes, bytearray, memoryview)):
        return bytes(memoryview(part))
    if isinstance(part, pl.DataFrame):
        if not part.width:
            raise OptionError(f"{where}: a frame without columns; expected at least one")
        for name, dtype in part.schema.items():
            describe(dtype, f"{where}, column {printable(name)!r}")
        return part
    if type(part) is np.ndarray or isinstance(part, np.memmap):
        kind, size = part.dtype.kind, part.dtype.itemsize
        if kind in "OV" or not size or size > {"f": 8, "c": 16}.get(kind, size):
            raise OptionError(f"{where}: an array of {part.dtype}; expected numbers, booleans, dates or text of fixed length")
        return np.asarray(part)
    raise OptionError(
        f"{where}: {_called(part)}; expected a polars DataFrame, a numpy array, bytes or a mapping of these by name{_way_to_content(part)}"
    )


def _first(chunks: tuple[Chunk, ...], rows: int) -> tuple[Chunk, ...]:
    there, count = 0, 0
    while count < len(chunks) and there < rows:
        there += chunks[count].rows
        count += 1
    return chunks[:count]


def _shared(manifest: Any, known: Any) -> Any:
    if isinstance(manifest, MappingManifest):
        before = dict(known.parts) if isinstance(known, MappingManifest) else {}
        return MappingManifest(tuple((name, _shared(part, before.get(name))) for name, part in manifest.parts))
    if type(manifest) is not type(known):
        return manifest
    if isinstance(manifest, FrameManifest):
        old = {column.digest: column for column in known.columns}
        return FrameManifest(tuple(old.get(column.digest, column)._replace(name=column.name) for column in manifest.columns))
    return known if manifest.digest == known.digest else manifest


def _column(pieces: dict[str, bytes], column: pl.Series, described: Any) -> ColumnManifest:
    chunks = _blocks(pieces, column, described)
    return ColumnManifest(column.name, described, len(column), tuple(chunk.digest for chunk in chunks), chunks)


def _appended(pieces: dict[str, bytes], old: ColumnManifest, whole: pl.Series, rows: pl.Series) -> ColumnManifest:
    full = old.rows // BLOCK
    chunks = _blocks(pieces, rows, old.dtype)
    tail = _blocks({}, whole[full * BLOCK :], old.dtype) if old.rows % BLOCK else chunks
    blocks = (*old.blocks[:full], *(chunk.digest for chunk in tail))
    kept = _merged((*old.chunks, *chunks), BLOCK, lambda start: _blocks(pieces, whole[start:], old.dtype))
    return ColumnManifest(old.name, old.dtype, len(whole), blocks, kept)


def _merged(chunks: tuple[Chunk, ...], full: int, made: Callable[[int], tuple[Chunk, ...]]) -> tuple[Chunk, ...]:
    """Pieces of at most `full` rows, where too many small ones at the end are one, which `made(start)` makes of all rows from there on.

    So many short appends keep each row a few times, and never make a long list of pieces.
    """
    for limit in (full // TIERS**2, full // TIERS, full):
        count = 0
        while count < len(chunks) and chunks[-1 - count].rows < limit:
            count += 1
        if count >= TIERS:
            chunks = (*chunks[:-count], *made(sum(chunk.rows for chunk in chunks[:-count])))
    return chunks


def _blocks(pieces: dict[str, bytes], column: pl.Series, described: Any) -> tuple[Chunk, ...]:
    chunks = []
    for start in range(0, len(column), BLOCK):
        block = column[start : start + BLOCK]
        content = encode(block, described)
        chunks.append(Chunk(digest_of(content), len(block), len(content)))
        pieces[chunks[-1].digest] = content
    return tuple(chunks)


def _read_column(store: Store, column: ColumnManifest) -> pl.Series:
    import polars as pl

    pieces = [decode(store.get(chunk.digest), column.dtype) for chunk in column.chunks]
    if not pieces:
        return pl.Series(column.name, [], dtype=dtype_of(column.dtype))
    found = pl.concat(pieces, rechunk=True).alias(column.name)
    if len(found) != column.rows:
        raise ValueError(f"column {column.name!r} with {len(found)} rows, not {column.rows}")
    return found


def _array_manifest(pieces: dict[str, bytes], whole: npt.NDArray[Any], new: npt.NDArray[Any], before: tuple[Chunk, ...]) -> ArrayManifest:
    import numpy as np

    dtype = whole.dtype.newbyteorder("<")
    width = dtype.itemsize * math.prod(whole.shape[1:])
    step = max(1, PIECE // max(1, width))

    def made(rows: npt.NDArray[Any]) -> tuple[Chunk, ...]:
        content = np.ascontiguousarray(rows, dtype=dtype).tobytes()
        return _pieces(pieces, content, width, step, rows.shape[0] if rows.shape else 1)

    chunks = (*before, *made(new))
    if before:
        chunks = _merged(chunks, step, lambda start: made(whole[start:]))
    return ArrayManifest(dtype.str, whole.shape, digest_of_array(whole), chunks)


def _pieces(pieces: dict[str, bytes], content: bytes, width: int, step: int, rows: int) -> tuple[Chunk, ...]:
    """`rows` of `width` bytes each, `step` of them in a piece."""
    chunks = []
    for start in range(0, rows, step):
        end = min(start + step, rows)
        piece = RAW + content[start * width : end * width]
        chunks.append(Chunk(digest_of(piece), end - start, len(piece)))
        pieces[chunks[-1].digest] = piece
    return tuple(chunks)


def _array(content: bytes, manifest: ArrayManifest) -> npt.NDArray[Any]:
    import numpy as np

    array: npt.NDArray[Any] = np.frombuffer(bytearray(content), dtype=manifest.dtype).reshape(manifest.shape)
    return array


def _names(columns: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    if isinstance(columns, str):
        raise OptionError(f"columns={printable(columns[:60])!r}: expected several names")
    names = list(columns)
    for name in names:
        if name not in known:
            raise UnknownNameError("column", printable(str(name)[:80]), known)
    if not names or len(set(names)) < len(names):
        raise OptionError("columns: expected at least one name, none of them twice")
    return names


def _differing(expected: Sequence[tuple[str, Any]], given: Sequence[tuple[str, Any]]) -> str:
    from .dtypes import type_text

    for place, (left, right) in enumerate(zip(expected, given, strict=False)):
        if left != right:
            return f"{printable(right[0])!r} {type_text(right[1])} for {printable(left[0])!r} {type_text(left[1])} at {place}"
    return f"{len(given)} for {len(expected)}"


def _is_frame(content: Any) -> bool:
    import polars as pl

    return isinstance(content, pl.DataFrame)


def _called(value: Any) -> str:
    kind = type(value)
    return f"a {'pandas ' if _is_of_pandas(kind) else ''}{printable(kind.__name__)}"


def _is_of_pandas(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] == "pandas"


def _way_to_content(part: Any) -> str:
    """How that becomes content which is often given in its place."""
    if type(part).__name__ == "LazyFrame":
        return " (`collect()` makes a DataFrame of it)"
    if _is_of_pandas(type(part)):
        return " (`pl.from_pandas` makes one)"
    return " (`pl.read_csv` and others read a file)" if isinstance(part, (str, PurePath)) else ""
