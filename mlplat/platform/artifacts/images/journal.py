"""The records of the Image Registry's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import DIGEST, MAPPING, NUMBER, TEXT, TEXTS, Shape, maybe

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "published": {**_DONE, "tags": TEXTS, "digest": DIGEST, "manifest": MAPPING, "external": maybe(TEXTS)},
    "tagged": {**_DONE, "tags": TEXTS, "digest": maybe(DIGEST)},
    "fixed": {**_DONE, "patterns": TEXTS},
    "pulled": {**_DONE, "digest": DIGEST},
    "deleted": {**_DONE, "digest": DIGEST},
}
