"""Stores and texts that somebody has damaged or made up: mutated at random, by a seed."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlplat.canonical import encode, frozen
from mlplat.platform.storage import Store
from mlplat.platform.storage.disk_store import _chained

STRANGE: tuple[Any, ...] = (
    *(None, "", "x", "\x00", "..", "user-99", "shop/x@1", "sha256:" + "0" * 64, 0, -1, 1, 2, 99, 10**30, 1.5, -0.0, 1e300, True),
    *([], {}, [[]], {"": []}, ["x"], [1, None], {"resource": 3}, [["x", "y"]], {"a": {"a": {"a": 1}}}, "é" * 300),
)


def plain(value: Any) -> Any:
    """A record that can be changed."""
    return json.loads(encode(frozen(value)))


def mutated(value: Any, draw: random.Random, others: list[Any]) -> Any:
    """A value with a change somewhere inside. `others`: values of its kind, parts of which may take the place of parts of it."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        given = [other[key] for other in others if isinstance(other, dict) and key in other]
        match draw.randrange(8):
            case 0:
                return {name: part for name, part in value.items() if name != key}
            case 1:
                return {**value, draw.choice(["", "what", "x", key.upper()]): draw.choice(STRANGE)}
            case 2 | 3 if given:
                return {**value, key: draw.choice(given)}
        return {**value, key: mutated(value[key], draw, given)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        match draw.randrange(4):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return [*value, value[place]]
        return [*value[:place], mutated(value[place], draw, value), *value[place + 1 :]]
    if isinstance(value, str) and value and draw.random() < 0.4:
        place = draw.randrange(len(value))
        return value[:place] + draw.choice(["", "0", "a", "/", "@", ":", "é", "\n", "7"]) + value[place + draw.randrange(2) :]
    return draw.choice(STRANGE)


def mutate_records(records: list[Any], draw: random.Random) -> list[Any]:
    """A journal in which one to three records are changed, moved, doubled or gone."""
    found = list(records)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if not found:
            break
        place = draw.randrange(len(found))
        match draw.randrange(10):
            case 0:
                del found[place]
            case 1:
                found.insert(draw.randrange(len(found) + 1), found[place])
            case 2:
                other = draw.randrange(len(found))
                found[place], found[other] = found[other], found[place]
            case 3:
                found[place] = {**found[place], "what": draw.choice([draw.choice(found).get("what", 1), draw.choice(STRANGE)])}
            case _:
                found[place] = mutated(found[place], draw, found)
                found[place] = found[place] if isinstance(found[place], dict) else {"what": found[place]}
    return found


def made_up(source: Store, draw: random.Random) -> Store:
    """A store in memory whose chain would hold, with records that no component wrote; sometimes content is gone."""
    store = Store()
    store._content = dict(source._content)
    journals = list(source.journals())
    chosen = draw.choice(journals)
    for journal in journals:
        records = [plain(record) for record in source.records(journal)]
        store.append(journal, *(mutate_records(records, draw) if journal == chosen else records))
    if draw.random() < 0.1:
        store.discard(draw.choice(list(store.digests())))
    return store


def rechain(path: Path, draw: random.Random) -> None:
    """Replace a body in a store on disk, by bytes that may be no record at all, so that the chain of its journal holds."""
    connection = sqlite3.connect(path / "journal.sqlite3")
    journal = draw.choice([name for (name,) in connection.execute("SELECT DISTINCT journal FROM record ORDER BY journal")])
    rows = connection.execute("SELECT id, body FROM record WHERE journal = ? ORDER BY id", (journal,)).fetchall()
    place, last = draw.randrange(len(rows)), b""
    for number, (key, body) in enumerate(rows):
        if number == place:
            record = encode(frozen(mutated(json.loads(body), draw, []))).encode()
            odd = [b"", b"[]", b"7", b"null", b"NaN", b'{"a":NaN}', b"\xff", b"[" * 100_000, b'{"what":"x"}', body[:-1], record, record]
            body = draw.choice(odd)
        last = _chained(last, journal, body)
        connection.execute("UPDATE record SET body = ?, digest = ? WHERE id = ?", (body, last, key))
    connection.commit()
    connection.close()


def damage(file: Path, draw: random.Random) -> None:
    """Flip bits of a file, cut it, or put bytes in place of others."""
    content = bytearray(file.read_bytes())
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(content) or 1)
        match draw.randrange(6):
            case 0:
                del content[place:]
            case 1:
                content[place : place + 16] = draw.randbytes(16)
            case _ if content:
                content[place] ^= 1 << draw.randrange(8)
        if not content:
            break
    file.write_bytes(content)


def damage_content(path: Path, draw: random.Random) -> None:
    """Change files of content, take them away, or put others there."""
    files = sorted(file for file in (path / "content").rglob("*") if file.is_file())
    for file in draw.sample(files, draw.randint(1, 8)):
        match draw.randrange(6):
            case 0:
                file.unlink()
            case 1:
                shutil.copy(draw.choice(files[:1]), file) if files[0].is_file() and files[0] != file else file.write_bytes(b"")
            case 2:
                (file.parent / draw.choice(["stray", "a b", file.name[:10]])).write_bytes(b"stray")
            case 3:
                file.unlink()
                file.mkdir()
            case _:
                damage(file, draw)


Mutation = Callable[[Path, random.Random], None]
ON_DISK: dict[str, Mutation] = {
    "database": lambda path, draw: damage(path / "journal.sqlite3", draw),
    "log": lambda path, draw: damage(path / "journal.sqlite3-wal", draw),
    "content": damage_content,
    "rechained": rechain,
}
