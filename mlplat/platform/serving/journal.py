"""The records of the journal of services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..record_shapes import COUNT, MAPPING, NUMBER, TEXT, Shape, by_name

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "created": {**_DONE, "zone": TEXT, "options": MAPPING},
    "configured": {**_DONE, "options": MAPPING},
    "added": {**_DONE, "number": COUNT, "model": TEXT, "digest": TEXT, "tags": by_name(TEXT), "replicas": COUNT, "account": TEXT},
    "scaled": {**_DONE, "number": COUNT, "replicas": COUNT},
    "weighed": {**_DONE, "weights": by_name(NUMBER)},
    "dropped": {**_DONE, "number": COUNT},
    "removed": _DONE,
}
"""`weights`: by the number of the version, as text. `tags`: what the model says of how it serves."""
