"""`RunState`: a run as a fold of its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ....canonical import frozen
from .nodes import Artifact, NodeKind, node_kind
from .runs import Linking, MetricPoint, Numerics, Run, RunStatus, Statement, Step

MERGED = ("parameters", "tags", "environment", "resources")
"""What a later record extends and supersedes entry by entry."""
_LINKS = ("inputs", "outputs", "chained_inputs", "chained_outputs")
Show = Callable[[Artifact], Artifact]


def row_of(one: Artifact) -> dict[str, Any]:
    """An artifact as a record has it."""
    row: dict[str, Any] = {"resource": one.resource, "digest": one.digest}
    if one.size is not None:
        row["size"] = one.size
    if one.signature is not None:
        row["signature"] = one.signature
    return row


def artifact_of(row: Mapping[str, Any]) -> Artifact:
    """An artifact as a record has it."""
    return Artifact(row["resource"], row["digest"], row.get("size"), row.get("signature"))


class RunState:
    """What the records of a run amount to.

    `inputs`, `outputs`: named by the record itself. `chained_inputs`, `chained_outputs`: found through lock file and registry when the
    record was made. `dropped`: inputs and outputs that an earlier record named and a later one withdrew.
    """

    __slots__ = (
        "chained_inputs",
        "chained_outputs",
        "dropped",
        "edges",
        "ended",
        "error",
        "inputs",
        "merged",
        "metrics",
        "numerics",
        "origin",
        "outputs",
        "principal",
        "resource",
        "revision",
        "said_linking",
        "seed",
        "started",
        "statements",
        "status",
        "steps",
    )

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.revision = 0
        self.status = RunStatus.RUNNING
        self.principal, self.error, self.origin, self.said_linking = "", "", "platform", ""
        self.started: float = 0.0
        self.ended: float | None = None
        self.seed: int | None = None
        self.numerics = Numerics.PLATFORM_DEPENDENT
        self.merged: dict[str, dict[str, Any]] = {name: {} for name in MERGED}
        self.metrics: dict[str, list[MetricPoint]] = {}
        self.steps: dict[str, Step] = {}
        self.inputs: dict[str, Artifact] = {}
        self.outputs: dict[str, Artifact] = {}
        self.chained_inputs: dict[str, Artifact] = {}
        self.chained_outputs: dict[str, Artifact] = {}
        self.dropped: dict[str, Artifact] = {}
        self.statements: list[Mapping[str, Any]] = []
        self.edges: dict[tuple[str, str, str], int] = {}

    @property
    def linking(self) -> Linking:
        """How the record leads to what the run used: as it says, or else by what it ever named."""
        if self.said_linking:
            return Linking(self.said_linking)
        named = [*self.inputs.values(), *self.dropped.values()]
        only_code = bool(named) and all(node_kind(one.resource) in (NodeKind.COMMIT, NodeKind.PIPELINE) for one in named)
        return Linking.CHAINED if only_code else Linking.DIRECT

    def apply(self, record: Mapping[str, Any]) -> None:
        """One more record."""
        self.revision += 1
        self.statements.append(record)
        changes = record["changes"]
        if self.revision == 1:
            self.principal, self.started = record["actor"], record["time"]
        for name in MERGED:
            self.merged[name].update(changes.get(name, {}))
        for name, value in changes.get("metrics", {}).items():
            self.metrics.setdefault(name, []).append(MetricPoint(changes["step"], record["time"], float(value)))
        for row in changes.get("steps", ()):
            self.steps[row["name"]] = Step(row["name"], RunStatus(row["status"]), row["started"], row["ended"], frozen(row["resources"]))
        for name in _LINKS:
            self._link(name, changes.get(name, {}))
        if "status" in changes:
            self.status = RunStatus(changes["status"])
        if "numerics" in changes:
            self.numerics = Numerics(changes["numerics"])
        for name in ("seed", "origin", "error", "started", "ended", "principal"):
            if name in changes:
                setattr(self, name, changes[name])
        self.said_linking = changes.get("linking", self.said_linking)

    def _link(self, name: str, rows: Mapping[str, Any]) -> None:
        named: dict[str, Artifact] = getattr(self, name)
        for role, row in rows.items():
            if row is None:
                gone = named.pop(role, None)
                if gone is not None and name in ("inputs", "outputs"):
                    self.dropped[role] = gone
            else:
                named[role] = artifact_of(row)
                self.dropped.pop(role, None)

    def all_inputs(self) -> dict[str, Artifact]:
        """By role, as the record names them or else as its chain does."""
        return {**self.chained_inputs, **self.inputs}

    def all_outputs(self) -> dict[str, Artifact]:
        """By role, as the record names them or else as its chain does."""
        return {**self.chained_outputs, **self.outputs}

    def links(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """All links of the run, (upstream, downstream, role), with the digests at both ends."""
        found = {}
        for inputs in (self.chained_inputs, self.inputs):
            found.update({(one.resource, self.resource, role): (one.digest, "") for role, one in inputs.items()})
        for outputs in (self.chained_outputs, self.outputs):
            found.update({(self.resource, one.resource, role): ("", one.digest) for role, one in outputs.items()})
        return found

    def fields(self) -> dict[str, Mapping[str, Any]]:
        """What a filter can ask for."""
        path = self.resource.partition(":")[2]
        attributes = {
            "run": path,
            "project": path.partition("/")[0],
            "name": path.partition("/")[2],
            "status": self.status.value,
            "principal": self.principal,
            "numerics": self.numerics.value,
            "origin": self.origin,
            "seed": self.seed,
            "started": self.started,
            "ended": self.ended,
            "revision": self.revision,
        }
        return {**self.merged, "attributes": attributes, "metrics": self.latest()}

    def latest(self) -> dict[str, float]:
        """The latest value of each metric: of the highest step, and of these the last."""
        return {name: max(enumerate(points), key=lambda each: (each[1].step, each[0]))[1].value for name, points in self.metrics.items()}

    def view(self, show: Show) -> Run:
        """The run as a caller sees it; `show` gives what they see of an artifact."""
        return Run(
            resource=self.resource,
            revision=self.revision,
            status=self.status,
            principal=self.principal,
            started=self.started,
            ended=self.ended,
            metrics=MappingProxyType(self.latest()),
            steps=tuple(self.steps.values()),
            seed=self.seed,
            numerics=self.numerics,
            inputs=MappingProxyType({role: show(one) for role, one in self.all_inputs().items()}),
            outputs=MappingProxyType({role: show(one) for role, one in self.all_outputs().items()}),
            linking=self.linking,
            origin=self.origin,
            error=self.error,
            **{name: frozen(content) for name, content in self.merged.items()},
        )

    def history(self, hide: Callable[[str], str]) -> tuple[Statement, ...]:
        """Its records, with names that the caller may not read hidden."""
        return tuple(
            Statement(number, record["time"], record["actor"], _hidden(record["changes"], hide))
            for number, record in enumerate(self.statements, 1)
        )


def _hidden(changes: Mapping[str, Any], hide: Callable[[str], str]) -> Mapping[str, Any]:
    shown = dict(changes)
    for name in _LINKS:
        if name in shown:
            shown[name] = {role: None if row is None else {**row, "resource": hide(row["resource"])} for role, row in shown[name].items()}
    hidden: Mapping[str, Any] = frozen(shown)
    return hidden
