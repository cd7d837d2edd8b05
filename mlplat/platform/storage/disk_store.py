"""The store on disk: journals in SQLite, with a write-ahead log; content in files named by digest.

The folder holds `journal.sqlite3` and `content/ab/cdef…`, of the digest `sha256:abcdef…`. A file comes under its name complete, and before
the record that names it; so whenever the process is killed, what was acknowledged is there, and content that no record names does no
harm. Each record carries a digest of itself and of the one before it in its journal, so that no bit of it can change unseen.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...canonical import encode, frozen_json
from ...errors import IntegrityError, OptionError, printable, shown
from .digests import PREFIX, check_digest, digest_of, is_digest, plain_bytes
from .journal_file import DAMAGED, JOURNAL, Rows, prepare, said
from .store import JournalError, Record, Store, StoreError, UnknownContentError, checked_record, told

CONTENT, INCOMPLETE = "content", "incomplete"


class DiskStore(Store):
    """A store in a folder; see `Store.open`. One process has it open at a time."""

    def __init__(self, path: str | os.PathLike[str], *, fsync: bool = False) -> None:
        self.path = Path(path)
        self._fsync = fsync
        self._last: dict[str, bytes] = {}
        """Digest of the last record of each journal."""
        self._in_transaction = self._broken = False
        """Whether there is a transaction in progress, and whether it can only be taken back."""
        self._connection: sqlite3.Connection | None = None
        try:
            self._connect()
            self._sweep()
        except BaseException as error:
            self.close()
            if isinstance(error, (*DAMAGED, OSError)):
                damaged = isinstance(error, DAMAGED) and not isinstance(error, sqlite3.OperationalError)
                raise StoreError(self.path, said(error), damaged=damaged) from None
            raise

    def _connect(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(self.path, "expected a folder")
        file = self.path / JOURNAL
        if not file.exists() and self.path.exists() and any(self.path.iterdir()):
            raise StoreError(self.path, f"expected a store, which has a {JOURNAL}, or an empty folder")
        self.path.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=0)
        prepare(self._connection, self.path, fsync=self._fsync)
        (self.path / CONTENT).mkdir(exist_ok=True)  # after the journal: killed in between, the folder is still taken for a store

    def _sweep(self) -> None:
        """Remove what a killed process had not finished writing."""
        for left in (self.path / CONTENT).glob(f"{INCOMPLETE}-*"):
            left.unlink(missing_ok=True)

    @property
    def place(self) -> str:
        """See `Store.place`."""
        return str(self.path)

    # -- content

    def _file(self, digest: str) -> Path:
        name = check_digest(digest).removeprefix(PREFIX)
        return self.path / CONTENT / name[:2] / name[2:]

    def put(self, content: bytes) -> str:
        """See `Store.put`. Raises StoreError where there is no room."""
        if not isinstance(content, bytes):
            raise OptionError(f"a {type(content).__name__} as content; expected bytes")
        content = plain_bytes(content)
        digest = digest_of(content)
        file = self._file(digest)
        if self._has(file, content):
            return digest
        unfinished = self.path / CONTENT / f"{INCOMPLETE}-{os.getpid()}"
        try:
            with unfinished.open("wb") as written:
                written.write(content)
                if self._fsync:
                    written.flush()
                    os.fsync(written.fileno())
            made = not file.parent.exists()
            file.parent.mkdir(exist_ok=True)
            unfinished.replace(file)
            if self._fsync:
                _sync(file.parent)
                if made:
                    _sync(file.parent.parent)
        except OSError as error:
            raise StoreError(self.path, said(error)) from None
        return digest

    def _has(self, file: Path, content: bytes) -> bool:
        """Whether a file has this content already, and as lastingly as is asked for."""
        try:
            if file.stat().st_size != len(content) or file.read_bytes() != content:
                return False
            if self._fsync:  # it may have been written without
                _sync(file)
        except OSError:
            return False
        return True

    def get(self, digest: str) -> bytes:
        """See `Store.get`."""
        try:
            content = self._file(digest).read_bytes()
        except FileNotFoundError:
            raise UnknownContentError(digest) from None
        except OSError as error:
            raise StoreError(self.path, said(error)) from None
        found = digest_of(content)
        if found != digest:
            raise IntegrityError(digest, found, shown(self._file(digest)))
        return content

    def size(self, digest: str) -> int:
        """See `Store.size`."""
        try:
            return self._file(digest).stat().st_size
        except OSError:
            raise UnknownContentError(digest) from None

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, str) and self._file(digest).is_file()

    def discard(self, digest: str) -> bool:
        """See `Store.discard`."""
        try:
            self._file(digest).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(self.path, said(error)) from None
        return True

    def digests(self) -> Iterator[str]:
        """See `Store.digests`."""
        try:
            for folder in sorted((self.path / CONTENT).iterdir()):
                if folder.is_dir():
                    names = (f"{PREFIX}{folder.name}{file.name}" for file in sorted(folder.iterdir()))
                    yield from filter(is_digest, names)
        except OSError as error:
            raise StoreError(self.path, said(error)) from None

    # -- journals

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(self.path, "the store was closed")
        return self._connection

    def append(self, journal: str, *records: Record) -> None:
        """See `Store.append`."""
        bodies = [encode(checked_record(record)).encode() for record in records]
        connection = self._database()
        rows, last = [], self._last_of(journal)
        for body in bodies:
            last = _chained(last, journal, body)
            rows.append((journal, body, last))
        try:
            if self._in_transaction:
                connection.executemany("INSERT INTO record (journal, body, digest) VALUES (?, ?, ?)", rows)
            else:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO record (journal, body, digest) VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")
        except DAMAGED as error:
            self._broken = self._in_transaction
            if not self._in_transaction and connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StoreError(self.path, said(error)) from None
        self._last[journal] = last

    def _last_of(self, journal: str) -> bytes:
        if journal not in self._last:
            row = self._query("SELECT digest FROM record WHERE journal = ? ORDER BY id DESC LIMIT 1", journal).fetchone()
            if row is not None and not isinstance(row[0], bytes):
                raise StoreError(self.path, f"the last record of {printable(journal)[:80]} has no digest")
            self._last[journal] = b"" if row is None else row[0]
        return self._last[journal]

    def records(self, journal: str) -> Iterator[Record]:
        """See `Store.records`. Raises IntegrityError for a record that was changed."""
        last = b""
        for number, (body, digest) in enumerate(self._query("SELECT body, digest FROM record WHERE journal = ? ORDER BY id", journal)):
            last = _chained(last, journal, body) if isinstance(body, bytes) else b""
            if last != digest:
                expected = digest.hex() if isinstance(digest, bytes) else repr(digest)[:64]
                raise IntegrityError(expected, last.hex(), f"{shown(self.path)}, record {number} of {journal}")
            try:
                record = frozen_json(body)
                if not isinstance(record, Mapping):
                    raise ValueError("expected a mapping")
            except (ValueError, RecursionError, OptionError) as error:
                raise JournalError(self.place, journal, number, told(error)) from None
            yield record

    def journals(self) -> Iterable[str]:
        """See `Store.journals`."""
        return [name for (name,) in self._query("SELECT DISTINCT journal FROM record ORDER BY journal")]

    def _query(self, statement: str, *arguments: Any) -> Rows:
        return Rows(self.path, self._database(), statement, arguments)

    @property
    def in_transaction(self) -> bool:
        """See `Store.in_transaction`."""
        return self._in_transaction

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._in_transaction:
            raise OptionError("a transaction inside a transaction")
        connection, before = self._database(), dict(self._last)
        self._in_transaction = True
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            if self._broken:
                raise StoreError(self.path, "records of this transaction could not be written")
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._last = before
            if isinstance(error, DAMAGED):
                raise StoreError(self.path, said(error)) from None
            raise
        finally:
            self._in_transaction = self._broken = False

    # -- life

    def close(self) -> None:
        """See `Store.close`: another process may open it then."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def __repr__(self) -> str:
        return f"DiskStore({shown(self.path)!r})"


def _chained(last: bytes, journal: str, body: bytes) -> bytes:
    return hashlib.sha256(last + journal.encode() + b"\0" + body).digest()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
