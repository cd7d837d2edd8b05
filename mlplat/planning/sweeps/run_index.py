"""The index of a sweep's runs: an SQLite table by scenario and replication.

The files of the runs are the truth, and the index says what they should be: a file without a row, left by a driver that was killed, is
entered when the sweep goes on; a row without its file is a run to make again. One process writes, the driver. The journal is SQLite's own
rollback journal and no write-ahead log: that needs memory shared by all who open the file, which folders on network file systems, where
clusters of workers have theirs, cannot give; and commits are few, one for some finished runs, so that a log would spare nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from .durable_files import UNFINISHED, sync_folder
from .errors import SweepError
from .run_files import Finished

INDEX = "index.sqlite3"
FORMAT = 1
_TABLE = """CREATE TABLE run (
  scenario TEXT NOT NULL, replication INTEGER NOT NULL, sha256 TEXT NOT NULL, fingerprint TEXT, error_kind TEXT, error TEXT,
  PRIMARY KEY (scenario, replication)
) WITHOUT ROWID"""
_INSERT = "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)"


class RunIndex:
    """The index of a sweep that is being run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._connection = _open(folder / INDEX)
            if self._connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                self._connection.close()
                raise sqlite3.DatabaseError("damaged")
            self._known = {(row.scenario, row.replication): row for row in _rows(self._connection)}
        except sqlite3.DatabaseError:  # not a database, or a damaged one; the files tell what is there
            for left in (INDEX, f"{INDEX}-journal"):
                (folder / left).unlink(missing_ok=True)
            self._connection = _open(folder / INDEX)
            self._known = {}

    @property
    def known(self) -> dict[tuple[str, int], Finished]:
        """Every row by scenario and replication."""
        return self._known

    def add(self, finished: Iterable[Finished]) -> None:
        """Enter runs, all or none; they are on the disk when this returns. Raises SweepError where there is no room."""
        rows = list(finished)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, [_row(one) for one in rows])
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise SweepError(self._folder, f"the index cannot be written ({error})") from None
            raise
        self._known.update({one.key: one for one in rows})

    def close(self) -> None:
        """No more runs."""
        self._connection.close()

    def finish(self, rows: Iterable[Finished]) -> None:
        """Write the index anew with these rows in this order, so that its bytes do not tell in which order runs came, and close it."""
        self.close()
        aside = self._folder / UNFINISHED / INDEX
        aside.unlink(missing_ok=True)
        connection = _open(aside)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, [_row(one) for one in rows])
        connection.execute("COMMIT")
        connection.close()
        if not _same(aside, self._folder / INDEX):
            aside.replace(self._folder / INDEX)
            sync_folder(self._folder)


def read_index(folder: Path) -> list[Finished]:
    """The rows of a folder's index; none where there is no index that can be read."""
    path = folder / INDEX
    if not path.is_file():
        return []
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            return _rows(connection)
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return []


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")
        elif version != FORMAT:
            raise sqlite3.DatabaseError(f"format {version}")
    except BaseException:
        connection.close()
        raise
    return connection


def _rows(connection: sqlite3.Connection) -> list[Finished]:
    return [Finished(*row) for row in connection.execute("SELECT * FROM run ORDER BY scenario, replication")]


def _row(one: Finished) -> tuple[str, int, str, str | None, str | None, str | None]:
    return one.scenario, one.replication, one.sha256, one.fingerprint, one.error_kind, one.error


def _same(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False
