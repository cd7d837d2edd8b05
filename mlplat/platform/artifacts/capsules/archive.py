"""The file of a capsule: a ZIP of which there is one spelling only, so that every bit of it is checked.

Members are stored uncompressed, sorted by name, with fixed times and attributes, without extra fields and comments, from the first byte
to the last. Whatever reads ZIP reads it; what another program wrote is read only if it is spelled the same. Source: PKWARE, APPNOTE.TXT.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from zlib import crc32

from ....errors import OptionError, printable
from .errors import CapsuleError

LARGEST = 2**32 - 2
MOST_MEMBERS = 65_534
"""Bytes of a file and members in it: what is beyond takes another format (ZIP64), which is not read."""
BEGIN, END = "(begin of the file)", "(end of the file)"

_HEADER = struct.Struct("<4s5H3I2H")
_RECORD = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL, _CENTRAL, _LAST = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _MADE_BY, _DATE, _FILE = 10, 3 << 8 | 10, 1 << 5 | 1, 0o100644 << 16
_NAME = re.compile(r"[a-z0-9][-_.a-z0-9]{0,99}(?:/[a-z0-9][-_.a-z0-9]{0,99}){0,3}", re.ASCII)


def written(members: Mapping[str, bytes]) -> bytes:
    """The file with these members. Raises OptionError where there are too many, or they are too large."""
    size = sum(len(content) + 2 * len(name) + _HEADER.size + _RECORD.size for name, content in members.items()) + _END.size
    if len(members) > MOST_MEMBERS or size > LARGEST:
        raise OptionError(f"a capsule of {len(members):,} members and {size:,} bytes; expected at most {MOST_MEMBERS:,} and {LARGEST:,}")
    parts: list[bytes] = []
    records: list[bytes] = []
    place = 0
    for name, content in sorted(members.items()):
        assert _NAME.fullmatch(name)
        head = _header(name, crc32(content), len(content))
        records.append(_record(name, crc32(content), len(content), place))
        parts += (head, content)
        place += len(head) + len(content)
    return b"".join([*parts, *records, _end(len(records), sum(map(len, records)), place)])


def read(content: bytes) -> dict[str, bytes]:
    """The members of a file by name. Raises CapsuleError, with the member, for a file that `written` does not write."""
    members: dict[str, bytes] = {}
    records: list[tuple[str, bytes]] = []
    place, last = 0, ""
    if not content.startswith(_LOCAL):
        raise CapsuleError(BEGIN, "expected a ZIP file, whose first member begins with its first byte")
    while content.startswith(_LOCAL, place):
        name, checksum, start, size = _entered(content, place, last)
        member = content[start : start + size]
        if crc32(member) != checksum:
            raise CapsuleError(name, "its bytes are not those of its checksum")
        records.append((name, _record(name, checksum, size, place)))
        members[name] = member
        place, last = start + size, name
        if len(members) > MOST_MEMBERS:
            raise CapsuleError(name, f"more than {MOST_MEMBERS:,} members")
    first = place
    for name, record in records:
        found = content[place : place + len(record)]
        if found != record:
            raise CapsuleError(name, _differing(found, record))
        place += len(record)
    end = _end(len(records), place - first, first)
    if content[place : place + len(end)] != end:
        raise CapsuleError(END, "expected the end record of the members that are there, without a comment")
    if len(content) != place + len(end):
        raise CapsuleError(END, f"{len(content) - place - len(end):,} bytes after the end")
    return members


def _entered(content: bytes, place: int, last: str) -> tuple[str, int, int, int]:
    """Name, checksum, first byte and size of the member whose header stands at a place."""
    where = f"(after {last})" if last else BEGIN
    if len(content) < place + _HEADER.size:
        raise CapsuleError(where, "the file ends within a header")
    _, version, flags, method, time, date, checksum, packed, size, length, extra = _HEADER.unpack_from(content, place)
    start = place + _HEADER.size + length
    name = content[place + _HEADER.size : start].decode("ascii", "backslashreplace")
    _check_name(name, last, where)
    if flags & 1:
        raise CapsuleError(name, "it is encrypted")
    if method:
        raise CapsuleError(name, "it is compressed; expected members that are stored as they are")
    if 2**32 - 1 in (packed, size):
        raise CapsuleError(name, "its size is elsewhere (ZIP64)")
    if (version, flags, time, date, extra) != (_VERSION, 0, 0, _DATE, 0):
        raise CapsuleError(name, "expected version 1.0, no flags, 1980-01-01 00:00 and no extra fields in its header")
    if packed != size:
        raise CapsuleError(name, f"{packed:,} bytes in the file for {size:,}; expected the same")
    if size > len(content) - start:
        raise CapsuleError(name, f"it declares {size:,} bytes, and {max(0, len(content) - start):,} are left in the file")
    return name, checksum, start, size


def _check_name(name: str, last: str, where: str) -> None:
    if _NAME.fullmatch(name) is None:
        shown = printable(name)[:100]
        raise CapsuleError(
            name or where,
            f"the name {shown!r}; expected a path inside the capsule of lower-case letters, digits, '-', '_' and '.', in at most 4 parts",
        )
    if name == last:
        raise CapsuleError(name, "it is there twice")
    if name < last:
        raise CapsuleError(name, f"it stands after {last}; expected members sorted by name, each once")


def _differing(found: bytes, expected: bytes) -> str:
    """What is wrong with a record of the directory."""
    if len(found) < _RECORD.size or not found.startswith(_CENTRAL):
        return "it is missing in the directory at the end of the file"
    one, other = _RECORD.unpack(found[: _RECORD.size]), _RECORD.unpack(expected[: _RECORD.size])
    if one[15] != other[15] and (one[15] >> 28) not in (0, 8):
        return "it is a link, a folder or a special file; expected a plain file"
    return "the directory at the end of the file says something else of it than its header"


def _header(name: str, checksum: int, size: int) -> bytes:
    raw = name.encode("ascii")
    return _HEADER.pack(_LOCAL, _VERSION, 0, 0, 0, _DATE, checksum, size, size, len(raw), 0) + raw


def _record(name: str, checksum: int, size: int, place: int) -> bytes:
    raw = name.encode("ascii")
    fixed = (_CENTRAL, _MADE_BY, _VERSION, 0, 0, 0, _DATE)
    return _RECORD.pack(*fixed, checksum, size, size, len(raw), 0, 0, 0, 0, _FILE, place) + raw


def _end(count: int, size: int, place: int) -> bytes:
    return _END.pack(_LAST, 0, 0, count, count, size, place, 0)
