"""Checking the store of a platform from outside, also where no platform can be opened over it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..errors import MlplatError, OptionError
from .facade import Platform
from .storage.journal_file import JOURNAL
from .storage.store import JournalError, Store, StoreError
from .storage.verification import Damage, DamageKind, Verification, verify, verify_content


def check_folder(path: str | PathLike[str]) -> Verification:
    """Read all that the store in a folder has (`storage.verification`).

    Raises StoreError for a folder without a store, or one that is in use, OptionError for what is no path.
    """
    if not isinstance(path, (str, PathLike)):
        raise OptionError(f"a {type(path).__name__} as path; expected text")
    if not (Path(path) / JOURNAL).is_file():
        raise StoreError(path, f"expected a store, which has a {JOURNAL}")
    try:
        store = Store.open(path)
    except StoreError as error:
        if not error.damaged:
            raise
        return Verification((Damage(DamageKind.JOURNAL, JOURNAL, (), str(error)),), 0, 0, 0, 0, 0)
    with store:
        return _checked(store)


def _checked(store: Store) -> Verification:
    try:
        if Platform.IDENTITY not in store.journals():  # nothing was ever done here, or not by a platform
            return verify_content(store, ())
        platform = Platform(store=store)
    except MlplatError as error:
        journal = error.journal if isinstance(error, JournalError) else ""
        return verify_content(store, [Damage(DamageKind.JOURNAL, journal, (), f"no platform can be opened: {error}")])
    return verify(store, platform.components.values())
