"""Git's objects as one file that git reads (`git index-pack`, `git unpack-objects`): a pack of whole objects, sorted by id, not compressed.

Deflate has many spellings of the same bytes, which differ by library; here each object stands in stored blocks of the greatest length, so
that equal objects make equal packs everywhere. Sources: git's gitformat-pack; RFC 1950; RFC 1951, 3.2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1
from struct import pack
from zlib import adler32

from ..scm.errors import ObjectError
from ..scm.objects import content_of, framed, kind_of, object_id

_NUMBERS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_KINDS = {number: kind for kind, number in _NUMBERS.items()}
_BLOCK = 65_535
_HEAD, _TAIL = 12, 20


def pack_of(frames: Mapping[str, bytes]) -> bytes:
    """The pack of framed objects by id."""
    parts = [b"PACK", pack(">II", 2, len(frames))]
    for _, frame in sorted(frames.items()):
        content = content_of(frame)
        parts += (_size(_NUMBERS[kind_of(frame)], len(content)), _stored(content))
    body = b"".join(parts)
    return body + sha1(body, usedforsecurity=False).digest()


def frames_of(content: bytes) -> dict[str, bytes]:
    """The framed objects of a pack by id. Raises ObjectError for a pack that `pack_of` does not make."""
    frames: dict[str, bytes] = {}
    place, end = _HEAD, len(content) - _TAIL
    while place < end:
        kind, size, place = _sized(content, place, end)
        length = _stored_length(size)
        if length > end - place:
            raise ObjectError(f"a pack that breaks off at byte {place:,}")
        raw = b"".join(
            [content[at + 5 : min(at + 5 + _BLOCK, place + length - 4)] for at in range(place + 2, place + length - 4, _BLOCK + 5)]
        )
        frame = framed(kind, raw)
        frames[object_id(frame)] = frame
        place += length
    if pack_of(frames) != content:
        raise ObjectError("a pack in another spelling; expected whole objects, sorted by id, in stored blocks, with their checksums")
    return frames


def _size(number: int, size: int) -> bytes:
    found = bytearray()
    byte, size = number << 4 | size & 15, size >> 4
    while size:
        found.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    found.append(byte)
    return bytes(found)


def _sized(content: bytes, place: int, end: int) -> tuple[str, int, int]:
    """Kind and size of the object at a place, and where its content begins."""
    byte = content[place]
    kind, size, shift = _KINDS.get(byte >> 4 & 7), byte & 15, 4
    if kind is None:
        raise ObjectError(f"a pack with something that is no whole object at byte {place:,}")
    while byte & 0x80:
        place += 1
        if place >= end or shift > 60:
            raise ObjectError(f"a pack that breaks off at byte {place:,}")
        byte = content[place]
        size, shift = size | (byte & 0x7F) << shift, shift + 7
    return kind, size, place + 1


def _stored(content: bytes) -> bytes:
    parts = [b"\x78\x01"]
    for start in range(0, max(1, len(content)), _BLOCK):
        block = content[start : start + _BLOCK]
        final = start + _BLOCK >= len(content)
        parts += (pack("<BHH", final, len(block), len(block) ^ 0xFFFF), block)
    return b"".join([*parts, pack(">I", adler32(content))])


def _stored_length(size: int) -> int:
    return 6 + size + 5 * max(1, -(-size // _BLOCK))
