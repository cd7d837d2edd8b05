"""The bytes of a trace file, decompressed in memory: plain, `.gz`, or `.zip` with one member. Nothing is ever written or extracted."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, shown

MAX_BYTES = 4 * 2**30
"""The largest trace that is read, after decompression."""

MAX_RATIO = 200
"""The largest ratio of decompression, above `SMALL`: traces shrink about tenfold, so what grows more is no trace."""

SMALL = 64 * 2**20

_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError, struct.error, OverflowError)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: `path` is its name as it stands in messages, `name` the bare name without a compression suffix."""

    path: str
    name: str
    data: bytes

    @property
    def first_line(self) -> str:
        """The first line that is not blank, at most 4,096 characters of it, for telling formats apart."""
        head = self.data[:8192].decode("utf-8-sig", errors="replace").lstrip()
        return head[:4096].splitlines()[0].rstrip() if head else ""


def read_source(path: str | os.PathLike[str]) -> Source:
    """A file, decompressed. Raises InputError where it is missing, unreadable, damaged, or larger than `MAX_BYTES` or `MAX_RATIO` allow."""
    file = shown(path)
    try:
        place = Path(path)
        if place.exists() and not place.is_file():
            raise InputError("is not a file", path=file)
        size = place.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"the file has {size:,} bytes", path=file, expected=f"at most {MAX_BYTES:,}")
        raw = place.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=file) from None
    except (ValueError, TypeError):  # a NUL byte in the name, or no name at all
        raise InputError("is not the name of a file", path=file) from None
    name = place.name
    if raw.startswith((_GZIP, *_ZIP)):
        raw = _decompressed(raw, file)
        name = name[: -len(place.suffix)] if place.suffix.lower() in (".gz", ".zip") else name
    return Source(file, name, raw)


def _decompressed(raw: bytes, file: str) -> bytes:
    limit = min(MAX_BYTES, max(SMALL, MAX_RATIO * len(raw)))
    kind = "gzip" if raw.startswith(_GZIP) else "zip"
    try:
        if kind == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
                data = stream.read(limit + 1)
        else:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
                if len(members) != 1:
                    raise InputError(f"the archive has {len(members):,} files", path=file, expected="exactly one")
                with archive.open(members[0]) as stream:
                    data = stream.read(limit + 1)
    except _DAMAGE as error:
        raise InputError(f"the {kind} archive is damaged or not of a kind that can be read: {shown(error)}", path=file) from None
    if len(data) > limit:
        raise InputError("decompresses to more than can be a trace", path=file, expected=f"at most {limit:,} bytes")
    return data
