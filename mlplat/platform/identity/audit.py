"""The audit log: every decision that was taken, allowed or not, with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .decisions import Decision

if TYPE_CHECKING:
    import polars as pl


class AuditEntry(NamedTuple):
    """`decision`, at `time` (s), for the call `call`, such as `data.publish`."""

    time: float
    call: str
    decision: Decision


class AuditLog:
    """Decisions in the order in which they were taken. It is only ever extended."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    def add(self, time: float, call: str, decision: Decision) -> None:
        """One more."""
        self._entries.append(AuditEntry(time, call, decision))

    def select(self, *, principal: str | None = None, resource: str | None = None, allowed: bool | None = None) -> list[AuditEntry]:
        """Entries about a principal (its id), a resource, with an outcome; None for any."""
        return [
            entry
            for entry in self._entries
            if (principal is None or entry.decision.principal == principal)
            and (resource is None or entry.decision.resource == resource)
            and (allowed is None or entry.decision.allowed == allowed)
        ]

    def to_polars(self) -> pl.DataFrame:
        """A row for each decision, with columns time (s), call, principal, right, resource, zone, allowed, reason and grant."""
        import polars as pl

        names = ("time", "call", "principal", "right", "resource", "zone", "allowed", "reason", "grant")
        types = (pl.Float64, *[pl.String] * 5, pl.Boolean, pl.String, pl.Int64)
        rows = [
            (time, call, d.principal, d.right.value, d.resource, d.zone, d.allowed, d.reason.value, d.grant)
            for time, call, d in self._entries
        ]
        return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[AuditEntry]:
        return iter(self._entries)

    def __getitem__(self, index: int) -> AuditEntry:
        return self._entries[index]

    def __repr__(self) -> str:
        return f"AuditLog({len(self):,} decisions)"
