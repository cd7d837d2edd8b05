"""What a capsule says of a model, without who, when and where from: equal as long as nothing was added to what was imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....canonical import canonical_json
from ..metadata.run_state import RunState
from .parts import Document, Parts

_TOLD = ("time", "actor", "origin", "source", "external", "parents", "linking")
"""What is another's to say, or changes as it is taken in elsewhere."""
_NAMES = ("resource", "commit", "run")


def essence(parts: Parts) -> bytes:
    """Of the run, the artifacts and the digests of all contents; names without their projects."""
    sides = {side: {role: _stripped(row) for role, row in parts.run[side].items()} for side in ("inputs", "outputs")}
    artifacts = sorted((_stripped(each) for each in parts.artifacts), key=canonical_json)
    return canonical_json([{**_stripped(parts.run), **sides}, artifacts, sorted(parts.contents)])


def same_run(here: RunState, run: Document, inputs: Mapping[str, Any]) -> bool:
    """Whether a run that is here is the one of a capsule. `inputs`: of that, under the names that they get here."""
    state = RunState(here.resource)
    for name, step, time, value in run["metrics"]:
        state.apply({"actor": "", "time": time, "changes": {"metrics": {name: value}, "step": step}})
    ours = [here.status.value, here.seed, here.merged["parameters"], here.latest()]
    theirs = [run["status"], run["seed"], run["parameters"], state.latest()]
    used = {role: one.resource for role, one in here.all_inputs().items()}
    return canonical_json(ours) == canonical_json(theirs) and used == {role: row["resource"] for role, row in inputs.items()}


def _stripped(document: Document) -> Document:
    return {key: _nameless(value) if key in _NAMES else value for key, value in document.items() if key not in _TOLD}


def _nameless(resource: Any) -> Any:
    if not isinstance(resource, str):
        return resource
    kind, _, path = resource.partition(":")
    return f"{kind}:{path.partition('/')[2]}"
