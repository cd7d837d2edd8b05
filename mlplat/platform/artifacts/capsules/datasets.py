"""Datasets in a capsule: the canonical pieces of their content, which are checked before anything decodes them, and then by it.

A piece says how many rows it has. What says more than its bytes can hold would fill the memory when it is read; it is refused before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import Any

from ....errors import OptionError
from ...references import check_name
from ...storage.store import Store
from ..data import content as contents
from ..data import manifests
from ..data.columns import kind_of
from ..data.content import BLOCK, PIECE, RAW, Draft
from ..data.dtypes import NUMBERS
from ..data.manifests import ArrayManifest, BytesManifest, Chunk, ColumnManifest, FrameManifest, Manifest, MappingManifest

MOST_UNBACKED = 2**22
"""Values of a piece that may take no byte in it: nulls without a type, and the insides of missing arrays."""
_WIDTHS = {"date": 4, "time": 8, "datetime": 8, "duration": 8, "enum": 4}
_TEXTS = ("string", "categorical", "decimal", "int128", "uint128", "binary")


def drafted(manifest: bytes, there: Mapping[str, bytes]) -> tuple[Draft, Any]:
    """A dataset as it would be kept, and its content; `there`: bytes by digest. Raises OptionError, and whatever decoding raises.

    Content and manifest are read and made again, and must come out the same.
    """
    said = manifests.from_bytes(manifest)
    store = Store()
    for chunk in said.chunks:
        if chunk.digest not in there:
            raise OptionError(f"content {chunk.digest} is missing")
        if len(there[chunk.digest]) != chunk.size:
            raise OptionError(f"a piece of {chunk.size} bytes; it has {len(there[chunk.digest])}")
        store.put(there[chunk.digest])
    _check(said, there)
    content = contents.read(store, said)
    made = contents.draft(contents.checked(content))
    if manifests.to_bytes(made.manifest) != manifest:
        raise OptionError("content in another spelling; expected the canonical pieces of it")
    return made, content


def _check(manifest: Manifest, there: Mapping[str, bytes]) -> None:
    match manifest:
        case FrameManifest():
            for column in manifest.columns:
                _check_column(column, there)
        case ArrayManifest():
            import numpy as np

            held = sum(_raw(chunk, there) for chunk in manifest.chunks)
            if any(_count(size) < 0 for size in manifest.shape) or prod(manifest.shape) * np.dtype(manifest.dtype).itemsize != held:
                raise OptionError("an array of another size than its bytes")
            if manifest.shape and manifest.shape[0] > len(manifest.chunks) * PIECE:
                raise OptionError("an array with more rows than its pieces can have")
        case BytesManifest():
            for chunk in manifest.chunks:
                _raw(chunk, there)
        case MappingManifest():
            for name, part in manifest.parts:
                check_name(name, "part")
                _check(part, there)


def _raw(chunk: Chunk, there: Mapping[str, bytes]) -> int:
    if not there[chunk.digest].startswith(RAW):
        raise OptionError("a piece that is none of an array or file")
    return len(there[chunk.digest]) - len(RAW)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OptionError(f"{value!r:.40}: expected a number of rows or bytes")
    return value


def _check_column(column: ColumnManifest, there: Mapping[str, bytes]) -> None:
    width = _array_width(column.dtype)
    if _count(column.rows) != sum(_count(chunk.rows) for chunk in column.chunks):
        raise OptionError("a column of other rows than its pieces have together")
    for chunk in column.chunks:
        if chunk.rows > BLOCK or chunk.rows * width > MOST_UNBACKED:
            raise OptionError(f"a piece of {chunk.rows:,} rows; expected at most {BLOCK:,}, and {MOST_UNBACKED:,} values")
        _check_piece(memoryview(there[chunk.digest]), column.dtype, chunk.rows)


def _array_width(described: Any) -> int:
    """How many values a missing value of a type has inside, at most."""
    kind = kind_of(described)
    if kind == "array":
        inner, width = described["array"]
        return max(1, _count(width)) * _array_width(inner)
    if kind == "list":
        return _array_width(described["list"])
    return sum(_array_width(inner) for _, inner in described["struct"]) if kind == "struct" else 1


def _check_piece(content: memoryview, described: Any, rows: int) -> None:
    """That a piece has as many bytes as its rows take."""
    import numpy as np

    kind, bits = kind_of(described), -(-rows // 8)
    head, _, _ = bytes(content[:65536]).partition(b"\n")
    said = json.loads(head)
    sizes = [_count(size) for size in said["parts"]]
    if said["rows"] != rows or isinstance(said["rows"], bool) or len(head) + 1 + sum(sizes) != len(content):
        raise OptionError("a piece of other rows or bytes than it says")
    if kind == "null":
        if rows > MOST_UNBACKED or sizes:
            raise OptionError(f"{rows:,} nulls; expected at most {MOST_UNBACKED:,}, without bytes")
        return
    place, parts = len(head) + 1, []
    for size in sizes:
        parts.append(content[place : place + size])
        place += size
    if not parts or len(parts[0]) not in (0, bits):
        raise OptionError("a piece that does not say which of its rows have values")
    if kind == "struct":
        if len(parts) != 1 + len(described["struct"]):
            raise OptionError("a piece with other fields than its type")
        for part, (_, inner) in zip(parts[1:], described["struct"], strict=True):
            _check_piece(part, inner, rows)
        return
    if kind in ("list", "array") or kind in _TEXTS:
        if len(parts) != 3 or len(parts[1]) != 4 * rows:
            raise OptionError("a piece without a length for each row")
        inside = int(np.frombuffer(parts[1], "<u4").sum(dtype="u8"))
        if kind in _TEXTS:
            if inside != len(parts[2]):
                raise OptionError("a piece whose text is not as long as its lengths say")
        else:
            inner = described["list"] if kind == "list" else described["array"][0]
            if inside * _array_width(inner) > max(MOST_UNBACKED, 64 * len(parts[2])):
                raise OptionError("a piece with more values than its bytes can hold")
            _check_piece(parts[2], inner, inside)
        return
    width = np.dtype(kind).itemsize if kind in NUMBERS else _WIDTHS.get(kind, 0)
    if len(parts) != 2 or len(parts[1]) != (bits if kind == "boolean" else rows * width):
        raise OptionError("a piece whose values take another number of bytes")
