"""The audit log: every decision that was taken, allowed or not, with its reason. It lasts as long as the store."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from ...canonical import encode
from ...errors import printable
from ..record_shapes import COUNT, NUMBER, TEXT, ShapeError
from ..record_shapes import row as row_of
from ..storage.store import JournalError, told
from .decisions import Decision, DecisionReason
from .rights import Right

if TYPE_CHECKING:
    import polars as pl

    from ..storage.store import Store

JOURNAL = "audit"
BATCH = 256
"""Decisions that are written to the journal together."""


class AuditEntry(NamedTuple):
    """`decision`, at `time` (s), for the call `call`, such as `data.publish`, with a token (its id; 0 for none)."""

    time: float
    call: str
    decision: Decision
    token: int = 0

    def __str__(self) -> str:
        return f"{self.time:.10g} s {self.call}: {self.decision}"


class AuditTrail(Sequence[AuditEntry]):
    """Entries of the audit log, in the order in which the decisions were taken."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        self._entries = tuple(entries)

    @overload
    def __getitem__(self, index: int) -> AuditEntry: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[AuditEntry, ...]: ...

    def __getitem__(self, index: int | slice) -> AuditEntry | tuple[AuditEntry, ...]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def to_polars(self) -> pl.DataFrame:
        """A row for each decision, with columns time (s), call, principal, right, resource, zone, allowed, reason, grant and token."""
        import polars as pl

        names = ("time", "call", "principal", "right", "resource", "zone", "allowed", "reason", "grant", "token")
        types = (pl.Float64, *[pl.String] * 5, pl.Boolean, pl.String, pl.Int64, pl.Int64)
        rows = [
            (time, call, d.principal, d.right.value, d.resource, d.zone, d.allowed, d.reason.value, d.grant, token)
            for time, call, d, token in self._entries
        ]
        return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")

    def __repr__(self) -> str:
        return f"AuditTrail({len(self):,} decisions)"

    def _repr_html_(self) -> str:
        return self.to_polars()._repr_html_()


class AuditLog:
    """Decisions in the order in which they were taken. It is only ever extended.

    They go to the journal `audit` of the store, 256 in a record, and what is left when it is read or flushed. A process that is killed
    loses what it had not written yet, at most the last 255.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._new: list[AuditEntry] = []

    def add(self, time: float, call: str, decision: Decision, token: int = 0) -> None:
        """One more."""
        self._new.append(AuditEntry(time, call, decision, token))
        if len(self._new) >= BATCH and not self._store.in_transaction:  # a transaction that fails would take them with it
            self.flush()

    def flush(self) -> None:
        """Write down what was not yet."""
        if self._new:
            self._store.append(JOURNAL, {"what": "decisions", "entries": encode([_row(entry) for entry in self._new])})
            self._new = []

    def __iter__(self) -> Iterator[AuditEntry]:
        for number, record in enumerate(self._store.records(JOURNAL)):
            yield from self._entries(number, record)
        yield from tuple(self._new)

    @property
    def latest_s(self) -> float:
        """When the last decision was taken that the store has (s), 0 where there is none. Raises JournalError."""
        last = deque(enumerate(self._store.records(JOURNAL)), maxlen=1)
        return max((entry.time for number, record in last for entry in self._entries(number, record)), default=0.0)

    def _entries(self, number: int, record: Mapping[str, Any]) -> list[AuditEntry]:
        try:
            return [_entry(row) for row in json.loads(record["entries"])]
        except (ShapeError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise JournalError(self._store.place, JOURNAL, number, told(error)) from None

    def select(self, *, principal: str | None = None, resource: str | None = None, allowed: bool | None = None) -> AuditTrail:
        """Entries about a principal (its id), a resource, with an outcome; None for any."""
        return AuditTrail(
            entry
            for entry in self
            if (principal is None or entry.decision.principal == principal)
            and (resource is None or entry.decision.resource == resource)
            and (allowed is None or entry.decision.allowed == allowed)
        )


_ROW = row_of(NUMBER, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, COUNT, COUNT)


def _row(entry: AuditEntry) -> list[object]:
    _, reason, principal, right, resource, zone, grant = entry.decision
    who, what, where = (
        printable(principal),
        printable(resource),
        printable(zone),
    )  # one that cannot be written would keep the others from it
    return [entry.time, entry.call, who, right._value_, what, where, reason._value_, grant, entry.token]


def _entry(row: list[object]) -> AuditEntry:
    if not _ROW.holds(row):
        raise ShapeError(f"a decision is {ascii(row)[:80]}")
    time, call, principal, right, resource, zone, reason, grant, token = row
    why = DecisionReason(str(reason))
    decision = Decision(why is DecisionReason.GRANTED, why, principal, Right(right), resource, zone, grant)  # type: ignore[arg-type]
    return AuditEntry(time, call, decision, token)  # type: ignore[arg-type]
