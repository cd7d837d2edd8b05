"""What a run can be said to have: checked once, and turned into what its record keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from ....canonical import canonical_json, frozen
from ....errors import OptionError, UnknownNameError, printable
from ....units import seconds
from .nodes import SINGLE, Artifact, NodeKind, artifact, artifacts
from .runs import Linking, Numerics, check_seed, one_of

LARGEST = 1 << 20
"""Bytes of one record; what is larger is content and belongs into a store."""


class RunFields(TypedDict, total=False):
    """What can be stated of a run; what is left out stays as it is.

    `code`: a commit, `shop/churn@` and its id. `image`, `parent` (a model), `pipeline`: one version each. `data`: datasets by role, such as
    {"training": "shop/clicks@3"}. `inputs`, `outputs`: of any kind by role, `kind:project/name@version`. Each alone, with its digest
    as a pair, or as an `Artifact`. `parameters`, `tags`, `environment`, `resources`: by name. `seed`: an integer. `numerics`: portable
    or platform-dependent. `linking`: direct, chained or both; by default what the record names decides.
    """

    code: object
    image: object
    parent: object
    pipeline: object
    data: Mapping[str, object] | None
    inputs: Mapping[str, object] | None
    outputs: Mapping[str, object] | None
    parameters: Mapping[str, Any] | None
    tags: Mapping[str, str] | None
    environment: Mapping[str, Any] | None
    resources: Mapping[str, Any] | None
    seed: int | None
    numerics: str | None
    linking: str | None


class Fields:
    """The fields of a statement, checked: `inputs` and `outputs` by role, the rest as `changes`. Raises OptionError, UnknownNameError."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        unknown = sorted(given.keys() - RunFields.__annotations__.keys())
        if unknown:
            raise UnknownNameError("field of a run", printable(unknown[0]), RunFields.__annotations__)
        self.inputs = _inputs(given)
        self.outputs = artifacts(given.get("outputs"), "outputs")
        self.changes: dict[str, Any] = {}
        for name in ("parameters", "tags", "environment", "resources"):
            if given.get(name) is not None:
                self.changes[name] = check_mapping(given[name], name)
        if any(not isinstance(value, str) for value in self.changes.get("tags", {}).values()):
            raise OptionError("tags: expected text")
        if given.get("seed") is not None:
            self.changes["seed"] = check_seed(given["seed"])
        if given.get("numerics") is not None:
            self.changes["numerics"] = one_of(Numerics, given["numerics"], "numerics").value
        if given.get("linking") is not None:
            self.changes["linking"] = one_of(Linking, given["linking"], "linking").value
        if len(canonical_json(self.changes)) > LARGEST:
            raise OptionError(f"a record of more than {LARGEST:,} bytes; expected what is large to be an artifact")


def check_metrics(metrics: Mapping[str, Any], step: int) -> dict[str, float]:
    """Metrics as numbers. Raises OptionError."""
    if isinstance(step, bool) or not isinstance(step, int):
        raise OptionError(f"step={printable(str(step)[:40])}: expected an integer")
    found = {}
    for name, value in check_mapping(metrics, "metrics").items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(f"metrics.{printable(name)}: expected a number, found {type(value).__name__}")
        try:
            found[name] = float(value)
        except OverflowError:
            raise OptionError(f"metrics.{printable(name)}: a number beyond all bounds") from None
    return found


def check_time(time: object) -> float | None:
    """A time (s) in any of its human forms, or None. Raises OptionError."""
    return None if time is None else seconds(time)  # type: ignore[arg-type]


def _inputs(given: Mapping[str, Any]) -> dict[str, Artifact]:
    found = {role: artifact(given[role], kind) for role, kind in SINGLE.items() if given.get(role) is not None}
    for more in (artifacts(given.get("data"), "data", NodeKind.DATASET), artifacts(given.get("inputs"), "inputs")):
        twice = sorted(found.keys() & more.keys())
        if twice:
            raise OptionError(f"two inputs in the role {twice[0]!r}; expected one each")
        found |= more
    return found


def check_mapping(given: object, what: str) -> dict[str, Any]:
    """A mapping of names to what JSON can say; None is an empty one. Raises OptionError."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise OptionError(f"{what}: expected a mapping of names to values, found {type(given).__name__}")
    for name in given:
        if not isinstance(name, str) or not name or len(name) > 250:
            raise OptionError(f"{what}: {printable(str(name)[:40])!r} is no name; expected text of at most 250 characters")
    return dict(frozen(given, what))
