"""The records of the journal of secrets: which there are, never what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..record_shapes import COUNT, DIGEST, NUMBER, TEXT, Shape, each

_DONE = {"name": TEXT, "zone": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "put": {**_DONE, "version": COUNT, "digest": DIGEST, "key": TEXT},
    "deleted": {**_DONE, "versions": each(COUNT)},
}
"""`digest`: of the content, in which the value is beside 32 bytes that are drawn. `key`: which one seals it; empty for none."""
