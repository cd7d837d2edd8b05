"""Seeded ways to break a file: bytes, cells, lines."""

from __future__ import annotations

import random

BAD_CELLS = [
    b"", b" ", b"-1", b"-0", b"0", b"nan", b"NaN", b"inf", b"-inf", b"Infinity", b"1e400", b"1e308", b"1e-320",
    b"1e15", b"99999999999999999999999", b"9223372036854775807", b"9223372036854775808", b"2147483648",
    b"1125899906842624", b"0x10", b"1_000", b"1,5", b"1.5", b"+3", b"\xff\xfe", b"\x00", b'"', b'""', b'"a', b'a"b',
    b"'", b"\xe2\x80\xa8", b"\xf0\x9f\x8e\xb2", b"null", b"None", b"Unknown", b"UNLIMITED", b"true", b"[]", b"{}",
    b"A|B", b"|", b"2017-13-45 99:99:99", b"0001-01-01 00:00:00", b"9999-12-31 23:59:59", b"2024-01-31T12:00:00",
    b"1-00:00:00", b"-1-00:00:00", b"\r", b"\n", b"\r\n", b"\t", b";", b"x" * 2000, b"9" * 400, b"cpu=1,mem=1Q",
    b"cpu=-5,gres/gpu=9999999999", b"gres/gpu:a=1,gres/gpu:b=1", b"1e3", b"\xef\xbb\xbf",
]  # fmt: skip


def mutated(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    """`data` with one to three things wrong with it."""
    for _ in range(draws.choice((1, 1, 1, 2, 3))):
        data = draws.choice(_WAYS)(data, draws, separator)
    return data


def _cell(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    lines = data.split(b"\n")
    at = draws.randrange(len(lines))
    cells = lines[at].split(separator)
    cells[draws.randrange(len(cells))] = draws.choice(BAD_CELLS)
    lines[at] = separator.join(cells)
    return b"\n".join(lines)


def _swapped(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    lines = data.split(b"\n")
    at = draws.randrange(len(lines))
    cells = lines[at].split(separator)
    i, j = draws.randrange(len(cells)), draws.randrange(len(cells))
    cells[i], cells[j] = cells[j], cells[i]
    lines[at] = separator.join(cells)
    return b"\n".join(lines)


def _flipped(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    if not data:
        return data
    at = draws.randrange(len(data))
    return data[:at] + bytes([draws.randrange(256)]) + data[at + 1 :]


def _truncated(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    return data[: draws.randrange(len(data) + 1)]


def _cut(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    at = draws.randrange(len(data) + 1)
    return data[:at] + data[at + draws.randrange(40) :]


def _inserted(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    at = draws.randrange(len(data) + 1)
    return data[:at] + draws.choice(BAD_CELLS) + data[at:]


def _doubled(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    lines = data.split(b"\n")
    at = draws.randrange(len(lines))
    return b"\n".join(lines[: at + 1] + lines[at:])


def _mixed(data: bytes, draws: random.Random, separator: bytes) -> bytes:
    lines = data.split(b"\n")
    draws.shuffle(lines)
    return b"\n".join(lines)


_WAYS = (_cell, _cell, _cell, _swapped, _flipped, _truncated, _cut, _inserted, _doubled, _mixed)
