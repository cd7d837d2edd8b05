"""The records of the journal of retraining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, FLAG, MAPPING, NUMBER, TEXT, TEXTS, Shape, fields, maybe
from .triggers import Trigger

_DONE = {"time": NUMBER, "actor": TEXT}
_TRIGGER = fields({"kind": TEXT, "key": TEXT, "event": maybe(COUNT, None), "rows": COUNT, "digest": TEXT, "time": NUMBER})

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "configured": {**_DONE, "name": TEXT, "spec": MAPPING},
    "bound": {**_DONE, "name": TEXT, "zone": TEXT, "pipeline": TEXT, "triggers": TEXTS},
    "deferred": {**_DONE, "name": TEXT, "trigger": _TRIGGER},
    "suppressed": {**_DONE, "name": TEXT, "trigger": _TRIGGER, "reason": TEXT},
    "requested": {**_DONE, "name": TEXT, "trigger": _TRIGGER},
    "finished": {**_DONE, "name": TEXT, "run": TEXT, "outcome": TEXT, "reason": TEXT, "candidate": TEXT, "text": TEXT, "helped": FLAG},
    "offered": {**_DONE, "name": TEXT, "candidate": TEXT, "reason": TEXT, "text": TEXT},
    "given_up": {**_DONE, "name": TEXT},
    "recovered": {**_DONE, "name": TEXT},
}


def trigger_json(trigger: Trigger) -> dict[str, object]:
    """A trigger as a record has it."""
    return dict(trigger._asdict())


def trigger_of(value: Mapping[str, object]) -> Trigger:
    """A trigger from a record."""
    return Trigger(**value)  # type: ignore[arg-type]
