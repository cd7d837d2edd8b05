"""The records of the journal of continuous delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, FLAG, MAPPING, NUMBER, TEXT, TEXTS, Shape, each, maybe, one_of

_DONE = {"time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "gated": {**_DONE, "zone": TEXT, "rule": maybe(MAPPING)},
    "account": {**_DONE, "project": TEXT, "account": TEXT},
    "tracked": {**_DONE, "project": TEXT, "repository": TEXT, "branch": TEXT, "folder": TEXT},
    "untracked": {**_DONE, "project": TEXT},
    "approval.created": {
        **_DONE,
        "number": COUNT,
        "desired": MAPPING,
        "authors": TEXTS,
        "evidence": each(MAPPING),
        "difference": MAPPING,
        "expires_s": NUMBER,
        "four_eyes": FLAG,
    },
    "approval.closed": {**_DONE, "number": COUNT, "decision": one_of("granted", "denied", "expired"), "comment": TEXT},
    "asked": {**_DONE, "id": COUNT, "desired": MAPPING, "mode": TEXT, "acting": TEXT, "approval": COUNT, "commit": TEXT},
    "begun": {**_DONE, "id": COUNT, "old": maybe(MAPPING)},
    "shifted": {**_DONE, "id": COUNT},
    "taken_over": {**_DONE, "id": COUNT, "kept_until_s": NUMBER},
    "ended": {**_DONE, "id": COUNT, "outcome": one_of("success", "failure", "error", "cancelled"), "reason": TEXT},
    "dropped": {**_DONE, "name": TEXT},
    "removed": {**_DONE, "name": TEXT},
}
"""A deployment is `asked` for, `begun` when its turn has come, `shifted` when its version gets traffic, `taken_over` when that is what the
service is from then on (before all that is told of it), and `ended`. `dropped`: the version before is not kept any longer."""
