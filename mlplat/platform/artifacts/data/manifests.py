"""What a version consists of: of each frame its columns, of each array its pieces, by digest. A manifest is content of the store itself."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ....canonical import canonical_json
from ...record_shapes import ANY, COUNT, DIGEST, MAPPING, TEXT, each, fields, row
from ...storage.digests import digest_of_json, digest_of_parts

FORMAT = 1


class Chunk(NamedTuple):
    """A piece as it is kept. `rows`: of a column or array; bytes of a file. `size`: bytes in the store."""

    digest: str
    rows: int
    size: int


class ColumnManifest(NamedTuple):
    """A column. `blocks`: digests of its canonical bytes (`columns.encode`), 65,536 rows each but the last, whatever its `chunks`."""

    name: str
    dtype: Any
    rows: int
    blocks: tuple[str, ...]
    chunks: tuple[Chunk, ...]

    @property
    def digest(self) -> str:
        """Of type, number of rows and blocks."""
        return digest_of_json({"blocks": self.blocks, "rows": self.rows, "type": self.dtype})


class FrameManifest(NamedTuple):
    """A frame with at least one column, in order."""

    columns: tuple[ColumnManifest, ...]
    kind: str = "frame"

    @property
    def digest(self) -> str:
        """Of the composite of its columns' digests, and their order."""
        parts = digest_of_parts({column.name: column.digest for column in self.columns})
        return digest_of_json({"columns": parts, "order": [column.name for column in self.columns]})

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return self.columns[0].rows

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """All pieces."""
        return tuple(chunk for column in self.columns for chunk in column.chunks)


class ArrayManifest(NamedTuple):
    """An array. `dtype`: as numpy writes it, little endian. `digest`: `digests.digest_of_array`."""

    dtype: str
    shape: tuple[int, ...]
    digest: str
    chunks: tuple[Chunk, ...]
    kind: str = "array"

    @property
    def rows(self) -> int | None:
        """Its length; 1 for an array without axes."""
        return self.shape[0] if self.shape else 1


class BytesManifest(NamedTuple):
    """A file. `digest`: of its bytes."""

    digest: str
    chunks: tuple[Chunk, ...]
    kind: str = "bytes"

    @property
    def rows(self) -> int | None:
        """It has none."""
        return None


class MappingManifest(NamedTuple):
    """Frames, arrays and files by name, in order of their names."""

    parts: tuple[tuple[str, Part], ...]
    kind: str = "mapping"

    @property
    def digest(self) -> str:
        """Of the composite."""
        return digest_of_parts({name: part.digest for name, part in self.parts})

    @property
    def rows(self) -> int | None:
        """How many rows all of its frames and arrays have; None where they differ or there is none."""
        found = {part.rows for _, part in self.parts if part.rows is not None}
        return found.pop() if len(found) == 1 else None

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """All pieces."""
        return tuple(chunk for _, part in self.parts for chunk in part.chunks)


Part = FrameManifest | ArrayManifest | BytesManifest
Manifest = Part | MappingManifest


def form_of(manifest: Manifest) -> str:
    """What content is, beside its digest: the kinds of its parts. Bytes that spell an array are no array.

    >>> form_of(MappingManifest((("x", BytesManifest("sha256:", ())),)))
    'mapping of x:bytes'
    """
    if isinstance(manifest, MappingManifest):
        return "mapping of " + ", ".join(f"{name}:{part.kind}" for name, part in manifest.parts)
    kind: str = manifest.kind
    return kind


def schema_of(manifest: Manifest) -> tuple[tuple[str, Any], ...]:
    """Names and described types: columns of a frame; `values` of an array; in a mapping `part/column` and `part`."""
    match manifest:
        case FrameManifest():
            return tuple((column.name, column.dtype) for column in manifest.columns)
        case ArrayManifest():
            return (("values", array_type(manifest)),)
        case BytesManifest():
            return ()
    found: list[tuple[str, Any]] = []
    for name, part in manifest.parts:
        if isinstance(part, FrameManifest):
            found += [(f"{name}/{column}", dtype) for column, dtype in schema_of(part)]
        else:
            found.append((name, array_type(part) if isinstance(part, ArrayManifest) else "bytes"))
    return tuple(found)


def array_type(manifest: ArrayManifest) -> str:
    """Such as `<f8[*, 28, 28]`; of the first axis only that it is there."""
    return f"{manifest.dtype}[{', '.join(['*', *map(str, manifest.shape[1:])][: len(manifest.shape)])}]"


def to_bytes(manifest: Manifest) -> bytes:
    """Canonical JSON of a manifest."""
    return canonical_json({"dataset": FORMAT, **_json(manifest)})


def from_bytes(content: bytes) -> Manifest:
    """The manifest whose bytes these are. Raises ValueError, KeyError, TypeError."""
    manifest: Manifest = _read(json.loads(content))
    return manifest


def _json(manifest: Manifest) -> dict[str, Any]:
    match manifest:
        case FrameManifest():
            return {"kind": "frame", "columns": [column._asdict() for column in manifest.columns]}
        case MappingManifest():
            return {"kind": "mapping", "parts": [[name, _json(part)] for name, part in manifest.parts]}
    return manifest._asdict()


_CHUNKS = each(row(DIGEST, COUNT, COUNT))
_COLUMN = fields({"name": TEXT, "dtype": ANY, "rows": COUNT, "blocks": each(DIGEST), "chunks": _CHUNKS})
_SHAPES = {
    "frame": fields({"columns": each(_COLUMN)}),
    "array": fields({"dtype": TEXT, "shape": each(COUNT), "digest": DIGEST, "chunks": _CHUNKS}),
    "bytes": fields({"digest": DIGEST, "chunks": _CHUNKS}),
    "mapping": fields({"parts": each(row(TEXT, MAPPING))}),
}


def _read(data: dict[str, Any]) -> Any:
    shape = _SHAPES[data["kind"]]
    if not shape.holds(data):
        raise ValueError(f"a {data['kind']} that is not {shape.expected[:200]}")
    match data["kind"]:
        case "frame":
            return FrameManifest(
                tuple(
                    ColumnManifest(each["name"], each["dtype"], each["rows"], tuple(each["blocks"]), _chunks(each))
                    for each in data["columns"]
                )
            )
        case "array":
            return ArrayManifest(data["dtype"], tuple(data["shape"]), data["digest"], _chunks(data))
        case "bytes":
            return BytesManifest(data["digest"], _chunks(data))
    return MappingManifest(tuple((name, _read(part)) for name, part in data["parts"]))


def _chunks(data: dict[str, Any]) -> tuple[Chunk, ...]:
    return tuple(Chunk(*each) for each in data["chunks"])
