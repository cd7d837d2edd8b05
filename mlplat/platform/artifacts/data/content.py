"""Content in and out of a store: frames column by column, arrays and files in pieces. What two versions have in common is kept once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....errors import OptionError, UnknownNameError, printable
from ...references import check_name
from ...storage.digests import digest_of, digest_of_array
from ...storage.store import Store
from .columns import decode, encode
from .dtypes import describe, dtype_of
from .manifests import ArrayManifest, BytesManifest, Chunk, ColumnManifest, FrameManifest, MappingManifest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

BLOCK = 65_536
"""Rows of a block of a column."""
PIECE = 8 * 2**20
"""Bytes of a piece of an array or file, at most (of an array at least one row)."""
RAW = b'{"chunk":"raw"}\n'
"""Stands before pieces of arrays and files, so that they are nobody else's content."""


def checked(content: Any) -> Any:
    """Content as it can be kept: a frame, an array, bytes, or a dict of these in order of their names. Raises OptionError."""
    if isinstance(content, Mapping):
        if not content:
            raise OptionError("a mapping without parts; expected frames, arrays or bytes by name")
        names = sorted(check_name(name, "part") for name in content)
        return {name: _checked_part(content[name], f"part {name!r}") for name in names}
    return _checked_part(content, "content")


def write(store: Store, content: Any, known: Any = None) -> Any:
    """Keep checked content. Returns its manifest. Columns that the manifest `known` has too are not kept again."""
    if isinstance(content, dict):
        before = dict(known.parts) if isinstance(known, MappingManifest) else {}
        return MappingManifest(tuple((name, write(store, part, before.get(name))) for name, part in content.items()))
    if isinstance(content, bytes):
        return BytesManifest(digest_of(content), _pieces(store, content, 1, range(0, len(content), PIECE), len(content)))
    if _is_frame(content):
        described = [describe(dtype, f"column {printable(name)!r}") for name, dtype in content.schema.items()]
        old = {column.digest: column for column in known.columns} if isinstance(known, FrameManifest) else {}
        return FrameManifest(tuple(_write_column(store, column, of, old) for column, of in zip(content, described, strict=True)))
    return _write_array(store, content, digest_of_array(content), content, (), 0)


def append(store: Store, manifest: Any, before: Any, rows: Any) -> Any:
    """Keep content with rows after it: of what is there nothing is kept again. `before`: the content of the manifest.

    Returns the manifest of the whole. Raises OptionError for rows of another schema.
    """
    import numpy as np

    if isinstance(manifest, FrameManifest) and _is_frame(rows):
        given = tuple((name, describe(dtype, f"column {printable(name)!r}")) for name, dtype in rows.schema.items())
        expected = tuple((column.name, column.dtype) for column in manifest.columns)
        if given != expected:
            raise OptionError(f"rows with other columns, {_differing(expected, given)}; expected the names, types and order of the head")
        return FrameManifest(
            tuple(_append_column(store, column, before[column.name], rows[column.name]) for column in manifest.columns)
        )
    if isinstance(manifest, ArrayManifest) and isinstance(rows, np.ndarray):
        little = rows.dtype.newbyteorder("<").str
        if not manifest.shape or little != manifest.dtype or rows.shape[1:] != manifest.shape[1:]:
            raise OptionError(f"rows {little}{list(rows.shape)}; expected {manifest.dtype}{['*', *manifest.shape[1:]]}")
        whole = np.concatenate([before, rows])
        return _write_array(store, whole, digest_of_array(whole), rows, manifest.chunks, manifest.shape[0])
    raise OptionError(f"rows are appended to a frame or an array, as such; found {_called(rows)} for {manifest.kind}")


def read(store: Store, manifest: Any, columns: Iterable[str] | None = None) -> Any:
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


