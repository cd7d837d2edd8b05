"""The records of the Metadata Store's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...record_shapes import COUNT, DIGEST, MAPPING, NUMBER, TEXT, WHOLE, Shape, by_name, each, fields, maybe, one_of
from .runs import Linking, Numerics, RunStatus

_DONE = {"time": NUMBER, "actor": TEXT}
_SAID = maybe(DIGEST, "")
_ARTIFACT = fields({"resource": TEXT, "digest": _SAID}, {"size": maybe(COUNT), "signature": maybe(MAPPING)})
_STATUS = one_of(*RunStatus)
_STEP = fields({"name": TEXT, "status": _STATUS, "started": maybe(NUMBER), "ended": maybe(NUMBER), "resources": MAPPING})
_CHANGES = fields(
    {},
    {
        **dict.fromkeys(("parameters", "environment", "resources"), MAPPING),
        "tags": by_name(TEXT),
        "metrics": by_name(NUMBER),
        "step": WHOLE,
        "steps": each(_STEP),
        **dict.fromkeys(("inputs", "outputs", "chained_inputs", "chained_outputs"), by_name(maybe(_ARTIFACT))),
        "status": _STATUS,
        "numerics": one_of(*Numerics),
        "linking": one_of("", *Linking),
        "seed": maybe(WHOLE),
        "started": NUMBER,
        "ended": maybe(NUMBER),
        **dict.fromkeys(("origin", "error", "principal"), TEXT),
    },
)

RECORDS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "run.stated": {**_DONE, "run": TEXT, "changes": _CHANGES},
    "link.recorded": {**_DONE, **dict.fromkeys(("upstream", "downstream", "role"), TEXT), "digest": _SAID},
    "baseline.recorded": {**_DONE, "model": TEXT, "digest": DIGEST},
    "deployment.changed": {**_DONE, "deployment": TEXT, "model": maybe(TEXT), "digest": _SAID},
}
