"""The records of the Metadata Store's journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...record_shapes import COUNT, DIGEST, MAPPING, NUMBER, TEXT, WHOLE, Shape, by_name, each, ensure, fields, maybe, one_of
from .nodes import NodeKind, check_node, node_kind
from .runs import Linking, Numerics, RunStatus

LINKS = ("inputs", "outputs", "chained_inputs", "chained_outputs")
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
        **dict.fromkeys(LINKS, by_name(maybe(_ARTIFACT))),
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


def check_run(record: Mapping[str, Any]) -> None:
    """That a record of a run names nodes only, and the step of its metrics. Raises OptionError, ShapeError."""
    changes = record["changes"]
    check_node(record["run"])
    ensure(node_kind(record["run"]) is NodeKind.RUN and ("metrics" not in changes or "step" in changes), "a run without its name or step")
    for family in LINKS:
        for row in changes.get(family, {}).values():
            if row is not None:
                check_node(row["resource"])
