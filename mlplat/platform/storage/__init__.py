"""Where a platform keeps what is to last: content by its digest, and journals of records; in memory or on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_names import lazy_names

if TYPE_CHECKING:
    from .contents import ContentError
    from .digests import array_bytes, digest_of, digest_of_array, digest_of_json, digest_of_parts
    from .disk_store import DiskStore
    from .store import JournalError, Store, StoreError, UnknownContentError
    from .sweeping import sweep
    from .verification import Damage, DamageKind, Verification

__all__ = [
    "ContentError",
    "Damage",
    "DamageKind",
    "DiskStore",
    "JournalError",
    "Store",
    "StoreError",
    "UnknownContentError",
    "Verification",
    "array_bytes",
    "digest_of",
    "digest_of_array",
    "digest_of_json",
    "digest_of_parts",
    "sweep",
]

_HOME = {
    "ContentError": "contents",
    "Damage": "verification",
    "DamageKind": "verification",
    "DiskStore": "disk_store",
    "JournalError": "store",
    "Store": "store",
    "StoreError": "store",
    "UnknownContentError": "store",
    "Verification": "verification",
    "array_bytes": "digests",
    "digest_of": "digests",
    "digest_of_array": "digests",
    "digest_of_json": "digests",
    "digest_of_parts": "digests",
    "sweep": "sweeping",
}

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOME)
