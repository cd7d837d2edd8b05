"""The file of the journals, in SQLite: its tables, what it answers, and what is said of one that cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .store import StoreError

FORMAT = 1
JOURNAL = "journal.sqlite3"
DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises of a file that cannot be used; of a damaged one, also where it says of what in bytes of the file itself."""
_TABLES = """
CREATE TABLE format (version INTEGER NOT NULL);
CREATE TABLE record (id INTEGER PRIMARY KEY, journal TEXT NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL);
CREATE INDEX record_of_journal ON record (journal, id);
"""


def prepare(connection: sqlite3.Connection, folder: Path, *, fsync: bool) -> None:
    """Take the file for this process alone, and make its tables where it has none. Raises StoreError for an unknown format."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        connection.execute("INSERT INTO format VALUES (?)", (FORMAT,))
    found = connection.execute("SELECT version FROM format").fetchall() if not tables or "format" in tables else []
    if found != [(FORMAT,)]:
        connection.execute("ROLLBACK")
        raise StoreError(folder, f"a store of an unknown format; expected format {FORMAT}")
    connection.execute("COMMIT")


class Rows:
    """The answer to a query, whose errors are typed."""

    def __init__(self, path: Path, connection: sqlite3.Connection, statement: str, arguments: tuple[Any, ...]) -> None:
        self.path = path
        try:
            self._cursor = connection.execute(statement, arguments)
        except DAMAGED as error:
            raise StoreError(path, said(error)) from None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._cursor)
        except DAMAGED as error:
            raise StoreError(self.path, said(error)) from None

    def fetchone(self) -> Any:
        """The first row, None without one."""
        return next(self, None)


def said(error: Exception) -> str:
    """What an error of the file, or of the system, means for a store."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return "in use: another process has it open, or this one has not closed it"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return f"the journal cannot be read or written ({error})"
