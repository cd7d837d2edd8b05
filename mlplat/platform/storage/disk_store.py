"""The store on disk: journals in SQLite (write-ahead log), content in a folder of files named by digest."""

from __future__ import annotations

from os import PathLike

from .store import Store


class DiskStore(Store):
    """See `Store.open`."""

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__()
        raise NotImplementedError
