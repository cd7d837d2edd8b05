"""When a platform was used last, as its store tells: the earliest at which it can go on, or what had expired would be good again."""

from __future__ import annotations

from ..storage.store import Store
from .audit import AuditLog
from .part import IdentityPart


def last_use(store: Store) -> float:
    """The latest time (s) of a decision or of a change of principals and grants; 0 for a new store. Raises JournalError.

    After a process was killed, the last decisions that it had not written down are not counted (`AuditLog`).
    """
    latest = AuditLog(store).latest_s
    for record in store.records(IdentityPart.SOURCE):
        time = record.get("time")
        latest = max(latest, float(time)) if isinstance(time, (int, float)) else latest  # what is none is told where it is folded
    return latest
