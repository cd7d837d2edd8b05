"""The records of the Model Registry's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, FLAG, MAPPING, NUMBER, TEXT, TEXTS, Shape, by_name, each, maybe, row

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "registered": {
        **_DONE,
        "version": COUNT,
        "digest": DIGEST,
        "parts": each(row(TEXT, DIGEST, COUNT, FLAG)),
        "signature": maybe(MAPPING),
        "metrics": by_name(NUMBER),
        "parameters": MAPPING,
        "run": maybe(TEXT),
        "external": maybe(TEXTS),
        "commit": maybe(TEXT),
        "tags": by_name(TEXT),
        "description": TEXT,
    },
    "alias.moved": {**_DONE, "alias": TEXT, "version": maybe(COUNT)},
    "staged": {**_DONE, "version": COUNT, "stage": TEXT},
    "ruled": {**_DONE, "target": TEXT, "rules": TEXTS},
    "protected": {**_DONE, "version": COUNT, "by": TEXT, "held": FLAG},
    "tagged": {**_DONE, "version": COUNT, "tags": by_name(TEXT)},
    "described": {**_DONE, "version": COUNT, "text": TEXT},
    "deleted": {**_DONE, "version": COUNT},
}
