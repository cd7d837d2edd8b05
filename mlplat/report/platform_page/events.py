"""The events of a platform as data of a page; of very many those that are rarest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...canonical import encode
from ...timeline_view import clock_text

if TYPE_CHECKING:
    import polars as pl

    from ...events import EventLog

MOST_EVENTS = 20_000
LONGEST_DATA = 2000


def events_frame(log: EventLog) -> tuple[pl.DataFrame, list[str]]:
    """The columns `id`, `at` (as people read it), `subject`, `predicate`, `source`, `actor`, `cause` (-1 for none) and `data` (JSON) of the
    events, and which predicates were left out so that at most `MOST_EVENTS` events stay: the most frequent ones first.

    >>> import mlplat as mp
    >>> sim = mp.Simulation()
    >>> event = sim.emit("node:n1", "node.failed", source="hardware")
    >>> events_frame(sim.log)[0].row(0)
    (0, '0 s', 'node:n1', 'node.failed', 'hardware', 'system', -1, '')
    """
    import polars as pl

    counts = Counter(event.predicate for event in log)
    left_out: list[str] = []
    for predicate, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        if sum(counts.values()) <= MOST_EVENTS:
            break
        left_out.append(predicate)
        del counts[predicate]
    rows = []
    for event in log:
        if event.predicate in counts:
            data = encode(event.data) if event.data else ""
            data = data if len(data) <= LONGEST_DATA else data[: LONGEST_DATA - 1] + "…"
            cause = -1 if event.cause is None else event.cause
            rows.append((event.id, clock_text(event.time), event.subject, event.predicate, event.source, event.actor, cause, data))
    texts = ("subject", "predicate", "source", "actor")
    schema = {"id": pl.Int32, "at": pl.String, **dict.fromkeys(texts, pl.String), "cause": pl.Int32, "data": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row"), left_out
