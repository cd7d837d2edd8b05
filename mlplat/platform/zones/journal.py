"""The records of the Zone Manager's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..record_shapes import MAPPING, NUMBER, TEXT, Shape, maybe, one_of

DEVELOPMENT: Final = "development"
DEPLOYMENT: Final = "deployment"
OVER_LIMIT: Final = ("wait", "refuse")

_DONE = {"name": TEXT, "time": NUMBER, "actor": TEXT}
_SAID = {"quota": MAPPING, "idle_s": maybe(NUMBER), "over_limit": one_of(*OVER_LIMIT)}

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "zone.created": {**_DONE, **_SAID, "kind": one_of(DEVELOPMENT, DEPLOYMENT), "bound_to": TEXT, "network": TEXT},
    "zone.modified": {**_DONE, **_SAID},
    "zone.transferred": {**_DONE, "bound_to": TEXT},
    "zone.leaving": _DONE,
    "zone.deleted": _DONE,
    "cohort.created": {**_DONE, "cohort": MAPPING},
    "cohort.modified": {**_DONE, "cohort": MAPPING},
    "cohort.deleted": _DONE,
}