def take(content: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Some rows of content whose parts all have them."""
    if isinstance(content, dict):
        return {name: part if isinstance(part, bytes) else take(part, rows) for name, part in content.items()}
    return content[rows]


def _checked_part(part: Any, where: str) -> Any:
    import numpy as np
    import polars as pl

    if isinstance(part, (bytes, bytearray, memoryview)):
        return bytes(part)
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
    raise OptionError(f"{where}: {_called(part)}; expected a polars DataFrame, a numpy array, bytes or a mapping of these by name")


def _write_column(store: Store, column: pl.Series, described: Any, known: Mapping[str, ColumnManifest]) -> ColumnManifest:
    encoded = [encode(column[start : start + BLOCK], described) for start in range(0, len(column), BLOCK)]
    odd = any(len(old.chunks) != len(old.blocks) or old.blocks != tuple(chunk.digest for chunk in old.chunks) for old in known.values())
    blocks = tuple(digest_of(block) if odd else store.put(block) for block in encoded)
    chunks = tuple(Chunk(digest, rows, len(block)) for digest, block, rows in zip(blocks, encoded, _sizes(len(column)), strict=True))
    made = ColumnManifest(column.name, described, len(column), blocks, chunks)
    if odd:
        old = known.get(made.digest)
        if old is not None:
            return old._replace(name=column.name)
        for block in encoded:
            store.put(block)
    return made


def _append_column(store: Store, old: ColumnManifest, before: pl.Series, rows: pl.Series) -> ColumnManifest:
    full = old.rows // BLOCK
    new = [encode(rows[start : start + BLOCK], old.dtype) for start in range(0, len(rows), BLOCK)]
    chunks = [Chunk(store.put(block), size, len(block)) for block, size in zip(new, _sizes(len(rows)), strict=True)]
    tail = before[full * BLOCK :].extend(rows) if old.rows % BLOCK else rows
    blocks = [digest_of(encode(tail[start : start + BLOCK], old.dtype)) for start in range(0, len(tail), BLOCK)]
    return ColumnManifest(old.name, old.dtype, old.rows + len(rows), (*old.blocks[:full], *blocks), (*old.chunks, *chunks))


def _read_column(store: Store, column: ColumnManifest) -> pl.Series:
    import polars as pl

    pieces = [decode(store.get(chunk.digest), column.dtype) for chunk in column.chunks]
    if not pieces:
        return pl.Series(column.name, [], dtype=dtype_of(column.dtype))
    return pl.concat(pieces, rechunk=True).alias(column.name)


def _write_array(
    store: Store, whole: npt.NDArray[Any], digest: str, new: npt.NDArray[Any], before: tuple[Chunk, ...], start: int
) -> ArrayManifest:
    import numpy as np

    dtype = whole.dtype.newbyteorder("<")
    content = np.ascontiguousarray(new, dtype=dtype).tobytes()
    rows = new.shape[0] if new.shape else 1
    width = max(1, len(content) // max(1, rows))
    step = max(1, PIECE // width)
    chunks = _pieces(store, content, width, range(0, rows, step), rows)
    return ArrayManifest(dtype.str, whole.shape, digest, (*before, *chunks))


def _pieces(store: Store, content: bytes, width: int, starts: Sequence[int], rows: int) -> tuple[Chunk, ...]:
    ends = [*starts[1:], rows]
    pieces = [(RAW + content[a * width : b * width], b - a) for a, b in zip(starts, ends, strict=False)]
    return tuple(Chunk(store.put(piece), size, len(piece)) for piece, size in pieces)


def _array(content: bytes, manifest: ArrayManifest) -> npt.NDArray[Any]:
    import numpy as np

    array: npt.NDArray[Any] = np.frombuffer(bytearray(content), dtype=manifest.dtype).reshape(manifest.shape)
    return array


def _sizes(rows: int) -> list[int]:
    return [min(BLOCK, rows - start) for start in range(0, rows, BLOCK)]


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
    return f"a {printable(type(value).__name__)}"
