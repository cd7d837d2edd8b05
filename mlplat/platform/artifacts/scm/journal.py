"""The records of the SCM's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, NUMBER, TEXT, TEXTS, Shape, by_name, fields, maybe, one_of, row

_ALL = {"name": TEXT, "time": NUMBER, "actor": TEXT}
_PACKED = {**_ALL, "pack": maybe(DIGEST, "")}
_RULE = fields({"contexts": TEXTS, "approvals": COUNT, "reporters": TEXTS})

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "repository.created": {**_ALL, "branch": TEXT},
    "repository.deleted": _ALL,
    "pushed": {**_PACKED, "branch": TEXT, "commit": TEXT, "before": TEXT},
    "imported": {**_PACKED, "branches": by_name(TEXT), "tags": by_name(row(TEXT, TEXT)), "default": TEXT},
    "branch.deleted": {**_ALL, "branch": TEXT},
    "tagged": {**_PACKED, "tag": TEXT, "target": TEXT, "commit": TEXT},
    "tag.deleted": {**_ALL, "tag": TEXT},
    "candidate": {**_PACKED, "ours": TEXT, "theirs": TEXT, "commit": TEXT},
    "protected": {**_ALL, "branch": TEXT, "rule": maybe(_RULE)},
    "status": {**_ALL, "commit": TEXT, "context": TEXT, "outcome": TEXT, "description": TEXT},
    "change.created": {**_ALL, "number": COUNT, **dict.fromkeys(("source", "target", "title", "description"), TEXT)},
    "change.reviewed": {**_ALL, "number": COUNT, **dict.fromkeys(("verdict", "comment", "commit"), TEXT)},
    "change.closed": {**_ALL, "number": COUNT, "state": one_of("merged", "abandoned"), "commit": TEXT},
}
