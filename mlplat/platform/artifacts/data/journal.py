"""The records of the Data Store's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, NUMBER, TEXT, TEXTS, WHOLE, Shape, each, maybe, one_of, row

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}
_VERSION = {**_DONE, "version": COUNT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "version.made": {
        **_VERSION,
        **dict.fromkeys(("how", "form", "code", "note", "origin", "source"), TEXT),
        **dict.fromkeys(("digest", "manifest", "statistics"), DIGEST),
        "kind": one_of("frame", "array", "bytes", "mapping"),
        "rows": maybe(COUNT),
        "columns": each(row(TEXT, TEXT)),
        "size": COUNT,
        "parents": each(row(TEXT, DIGEST)),
        "tags": TEXTS,
        "keys": TEXTS,
    },
    "version.deleted": _VERSION,
    "version.tagged": {**_VERSION, "tags": TEXTS},
    "split.made": {
        **_VERSION,
        "split": TEXT,
        "parts": each(row(TEXT, COUNT)),
        "fractions": each(row(TEXT, NUMBER)),
        "seed": WHOLE,
        "method": TEXT,
        "by": TEXTS,
        "stratify": TEXT,
        "digest": DIGEST,
    },
    "snapshot.made": {**_VERSION, "snapshot": TEXT},
    "snapshot.released": {**_DONE, "snapshot": TEXT},
}
