"""`Capture`: a stretch of work that leaves its metadata by itself; and what the events of others tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ....canonical import frozen
from ....errors import MlplatError, OptionError, printable
from ...identity.principals import Principal
from .nodes import Artifact, NodeKind, check_node, node_kind
from .runs import Run, RunStatus

if TYPE_CHECKING:
    from ....context import Simulation
    from ....events import Event
    from .store import MetadataStore

FARTHEST = 1000
"""Causes that are followed from an event to the run that it belongs to."""


class Capture:
    """A `with` block of a run. What is published or downloaded inside, and because of it, becomes its output or input; at the end the run
    is finished, a failure where the block raises. In a process the block may hold `yield`.
    """

    def __init__(self, store: MetadataStore, run: Run, began: Event, actor: Principal) -> None:
        self.run = run
        """As it was when it started; afterwards as it ended."""
        self._store, self._actor, self._began = store, actor, began
        self._cause = store._sim.caused_by(began)
        self._metrics: dict[str, Any] = {}
        self._outputs: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"Capture({self.run})"

    def metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Record metrics of the run."""
        self._store.log_metrics(self.run.resource, metrics, step=step, actor=self._actor)

    def output(self, role: str, made: object) -> None:
        """Name an output of the run, which its end records: `kind:project/name@version`, with its digest."""
        self._outputs[role] = made

    def __enter__(self) -> Self:
        self._cause.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._cause.__exit__(kind, error, trace)
        self._store._captures.pop(self._began.id, None)
        if error is None:
            status, text = RunStatus.SUCCESS, ""
        else:
            status = RunStatus.FAILURE if isinstance(error, Exception) else RunStatus.CANCELLED
            text = f"{type(error).__name__}: {printable(str(error))[:500]}"
        finish = self._store.finish_run
        try:
            self.run = finish(self.run.resource, status, outputs=self._outputs, error=text, actor=self._actor)
        except MlplatError:
            if error is None:  # the outputs cannot be recorded: the run ends nevertheless
                finish(self.run.resource, RunStatus.FAILURE, error="its outputs could not be recorded", actor=self._actor)
                raise
            self.run = finish(self.run.resource, status, error=text, actor=self._actor)


def parameters_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Of the arguments of a function those that JSON can say."""
    found = {}
    for name, value in arguments.items():
        try:
            found[name] = frozen(value)
        except OptionError:
            continue
    return found


def metrics_in(result: object) -> dict[str, float]:
    """The numbers in what a function returned, if that is a mapping, and a mapping `metrics` in it."""
    if not isinstance(result, Mapping):
        return {}
    found: dict[str, float] = {}
    for content in (result, result.get("metrics")):
        if isinstance(content, Mapping):
            for name, value in content.items():
                if (
                    isinstance(name, str)
                    and name
                    and isinstance(value, (int, float))
                    and not isinstance(value, bool)
                    and value - value == 0
                ):
                    found[name] = float(value)
    return found


def run_of(sim: Simulation, event: Event, captures: Mapping[int, str]) -> str:
    """The run that an event belongs to: the first that is captured along its causes; empty where there is none."""
    cause = event.cause
    for _ in range(FARTHEST):
        if cause is None or not 0 <= cause < len(sim.log):
            return ""
        if cause in captures:
            return captures[cause]
        cause = sim.log[cause].cause
    return ""


def artifact_in(event: Event) -> Artifact | None:
    """The artifact that an event is about; None where it does not name one version."""
    try:
        check_node(event.subject)
    except MlplatError:
        return None
    data = event.data
    digest, size, signature = data.get("digest"), data.get("size_bytes", data.get("size")), data.get("signature")
    return Artifact(
        event.subject,
        digest if isinstance(digest, str) and digest.startswith("sha256:") and len(digest) == 71 else "",
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        signature if isinstance(signature, Mapping) else None,
    )


def role_of(one: Artifact, taken: Mapping[str, Artifact], *, used: bool) -> str:
    """A role for an artifact that an event names: its kind where a run has one of it, else its name; never one that is taken.

    `used`: by the run, and not made by it; a model that is used is the `parent`.
    """
    kind = node_kind(one.resource)
    name = one.resource.partition("/")[2].partition("@")[0]
    model = "parent" if used else "model"
    first = {NodeKind.COMMIT: "code", NodeKind.IMAGE: "image", NodeKind.MODEL: model, NodeKind.PIPELINE: "pipeline"}.get(kind, name)
    role, number = first, 1
    while role in taken and taken[role].resource != one.resource:
        number += 1
        role = f"{first}-{number}"
    return role
