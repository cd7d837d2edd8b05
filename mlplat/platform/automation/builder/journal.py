"""The records of the Image Builder's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, NUMBER, TEXT, Shape, each, maybe, one_of, row

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "index.set": {"time": NUMBER, "actor": TEXT, "digest": DIGEST},
    "enabled": {**_DONE, "account": TEXT, "manifest": TEXT, "zone": TEXT},
    "disabled": _DONE,
    "queued": {
        **_DONE,
        "number": COUNT,
        "commit": TEXT,
        "manifest": TEXT,
        "image": TEXT,
        "behalf": TEXT,
        "zone": TEXT,
        "key": maybe(DIGEST, ""),
        "lock": maybe(DIGEST, ""),
        "changes": each(row(TEXT, TEXT, TEXT)),
    },
    "finished": {
        **_DONE,
        "number": COUNT,
        "outcome": one_of("success", "failure", "error", "cancelled"),
        "reason": TEXT,
        "error": TEXT,
        "line": maybe(COUNT),
        "digest": maybe(DIGEST, ""),
        "seconds": NUMBER,
        "built": each(row(DIGEST, COUNT)),
    },
}
"""`name`: a repository. `built`: digests and MiB of the layers that were built."""
