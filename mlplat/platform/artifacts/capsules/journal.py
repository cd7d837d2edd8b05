"""The records of the journal of capsules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import DIGEST, NUMBER, TEXT, Shape, each

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "imported": {
        "time": NUMBER,
        "actor": TEXT,
        "model": TEXT,
        "capsule": DIGEST,
        "manifest": DIGEST,
        "documents": each(DIGEST),
    },
}
