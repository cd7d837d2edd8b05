"""`Store`: where the components of a platform keep what is to last. Content by its digest, and journals of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ...canonical import frozen
from ...errors import IntegrityError, MlplatError, OptionError, printable, shown
from .digests import check_digest, digest_of, plain_bytes

if TYPE_CHECKING:
    from .disk_store import DiskStore

Record = Mapping[str, Any]


class UnknownContentError(MlplatError):
    """No content with this digest is kept. Attribute: `digest`."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"no content {printable(digest)} in the store")


class StoreError(MlplatError):
    """A store on disk cannot be used: it is in use, of another format, damaged, or none at all. Attributes: `path`, `damaged`."""

    def __init__(self, path: object, problem: str, *, damaged: bool = False) -> None:
        self.path, self.damaged = str(path), damaged
        super().__init__(f"{shown(path)}: {problem}")


class JournalError(MlplatError):
    """A record is none that a component writes: of another version, or made up. Attributes: `place` of the store (empty in memory),
    `journal`, `record` (its number, from 0), `problem`."""

    def __init__(self, place: str, journal: str, record: int, problem: str) -> None:
        self.place, self.journal, self.record, self.problem = place, journal, record, problem
        where = f"{shown(place)}, " if place else ""
        super().__init__(f"{where}record {record} of {printable(journal)[:80]}: {printable(problem)[:300]}")


def told(error: Exception) -> str:
    """What an error says of a record, whatever it is."""
    if isinstance(error, MlplatError):
        return str(error)
    if isinstance(error, KeyError):
        return f"nothing known as {ascii(error.args[0] if error.args else '')[:80]}"
    return f"{type(error).__name__}: {ascii(str(error))[1:-1][:200]}" if str(error) else type(error).__name__


class Store:
    """Content and journals in memory; `Store.open(path)` has them on disk, under the same interface.

    Content is bytes under their digest: equal content is kept once, and what is read is checked against its digest. A journal is a
    sequence of records under a name, which is only ever extended; a component that is made over a store folds its journal and stands
    where the last one stood. What a call has returned from is kept, whatever becomes of the process then.

    >>> store = Store()
    >>> digest = store.put(b"rows")
    >>> store.get(digest), digest == store.put(b"rows"), store.size(digest)
    (b'rows', True, 4)
    >>> store.append("data", {"name": "clicks", "digest": digest})
    >>> [dict(record) for record in store.records("data")] == [{"name": "clicks", "digest": digest}]
    True
    """

    def __init__(self) -> None:
        self._content: dict[str, bytes] = {}
        self._journals: dict[str, list[Record]] = {}
        self._open: list[str] | None = None
        """The journals that records of the transaction in progress went to, in order."""

    @staticmethod
    def open(path: str | PathLike[str], *, fsync: bool = False) -> DiskStore:
        """The store in a folder, which is made if it is not there. What a call has returned from outlasts the process, however it ends.

        `fsync`: each call waits for the disk, so that it outlasts a power failure too. Raises StoreError for a folder that holds
        something else, is in use by another process or is damaged.
        """
        from .disk_store import DiskStore

        return DiskStore(path, fsync=fsync)

    @property
    def place(self) -> str:
        """Where it is, for messages; empty in memory."""
        return ""

    # -- content

    def put(self, content: bytes) -> str:
        """Keep content. Returns its digest. Raises OptionError for what is not bytes."""
        if not isinstance(content, bytes):
            raise OptionError(f"a {type(content).__name__} as content; expected bytes")
        content = plain_bytes(content)
        digest = digest_of(content)
        if self._content.get(digest) != content:
            self._content[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        """The content with this digest. Raises UnknownContentError, IntegrityError where it has been damaged."""
        content = self._content.get(check_digest(digest))
        if content is None:
            raise UnknownContentError(digest)
        found = digest_of(content)
        if found != digest:
            raise IntegrityError(digest, found)
        return content

    def size(self, digest: str) -> int:
        """Bytes of the content with this digest. Raises UnknownContentError."""
        content = self._content.get(check_digest(digest))
        if content is None:
            raise UnknownContentError(digest)
        return len(content)

    def __contains__(self, digest: object) -> bool:
        return digest in self._content

    def discard(self, digest: str) -> bool:
        """Keep this content no longer. Returns whether it was there."""
        return self._content.pop(check_digest(digest), None) is not None

    def digests(self) -> Iterator[str]:
        """Of all content, sorted."""
        return iter(sorted(self._content))

    # -- journals

    def append(self, journal: str, *records: Record) -> None:
        """Extend a journal, by all of these records or none. Raises OptionError for values that JSON cannot say."""
        kept = [checked_record(record) for record in records]
        self._journals.setdefault(journal, []).extend(kept)
        if self._open is not None:
            self._open += [journal] * len(kept)

    def records(self, journal: str) -> Iterator[Record]:
        """A journal from its beginning; nothing where there is none."""
        return iter(self._journals.get(journal, []))

    def journals(self) -> Iterable[str]:
        """Names of the journals that have records, sorted."""
        return sorted(name for name, records in self._journals.items() if records)

    def transaction(self) -> AbstractContextManager[None]:
        """A `with` block whose records, of whatever journals, are kept all or none: none if it raises.

        For what was checked before; what components made of the records is not undone. Raises OptionError inside another one.
        """
        return self._transaction()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is in progress, which may still fail."""
        return self._open is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._open is not None:
            raise OptionError("a transaction inside a transaction")
        self._open = []
        try:
            yield
        except BaseException:
            for journal in reversed(self._open):
                self._journals[journal].pop()
            raise
        finally:
            self._open = None

    # -- life

    def close(self) -> None:
        """No more is asked of it. A second time does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sum(map(len, self._journals.values())):,} records, {len(self._content):,} contents)"


def checked_record(record: Record) -> Record:
    """A record as it is kept, which nobody can change. Raises OptionError."""
    checked: Record = frozen(record, "record")
    if not isinstance(record, Mapping):
        raise OptionError(f"a {type(record).__name__} as record; expected a mapping")
    return checked
