"""The records of CI's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, NUMBER, TEXT, TEXTS, Shape, maybe, one_of

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "enabled": {**_DONE, "account": TEXT, "definition": TEXT, "zone": TEXT},
    "disabled": _DONE,
    "queued": {**_DONE, "number": COUNT, "commit": TEXT, "branch": TEXT, "behalf": TEXT, "zone": TEXT},
    "finished": {
        **_DONE,
        "number": COUNT,
        "outcome": one_of("success", "failure", "error", "cancelled"),
        "reason": TEXT,
        "error": TEXT,
        "image": TEXT,
        "tries": COUNT,
        "passed": TEXTS,
        "failed": TEXTS,
        "skipped": TEXTS,
        "results": maybe(DIGEST, ""),
    },
}
"""`name`: a repository."""
