"""The records of the orchestrator's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..record_shapes import COUNT, DIGEST, FLAG, MAPPING, NUMBER, TEXT, TEXTS, Shape, by_name, fields, maybe, one_of
from .outcomes import Irreproducible
from .values import KEPT

OUTCOMES: Final = ("success", "failure", "error", "cancelled", "skipped")
_DONE = {"time": NUMBER, "actor": TEXT}
_ARTIFACT = fields({"resource": TEXT, "digest": DIGEST})
_RUN = {"run": TEXT}
_STARTS = {"pipeline": TEXT, "zone": TEXT, "account": TEXT, "data": by_name(TEXT), "parameters": MAPPING, "seed": COUNT, "cache": FLAG}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "version.made": {
        **_DONE,
        **dict.fromkeys(("name", "code", "file", "function"), TEXT),
        "digest": DIGEST,
        "dag": DIGEST,
        "graph": DIGEST,
        "images": by_name(TEXT),
        "codes": by_name(DIGEST),
        "published": FLAG,
    },
    "version.published": {**_DONE, "name": TEXT, "digest": DIGEST},
    "run.queued": {
        **_DONE,
        **_RUN,
        "pipeline": TEXT,
        "zone": TEXT,
        "inputs": by_name(_ARTIFACT),
        "parameters": MAPPING,
        "seed": COUNT,
        "cache": FLAG,
        "publish": FLAG,
        "trigger": MAPPING,
        "resumes": TEXT,
        "repeats": TEXT,
        "irreproducible": one_of(*Irreproducible),
    },
    "task.finished": {
        **_DONE,
        **_RUN,
        "task": TEXT,
        "node": TEXT,
        "key": maybe(DIGEST, ""),
        "outcome": one_of(*OUTCOMES),
        **dict.fromkeys(("reason", "error", "of"), TEXT),
        "outputs": by_name(KEPT),
        "published": by_name(TEXT),
        "metrics": by_name(NUMBER),
        "started": maybe(NUMBER),
        "tries": COUNT,
        "nodes": TEXTS,
    },
    "run.finished": {**_DONE, **_RUN, "outcome": one_of(*OUTCOMES), "reason": TEXT, "error": TEXT},
    "schedule.made": {**_DONE, **_STARTS, "name": TEXT, "every": NUMBER, "start": NUMBER},
    "trigger.made": {**_DONE, **_STARTS, "name": TEXT, "on": TEXT, "subject": TEXT},
    "schedule.removed": {**_DONE, "name": TEXT},
}
"""`graph`: the digest of the content that the graph is. `key`: what a step must be equal in for its outputs to be taken; empty for
never."""
