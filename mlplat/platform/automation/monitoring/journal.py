"""The records of the journal of the Monitoring System."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, MAPPING, NUMBER, TEXT, Shape, each, fields, maybe, one_of
from .answers import IncidentKind
from .judgements import Judgement

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}
_WATCH = fields({"name": TEXT, "account": TEXT, "dataset": TEXT}, {"baseline": TEXT, "every_s": maybe(NUMBER), "tests": each(TEXT)})
_OPENED = fields({"number": COUNT, "kind": one_of(*IncidentKind), "version": TEXT, "data": MAPPING})
_WHAT = {"version": TEXT, "opened": each(_OPENED), "quiet": each(COUNT), "loud": each(COUNT), "resolved": each(COUNT)}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "watch.set": {**_DONE, "watch": _WATCH},
    "watch.ended": _DONE,
    "window.closed": {
        **_DONE,
        **_WHAT,
        "number": COUNT,
        "from_s": NUMBER,
        "to_s": NUMBER,
        "rows": COUNT,
        "seen": COUNT,
        "lost": COUNT,
        "sampling": NUMBER,
        "dataset": TEXT,
        "outcome": one_of(*Judgement),
        "columns": each(TEXT),
        "alarms": each(MAPPING),
        "latency": one_of(*Judgement),
        "naive_psi": COUNT,
        "naive_ks": COUNT,
    },
    "state.changed": {**_DONE, **_WHAT, "quality": maybe(MAPPING)},
}
"""`opened`, `resolved`: incidents that this brought about or ended; `quiet`, `loud`: those for which it was normal or not. `state.changed`:
without a window."""
